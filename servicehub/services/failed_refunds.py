"""What people do about a refund that its channel refused: try it again, or give it to the customer's balance.

    retry            failed -> new, and the job that sends it, under the number that it always had
    propose          failed, with who proposes the balance and why
    give             failed -> balance: refund_due -> wallet, by a second person

Success at the channel and the balance share one ledger key (`refund:<no>`) and one conditional status, so that only one of them can
ever be booked. `workflows.refunds.give_to_balance` asks the channel first. Everything is audited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import outbox
from servicehub.domain.access import Actor, Permission
from servicehub.domain.payment import RefundStatus
from servicehub.domain.sharing import SettlementMode
from servicehub.errors import BalanceNotHere, Conflict, NotFound, ReasonMissing, SecondPersonNeeded
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.services import audits, ledger, notices, refunds

LONGEST_REASON = 200


def retry(session: Session, actor: Actor, no: str, *, now: datetime) -> None:
    """Send it once more, under the same number; a proposal to give it to the balance is over.

    Raises: NotAllowed without order:refund, NotFound, Conflict unless the channel has refused it.
    """
    refund, order = _failed(session, actor, no, Permission.ORDER_REFUND)
    _move(session, refund, RefundStatus.NEW, first_by=None, proposal="")
    outbox.defer(session, "refund", {"no": no}, key=f"refund:{no}:retry:{now.timestamp()}")
    refunds.hint(session, order)
    facts = {"order": order.no, "fen": refund.amount_fen, "tries": refund.tries}
    audits.record(session, actor, "refund.retry", f"refund:{no}", data=facts, now=now)


def propose(session: Session, actor: Actor, no: str, *, reason: str, now: datetime) -> None:
    """Propose that it goes to the customer's balance, because the channel can never carry it out.

    Raises: NotAllowed without order:refund, NotFound, ReasonMissing, Conflict unless the channel has refused it, or when it is
    proposed already, BalanceNotHere where a company is paid.
    """
    refund, order = _failed(session, actor, no, Permission.ORDER_REFUND)
    if not reason.strip():
        raise ReasonMissing(no)
    if session.get_one(Payment, refund.payment_id).mode is SettlementMode.PARTNER:
        raise BalanceNotHere(no)
    if refund.first_by is not None:
        raise Conflict(f"refund {no} is proposed")
    why = reason.strip()[:LONGEST_REASON]
    _move(session, refund, RefundStatus.FAILED, first_by=actor.user_id, proposal=why)
    refunds.hint(session, order)
    facts = {"order": order.no, "fen": refund.amount_fen}
    audits.record(session, actor, "refund.propose_balance", f"refund:{no}", why, facts, now=now)


def may_give(session: Session, actor: Actor, no: str, *, lock: bool = False) -> tuple[Refund, Order]:
    """The refund and its order, when the actor may agree to the proposal; changes nothing.

    Raises: NotAllowed without wallet:credit, NotFound, Conflict when nothing is proposed (any more), SecondPersonNeeded for the one
    who proposed it.
    """
    refund, order = _failed(session, actor, no, Permission.WALLET_CREDIT, lock=lock)
    if refund.first_by is None:
        raise Conflict(f"refund {no} is not proposed")
    if refund.first_by == actor.user_id:
        raise SecondPersonNeeded(no)
    return refund, order


def give(session: Session, actor: Actor, no: str, *, now: datetime) -> None:
    """Agree as the second person: the money is in the customer's balance, and the channel is never asked again.

    The caller has made sure that the channel has not carried it out. Raises: as `may_give`.
    """
    refund, order = may_give(session, actor, no, lock=True)
    _move(session, refund, RefundStatus.BALANCE, second_by=actor.user_id, done_at=now)
    lines = {
        ledger.refund_due(refund.order_id): refund.amount_fen,
        ledger.wallet(order.customer_id): -refund.amount_fen,
    }
    _entry, is_new = ledger.post(session, f"refund:{no}", "refund", ledger.order_ref(refund.order_id), lines, now=now)
    if not is_new:
        raise Conflict(f"refund {no} is booked")
    refunds.hint(session, order)
    notices.send(
        session, order.customer_id, "refund_balance", key=f"refund-balance:{no}", now=now, link="/wallet/",
        amount_fen=refund.amount_fen,
    )  # fmt: skip
    facts = {"order": order.no, "fen": refund.amount_fen}
    audits.record(session, actor, "refund.balance", f"refund:{no}", refund.proposal, facts, now=now)


def _failed(
    session: Session, actor: Actor, no: str, permission: Permission, *, lock: bool = True
) -> tuple[Refund, Order]:
    actor.require(permission)
    refund = refunds.locked(session, no) if lock else session.exec(select(Refund).where(Refund.no == no)).first()
    order = session.get_one(Order, refund.order_id) if refund is not None else None
    if refund is None or order is None or not _is_of(actor, order):
        raise NotFound(f"refund {no}")
    if refund.status is not RefundStatus.FAILED:
        raise Conflict(f"refund {no} is {refund.status}")
    return refund, order


def _is_of(actor: Actor, order: Order) -> bool:
    return order.city_id == actor.city_id and (not actor.district_ids or order.district_id in actor.district_ids)


def _move(session: Session, refund: Refund, status: RefundStatus, **values: Any) -> None:
    """From failed to `status`, unless anybody else has moved it meanwhile."""
    moved = session.execute(
        sa.update(Refund)
        .where(col(Refund.id) == refund.id, col(Refund.status) == RefundStatus.FAILED)
        .values(status=status, **values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(f"refund {refund.no} was worked on")
    session.refresh(refund)
