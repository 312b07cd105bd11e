"""What surrounds every operator page: who is logged in, which pages the role opens, what waits. Two statements."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.order import OrderStatus
from servicehub.models.account import User
from servicehub.models.order import Order
from servicehub.queries.operator import words
from servicehub.queries.operator.attention import unplaced
from servicehub.queries.operator.scope import city_of, orders_of
from servicehub.texts import Locale, pick

PAGES: dict[str, Permission] = {
    "overview": Permission.OVERVIEW_READ,
    "dispatch": Permission.DISPATCH_READ,
    "orders": Permission.ORDER_READ,
    "technicians": Permission.TECHNICIAN_READ,
    "money": Permission.LEDGER_READ,
    "ledger": Permission.LEDGER_READ,
    "settlements": Permission.LEDGER_READ,
    "withdrawals": Permission.WITHDRAWAL_REVIEW,
    "commission": Permission.LEDGER_READ,
    "invoices": Permission.INVOICE_ISSUE,
    "settlement-mode": Permission.LEDGER_READ,
    "reconciliation": Permission.RECONCILE,
    "vouchers": Permission.RECONCILE,
    "machine": Permission.ORDER_READ,
    "audit": Permission.AUDIT_READ,
}
"""Which permission opens which entry of the navigation."""


class Shell(NamedTuple):
    name: str
    role: str
    city: str
    pages: tuple[str, ...]
    waiting: int
    """Orders that wait too long for a technician."""
    disputes: int


def shell(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> Shell:
    """Raises: NotAllowed for anybody but operators."""
    actor.require_role(Role.OPERATOR)
    user, city = session.get_one(User, actor.user_id), city_of(session, actor)
    waiting = sa.func.sum(sa.case((unplaced(now), 1), else_=0))
    disputes = sa.func.sum(sa.case((col(Order.status) == OrderStatus.DISPUTED, 1), else_=0))
    open_statuses = col(Order.status).in_((OrderStatus.MATCHING, OrderStatus.DISPUTED))
    counts = session.execute(sa.select(waiting, disputes).where(*orders_of(actor), open_statuses)).one()
    return Shell(
        name=user.display_name or user.login_name or "",
        role=words.word(locale, words.OPERATOR_ROLE, str(actor.operator_role or "")),
        city=pick(locale, city.name_zh, city.name_en),
        pages=tuple(key for key, permission in PAGES.items() if actor.may(permission)),
        waiting=int(counts[0] or 0),
        disputes=int(counts[1] or 0),
    )
