"""Payments: opened under our own numbers, booked when a channel reports them, each report exactly once.

The contract with the order, all in one transaction of the caller:

    outcome = payments.record(session, report, now=now)              inbox row; finds the payment; books what needs no decision
    orders.payment_recorded(session, outcome, now=now)               decides about PAID only, and answers with exactly one of
        payments.keep(session, payment, now=now)                         the money is the order's: cash -> escrow
        payments.keep_tip(session, payment, people, now=now)             the money is of those who came: cash -> available
        payments.mark_late(session, payment, now=now)                    the order is dead, or the add-on has ended: cash ->
                                                                         refund due, returned in full

Outcome.kind: PAID wants that decision. EXTRA (the item was paid before) is already booked and on its way back. REFUND is a
refund's end, booked. CHARGEBACK is booked, too. DUPLICATE, SUSPECT (unknown number or wrong amount: kept in the inbox, nothing
moved) and IGNORED need nothing.
This module imports nothing of orders and moves no order. Refunds are `services.refunds`.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from servicehub import bus, outbox
from servicehub.domain.access import Actor, Role
from servicehub.domain.channel import Outcome as Outcome  # noqa: PLC0414 - the contract with the order is told here
from servicehub.domain.channel import OutcomeKind as OutcomeKind  # noqa: PLC0414
from servicehub.domain.channel import Report, Scene
from servicehub.domain.money import split
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.payment import (
    CASH,
    LEAST_TIP_FEN,
    MOST_TIP_FEN,
    OURS,
    POINTS,
    PaymentStatus,
    PlanItem,
)
from servicehub.domain.sharing import SettlementMode
from servicehub.errors import BalanceNotHere, Invalid, NotFound, TransitionRefused
from servicehub.models.order import Order
from servicehub.models.payment import ChannelEvent, Payment, may_tip, waits_for_balance
from servicehub.models.proposal import Proposal
from servicehub.services import (
    cash,
    chargebacks,
    guarantees,
    ledger,
    points,
    refunds,
    shares,
    sums,
    tenders,
    withdrawals,
)
from servicehub.services.closing import close_of as close_of  # noqa: PLC0414 - whoever opens payments closes them here
from servicehub.services.closing import close_open as close_open  # noqa: PLC0414

QUERY_AFTER_S = (30, 120, 300)
"""Silence after opening a payment: when the channel is asked, and once more before the payment expires."""
BALANCE_LIFE = timedelta(hours=2)
"""How long one attempt to pay a balance stays open; there may be many."""
_log = logging.getLogger(__name__)


def due(session: Session, order: Order) -> tuple[PlanItem, int]:
    """Which item the order waits for, and its amount.

    Raises: TransitionRefused when it waits for no payment.
    """
    if order.status is OrderStatus.PENDING_PAYMENT:
        item = PlanItem.DEPOSIT if order.payment_plan is PaymentPlan.DEPOSIT else PlanItem.FULL
        return item, order.first_due_fen
    if waits_for_balance(session, order):
        first = order.payment_plan is PaymentPlan.AFTER and not sums.kept(session, order)
        return PlanItem.FULL if first else PlanItem.BALANCE, sums.balance_due(session, order)
    raise TransitionRefused(order.no, state=order.status.value, event="pay")


def open_payment(
    session: Session,
    actor: Actor,
    order: Order,
    item: PlanItem,
    channel: str,
    method: str,
    *,
    now: datetime,
    ours: Collection[str] = (),
    scene: Scene = Scene.PHONE,
) -> Payment:
    """The payment for `item`, stored before the channel is asked. An open one of the same kind is used again.

    `ours`: which tenders of ours pay what they can; those parts are reserved and come with the payment. When they pay everything,
    the first of them is the payment, of its own channel, and waits for the order to answer.

    Raises: NotFound for somebody else's order, TransitionRefused when the order does not wait for this item, Invalid without a
    channel for what they do not pay, BalanceNotHere where a company is paid.
    """
    if actor.role is not Role.SYSTEM and (actor.role is not Role.CUSTOMER or actor.user_id != order.customer_id):
        raise NotFound(f"order {order.no}")
    lock_order(session, order.id or 0)
    session.refresh(order)
    wanted, amount_fen = due(session, order)
    if wanted is not item or amount_fen <= 0:
        raise TransitionRefused(order.no, state=order.status.value, event="pay")
    hold_ends = order.deadline_at if order.status is OrderStatus.PENDING_PAYMENT else None
    ends_at = hold_ends or now + BALANCE_LIFE
    return _open(session, order, item, amount_fen, channel, method, ends_at, now, ours=ours, scene=scene)


def open_add_on(
    session: Session,
    order: Order,
    proposal: Proposal,
    channel: str,
    method: str,
    *,
    now: datetime,
    ours: Collection[str] = (),
    scene: Scene = Scene.PHONE,
) -> Payment:
    """As `open_payment`, for an add-on that its customer has agreed to; the caller has locked the order."""
    return _open(
        session, order, PlanItem.ADDON, proposal.amount_fen, channel, method, now + BALANCE_LIFE, now, ours=ours,
        proposal_id=proposal.id, scene=scene,
    )  # fmt: skip


def open_tip(
    session: Session,
    actor: Actor,
    order: Order,
    amount_fen: int,
    channel: str,
    method: str,
    *,
    now: datetime,
    scene: Scene = Scene.PHONE,
) -> Payment:
    """A payment of `amount_fen` beside the price, for those who came.

    Raises: NotFound for somebody else's order, TransitionRefused before the visit has ended, without anybody who came, or after
    a tip; Invalid outside the limits.
    """
    if actor.role is not Role.CUSTOMER or actor.user_id != order.customer_id:
        raise NotFound(f"order {order.no}")
    lock_order(session, order.id or 0)
    session.refresh(order)
    if not may_tip(session, order):
        raise TransitionRefused(order.no, state=order.status.value, event="tip")
    if channel == CASH or not LEAST_TIP_FEN <= amount_fen <= MOST_TIP_FEN:
        raise Invalid(f"a tip of {amount_fen}", least=LEAST_TIP_FEN, most=MOST_TIP_FEN)
    return _opened(session, order, PlanItem.TIP, amount_fen, channel, method, now + BALANCE_LIFE, now, scene=scene)


def _open(
    session: Session,
    order: Order,
    item: PlanItem,
    amount_fen: int,
    channel: str,
    method: str,
    ends_at: datetime,
    now: datetime,
    *,
    ours: Collection[str],
    proposal_id: int | None = None,
    scene: Scene,
) -> Payment:
    """What tenders `ours` pay is reserved; the payment of the rest, or the first of them when nothing is left."""
    if ours and shares.mode_for(session, order.id or 0) is SettlementMode.PARTNER:
        raise BalanceNotHere(order.no)
    parts = tenders.reserve(session, order, item, amount_fen, ours, ends_at, proposal_id=proposal_id, now=now)
    rest_fen = amount_fen - sum(part.amount_fen for part in parts)
    part = parts[0] if parts else None
    if part is not None and not rest_fen:
        return part
    if not channel or (channel == CASH and not cash.is_taken(order)):
        raise Invalid(f"payment method {method!r}")
    return _opened(
        session, order, item, rest_fen, channel, method, ends_at, now, part=part, proposal_id=proposal_id, scene=scene
    )


def _opened(
    session: Session,
    order: Order,
    item: PlanItem,
    amount_fen: int,
    channel: str,
    method: str,
    expires_at: datetime,
    now: datetime,
    *,
    part: Payment | None = None,
    proposal_id: int | None = None,
    scene: Scene,
) -> Payment:
    part_id, mode = part.id if part else None, shares.mode_for(session, order.id or 0)
    again = session.exec(
        select(Payment).where(
            Payment.order_id == order.id, Payment.item == item, Payment.channel == channel, Payment.method == method,
            Payment.status == PaymentStatus.PENDING, Payment.amount_fen == amount_fen, col(Payment.expires_at) > now,
            col(Payment.part_id).is_not_distinct_from(part_id), Payment.scene == scene,
            Payment.mode == mode, col(Payment.proposal_id).is_not_distinct_from(proposal_id),
        )
    ).first()  # fmt: skip
    if again is not None:
        return again
    payment = Payment(
        no=f"P{secrets.token_hex(15)}",
        order_id=order.id or 0,
        item=item,
        channel=channel,
        method=method,
        amount_fen=amount_fen,
        part_id=part_id,
        proposal_id=proposal_id,
        scene=scene.value,
        mode=mode,
        status=PaymentStatus.PENDING,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(payment)
    session.flush()
    if channel != CASH:
        query_later(session, payment, 0, now=now)
    return payment


def query_later(session: Session, payment: Payment, step: int, *, now: datetime) -> bool:
    """Ask the channel at the ladder's `step` if it has said nothing by then; False beyond the last step."""
    last = (payment.expires_at - payment.created_at - timedelta(seconds=20)) // timedelta(seconds=1)
    rungs = [*(s for s in QUERY_AFTER_S if s < last), max(last, 1)]
    if step >= len(rungs):
        return False
    delay = payment.created_at + timedelta(seconds=rungs[step]) - now
    seconds = max(delay // timedelta(seconds=1), 1)
    outbox.defer(
        session, "payment_query", {"no": payment.no, "step": step}, key=f"query:{payment.no}:{step}", delay_s=seconds
    )
    return True


def record(session: Session, report: Report, *, now: datetime) -> Outcome:
    """Take a verified report: the inbox row and its effect. The same event has its effect once."""
    if not _take_in(session, report, now):
        return Outcome(OutcomeKind.DUPLICATE)
    effects = {
        "payment": _paid,
        "refund": refunds.heard,
        "guarantee": guarantees.heard,
        "lapse": guarantees.ran_out,
        "payout": _paid_out,
        "chargeback": chargebacks.heard,
    }
    outcome = effects[report.kind](session, report, now)
    session.execute(
        sa.update(ChannelEvent)
        .where(col(ChannelEvent.channel) == report.channel, col(ChannelEvent.event_id) == report.event_id)
        .values(result=outcome.kind.value)
        .execution_options(synchronize_session=False)
    )
    if outcome.kind is OutcomeKind.SUSPECT:
        _log.error("suspect report of %s about %s", report.channel, report.no)
    return outcome


def paid_here(payment: Payment) -> Outcome:
    """What a payment comes to that no channel has to report: tenders of ours pay all of it."""
    return Outcome(OutcomeKind.PAID, payment.order_id, payment.id or 0)


def keep(session: Session, payment: Payment, *, now: datetime) -> int:
    """The money belongs to the order, and with it what tenders of ours pay beside it; returns all of it, in fen.

    Raises: LedgerRefused when it was booked otherwise.
    """
    together = [payment, *tenders.beside(session, payment)]
    for one in together:
        since = tenders.reserved_since(one, now)
        _arrived(session, one, PaymentStatus.KEPT, now)
        lines = {_source(session, one): one.amount_fen, ledger.escrow(one.order_id): -one.amount_fen}
        ledger.post(session, f"pay:{one.no}", "payment", ledger.order_ref(one.order_id), lines, now=now)
        if one.channel == POINTS:
            points.spend(session, one, since=since)
    return sum(one.amount_fen for one in together)


def keep_tip(session: Session, payment: Payment, people: Sequence[int], *, now: datetime) -> None:
    """The money is available to `people` (technicians who came) at once, in equal parts, without commission."""
    _arrived(session, payment, PaymentStatus.KEPT, now)
    parts = split(payment.amount_fen, [1] * len(people))
    lines = {ledger.available(who): -fen for who, fen in zip(people, parts, strict=True)}
    if payment.mode is SettlementMode.PARTNER:  # its people are paid by the company
        lines = {ledger.company(payment.order_id): -payment.amount_fen}
    lines[shares.held_at(payment)] = payment.amount_fen
    ledger.post(session, f"pay:{payment.no}", "tip", ledger.order_ref(payment.order_id), lines, now=now)
    for who in people:
        bus.publish(session, bus.technician(who))


def mark_late(session: Session, payment: Payment, *, reason: str = "late_payment", now: datetime) -> None:
    """The money came for an order that is dead, or an add-on that has ended: it goes back in full."""
    _send_back(session, payment, PaymentStatus.LATE, reason, now)


def mark_extra(session: Session, payment: Payment, *, reason: str = "extra_payment", now: datetime) -> None:
    """The item was already paid, or what was to pay a part is gone: the money goes back in full."""
    _send_back(session, payment, PaymentStatus.EXTRA, reason, now)


def lock_order(session: Session, order_id: int) -> None:
    """Serialise whatever moves money of one order."""
    session.execute(sa.select(col(Order.id)).where(col(Order.id) == order_id).with_for_update())


def _paid(session: Session, report: Report, now: datetime) -> Outcome:
    query = select(Payment).where(Payment.no == report.no, Payment.channel == report.channel)
    payment = session.exec(query).first()
    if payment is None:
        return Outcome(OutcomeKind.SUSPECT)
    lock_order(session, payment.order_id)
    session.refresh(payment, with_for_update=True)
    mine = (payment.order_id, payment.id or 0)
    if payment.amount_fen != report.amount_fen:
        return Outcome(OutcomeKind.SUSPECT, *mine)
    if payment.status not in (PaymentStatus.PENDING, PaymentStatus.CLOSED):
        return Outcome(OutcomeKind.DUPLICATE, *mine)
    payment.channel_no, payment.paid_at = report.channel_no or None, now
    session.add(payment)
    session.flush()
    guarantees.taken(session, payment.no, payment.amount_fen, now=now)
    same = Payment.item == payment.item, col(Payment.proposal_id).is_not_distinct_from(payment.proposal_id)
    if session.exec(select(Payment.id).where(*sums.kept_of_id(payment.order_id), *same)).first():
        mark_extra(session, payment, now=now)
        return Outcome(OutcomeKind.EXTRA, *mine)
    if not tenders.can_pay(session, payment, now=now):
        mark_extra(session, payment, reason="balance_gone", now=now)
        return Outcome(OutcomeKind.EXTRA, *mine)
    return Outcome(OutcomeKind.PAID, *mine)


def _paid_out(session: Session, report: Report, now: datetime) -> Outcome:
    booked = withdrawals.reported(session, report, now=now)
    kinds = {None: OutcomeKind.SUSPECT, True: OutcomeKind.PAYOUT, False: OutcomeKind.DUPLICATE}
    return Outcome(kinds[booked])


def _take_in(session: Session, report: Report, now: datetime) -> bool:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(ChannelEvent).values(
        channel=report.channel, event_id=report.event_id, raw=report.raw, result="received", received_at=now
    )
    taken = session.execute(row.on_conflict_do_nothing().returning(col(ChannelEvent.event_id)))
    return taken.first() is not None


def _arrived(session: Session, payment: Payment, status: PaymentStatus, now: datetime) -> None:
    moved = session.execute(
        sa.update(Payment)
        .where(col(Payment.id) == payment.id)
        .where(col(Payment.status).in_((PaymentStatus.PENDING, PaymentStatus.CLOSED)))
        .values(status=status, paid_at=payment.paid_at or now)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise TransitionRefused(payment.no, state=payment.status.value, event=status.value)
    session.refresh(payment)


def _source(session: Session, payment: Payment) -> str:
    """The account that the money comes from."""
    if payment.channel in OURS:
        return ledger.tender(payment.channel, session.get_one(Order, payment.order_id).customer_id)
    if payment.channel == CASH:  # he holds the company's money until his earnings have repaid it
        return ledger.debt(session.get_one(Order, payment.order_id).technician_id or 0)
    return shares.held_at(payment)


def _send_back(session: Session, payment: Payment, status: PaymentStatus, reason: str, now: datetime) -> None:
    _arrived(session, payment, status, now)
    due_account = ledger.refund_due(payment.order_id)
    lines = {shares.held_at(payment): payment.amount_fen, due_account: -payment.amount_fen}
    ledger.post(session, f"pay:{payment.no}", "returned", ledger.order_ref(payment.order_id), lines, now=now)
    refunds.create(session, payment, payment.amount_fen, reason, now=now)
