"""The process that is killed: payments' HTTP, the job engine and the pulse over the real services, with the real channels.

It has no pages. What people would do on them is asked at `/do/<act>`; every act may be repeated, because whoever asks repeats it
until he gets an answer. Hours are compressed: the ladders and retries of minutes take seconds here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from sqlmodel import Session, col, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from servicehub import clock, crypto
from servicehub.adapters import gateway
from servicehub.adapters import guarantee as holds
from servicehub.api.app import routes_app
from servicehub.chaos import fuses
from servicehub.db import Database, database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.guarantee import GuaranteeStatus
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import PaymentStatus, RefundStatus
from servicehub.domain.refund import APART
from servicehub.domain.withdrawal import OPEN
from servicehub.errors import NotFound, ServiceHubError
from servicehub.jobs import engine as jobs
from servicehub.jobs import runtime
from servicehub.models.account import User
from servicehub.models.dispatch import Offer
from servicehub.models.guarantee import Guarantee
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.models.technician import Technician
from servicehub.models.withdrawal import Withdrawal
from servicehub.services import (
    capturing,
    dispatching,
    fulfilment,
    guarantees,
    ledger,
    orders,
    payments,
    photos,
    refunds,
    settlements,
    wallets,
    withdrawals,
)
from servicehub.services.orders import timers
from servicehub.settings import get_settings
from servicehub.workflows import checkout, guaranteeing, payouts

HOST = "127.0.0.1"
HOLD = 0.3
"""Minutes that an unpaid order is held."""
TIMEOUT_S = 1.5
"""How long a platform is waited for."""
REFUNDS_APART = timedelta(seconds=1)
"""The time that WeChat Pay wants between two refunds of one payment."""
ACCOUNT, LEAST_FEN = "19900000002", 1_000
UNDECIDED = (GuaranteeStatus.WAITING, GuaranteeStatus.CAPTURING, GuaranteeStatus.RELEASING)


@dataclass(frozen=True, slots=True)
class Life:
    """One life of the process: where it listens, where it dies, and what is broken in it."""

    environment: Mapping[str, str]
    port: int
    armed: frozenset[str]
    log: Path
    mutant: str = ""


def acted(log: Path) -> Path:
    """Where a planted fault says that it has had something to spoil."""
    return log.with_name("acted")


def live(life: Life) -> None:
    """Serve until killed."""
    os.environ |= life.environment
    os.dup2(os.open(life.log.with_name("said"), os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    logging.basicConfig(force=True)
    get_settings.cache_clear()
    _compress()
    fuses.arm(fuses.Fuse(life.armed, life.log))
    if life.mutant:  # last: it may do things after a COMMIT, where the fuse is
        fuses.plant(life.mutant, acted(life.log))
    asyncio.run(_serve(life.port))


async def _serve(port: int) -> None:
    server = Server(application(), address=HOST, port=port, interface=Interfaces.ASGI, log_level=LogLevels.critical)
    await server.serve()


def application() -> Starlette:
    """Acts, how much is left to do, and the routes of the product."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with runtime.lifespan(retry=jobs.Retry(first_s=0.3, longest_s=1.5)) as running:
            app.state.engine = running.engine
            yield

    routes = [Route("/do/{act}", _do, methods=["POST"]), Route("/left", _left), Mount("/", routes_app())]
    return Starlette(routes=routes, lifespan=lifespan)


def _compress() -> None:
    """Seconds instead of minutes."""
    get_settings().hold_minutes = HOLD  # type: ignore[assignment]
    payments.QUERY_AFTER_S = guarantees.QUERY_AFTER_S = (1, 3)  # type: ignore[assignment]
    capturing.AGAIN_S = (1, 2)  # type: ignore[assignment]
    APART["wechat"] = REFUNDS_APART
    for sender in (refunds, withdrawals):
        sender.RETRY_FIRST_S, sender.RETRY_LONGEST_S = 1, 2  # type: ignore[attr-defined]
    timers.ASKING = timedelta(seconds=20)
    for made in (gateway.gateway, holds.guarantees):
        wechat: Any = made("wechat")
        alipay: Any = made("alipay")
        wechat._client._core._timeout = (TIMEOUT_S, TIMEOUT_S)  # noqa: SLF001 - no other way to wait shorter
        alipay._client._config.timeout = TIMEOUT_S  # noqa: SLF001
        stripe: Any = made("stripe")
        stripe._api._requestor._client._timeout = TIMEOUT_S  # noqa: SLF001


async def _do(request: Request) -> Response:
    given = await request.json()
    try:
        said = await asyncio.to_thread(ACTS[request.path_params["act"]], database(), **given)
    except ServiceHubError as refusal:
        return JSONResponse({"refused": refusal.code}, 409)
    return JSONResponse(said)


async def _left(request: Request) -> Response:
    """What is still to be done: stored jobs, and money whose way is not decided."""
    count: Callable[[], int] = request.app.state.engine.waiting
    waiting = await asyncio.to_thread(count)
    failed = await asyncio.to_thread(request.app.state.engine.failed)
    rows = await database().read(_open_rows)
    return JSONResponse({"jobs": waiting, "failed": [f"{job.name}: {job.error}" for job in failed]} | rows)


def _open_rows(session: Session) -> dict[str, int]:
    def count(row: Any, *where: Any) -> int:
        return int(session.scalar(sa.select(sa.func.count()).select_from(row).where(*where)) or 0)

    return {
        "unpaid": count(Order, col(Order.status) == OrderStatus.PENDING_PAYMENT),
        "payments": count(Payment, col(Payment.status) == PaymentStatus.PENDING),
        "refunds": count(Refund, col(Refund.status) != RefundStatus.SUCCEEDED),
        "payouts": count(Withdrawal, col(Withdrawal.status).in_(OPEN)),
        "guarantees": count(Guarantee, col(Guarantee.status).in_(UNDECIDED)),
    }


# -- what people do ---------------------------------------------------------------------------------------------------------------


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


def serve(db: Database, *, no: str) -> str:
    """The visit, from accepting the offer to finishing on time; the order's status."""
    order = db.read_now(_order, no)
    if order.status is OrderStatus.ASSIGNED:
        offer = db.read_now(_offer, order.id or 0)
        db.write_now(dispatching.accept, _technician(db, order), offer, now=clock.now())
        order = db.read_now(_order, no)
    if order.technician_id is None:
        return order.status.value
    for status, step in _visit(db, _technician(db, order), order).items():
        if order.status is status:
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


def withdraw(db: Database, *, technician_id: int) -> str:
    """Everything that is available, asked for and agreed to by two people; the status of the last withdrawal."""
    technician = db.read_now(_technician_row, technician_id)
    actor = Actor(technician.user_id, Role.TECHNICIAN, technician.city_id, technician_id)
    last = db.read_now(_last_withdrawal, technician_id)
    fen = db.read_now(ledger.balance, ledger.available(technician_id))
    if (last is None or last.status not in OPEN) and fen >= LEAST_FEN:
        db.write_now(payouts.request, actor, fen, ACCOUNT, now=clock.now())
        last = db.read_now(_last_withdrawal, technician_id)
    if last is not None and last.status.value == "review":
        for person in _operators(db):
            with contextlib.suppress(ServiceHubError):
                db.write_now(withdrawals.approve, person, last.no, now=clock.now())
        last = db.read_now(_last_withdrawal, technician_id)
    return last.status.value if last else ""


ACTS: dict[str, Callable[..., Any]] = {
    act.__name__: act for act in (book, pay, secure, credit, cancel, serve, confirm, give_back, withdraw)
}


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
