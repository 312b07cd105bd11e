"""Statements to keep, as PDF or as a table: a technician's own; for operators those of their city, noted in the audit log."""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from servicehub import clock
from servicehub.adapters import statements as files
from servicehub.api.callers import actor_of
from servicehub.db import database
from servicehub.domain.access import Actor, Role
from servicehub.errors import NotFound
from servicehub.queries import statements
from servicehub.services import audits
from servicehub.settings import get_settings
from servicehub.texts import Locale, as_locale
from servicehub.viewmodels.statement import Statement

_LARGEST_ID = 2**31 - 1


async def download(request: Request) -> Response:
    """Path: month (`2026-11`) and kind (pdf, xlsx); query: locale."""
    actor = await actor_of(request, Role.TECHNICIAN)
    kind, month, locale = _asked(request)
    found = await database().read(statements.statement, actor, month, locale=locale, now=clock.now())
    return await _file(found, kind, f"statement-{found.month}.{kind}")


async def download_of(request: Request) -> Response:
    """Path: a technician's id, month and kind; query: locale."""
    actor = await actor_of(request, Role.OPERATOR)
    kind, month, locale = _asked(request)
    who = min(request.path_params["technician_id"], _LARGEST_ID)
    found = await database().write(_taken, actor, who, month, kind, locale=locale, now=clock.now())
    return await _file(found, kind, f"statement-{who}-{found.month}.{kind}")


def _taken(
    session: Session, actor: Actor, technician_id: int, month: str, kind: str, *, locale: Locale, now: datetime
) -> Statement:
    """The statement, and who took it, in one transaction."""
    found = statements.statement_of(session, actor, technician_id, month, locale=locale, now=now)
    data = {"month": found.month, "kind": kind}
    audits.record(session, actor, "statement.download", f"technician:{technician_id}", data=data, now=now)
    return found


def _asked(request: Request) -> tuple[str, str, Locale]:
    """(kind, month, locale). Raises: NotFound for another kind of file."""
    kind = request.path_params["kind"]
    if kind not in files.TYPES:
        raise NotFound(kind)
    return kind, request.path_params["month"][:7], as_locale(request.query_params.get("locale"))


async def _file(found: Statement, kind: str, name: str) -> Response:
    content = await asyncio.to_thread(files.render, found, kind, get_settings().brand_name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=files.TYPES[kind], headers=headers)


ROUTES = [
    Route("/api/technician/statements/{month}.{kind}", download, methods=["GET"]),
    Route("/api/operator/technicians/{technician_id:int}/statements/{month}.{kind}", download_of, methods=["GET"]),
]
