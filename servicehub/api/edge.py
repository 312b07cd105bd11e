"""What every request passes first: log-in as a hash, limits, origins, sizes, headers. Plain ASGI wrappers, outermost last.

Owns no route. Cookies and tokens end here: a socket carries only the hash of its session further in, and nothing is logged.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicehub.adapters.pictures import MOST_BYTES
from servicehub.api import cookies
from servicehub.api.callers import address_of
from servicehub.api.headers import FILE_POLICY, security_headers
from servicehub.settings import get_settings

SESSION_HEADER = b"x-forwarded-access-token"
"""Carries the session's hash to the pages' side (`state.reflex_internals` reads it)."""
_STRIPPED = (b"cookie", b"authorization", SESSION_HEADER)
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
BODY_LIMIT = 256 * 1024
BODY_LIMITS = {"/api/photos": MOST_BYTES + 64 * 1024}
API_LIMIT = RateLimitItemPerMinute(600)
LOGIN_LIMIT = RateLimitItemPerMinute(30)
SOCKET_LIMIT = RateLimitItemPerMinute(240)
_SILENT_PATHS = ("/api/payments/notify", "/api/guarantees/notify", "/api/payouts/notify")
"""Called by servers: authenticated by signature, not by cookie."""


def session_edge(inner: ASGIApp) -> ASGIApp:
    """Replace a socket's cookie by the hash of its session, in a header that never reaches a browser."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            kept = [(k, v) for k, v in scope["headers"] if k.lower() not in _STRIPPED]
            token_hash = cookies.hash_of(scope)
            if token_hash:
                kept.append((SESSION_HEADER, token_hash.encode()))
            scope = {**scope, "headers": kept}
        await inner(scope, receive, send)

    return app


def _refuse(status: int, code: str) -> JSONResponse:
    return JSONResponse({"error": code}, status, {"Cache-Control": "no-store"})


def rate_limit(inner: ASGIApp) -> ASGIApp:
    """Flood protection per address; the limits that protect accounts are in the database."""
    limiter = MovingWindowRateLimiter(MemoryStorage())

    def limit_of(scope: Scope) -> RateLimitItem | None:
        if scope["type"] == "websocket":
            return SOCKET_LIMIT
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            return None
        return LOGIN_LIMIT if scope["path"].startswith("/api/session/") else API_LIMIT

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        limit = limit_of(scope)
        if limit is not None and not limiter.hit(limit, scope["type"], address_of(scope)):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1013})
                return
            await _refuse(429, "too_many_tries")(scope, receive, send)
            return
        await inner(scope, receive, send)

    return app


def _is_own_origin(headers: Headers) -> bool:
    """Whether a browser sent this from one of our pages. What is no browser sends neither header and has no cookie jar."""
    origin = headers.get("origin")
    if origin is not None:
        allowed = {urlsplit(get_settings().base_url).netloc, headers.get("host", "")}
        return origin != "null" and urlsplit(origin).netloc in allowed
    return headers.get("sec-fetch-site", "none") in ("same-origin", "none")


def origin_check(inner: ASGIApp) -> ASGIApp:
    """Refuse changing requests that another site made a browser send."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        checked = scope["type"] == "http" and scope["method"] in _UNSAFE and not scope["path"].startswith(_SILENT_PATHS)
        if checked and not _is_own_origin(Headers(scope=scope)):
            await _refuse(403, "foreign_origin")(scope, receive, send)
            return
        await inner(scope, receive, send)

    return app


def body_limit(inner: ASGIApp) -> ASGIApp:
    """Refuse bodies beyond the route's limit, by their announcement or as soon as they exceed it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await inner(scope, receive, send)
            return
        most, seen = BODY_LIMITS.get(scope["path"], BODY_LIMIT), 0
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > most:
            await _refuse(413, "too_large")(scope, receive, send)
            return

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413)  # answered by the routes' own handler, wherever the body was being read
            return message

        await inner(scope, counted, send)

    return app


def header_edge(inner: ASGIApp) -> ASGIApp:
    """Put the security headers on every answer; a page's own policy stays."""
    ours = security_headers()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in ours:
                    headers.setdefault(name.decode(), value.decode())
                headers.setdefault("content-security-policy", FILE_POLICY)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        await inner(scope, receive, with_headers if scope["type"] == "http" else send)

    return app
