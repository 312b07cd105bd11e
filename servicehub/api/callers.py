"""Who calls: the actor behind a request, and the address it came from."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Scope

from servicehub import crypto
from servicehub.api import cookies
from servicehub.domain.access import ANONYMOUS, Actor, Role
from servicehub.errors import NotLoggedIn
from servicehub.services.accounts import Browser
from servicehub.settings import get_settings
from servicehub.workflows import visitors


def address_of(scope: Scope) -> str:
    """The caller's IP; behind trusted proxies the address that the first of them saw."""
    client = scope.get("client")
    peer = client[0] if client else ""
    hops = get_settings().trusted_proxy_hops
    if not hops:
        return peer
    lines = [value.decode("latin-1") for key, value in scope["headers"] if key == b"x-forwarded-for"]
    chain = [part.strip() for part in ",".join(lines).split(",") if part.strip()]
    return chain[-hops] if len(chain) >= hops else peer


def browser_of(request: Request) -> Browser:
    """The caller as hashes, for the session's row."""
    agent = request.headers.get("user-agent", "")
    return Browser(crypto.mac("ip", address_of(request.scope)), crypto.mac("agent", agent) if agent else "")


async def actor_of(request: Request, *roles: Role) -> Actor:
    """Who acts, of one of `roles` (any role when none is named).

    Raises: NotLoggedIn, NotAllowed.
    """
    actor = await visitors.actor_of(cookies.session_hash(request))
    if actor is None:
        raise NotLoggedIn
    if roles:
        actor.require_role(*roles)
    return actor


async def viewer_of(request: Request) -> Actor:
    """Who looks: the log-in's actor, or ANONYMOUS for a stranger."""
    return await visitors.actor_of(cookies.session_hash(request)) or ANONYMOUS
