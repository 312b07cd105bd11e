"""Guarantees over HTTP: going to where the customer agrees, and what channels report about them."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from servicehub import clock
from servicehub.adapters.guarantee import guarantees
from servicehub.api.callers import actor_of
from servicehub.api.payments import leaving, open_elsewhere
from servicehub.db import database
from servicehub.domain.access import Role
from servicehub.domain.channel import IN_WECHAT
from servicehub.errors import ServiceHubError
from servicehub.texts import as_locale, localized_path
from servicehub.workflows import guaranteeing


async def start(request: Request) -> Response:
    """Form fields: no, method, locale. On to the channel, or back to the pay page with the refusal's code."""
    async with request.form(max_files=0, max_fields=10) as form:
        no, method = str(form.get("no", ""))[:16], str(form.get("method", ""))[:16]
        locale = as_locale(form.get("locale"))
    if IN_WECHAT in request.headers.get("user-agent", "") and method == "alipay":
        return open_elsewhere(no, locale)
    try:
        actor = await actor_of(request, Role.CUSTOMER)
        url = await guaranteeing.start(database(), actor, no, method, locale=locale)
    except ServiceHubError as refusal:
        query = urlencode({"o": no, "error": refusal.code})
        return RedirectResponse(f"{localized_path('/pay/', locale)}?{query}", 303)
    return leaving(url, locale)


async def notify(request: Request) -> Response:
    """A channel's message, verified by its signature over the raw body."""
    raw = await request.body()
    channel = request.path_params["channel"]
    headers = dict(request.headers)
    await asyncio.to_thread(guaranteeing.deliver, database(), channel, headers, raw, now=clock.now())
    word = guarantees(channel).acknowledgement
    return PlainTextResponse(word) if word else Response(status_code=204)


ROUTES = [
    Route("/api/guarantees/start", start, methods=["POST"]),
    Route("/api/guarantees/notify/{channel}", notify, methods=["POST"]),
]
