"""The process that is killed: payments' HTTP, the job engine and the pulse over the real services, with the real channels.

It has no pages. What people would do on them (`deeds`) is asked at `/do/<act>`. Hours are compressed: the ladders and retries of
minutes take seconds here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from sqlmodel import Session, col
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from servicehub.adapters import gateway
from servicehub.adapters import guarantee as holds
from servicehub.api.app import routes_app
from servicehub.chaos import fuses
from servicehub.chaos.deeds import ACTS, HOST
from servicehub.db import database
from servicehub.domain.guarantee import GuaranteeStatus
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import PaymentStatus, RefundStatus
from servicehub.domain.refund import APART
from servicehub.domain.withdrawal import OPEN
from servicehub.errors import ServiceHubError
from servicehub.jobs import engine as jobs
from servicehub.jobs import runtime
from servicehub.models.guarantee import Guarantee
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.models.withdrawal import Withdrawal
from servicehub.services import (
    capturing,
    guarantees,
    payments,
    refunds,
    withdrawals,
)
from servicehub.services.orders import timers
from servicehub.settings import get_settings

HOLD = 0.3
"""Minutes that an unpaid order is held."""
BALANCE_LIFE = timedelta(seconds=15)
"""How long a payment may take for which no order waits: of a thank-you, or of something more."""
TIMEOUT_S = 1.5
"""How long a platform is waited for."""
REFUNDS_APART = timedelta(seconds=1)
"""The time that WeChat Pay wants between two refunds of one payment."""
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
    payments.BALANCE_LIFE = BALANCE_LIFE
    APART["wechat"] = REFUNDS_APART
    for sender in (refunds, withdrawals):
        sender.RETRY_FIRST_S, sender.RETRY_LONGEST_S = 1, 2  # type: ignore[attr-defined]
    timers.ASKING = timedelta(seconds=20)
    jobs.ASIDE, jobs.LONGER = timedelta(seconds=3), 1
    runtime.HEARTBEAT_S = 1
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
