"""WeChat's own browser learns who it is: away to WeChat and back, with a state that only this log-in could have been given."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from servicehub import clock, crypto
from servicehub.adapters.gateway import wechat_oauth
from servicehub.api import cookies
from servicehub.api.callers import actor_of
from servicehub.db import database
from servicehub.domain.access import Role
from servicehub.errors import NotAllowed, ServiceHubError
from servicehub.routes import same_site
from servicehub.services import identities
from servicehub.settings import get_settings

BACK = "/api/wechat/back"
PAYERS_AND_PAYEES = (Role.CUSTOMER, Role.TECHNICIAN)
"""Who pays or is paid inside WeChat."""


async def authorize(request: Request) -> Response:
    """Query: next, an address of ours to go on to afterwards."""
    await actor_of(request, *PAYERS_AND_PAYEES)
    target = same_site(request.query_params.get("next", "/"))
    back = f"{get_settings().base_url.rstrip('/')}{BACK}?{urlencode({'next': target})}"
    return RedirectResponse(wechat_oauth().address(back, _state(request, target)), 303)


async def back(request: Request) -> Response:
    """Query: code and state from WeChat, and next. What fails leads on, too: payments have another way then."""
    actor = await actor_of(request, *PAYERS_AND_PAYEES)
    target = same_site(request.query_params.get("next", "/"))
    if not crypto.same(_state(request, target), request.query_params.get("state", "")):
        raise NotAllowed("the state is not of this log-in")
    try:
        openid = await asyncio.to_thread(wechat_oauth().openid, request.query_params.get("code", "")[:128])
    except ServiceHubError as refusal:
        return RedirectResponse(f"{target}{'&' if '?' in target else '?'}{urlencode({'error': refusal.code})}", 303)
    await database().write(identities.remember, actor, openid, now=clock.now())
    return RedirectResponse(target, 303)


def _state(request: Request, target: str) -> str:
    return crypto.mac("wechat-oauth", f"{cookies.session_hash(request)}|{target}")


ROUTES = [
    Route("/api/wechat/authorize", authorize, methods=["GET"]),
    Route(BACK, back, methods=["GET"]),
]
