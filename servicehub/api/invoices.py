"""Invoices to keep, as PDF: to the customer they belong to, and to those who issue them, which the audit log remembers."""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from servicehub import clock
from servicehub.adapters import invoices as files
from servicehub.api.callers import actor_of
from servicehub.db import database
from servicehub.domain.access import Actor, Role
from servicehub.queries import invoices
from servicehub.services import audits
from servicehub.settings import get_settings
from servicehub.texts import Locale, as_locale
from servicehub.viewmodels.invoice import PrintedInvoice


async def download(request: Request) -> Response:
    """Path: the invoice's number; query: locale."""
    actor = await actor_of(request, Role.CUSTOMER, Role.OPERATOR)
    no, locale = request.path_params["no"][:32], as_locale(request.query_params.get("locale"))
    if actor.role is Role.OPERATOR:
        found = await database().write(_taken, actor, no, locale=locale, now=clock.now())
    else:
        found = await database().read(invoices.printed, actor, no, locale=locale)
    content = await asyncio.to_thread(files.render, found, get_settings().brand_name)
    headers = {"Content-Disposition": f'attachment; filename="{found.no}.pdf"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


def _taken(session: Session, actor: Actor, no: str, *, locale: Locale, now: datetime) -> PrintedInvoice:
    """The invoice, and who took it, in one transaction."""
    found = invoices.printed(session, actor, no, locale=locale)
    audits.record(session, actor, "invoice.download", f"invoice:{no}", now=now)
    return found


ROUTES = [Route("/api/invoices/{no}.pdf", download, methods=["GET"])]
