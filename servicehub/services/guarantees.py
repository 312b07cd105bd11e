"""Guarantees: opened under our own numbers, held when a channel says so, let go when nothing is to be taken.

Owns the rows until something is captured (`services.capturing`). Nothing here is in the ledger: what a customer has promised, or
frozen in an account of his own, is not our money. Imports nothing of payments and orders.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus, outbox
from servicehub.domain.access import Actor, Role
from servicehub.domain.channel import Outcome, OutcomeKind, Report
from servicehub.domain.guarantee import LIVING, METHODS, SECURES, GuaranteeStatus
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.errors import Invalid, NotFound, TransitionRefused
from servicehub.models.guarantee import Guarantee
from servicehub.models.order import Order

QUERY_AFTER_S = (20, 60, 120, 300)
"""Silence after opening: when the channel is asked, and once more before the time to agree is over."""
PREFIX = "G"
"""Of a guarantee's number, and so of the payment that it becomes."""
_S = GuaranteeStatus


def open_one(session: Session, actor: Actor, order: Order, method: str, *, now: datetime) -> Guarantee:
    """The guarantee that the order waits for, stored before the channel is asked; one of another channel is let go.

    Raises: NotFound for somebody else's order, Invalid for a method, TransitionRefused when the order waits for none.
    """
    if actor.role is not Role.CUSTOMER or actor.user_id != order.customer_id:
        raise NotFound(f"order {order.no}")
    if method not in METHODS:
        raise Invalid(f"guarantee by {method!r}")
    session.execute(sa.select(col(Order.id)).where(col(Order.id) == order.id).with_for_update())
    session.refresh(order)
    if not awaits(order) or order.deadline_at is None or order.deadline_at <= now:
        raise TransitionRefused(order.no, state=order.status.value, event="guarantee")
    living, channel = _living(session, order.id or 0), METHODS[method]
    if living is not None and living.channel == channel and living.status is _S.WAITING:
        return living
    let_go(session, order)
    made = Guarantee(
        no=f"{PREFIX}{secrets.token_hex(15)}",
        order_id=order.id or 0,
        channel=channel,
        amount_fen=order.total_fen,
        status=_S.WAITING,
        created_at=now,
        expires_at=order.deadline_at,
    )
    session.add(made)
    session.flush()
    query_later(session, made, 0, now=now)
    return made


def awaits(order: Order) -> bool:
    """Whether the order waits for a guarantee: an order that is paid afterwards waits for nothing else."""
    return order.status is OrderStatus.PENDING_PAYMENT and order.payment_plan is PaymentPlan.AFTER


def query_later(session: Session, guarantee: Guarantee, step: int, *, now: datetime) -> bool:
    """Ask the channel at the ladder's `step` if it has said nothing by then; False beyond the last step."""
    last = (guarantee.expires_at - guarantee.created_at - timedelta(seconds=20)) // timedelta(seconds=1)
    rungs = [*(s for s in QUERY_AFTER_S if s < last), max(last, 1)]
    if step >= len(rungs):
        return False
    delay = guarantee.created_at + timedelta(seconds=rungs[step]) - now
    asked = {"no": guarantee.no, "step": step}
    seconds = max(delay // timedelta(seconds=1), 1)
    outbox.defer(session, "guarantee_query", asked, key=f"guarantee:{guarantee.no}:{step}", delay_s=seconds)
    return True


def by_no(session: Session, no: str, *, lock: bool = False) -> Guarantee | None:
    """The guarantee of that number."""
    query = select(Guarantee).where(Guarantee.no == no)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def held(session: Session, order: Order) -> Guarantee | None:
    """The guarantee that the order has, as long as nothing was taken."""
    found = _living(session, order.id or 0)
    return found if found is not None and found.status is _S.HELD else None


def waiting(session: Session, order_id: int) -> list[Guarantee]:
    """What the customer was asked to agree to and has not, as far as we know."""
    query = select(Guarantee).where(Guarantee.order_id == order_id, Guarantee.status == _S.WAITING)
    return list(session.exec(query))


def is_waiting() -> sa.ColumnElement[bool]:
    """As a condition of a statement about orders."""
    mine = col(Guarantee.order_id) == col(Order.id), col(Guarantee.status) == _S.WAITING
    return sa.exists().where(*mine)


def secures() -> sa.ColumnElement[bool]:
    """That an order does not draw on the credit of its customer, as a condition of a statement about orders."""
    mine = col(Guarantee.order_id) == col(Order.id), col(Guarantee.status).in_(SECURES)
    return sa.exists().where(*mine)


def agreed(session: Session, guarantee: Guarantee, channel_no: str, *, now: datetime) -> bool:
    """The channel holds it; False when it came too late, and is released, or was known."""
    if guarantee.status is _S.WAITING:
        guarantee.status, guarantee.channel_no, guarantee.held_at = _S.HELD, channel_no[:64], now
        session.add(guarantee)
        session.flush()
        return True
    if guarantee.status in (_S.RELEASED, _S.RELEASING, _S.FAILED) and guarantee.held_at is None:
        guarantee.status, guarantee.channel_no, guarantee.held_at = _S.RELEASING, channel_no[:64], now
        session.add(guarantee)
        session.flush()
        release_later(session, guarantee.no, "late")
    return False


def heard(session: Session, report: Report, now: datetime) -> Outcome:
    """A channel says that it holds one: what that comes to, see `services.payments`."""
    guarantee = _reported(session, report)
    if guarantee is None:
        return Outcome(OutcomeKind.SUSPECT)
    new = agreed(session, guarantee, report.channel_no, now=now)
    return Outcome(OutcomeKind.HELD if new else OutcomeKind.DUPLICATE, guarantee.order_id)


def ran_out(session: Session, report: Report, now: datetime) -> Outcome:
    """A channel has given back by itself what it held: the customer pays as usual. A capture under way hears of it when it asks."""
    guarantee = _reported(session, report)
    if guarantee is None:
        return Outcome(OutcomeKind.SUSPECT)
    ended = _end(session, guarantee.no, (_S.WAITING, _S.HELD), _S.FAILED, now) or released(
        session, guarantee.no, now=now
    )
    order = session.get_one(Order, guarantee.order_id)
    bus.publish(session, bus.order(order.no), bus.customer(order.customer_id))
    return Outcome(OutcomeKind.LAPSED if ended else OutcomeKind.IGNORED, guarantee.order_id)


def refused(session: Session, no: str, *, now: datetime) -> bool:
    """The customer did not agree, or was not trusted: he may choose again while his time is held."""
    return _end(session, no, (_S.WAITING,), _S.FAILED, now)


def taken(session: Session, no: str, amount_fen: int, *, now: datetime) -> bool:
    """The payment of this number has arrived."""
    moved = session.execute(
        sa.update(Guarantee)
        .where(col(Guarantee.no) == no, col(Guarantee.status) != _S.CAPTURED)
        .values(status=_S.CAPTURED, captured_fen=amount_fen, ended_at=now)
        .execution_options(synchronize_session="fetch")
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]


def released(session: Session, no: str, *, now: datetime) -> bool:
    """The channel says that nothing can be taken any more."""
    return _end(session, no, (_S.RELEASING,), _S.RELEASED, now)


def let_go(session: Session, order: Order) -> Sequence[str]:
    """The order needs its guarantee no more: here at once, at the channel after the commit; returns the numbers."""
    moved = session.execute(
        sa.update(Guarantee)
        .where(col(Guarantee.order_id) == order.id, col(Guarantee.status).in_(LIVING))
        .values(status=_S.RELEASING)
        .returning(col(Guarantee.no))
        .execution_options(synchronize_session="fetch")
    )
    numbers = sorted(moved.scalars())
    for no in numbers:
        release_later(session, no)
    return numbers


def release_later(session: Session, no: str, why: str = "") -> None:
    """Tell the channel after the commit."""
    outbox.defer(session, "guarantee_release", {"no": no}, key=f"release:{no}{why}")


def _living(session: Session, order_id: int) -> Guarantee | None:
    query = select(Guarantee).where(Guarantee.order_id == order_id, col(Guarantee.status).in_(LIVING))
    return session.exec(query.execution_options(populate_existing=True)).first()


def _reported(session: Session, report: Report) -> Guarantee | None:
    """What a report is about, locked after its order; None unless channel and amount are those of the guarantee."""
    found = by_no(session, report.no)
    if found is None or (found.channel, found.amount_fen) != (report.channel, report.amount_fen):
        return None
    session.execute(sa.select(col(Order.id)).where(col(Order.id) == found.order_id).with_for_update())
    return by_no(session, report.no, lock=True)


def _end(session: Session, no: str, before: tuple[GuaranteeStatus, ...], after: GuaranteeStatus, now: datetime) -> bool:
    moved = session.execute(
        sa.update(Guarantee)
        .where(col(Guarantee.no) == no, col(Guarantee.status).in_(before))
        .values(status=after, ended_at=now)
        .execution_options(synchronize_session="fetch")
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]
