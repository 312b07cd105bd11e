"""Value-added tax by month, from the days that are booked (`services.vat`)."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission, Role
from servicehub.models.vat import VatDay
from servicehub.texts import Locale, formats
from servicehub.viewmodels.taxes import VatMonth

MONTHS_SHOWN = 24


def months(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> tuple[VatMonth, ...]:  # noqa: ARG001 - a page's signature
    """The months of which a day was taxed, the newest first. Raises: NotAllowed without ledger:read."""
    actor.require_role(Role.OPERATOR)
    actor.require(Permission.LEDGER_READ)
    days = session.exec(
        select(VatDay).where(VatDay.rate_bp > 0).order_by(col(VatDay.day).desc()).limit(31 * MONTHS_SHOWN)
    )
    return tuple(_month(period, list(of_month)) for period, of_month in groupby(days, lambda row: f"{row.day:%Y-%m}"))


def _month(period: str, days: list[VatDay]) -> VatMonth:
    sold_fen, tax_fen = sum(row.sold_fen for row in days), sum(row.tax_fen for row in days)
    rates = sorted({row.rate_bp for row in days})
    return VatMonth(
        period,
        formats.yuan(sold_fen, always_decimals=True),
        " · ".join(formats.rate(rate) for rate in rates),
        formats.yuan(tax_fen, always_decimals=True),
    )
