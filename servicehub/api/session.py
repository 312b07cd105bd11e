"""Log-in and log-out as plain form posts: the answer is a redirect, which also renews the socket's cookie.

Owns the cookie's exchange. Whether somebody may come in is decided by `services.accounts`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from servicehub import clock
from servicehub.api import cookies
from servicehub.api.callers import browser_of
from servicehub.db import database
from servicehub.domain.access import Role
from servicehub.errors import ServiceHubError, TooManyTries
from servicehub.routes import FACES, HOMES, LOGINS, Face, same_site
from servicehub.services import accounts
from servicehub.services.accounts import LogIn
from servicehub.workflows import log_in, visitors


def _text(form: Any, field: str, most: int = 200) -> str:
    value = form.get(field, "")
    return value[:most] if isinstance(value, str) else ""


def _prefix(form: Any) -> str:
    return "/en" if _text(form, "locale") == "en" else ""


async def _let_in(request: Request, result: LogIn, form: Any) -> Response:
    """A new session replaces the one that this browser had."""
    old = cookies.session_hash(request)
    if old:
        await database().write(accounts.log_out, old, now=clock.now())
        visitors.forget(old)
    home = _prefix(form) + HOMES[FACES[result.role]]
    response = RedirectResponse(same_site(_text(form, "next", 500), home), 303)
    cookies.give(response, result.token)
    return response


def _back(form: Any, face: Face, error: ServiceHubError) -> Response:
    """To the log-in page, which says what went wrong."""
    page, _, query = LOGINS[face].partition("?")
    params = {"error": error.code, **({"role": "technician"} if "role=technician" in query else {})}
    if isinstance(error, TooManyTries) and isinstance(error.params.get("retry_s"), int):
        params["wait"] = str(error.params["retry_s"])
    if next_path := same_site(_text(form, "next", 500), ""):
        params["next"] = next_path
    return RedirectResponse(f"{_prefix(form)}{page}?{urlencode(params)}", 303)


async def log_in_by_code(request: Request) -> Response:
    """Form fields: phone, code, challenge; next, locale, role (for the way back)."""
    async with request.form(max_files=0, max_fields=20) as form:
        face = Face.TECHNICIAN if _text(form, "role") == Role.TECHNICIAN else Face.CUSTOMER
        try:
            result = await log_in.by_code(
                database(),
                _text(form, "challenge"),
                _text(form, "phone"),
                _text(form, "code"),
                browser_of(request),
                now=clock.now(),
            )
        except ServiceHubError as error:
            return _back(form, face, error)
        return await _let_in(request, result, form)


async def log_in_by_password(request: Request) -> Response:
    """Form fields: name, password; next, locale."""
    async with request.form(max_files=0, max_fields=20) as form:
        try:
            result = await log_in.by_password(
                database(), _text(form, "name"), _text(form, "password"), browser_of(request), now=clock.now()
            )
        except ServiceHubError as error:
            return _back(form, Face.OPERATOR, error)
        return await _let_in(request, result, form)


async def log_out(request: Request) -> Response:
    """End this browser's session; form field: next."""
    async with request.form(max_files=0, max_fields=20) as form:
        token_hash = cookies.session_hash(request)
        if token_hash:
            await database().write(accounts.log_out, token_hash, now=clock.now())
            visitors.forget(token_hash)
        response = RedirectResponse(same_site(_text(form, "next", 500), _prefix(form) + "/"), 303)
        cookies.take(response)
        return response


ROUTES = [
    Route("/api/session/code", log_in_by_code, methods=["POST"]),
    Route("/api/session/password", log_in_by_password, methods=["POST"]),
    Route("/api/session/end", log_out, methods=["POST"]),
]
