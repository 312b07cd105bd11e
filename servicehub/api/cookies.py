"""The one cookie that identifies a log-in: HttpOnly, Lax, and bound to this host under https.

Its value is never stored or logged, only its hash.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.types import Scope

from servicehub import crypto
from servicehub.settings import get_settings

LIFE_S = 180 * 24 * 3600
"""How long the browser keeps the cookie; the session row usually ends earlier."""


def is_secure() -> bool:
    """Whether browsers reach us under https."""
    return get_settings().base_url.startswith("https://")


def name() -> str:
    """`__Host-` keeps other hosts and plain http from ever setting it."""
    return "__Host-sid" if is_secure() else "sid"


def give(response: Response, token: str) -> None:
    """Put a session's token into the answer."""
    response.set_cookie(name(), token, max_age=LIFE_S, path="/", httponly=True, samesite="lax", secure=is_secure())


def take(response: Response) -> None:
    """Make the browser forget it."""
    response.delete_cookie(name(), path="/", httponly=True, samesite="lax", secure=is_secure())


def hash_of(scope: Scope) -> str:
    """Hash of the token that came with a request or a socket; "" without one."""
    raw = "; ".join(Headers(scope=scope).getlist("cookie"))
    token = cookie_parser(raw).get(name(), "") if raw else ""
    return crypto.token_hash(token) if token else ""


def session_hash(request: Request) -> str:
    """`hash_of` the request."""
    return hash_of(request.scope)
