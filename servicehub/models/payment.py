"""Payments, refunds and the inbox of what payment channels told us."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from servicehub.domain.channel import Scene
from servicehub.domain.order import TIPPABLE, OrderEvent, OrderStatus
from servicehub.domain.payment import OURS, PRICE_ITEMS, PaymentStatus, PlanItem, RefundStatus
from servicehub.domain.sharing import SettlementMode
from servicehub.models.base import at, fk, pk, stored_as_value
from servicehub.models.order import Order, OrderLog

_BY_CHANNEL = "status = 'kept' AND channel NOT IN ('points', 'wallet')"
_BY_US = "status = 'kept' AND channel IN ('points', 'wallet')"


def _one(name: str, *columns: str, where: str) -> sa.Index:
    """At most one such row."""
    there = sa.text(where)
    return sa.Index(f"uq_sh_payment_one_{name}", *columns, unique=True, sqlite_where=there, postgresql_where=there)


class Payment(SQLModel, table=True):
    __tablename__ = "sh_payment"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("part_id IS NULL OR channel <> 'wallet'", name="part"),
        sa.CheckConstraint("(item = 'addon') = (proposal_id IS NOT NULL)", name="proposal"),
        _one("kept", "order_id", "item", where=f"{_BY_CHANNEL} AND proposal_id IS NULL"),
        _one("of_ours", "order_id", "item", "channel", where=f"{_BY_US} AND proposal_id IS NULL"),
        _one("addon", "proposal_id", where=f"{_BY_CHANNEL} AND proposal_id IS NOT NULL"),
        _one("addon_of_ours", "proposal_id", "channel", where=f"{_BY_US} AND proposal_id IS NOT NULL"),
        _one("reserved", "order_id", "channel", where="status = 'pending' AND channel IN ('points', 'wallet')"),
        sa.Index("ix_sh_payment_status_expires_at", "status", "expires_at"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    no: str = Field(max_length=32, unique=True)
    """Our number, stored before the channel is asked."""
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    item: PlanItem = Field(sa_column=sa.Column(stored_as_value(PlanItem), nullable=False))
    channel: str = Field(max_length=16)
    method: str = Field(default="", max_length=16)
    """What the customer picked inside the channel: wechat, alipay, card; wallet and points for tenders of ours."""
    scene: str = Field(default=Scene.PHONE.value, max_length=8)
    """Where the payer's browser was: a channel opens the same number in one way only."""
    part_id: int | None = Field(default=None, sa_column=fk("sh_payment.id", nullable=True))
    """What a tender of ours pays beside this one, and points may name the balance's part; kept together or not at all."""
    proposal_id: int | None = Field(default=None, sa_column=fk("sh_proposal.id", nullable=True))
    """Of an add-on: what was proposed. An item is kept once for an order, an add-on once for its proposal."""
    amount_fen: int
    mode: SettlementMode = Field(
        default=SettlementMode.SELF_OPERATED,
        sa_column=sa.Column(stored_as_value(SettlementMode), nullable=False, server_default="self_operated"),
    )
    """Who is paid; never changes. The order's mode is that of its kept payments."""
    status: PaymentStatus = Field(sa_column=sa.Column(stored_as_value(PaymentStatus), nullable=False))
    channel_no: str | None = Field(default=None, max_length=64, unique=True)
    created_at: datetime = Field(sa_column=at())
    expires_at: datetime = Field(sa_column=at())
    paid_at: datetime | None = Field(default=None, sa_column=at(nullable=True))


def load_mode(session: Session, order_id: int) -> SettlementMode | None:
    """The mode that an order froze when it was first paid; None before."""
    found = session.exec(
        select(Payment.mode)
        .where(Payment.order_id == order_id, Payment.status == PaymentStatus.KEPT, col(Payment.item).in_(PRICE_ITEMS))
        .limit(1)
    ).first()
    return SettlementMode(found) if found else None


def load_reserved(
    session: Session, tender: str, customer_id: int, *, besides: int = 0, besides_order: int = 0, now: datetime
) -> int:
    """What open payments of a customer will take of a tender of ours, in fen; without the payment and the order named `besides`."""
    query = (
        sa.select(sa.func.sum(col(Payment.amount_fen)))
        .join(Order, col(Order.id) == col(Payment.order_id))
        .where(col(Order.customer_id) == customer_id, col(Order.id) != besides_order)
        .where(col(Payment.channel) == tender, col(Payment.id) != besides)
        .where(col(Payment.status) == PaymentStatus.PENDING, col(Payment.expires_at) > now)
    )
    return int(session.scalar(query) or 0)


class Refund(SQLModel, table=True):
    __tablename__ = "sh_refund"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("second_by IS NULL OR (first_by IS NOT NULL AND second_by <> first_by)", name="two_people"),
        sa.CheckConstraint("(status = 'balance') = (second_by IS NOT NULL)", name="balance"),
        sa.Index("ix_sh_refund_status", "status"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    no: str = Field(max_length=32, unique=True)
    """Our number; every retry uses the same."""
    payment_id: int = Field(sa_column=fk("sh_payment.id", index=True))
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    amount_fen: int
    reason: str = Field(max_length=40)
    """Key of the wording: cancelled, late_payment, extra_payment, nobody_found, after_sale, goodwill, crew_short."""
    status: RefundStatus = Field(sa_column=sa.Column(stored_as_value(RefundStatus), nullable=False))
    tries: int = 0
    sent_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    """When the channel was asked last."""
    first_by: int | None = Field(default=None, sa_column=fk("sh_user.id", nullable=True))
    """Who proposes to give it to the customer's balance instead."""
    second_by: int | None = Field(default=None, sa_column=fk("sh_user.id", nullable=True))
    """Who agreed."""
    proposal: str = Field(default="", sa_column=sa.Column(sa.String(200), nullable=False, server_default=""))
    """Why it is to go to the balance."""
    created_at: datetime = Field(sa_column=at())
    done_at: datetime | None = Field(default=None, sa_column=at(nullable=True))


class RefundLine(SQLModel, table=True):
    """What went back for one line of a price, when a refund was made by line. Append-only."""

    __tablename__ = "sh_refund_line"
    __table_args__ = (sa.CheckConstraint("amount_fen > 0", name="amount"),)

    id: int | None = Field(default=None, sa_column=pk())
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    line_id: int = Field(sa_column=fk("sh_order_line.id", index=True))
    amount_fen: int
    created_at: datetime = Field(sa_column=at())


def load_rooms(session: Session, order_id: int) -> list[tuple[Payment, int]]:
    """Payments kept for the price with what of each was not promised back, in the order in which refunds draw on them.

    Channels come before tenders of ours, which come back in the order opposite to that in which they pay; of each the newest first.
    """
    promised = (
        select(col(Refund.payment_id), sa.func.sum(col(Refund.amount_fen)))
        .where(Refund.order_id == order_id)
        .group_by(col(Refund.payment_id))
    )
    gone: dict[int, int] = {payment_id: int(fen) for payment_id, fen in session.execute(promised)}
    payments = session.exec(
        select(Payment)
        .where(Payment.order_id == order_id, Payment.status == PaymentStatus.KEPT, col(Payment.item).in_(PRICE_ITEMS))
        .order_by(col(Payment.id).desc())
    ).all()
    ranks = {tender: rank for rank, tender in enumerate(reversed(OURS), 1)}
    ranked = sorted(payments, key=lambda payment: ranks.get(payment.channel, 0))
    return [(payment, payment.amount_fen - gone.get(payment.id or 0, 0)) for payment in ranked]


def drawn(rooms: Sequence[tuple[Payment, int]], amount_fen: int) -> list[tuple[Payment, int, int]]:
    """(payment, its room, what of it goes back) when `amount_fen` goes back; `rooms` of `load_rooms`."""
    parts = []
    for payment, room in rooms:
        part = min(room, amount_fen)
        if part > 0:
            parts.append((payment, room, part))
            amount_fen -= part
    return parts


class ChannelEvent(SQLModel, table=True):
    """Inbox: one row for each verified message of a channel, written with its effect in one transaction."""

    __tablename__ = "sh_channel_event"
    __table_args__ = (sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed"),)

    channel: str = Field(primary_key=True, max_length=16)
    event_id: str = Field(primary_key=True, max_length=64)
    raw: str
    result: str = Field(max_length=24)
    """kept, late, extra, refund, payout, suspect, ignored."""
    received_at: datetime = Field(sa_column=at())
    closed_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    """When somebody looked at a suspect message and put it away."""
    closed_by: int | None = Field(default=None, sa_column=fk("sh_user.id", nullable=True))
    closed_reason: str = Field(default="", sa_column=sa.Column(sa.String(200), nullable=False, server_default=""))


class Earning(SQLModel, table=True):
    """What one order earns its technician: the frozen split and the timer of its maturing. Amounts equal the ledger's."""

    __tablename__ = "sh_earning"
    __table_args__ = (
        sa.Index("ix_sh_earning_technician_id_created_at", "technician_id", "created_at"),
        sa.Index("ix_sh_earning_matured_at_matures_at", "matured_at", "matures_at"),
        sa.CheckConstraint("batch_id IS NULL OR matured_at IS NOT NULL", name="batch"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    order_id: int = Field(sa_column=fk("sh_order.id", unique=True))
    technician_id: int = Field(sa_column=fk("sh_technician.id"))
    kind: str = Field(max_length=20)
    """service, or cancellation_fee."""
    labour_fen: int
    pass_through_fen: int
    """Travel and the like: no commission."""
    coupon_share_fen: int
    """The technician-funded part of a coupon."""
    commission_fen: int
    tax_fen: int = Field(default=0, sa_column=sa.Column(sa.Integer(), nullable=False, server_default="0"))
    """Income tax withheld."""
    rule: str = Field(max_length=48)
    """The commission rule's id and version."""
    net_fen: int
    created_at: datetime = Field(sa_column=at())
    matures_at: datetime = Field(sa_column=at())
    matured_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    batch_id: int | None = Field(default=None, sa_column=fk("sh_settlement_batch.id", nullable=True, index=True))
    """The batch with which it matured; None for what matured before there were any."""
    frozen: bool = False
    """A dispute keeps it from maturing."""
    by_company: bool = Field(
        default=False, sa_column=sa.Column(sa.Boolean(), nullable=False, server_default=sa.false())
    )
    """The company was paid and pays its people; none of it is held here."""


def in_collection() -> sa.ColumnElement[bool]:
    """Condition on `Order`: its balance was not paid in time and still is not, so it became a case. Nobody has decided about it."""
    log = sa.exists().where(col(OrderLog.order_id) == Order.id, col(OrderLog.event) == OrderEvent.BALANCE_OVERDUE.value)
    kept = (
        sa.select(sa.func.coalesce(sa.func.sum(col(Payment.amount_fen)), 0))
        .where(
            col(Payment.order_id) == Order.id,
            col(Payment.status) == PaymentStatus.KEPT,
            col(Payment.item).in_(PRICE_ITEMS),
        )
        .correlate(Order)
        .scalar_subquery()
    )
    return sa.and_(col(Order.status) == OrderStatus.DISPUTED, log, col(Order.total_fen) > kept)


def waits_for_balance(session: Session, order: Order) -> bool:
    """Whether the visit is over and its balance may be paid: also when that is overdue and became a case."""
    if order.status is not OrderStatus.DISPUTED:
        return order.status is OrderStatus.AWAITING_BALANCE
    return session.exec(select(Order.id).where(Order.id == order.id, in_collection())).first() is not None


def may_tip(session: Session, order: Order) -> bool:
    """Whether a tip can be given now: the order was sold, somebody came, and nobody was given one."""
    if order.lead_id or order.status not in TIPPABLE or order.finished_at is None or order.technician_id is None:
        return False
    given = select(Payment.id).where(
        Payment.order_id == order.id, Payment.item == PlanItem.TIP, Payment.status == PaymentStatus.KEPT
    )
    return session.exec(given).first() is None
