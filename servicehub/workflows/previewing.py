"""A refund before it is made: what may go back for each line, and what a chosen refund would do. Stores nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.errors import NotFound
from servicehub.models.order import Order, OrderLine
from servicehub.models.points import PointsLot
from servicehub.queries.operator.scope import guard, orders_of
from servicehub.services import refund_plans, sums
from servicehub.texts import N_, Locale, formats, money, pick, say
from servicehub.viewmodels.refund import RefundForm, RefundLineRow, RefundPreview, RefundRow

_SOURCES: dict[str, str] = {
    "escrow": N_("Held for this order"),
    "t_pending": N_("The professional's income of this order"),
    "t_avail": N_("The professional's available income"),
    "t_deposit": N_("The professional's deposit"),
    "tech_debt": N_("The professional will owe it"),
    "commission": N_("Commission given back"),
    "tax_payable": N_("Tax no longer withheld"),
    "comp": N_("Borne by the platform"),
    "mirror": N_("The company's account"),
    "subsidy": N_("Coupon cost that the platform saves"),
}
"""First part of an account's code -> what it gives to the refund."""


def refund_form(session: Session, actor: Actor, no: str, *, locale: Locale) -> RefundForm:
    """The lines of an order's price with what may go back. Raises: NotAllowed without order:refund, NotFound."""
    order = _order(session, actor, no)
    rooms = refund_plans.line_rooms(session, order)
    lines = session.exec(select(OrderLine).where(OrderLine.order_id == order.id).order_by(col(OrderLine.id)))
    most = sums.paid_net(session, order)
    return RefundForm(
        most=formats.yuan(most, always_decimals=True),
        lines=tuple(
            RefundLineRow(
                id=line.id or 0,
                name=pick(locale, line.name_zh, line.name_en),
                left=formats.yuan(rooms[line.id or 0], always_decimals=True),
                may=0 < rooms[line.id or 0] <= most,
            )
            for line in lines
            if line.id in rooms
        ),
    )


def refund_preview(
    session: Session, actor: Actor, no: str, amount_fen: int, lines: Sequence[int], *, locale: Locale
) -> RefundPreview:
    """What refunding `amount_fen`, or what is left of `lines`, would do now.

    Raises: NotAllowed without order:refund, NotFound, RefundTooLarge beyond what was paid and not yet returned.
    """
    order = _order(session, actor, no)
    fen = sum(refund_plans.for_lines(session, order, lines).values()) if lines else amount_fen
    planned = refund_plans.plan(session, order, fen)
    sources: dict[str, int] = {}
    for account, given in planned.sources().items():
        name = account.partition(":")[0]
        sources[name] = sources.get(name, 0) + given
    return RefundPreview(
        amount=formats.yuan(fen, always_decimals=True),
        kept=formats.yuan(sums.paid_net(session, order) - fen, always_decimals=True),
        digest=planned.digest,
        targets=tuple(
            RefundRow(
                money.of(locale, money.METHODS, part.payment.method or part.payment.channel), _yuan(part.amount_fen)
            )
            for part in planned.parts
        ),
        sources=tuple(
            RefundRow(say(locale, _SOURCES.get(name, name)), _yuan(given)) for name, given in sources.items()
        ),
        note=" ".join(_notes(session, order, locale)),
    )


def _notes(session: Session, order: Order, locale: Locale) -> list[str]:
    """What a refund does beside the money."""
    found = []
    if order.coupon_grant_id:
        found.append(say(locale, N_("The coupon stays used: a refund gives back what was paid.")))
    earned = select(PointsLot.id).where(PointsLot.order_id == order.id, col(PointsLot.refund_id).is_(None))
    if session.exec(earned).first():
        found.append(say(locale, N_("Points that were earned with what goes back are taken back.")))
    return found


def _order(session: Session, actor: Actor, no: str) -> Order:
    guard(actor, Permission.ORDER_REFUND)
    found = session.exec(select(Order).where(*orders_of(actor), Order.no == no)).first()
    if found is None:
        raise NotFound(f"order {no}")
    return found


def _yuan(fen: int) -> str:
    return formats.yuan(fen, always_decimals=True)
