"""Statements to keep, as PDF or as a table: a technician's own; for operators those of their city, a quarter's
tax and a settlement batch, audited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from servicehub import clock
from servicehub.adapters import batch_files
from servicehub.adapters import statements as files
from servicehub.adapters import tax_statements as tax_files
from servicehub.api.callers import actor_of
from servicehub.db import database
from servicehub.domain.access import Actor, Role
from servicehub.errors import NotFound
from servicehub.queries import statements, taxes
from servicehub.queries.operator import settlement_batches
from servicehub.services import audits
from servicehub.settings import get_settings
from servicehub.texts import Locale, as_locale
from servicehub.viewmodels.settlement import BatchFile
from servicehub.viewmodels.statement import Statement
from servicehub.viewmodels.taxes import TaxSheet

_LARGEST_ID = 2**31 - 1
Sheet = Statement | TaxSheet


async def download(request: Request) -> Response:
    """Path: month (`2026-11`) or year (`2026`), and kind (pdf, xlsx); query: locale."""
    actor = await actor_of(request, Role.TECHNICIAN)
    kind, period, locale = _asked(request)
    read: Callable[..., Sheet] = taxes.year if taxes.is_year(period) else statements.statement
    found = await database().read(read, actor, period, locale=locale, now=clock.now())
    return await _file(found, kind, f"statement-{_period(found)}.{kind}")


async def download_of(request: Request) -> Response:
    """Path: a technician's id, month or year, and kind; query: locale."""
    actor = await actor_of(request, Role.OPERATOR)
    kind, period, locale = _asked(request)
    who = min(request.path_params["technician_id"], _LARGEST_ID)
    found = await database().write(_taken, actor, who, period, kind, locale=locale, now=clock.now())
    return await _file(found, kind, f"statement-{who}-{_period(found)}.{kind}")


async def download_quarter(request: Request) -> Response:
    """Path: a quarter (`2026-Q4`); query: locale. A table of all technicians of the operator's city."""
    actor = await actor_of(request, Role.OPERATOR)
    period, locale = request.path_params["quarter"][:7], as_locale(request.query_params.get("locale"))
    found = await database().write(_taken_quarter, actor, period, locale=locale, now=clock.now())
    return await _file(found, "xlsx", f"withheld-tax-{found.period}.xlsx")


async def download_batch(request: Request) -> Response:
    """Path: the number of a settlement batch of the operator's city; query: locale. A table of its earnings."""
    actor = await actor_of(request, Role.OPERATOR)
    no, locale = request.path_params["no"][:32], as_locale(request.query_params.get("locale"))
    found = await database().write(_taken_batch, actor, no, locale=locale, now=clock.now())
    content = await asyncio.to_thread(batch_files.render, found, get_settings().brand_name)
    return _answer(content, "xlsx", f"settlement-{found.no}.xlsx")


def _taken(
    session: Session, actor: Actor, technician_id: int, period: str, kind: str, *, locale: Locale, now: datetime
) -> Sheet:
    """The statement, and who took it, in one transaction."""
    read: Callable[..., Sheet] = taxes.year_of if taxes.is_year(period) else statements.statement_of
    found = read(session, actor, technician_id, period, locale=locale, now=now)
    data = {"month": _period(found), "kind": kind}
    audits.record(session, actor, "statement.download", f"technician:{technician_id}", data=data, now=now)
    return found


def _taken_quarter(session: Session, actor: Actor, period: str, *, locale: Locale, now: datetime) -> TaxSheet:
    """The quarter, and who took it, in one transaction."""
    found = taxes.quarter(session, actor, period, locale=locale, now=now)
    audits.record(session, actor, "taxes.download", f"quarter:{period}", data={"people": len(found.lines)}, now=now)
    return found


def _taken_batch(session: Session, actor: Actor, no: str, *, locale: Locale, now: datetime) -> BatchFile:
    """The batch, and who took it, in one transaction."""
    found = settlement_batches.batch_file(session, actor, no, locale=locale, now=now)
    audits.record(session, actor, "batch.download", f"batch:{no}", data={"earnings": len(found.lines)}, now=now)
    return found


def _asked(request: Request) -> tuple[str, str, Locale]:
    """(kind, month or year, locale). Raises: NotFound for another kind of file."""
    kind = request.path_params["kind"]
    if kind not in files.TYPES:
        raise NotFound(kind)
    return kind, request.path_params["period"][:7], as_locale(request.query_params.get("locale"))


def _period(found: Sheet) -> str:
    return found.period if isinstance(found, TaxSheet) else found.month


async def _file(found: Sheet, kind: str, name: str) -> Response:
    render: Callable[..., bytes] = tax_files.render if isinstance(found, TaxSheet) else files.render
    return _answer(await asyncio.to_thread(render, found, kind, get_settings().brand_name), kind, name)


def _answer(content: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=files.TYPES[kind], headers=headers)


ROUTES = [
    Route("/api/technician/statements/{period}.{kind}", download, methods=["GET"]),
    Route("/api/operator/technicians/{technician_id:int}/statements/{period}.{kind}", download_of, methods=["GET"]),
    Route("/api/operator/taxes/{quarter}.xlsx", download_quarter, methods=["GET"]),
    Route("/api/operator/settlements/{no}.xlsx", download_batch, methods=["GET"]),
]
