"""Where the application is made to die, by name, and what can be broken in it on purpose.

Nothing of the product knows of this: a process that is to be killed has its database and its channels wrapped from outside.
"""

from __future__ import annotations

import functools
import os
import secrets
import signal
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from servicehub.adapters.alipay import AlipayGateway
from servicehub.adapters.alipay_freeze import AlipayFreeze
from servicehub.adapters.stripe_hold import StripeHold
from servicehub.adapters.stripe_pay import StripeGateway
from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.adapters.wechat_payscore import WechatPayScore
from servicehub.adapters.wechat_transfer import WechatTransfer
from servicehub.db.database import Database
from servicehub.domain.channel import PaymentAnswer, PayState, RefundRequest, Report
from servicehub.services import ledger, payments, refunds
from servicehub.services.payments import Outcome
from servicehub.workflows import checkout

WRITES = (
    "booking.create", "checkout.intend", "checkout.apply", "changes.cancel", "changes.confirm", "changes.refund", "timers.expire",
    "refunds.begin", "refunds.record_result", "payouts.request", "withdrawals.approve", "withdrawals.begin",
    "withdrawals.record_result", "wallets.credit", "guaranteeing._intend", "capturing.begin", "guarantees.released",
    "proposals.propose", "withdrawals.wait_for_payee", "reconciliation.take",
)  # fmt: skip
"""Transactions: the process dies when all is written and nothing committed, or just after the COMMIT."""
CHANNELS = (WechatPayGateway, AlipayGateway, StripeGateway)
_PAID, _HELD = ("open", "query", "close", "refund", "query_refund"), ("hold", "capture", "release")
REQUESTS: dict[str, tuple[tuple[type, tuple[str, ...]], ...]] = {
    "wechat": (
        (WechatPayGateway, _PAID),
        (WechatPayScore, _HELD),
        (WechatTransfer, ("payout", "query_payout", "cancel")),
    ),
    "alipay": ((AlipayGateway, (*_PAID, "payout", "query_payout")), (AlipayFreeze, _HELD)),
    "stripe": ((StripeGateway, _PAID), (StripeHold, _HELD)),
}
"""Requests to each platform: the process dies before the request, or when the answer has come and nobody wrote it down."""
CALLS = tuple(f"{channel}.{name}" for channel, sides in REQUESTS.items() for _side, names in sides for name in names)
POINTS = tuple(
    [f"{name}: {moment}" for name in WRITES for moment in ("uncommitted", "committed")]
    + [f"{name}: {moment}" for name in CALLS for moment in ("unasked", "answered")]
)
MUTANTS = ("late_money_ignored", "new_number_on_retry", "never_asks", "books_outside")
"""Faults to be planted; each must be found."""


class Fuse:
    """Kills this process, at once and with nothing tidied up, when one of the armed points is reached."""

    def __init__(self, armed: Collection[str], log: Path) -> None:
        self._armed, self._log = armed, log

    def reached(self, point: str) -> None:
        """Die here, if this is one of them."""
        if point in self._armed:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(f"{point}\n")
            os.kill(os.getpid(), signal.SIGKILL)


def arm(fuse: Fuse) -> None:
    """Wrap the database and the channels of this process."""
    write = Database.write_now

    def write_now(self: Database, fn: Callable[..., Any], *args: Any, urgent: bool = False, **kwargs: Any) -> Any:
        name = f"{fn.__module__.rpartition('.')[2]}.{fn.__name__}"

        @functools.wraps(fn)
        def watched(session: Session, *inner: Any, **named: Any) -> Any:
            result = fn(session, *inner, **named)
            session.flush()
            fuse.reached(f"{name}: uncommitted")
            return result

        result = write(self, watched, *args, urgent=urgent, **kwargs)
        fuse.reached(f"{name}: committed")
        return result

    Database.write_now = write_now  # type: ignore[method-assign]
    for channel, sides in REQUESTS.items():
        for side, names in sides:
            for name in names:
                setattr(side, name, _watched(getattr(side, name), f"{channel}.{name}", fuse))


def _watched(call: Callable[..., Any], name: str, fuse: Fuse) -> Callable[..., Any]:
    @functools.wraps(call)
    def watched(*args: Any) -> Any:
        fuse.reached(f"{name}: unasked")
        answer = call(*args)
        fuse.reached(f"{name}: answered")
        return answer

    return watched


def plant(mutant: str, acted: Path) -> None:
    """Break this process's money; `acted` exists from the moment at which the fault has had something to spoil.

    Raises: KeyError for an unknown mutant.
    """
    planted: Mapping[str, Callable[[Callable[[], None]], None]] = {
        "late_money_ignored": _ignore_late_money,
        "new_number_on_retry": _number_anew,
        "never_asks": _never_ask,
        "books_outside": _book_outside,
    }
    planted[mutant](acted.touch)


def _ignore_late_money(acted: Callable[[], None]) -> None:
    def nothing(*_args: Any, **_named: Any) -> None:
        acted()

    payments.mark_late = nothing


def _number_anew(acted: Callable[[], None]) -> None:
    begin = refunds.begin

    def renumbered(session: Session, no: str, *, now: datetime) -> RefundRequest | None:
        asked = begin(session, no, now=now)
        if not asked or asked.tries == 1:
            return asked
        acted()
        return replace(asked, no=f"R{secrets.token_hex(15)}")

    refunds.begin = renumbered


def _never_ask(acted: Callable[[], None]) -> None:
    def nobody_knows(_self: object, no: str) -> PaymentAnswer:
        acted()
        return PaymentAnswer(no, PayState.UNKNOWN)

    for channel in CHANNELS:
        channel.query = nobody_knows  # type: ignore[assignment]


def _book_outside(acted: Callable[[], None]) -> None:
    """The payment's entry is posted in a transaction of its own, after the payment's."""
    post, apply = ledger.post, checkout.apply
    later: list[tuple[Any, ...]] = []
    named: dict[str, datetime] = {}

    def postponed(session: Session, key: str, *rest: Any, now: datetime) -> tuple[int, bool]:
        if key.startswith("pay:"):
            acted()
            later.append((key, *rest))
            named["now"] = now
            return 0, True
        return post(session, key, *rest, now=now)

    def booked_later(session: Session, report: Report, *, now: datetime) -> Outcome:
        outcome = apply(session, report, now=now)
        due, later[:] = list(later), []
        session.info.setdefault("after", []).extend(due)
        return outcome

    booked_later.__module__, booked_later.__name__ = apply.__module__, apply.__name__
    ledger.post, checkout.apply = postponed, booked_later  # type: ignore[assignment]
    take = Database.write_now

    def write_now(self: Database, fn: Callable[..., Any], *args: Any, urgent: bool = False, **kwargs: Any) -> Any:
        due: list[tuple[Any, ...]] = []

        @functools.wraps(fn)
        def collecting(session: Session, *inner: Any, **more: Any) -> Any:
            result = fn(session, *inner, **more)
            due.extend(session.info.pop("after", []))
            return result

        result = take(self, collecting, *args, urgent=urgent, **kwargs)
        for entry in due:
            take(self, post, *entry, now=named["now"])
        return result

    Database.write_now = write_now  # type: ignore[method-assign]
