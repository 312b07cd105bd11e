"""What people do in the storm, over the real services.

Every deed may be repeated, because whoever asks repeats it until he gets an answer.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from servicehub import clock, crypto
from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import OrderStatus
from servicehub.domain.reconciliation import DifferenceStatus
from servicehub.domain.withdrawal import OPEN, WECHAT
from servicehub.errors import NotFound, ServiceHubError
from servicehub.models.account import User
from servicehub.models.dispatch import Offer
from servicehub.models.guarantee import Guarantee
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.models.proposal import Proposal, load_living
from servicehub.models.reconciliation import Bill, Difference
from servicehub.models.technician import Technician
from servicehub.models.withdrawal import Withdrawal
from servicehub.services import (
    dispatching,
    fulfilment,
    identities,
    ledger,
    orders,
    photos,
    proposals,
    reconciliation,
    settlements,
    wallets,
    withdrawals,
)
from servicehub.workflows import checkout, guaranteeing, payouts, reconciling

HOST = "127.0.0.1"
ACCOUNT, LEAST_FEN = "19900000002", 1_000
EXTRA = "window"
"""The add-on that may be sold during a visit."""


def book(db: Database, *, customer: int, city: int, request: dict[str, Any]) -> str:
    """The number of a new order; of the one that an unanswered attempt has made, if it is there."""
    actor = Actor(user_id=customer, role=Role.CUSTOMER, city_id=city)
    wish = request | {"start_at": datetime.fromisoformat(request["start_at"]), "add_ons": ()}
    made: str | None = db.read_now(_made, wish["technician_id"], wish["start_at"])
    return made or db.write_now(orders.create, actor, orders.BookingRequest(**wish), now=clock.now())


def pay(db: Database, *, no: str, method: str, ours: Sequence[str] = ()) -> dict[str, str]:
    """The address of the cashier, and the payment's number; none where tenders of ours paid everything."""
    order = db.read_now(_order, no)
    action = checkout.start_now(db, _customer(order), no, method, client_ip=HOST, ours=ours, now=clock.now())
    return {"url": action.url, "no": db.read_now(_newest, order.id or 0, method)}


def secure(db: Database, *, no: str, method: str) -> dict[str, str]:
    """The address where the customer agrees to a guarantee, and its number."""
    order = db.read_now(_order, no)
    url = guaranteeing.start_now(db, _customer(order), no, method, now=clock.now())
    return {"url": url, "no": db.read_now(_newest_guarantee, order.id or 0)}


def credit(db: Database, *, no: str, fen: int, key: str) -> bool:
    """An operator gives balance, once for each key."""
    return db.write_now(wallets.credit, _operators(db)[0], no, fen, reason="chaos", key=key, now=clock.now())


def cancel(db: Database, *, no: str) -> bool:
    """The customer cancels, on whatever terms."""
    actor = _customer(db.read_now(_order, no))
    db.write_now(orders.cancel, actor, no, reason="", expected_refund_fen=0, now=clock.now())
    return True


def serve(db: Database, *, no: str, until: str = "") -> str:
    """The visit, from accepting the offer to finishing on time, or `until` it has this status; the order's status."""
    order = db.read_now(_order, no)
    if order.status is OrderStatus.ASSIGNED:
        offer = db.read_now(_offer, order.id or 0)
        db.write_now(dispatching.accept, _technician(db, order), offer, now=clock.now())
        order = db.read_now(_order, no)
    if order.technician_id is None:
        return order.status.value
    for status, step in _visit(db, _technician(db, order), order).items():
        if order.status is status and order.status.value != until:
            step()
            order = db.read_now(_order, no)
    return order.status.value


def _visit(db: Database, actor: Actor, order: Order) -> dict[OrderStatus, Callable[[], Any]]:
    """What the technician does in which status, always on time."""
    no, start_at = order.no, order.start_at
    code = crypto.decrypt(order.start_code_enc, "order.start_code")

    def finish() -> None:
        for kind in ("before", "after"):
            db.write_now(photos.attach, actor, no, kind, secrets.token_hex(16), now=start_at)
        db.write_now(fulfilment.finish, actor, no, now=order.end_at)

    return {
        OrderStatus.ACCEPTED: lambda: db.write_now(fulfilment.depart, actor, no, now=start_at - timedelta(minutes=30)),
        OrderStatus.EN_ROUTE: lambda: db.write_now(fulfilment.arrive, actor, no, order.lat, order.lng, now=start_at),
        OrderStatus.ARRIVED: lambda: db.write_now(fulfilment.start, actor, no, code, now=start_at),
        OrderStatus.IN_SERVICE: finish,
    }


def propose(db: Database, *, no: str) -> int:
    """The technician would do something more; the proposal."""
    order = db.read_now(_order, no)
    made: Proposal | None = db.read_now(load_living, order)
    if made is None:
        made = db.write_now(proposals.propose, _technician(db, order), no, [(EXTRA, 1)], now=order.start_at)
    return made.id or 0


def pay_more(db: Database, *, no: str, method: str, proposal: int = 0, tip_fen: int = 0) -> dict[str, str]:
    """As `pay`, for what was proposed during the visit, or for a thank-you after it."""
    order = db.read_now(_order, no)
    action = checkout.start_now(
        db, _customer(order), no, method, client_ip=HOST, proposal_id=proposal, tip_fen=tip_fen, now=clock.now()
    )
    return {"url": action.url, "no": db.read_now(_newest, order.id or 0, method)}


def confirm(db: Database, *, no: str) -> str:
    """The customer is content, and the earning matures."""
    order = db.read_now(_order, no)
    if order.status is OrderStatus.AWAITING_CONFIRM:
        db.write_now(orders.confirm, _customer(order), no, now=clock.now())
    db.write_now(settlements.mature_due, clock.now() + timedelta(days=40))
    return db.read_now(_order, no).status.value


def give_back(db: Database, *, no: str, fen: int) -> bool:
    """An operator returns a part, once."""
    order = db.read_now(_order, no)
    if not db.read_now(_has_refund, order.id or 0):
        db.write_now(orders.refund, _operators(db)[0], no, fen, reason="chaos", now=clock.now())
    return True


def withdraw(db: Database, *, technician_id: int, channel: str) -> dict[str, str]:
    """Everything that is available, asked for and agreed to by two people; the last withdrawal's number and status."""
    technician = db.read_now(_technician_row, technician_id)
    actor = Actor(technician.user_id, Role.TECHNICIAN, technician.city_id, technician_id)
    last = db.read_now(_last_withdrawal, technician_id)
    fen = db.read_now(ledger.balance, ledger.available(technician_id))
    if channel == WECHAT:
        db.write_now(identities.remember, actor, openid_of(technician_id), now=clock.now())
    if (last is None or last.status not in OPEN) and fen >= LEAST_FEN:
        db.write_now(payouts.request, actor, fen, "" if channel == WECHAT else ACCOUNT, channel, now=clock.now())
        last = db.read_now(_last_withdrawal, technician_id)
    if last is not None and last.status.value == "review":
        for person in _operators(db):
            with contextlib.suppress(ServiceHubError):
                db.write_now(withdrawals.approve, person, last.no, now=clock.now())
        last = db.read_now(_last_withdrawal, technician_id)
    return {"no": last.no, "status": last.status.value} if last else {"no": "", "status": ""}


def openid_of(technician_id: int) -> str:
    """Who a technician is at WeChat."""
    return f"oInvented{technician_id:019}"


def give_up(db: Database, *, no: str) -> str:
    """The payee does not want it any more; how it stands at the channel then."""
    made = db.read_now(_withdrawal, no)
    technician = db.read_now(_technician_row, made.technician_id)
    actor = Actor(technician.user_id, Role.TECHNICIAN, technician.city_id, made.technician_id)
    return payouts.give_up(db, actor, no).value


def reconcile(db: Database, *, first: str) -> list[str]:
    """Every bill since that day is pulled and compared with the books; what does not fit."""
    now = clock.now()
    day, today = datetime.fromisoformat(first).date(), reconciliation.day_of(now)
    while day <= today:
        for channel in reconciling.bill_channels():
            reconciling.pull(db, channel, day, now=now)
        day += timedelta(days=1)
    return db.read_now(_differences)


ACTS: dict[str, Callable[..., Any]] = {
    act.__name__: act
    for act in (
        book, pay, secure, credit, cancel, serve, propose, pay_more, confirm, give_back, withdraw, give_up, reconcile,
    )
}  # fmt: skip


def _differences(session: Session) -> list[str]:
    rows = session.exec(select(Difference, Bill).join(Bill, col(Bill.id) == col(Difference.bill_id)))
    return [
        f"{bill.channel} {bill.day}: {row.kind} {row.line_kind} {row.no}: theirs {row.their_fen}, ours {row.our_fen}"
        for row, bill in rows
        if row.status is DifferenceStatus.OPEN
    ] + [
        f"{b.channel} {b.day}: {b.unexplained_fen} unexplained" for b in session.exec(select(Bill)) if b.unexplained_fen
    ]


def _withdrawal(session: Session, no: str) -> Withdrawal:
    return session.exec(select(Withdrawal).where(Withdrawal.no == no)).one()


def _made(session: Session, technician_id: int, start_at: datetime) -> str | None:
    waits = col(Order.status) == OrderStatus.PENDING_PAYMENT
    query = select(Order.no).where(Order.requested_technician_id == technician_id, Order.start_at == start_at, waits)
    return session.exec(query).first()


def _order(session: Session, no: str) -> Order:
    found = session.exec(select(Order).where(Order.no == no)).first()
    if found is None:
        raise NotFound(no)
    return found


def _newest(session: Session, order_id: int, method: str) -> str:
    query = select(Payment.no).where(Payment.order_id == order_id, Payment.method == method)
    return session.exec(query.order_by(col(Payment.id).desc())).first() or ""


def _newest_guarantee(session: Session, order_id: int) -> str:
    query = select(Guarantee.no).where(Guarantee.order_id == order_id).order_by(col(Guarantee.id).desc())
    return session.exec(query).first() or ""


def _offer(session: Session, order_id: int) -> int:
    query = select(Offer.id).where(Offer.order_id == order_id, Offer.status == OfferStatus.OPEN)
    return session.exec(query).one() or 0


def _has_refund(session: Session, order_id: int) -> bool:
    return (
        session.exec(select(Refund.id).where(Refund.order_id == order_id, Refund.reason == "goodwill")).first()
        is not None
    )


def _last_withdrawal(session: Session, technician_id: int) -> Withdrawal | None:
    query = select(Withdrawal).where(Withdrawal.technician_id == technician_id)
    return session.exec(query.order_by(col(Withdrawal.id).desc())).first()


def _customer(order: Order) -> Actor:
    return Actor(user_id=order.customer_id, role=Role.CUSTOMER, city_id=order.city_id)


def _technician(db: Database, order: Order) -> Actor:
    found = db.read_now(_technician_row, order.technician_id or 0)
    return Actor(found.user_id, Role.TECHNICIAN, found.city_id, found.id or 0)


def _technician_row(session: Session, technician_id: int) -> Technician:
    return session.get_one(Technician, technician_id)


def _operators(db: Database) -> list[Actor]:
    found = db.read_now(_operator_rows)
    return [Actor(u.id or 0, Role.OPERATOR, u.city_id, operator_role=OperatorRole.FINANCE) for u in found]


def _operator_rows(session: Session) -> list[User]:
    return list(session.exec(select(User).where(User.role == Role.OPERATOR).order_by(col(User.id))))
