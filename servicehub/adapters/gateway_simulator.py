"""A payment channel in this process: keeps its own books, signs its messages, and fails on demand. Never in production.

Owns what a real channel would own, in a file of its own: a restart forgets nothing. It behaves as channels do: a message may come
late, twice or never, and an answer may be lost after the channel has acted. The visitor's page is served by `api.payments`.
"""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from servicehub import clock, crypto
from servicehub.domain.channel import (
    ClientAction,
    CloseResult,
    PaymentAnswer,
    PayoutRequest,
    PayoutState,
    PayRequest,
    PayState,
    RefundRequest,
    RefundState,
    Report,
)
from servicehub.errors import Forged, GatewayUnknown

FRESH = timedelta(minutes=5)
"""A message that is older, or from the future, is refused."""
MOST_BYTES = 64_000
RETRY_AFTER_S = (1, 2, 5, 15, 60)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS bill (no TEXT PRIMARY KEY, order_no TEXT, method TEXT, amount_fen INTEGER, title TEXT, return_path TEXT,
                                 state TEXT, channel_no TEXT);
CREATE TABLE IF NOT EXISTS payback (no TEXT PRIMARY KEY, payment_no TEXT, amount_fen INTEGER, state TEXT);
CREATE TABLE IF NOT EXISTS share (no TEXT PRIMARY KEY, kind TEXT, payment_no TEXT, amount_fen INTEGER, state TEXT);
CREATE TABLE IF NOT EXISTS payout (no TEXT PRIMARY KEY, amount_fen INTEGER, state TEXT);
"""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bill:
    """What the cashier shows."""

    no: str
    order_no: str
    method: str
    amount_fen: int
    title: str
    return_path: str
    state: PayState
    channel_no: str


@dataclass(slots=True)
class Faults:
    """What goes wrong. Set by tests and by the demo; nothing does by default."""

    drop: bool = False
    """Messages are never sent."""
    delay_s: float = 0
    duplicates: int = 0
    """Each message is sent so many times more."""
    forge: bool = False
    """Messages carry a wrong signature."""
    down: bool = False
    """Nothing is answered and nothing happens."""
    lose_answers: bool = False
    """Everything happens, but the answer is lost."""
    fail_refunds: bool = False
    fail_payouts: bool = False
    fail_shares: bool = False


class GatewaySimulator:
    """Implements `adapters.gateway.Gateway`; `pay` is what the visitor does."""

    name = "simulator"
    wants_repeats = False
    acknowledgement = ""

    def __init__(self, path: Path, *, notify_url: str = "", retry_after_s: tuple[float, ...] = RETRY_AFTER_S) -> None:
        self._path, self._notify_url, self._retry_after_s = path, notify_url, retry_after_s
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self.faults = Faults()

    # -- the port ---------------------------------------------------------------------------------------------------------

    def open(self, request: PayRequest) -> ClientAction:
        """See `Gateway`."""
        self._refuse_when_down()
        values = (request.no, request.order_no, request.method, request.amount_fen, request.title, request.return_path)
        self._run("INSERT OR IGNORE INTO bill VALUES (?, ?, ?, ?, ?, ?, 'waiting', '')", *values)
        self._maybe_lose()
        return ClientAction("redirect", f"/sim/pay/{request.no}")

    def query(self, no: str) -> PaymentAnswer:
        """See `Gateway`."""
        if self.faults.down or self.faults.lose_answers:
            return PaymentAnswer(no, PayState.UNKNOWN)
        bill = self.bill(no)
        if bill is None:
            return PaymentAnswer(no, PayState.NOT_FOUND)
        return PaymentAnswer(no, bill.state, bill.amount_fen, bill.channel_no)

    def close(self, no: str) -> CloseResult:
        """See `Gateway`. A payment that the channel never heard of is closed before it could be made."""
        if self.faults.down:
            return CloseResult.UNKNOWN
        self._run("INSERT OR IGNORE INTO bill VALUES (?, '', '', 0, '', '', 'closed', '')", no)
        self._run("UPDATE bill SET state = 'closed' WHERE no = ? AND state = 'waiting'", no)
        if self.faults.lose_answers:
            return CloseResult.UNKNOWN
        bill = self.bill(no)
        return CloseResult.ALREADY_PAID if bill and bill.state is PayState.PAID else CloseResult.CLOSED

    def refund(self, request: RefundRequest) -> RefundState:
        """See `Gateway`. Together refunds never exceed the payment."""
        if self.faults.down:
            return RefundState.UNKNOWN
        with self._lock:
            state = self._refund(self._db(), request)
        return RefundState.UNKNOWN if self.faults.lose_answers else state

    def query_refund(self, request: RefundRequest) -> RefundState:
        """See `Gateway`."""
        if self.faults.down or self.faults.lose_answers:
            return RefundState.UNKNOWN
        rows = self._run("SELECT state FROM payback WHERE no = ?", request.no)
        return RefundState(rows[0][0]) if rows else RefundState.NOT_FOUND

    def payout(self, request: PayoutRequest) -> PayoutState:
        """See `Payouts`."""
        if self.faults.down:
            return PayoutState.UNKNOWN
        state = PayoutState.FAILED if self.faults.fail_payouts else PayoutState.SUCCEEDED
        self._run("INSERT OR IGNORE INTO payout VALUES (?, ?, ?)", request.no, request.amount_fen, state.value)
        return PayoutState.UNKNOWN if self.faults.lose_answers else self.query_payout(request.no)

    def query_payout(self, no: str) -> PayoutState:
        """See `Payouts`."""
        if self.faults.down or self.faults.lose_answers:
            return PayoutState.UNKNOWN
        rows = self._run("SELECT state FROM payout WHERE no = ?", no)
        return PayoutState(rows[0][0]) if rows else PayoutState.NOT_FOUND

    def keep_share(self, no: str, kind: str, payment_no: str, amount_fen: int, state: str) -> str:
        """Take a share note; the first one under a number counts. Returns its state."""
        self._run("INSERT OR IGNORE INTO share VALUES (?, ?, ?, ?, ?)", no, kind, payment_no, amount_fen, state)
        return self.share_state(no)

    def share_state(self, no: str) -> str:
        """Empty for a number that nobody used."""
        rows = self._run("SELECT state FROM share WHERE no = ?", no)
        return str(rows[0][0]) if rows else ""

    def parse_notify(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> list[Report]:
        """See `Gateway`."""
        given = {name.lower(): value for name, value in headers.items()}
        stamp, nonce = given.get("x-sim-timestamp", ""), given.get("x-sim-nonce", "")
        if len(raw) > MOST_BYTES or not _is_fresh(stamp, now):
            raise Forged("stale or oversized message")
        try:
            body = raw.decode()
            if not crypto.same(given.get("x-sim-signature", ""), _signature(stamp, nonce, body)):
                raise Forged("wrong signature")
            event = json.loads(body)
            return [_report(event, body)]
        except (ValueError, KeyError, TypeError) as error:
            raise Forged("malformed message") from error

    # -- the visitor ------------------------------------------------------------------------------------------------------

    def bill(self, no: str) -> Bill | None:
        """What is to be paid under `no`; None when nobody opened it."""
        rows = self._run("SELECT * FROM bill WHERE no = ?", no)
        if not rows:
            return None
        no, order_no, method, amount_fen, title, return_path, state, channel_no = rows[0]
        return Bill(no, order_no, method, amount_fen, title, return_path, PayState(state), channel_no)

    def pay(self, no: str, *, notify: bool = True) -> bool:
        """The visitor pays; False when it was paid before or is closed. `notify` sends the message from a thread."""
        channel_no = f"SIM{secrets.token_hex(12)}"
        paid = self._count(
            "UPDATE bill SET state = 'paid', channel_no = ? WHERE no = ? AND state = 'waiting'", channel_no, no
        )
        if paid and notify:
            self._send(*self.message(no))
        return paid

    def message(self, no: str) -> tuple[dict[str, str], bytes]:
        """The signed message that reports the payment `no`, as the channel sends it; the same event each time."""
        bill = self.bill(no)
        if bill is None:
            raise GatewayUnknown(no)
        event = {
            "id": f"pay-{bill.no}",
            "kind": "payment",
            "no": bill.no,
            "amount_fen": bill.amount_fen,
            "channel_no": bill.channel_no,
        }
        return self._signed(event)

    def refund_message(self, no: str) -> tuple[dict[str, str], bytes]:
        """The signed message that reports the end of the refund `no`."""
        rows = self._run("SELECT amount_fen, state FROM payback WHERE no = ?", no)
        if not rows:
            raise GatewayUnknown(no)
        amount_fen, state = rows[0]
        return self._signed(
            {"id": f"refund-{no}", "kind": "refund", "no": no, "amount_fen": amount_fen, "state": state}
        )

    def close_file(self) -> None:
        """Let go of the file; the next call opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # -- inside -----------------------------------------------------------------------------------------------------------

    def _refund(self, db: sqlite3.Connection, request: RefundRequest) -> RefundState:
        known = db.execute("SELECT state FROM payback WHERE no = ?", (request.no,)).fetchone()
        if known and not (request.is_retry and known[0] == RefundState.FAILED.value):
            return RefundState(known[0])
        paid = db.execute(
            "SELECT amount_fen FROM bill WHERE no = ? AND state = 'paid'", (request.payment_no,)
        ).fetchone()
        gone = db.execute(
            "SELECT coalesce(sum(amount_fen), 0) FROM payback WHERE payment_no = ? AND state = 'succeeded'",
            (request.payment_no,),
        ).fetchone()[0]
        # a payment from before this file (an imported history) is taken at our word
        limit = paid[0] if paid else request.paid_fen
        fits = gone + request.amount_fen <= limit and not self.faults.fail_refunds
        state = RefundState.SUCCEEDED if fits else RefundState.FAILED
        values = (request.no, request.payment_no, request.amount_fen, state.value)
        db.execute("INSERT OR REPLACE INTO payback VALUES (?, ?, ?, ?)", values)
        return state

    def _signed(self, event: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
        body = json.dumps(event)
        stamp, nonce = clock.now().isoformat(), secrets.token_hex(8)
        signature = "0" * 64 if self.faults.forge else _signature(stamp, nonce, body)
        headers = {"x-sim-timestamp": stamp, "x-sim-nonce": nonce, "x-sim-signature": signature}
        return headers | {"content-type": "application/json"}, body.encode()

    def _send(self, headers: dict[str, str], raw: bytes) -> None:
        if self.faults.drop or not self._notify_url:
            return
        for _ in range(1 + self.faults.duplicates):
            threading.Thread(target=self._deliver, args=(headers, raw), name="sim-notify", daemon=True).start()

    def _deliver(self, headers: dict[str, str], raw: bytes) -> None:
        patience = threading.Event()
        for wait_s in (self.faults.delay_s, *self._retry_after_s):
            patience.wait(wait_s)
            try:
                answer = httpx.post(self._notify_url, headers=headers, content=raw, timeout=5, trust_env=False)
            except httpx.HTTPError as error:
                _log.info("a simulated message was not taken: %s", type(error).__name__)
                continue
            if answer.status_code < 500:
                return

    def _refuse_when_down(self) -> None:
        if self.faults.down:
            raise GatewayUnknown("the simulated channel is down")

    def _maybe_lose(self) -> None:
        if self.faults.lose_answers:
            raise GatewayUnknown("the answer was lost")

    def _run(self, sql: str, *values: object) -> list[Any]:
        with self._lock:
            return self._db().execute(sql, values).fetchall()

    def _count(self, sql: str, *values: object) -> bool:
        with self._lock:
            return self._db().execute(sql, values).rowcount > 0

    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)
        return self._connection


def _signature(stamp: str, nonce: str, body: str) -> str:
    return crypto.mac("simulated-channel", f"{stamp}\n{nonce}\n{body}")


def _is_fresh(stamp: str, now: datetime) -> bool:
    try:
        sent_at = datetime.fromisoformat(stamp)
    except ValueError:
        return False
    return sent_at.tzinfo is not None and abs(now - sent_at) <= FRESH


def _report(event: Mapping[str, Any], body: str) -> Report:
    is_refund = event["kind"] == "refund"
    return Report(
        channel="simulator",
        event_id=str(event["id"])[:64],
        kind="refund" if is_refund else "payment",
        no=str(event["no"]),
        amount_fen=int(event["amount_fen"]),
        channel_no=str(event.get("channel_no", "")),
        refund_state=RefundState(event["state"]) if is_refund else RefundState.SUCCEEDED,
        raw=body,
    )
