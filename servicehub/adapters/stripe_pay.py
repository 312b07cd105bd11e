"""Cards by Stripe: `adapters.gateway.Gateway` over the `stripe` library and its hosted page, Checkout.

Owns the translation only. Stripe gives everything numbers of its own, and the port asks with ours, so each payment has an entry in
Stripe's own books that is fetched by our number: a product whose id is that number (the id of a product may be chosen), archived,
with the number of its Checkout Session. It is written before the address of the page leaves, so whatever can be paid can be found:
at once, always, and without a table of ours. The other ways do not hold that: search lags behind (minutes when Stripe is ill), and
repeating the first request answers as before for a day only, while refunds come weeks later. The entry is also the lock between
opening and closing: its id exists once, so one of them sees what the other has done.

Whatever the library raises after a request was sent means that the outcome is unknown, except what says that nothing was done.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import stripe
from stripe.params import BalanceTransactionListParams, BalanceTransactionListParamsCreated
from stripe.params.checkout import SessionCreateParams

from servicehub.adapters import stripe_bill
from servicehub.adapters.stripe_names import HOLD, PAYMENT, REFUND, SESSION, named
from servicehub.domain.channel import (
    ClientAction,
    CloseResult,
    PaymentAnswer,
    PayRequest,
    PayState,
    RefundRequest,
    RefundState,
    Report,
)
from servicehub.domain.chargeback import ChargebackStatus
from servicehub.domain.reconciliation import BillLine
from servicehub.errors import BillUnavailable, Forged, GatewayUnknown
from servicehub.settings import StripeAccount

ZONE = ZoneInfo("Asia/Shanghai")
FRESH = timedelta(minutes=5)
"""A message that is older, or from the future, is refused, by the clock that is passed in: the library would ask its own."""
MOST_BYTES = 64_000
TIMEOUT_S = (3, 8)
TITLE_CHARS = 120
PAGE_LIFE = timedelta(minutes=31)
"""Stripe keeps a page open for half an hour at least: it outlives our hold by this, and `close` ends it earlier."""
STATES = {
    "requires_payment_method": PayState.WAITING,
    "requires_confirmation": PayState.WAITING,
    "requires_action": PayState.WAITING,
    "requires_capture": PayState.WAITING,
    "processing": PayState.WAITING,
    "succeeded": PayState.PAID,
    "canceled": PayState.CLOSED,
}
REFUNDS = {
    "succeeded": RefundState.SUCCEEDED,
    "pending": RefundState.PROCESSING,
    "requires_action": RefundState.PROCESSING,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
CAPTURABLE, CANCELED = "payment_intent.amount_capturable_updated", "payment_intent.canceled"
RUN_OUT = ("automatic", "expired")
"""Why Stripe ends an authorisation by itself, after seven days usually."""
CHARGEBACKS = {
    "warning_needs_response": ChargebackStatus.INQUIRY,
    "warning_under_review": ChargebackStatus.INQUIRY,
    "warning_closed": ChargebackStatus.DROPPED,
    "prevented": ChargebackStatus.DROPPED,
    "needs_response": ChargebackStatus.OPEN,
    "under_review": ChargebackStatus.OPEN,
    "won": ChargebackStatus.WON,
    "lost": ChargebackStatus.LOST,
    "appeal_needs_response": ChargebackStatus.LOST,
    "appeal_under_review": ChargebackStatus.LOST,
}
CHARGEBACK_EVENTS = "charge.dispute."
REFUND_EVENTS = frozenset({"refund.updated", "charge.refund.updated", "refund.failed"})
FINAL = frozenset(
    {"charge_already_refunded", "charge_disputed", "charge_not_refundable", "amount_too_large", "resource_missing"}
)
"""Refusals of a refund that no repetition changes…"""
FINAL_PARAMS = frozenset({"amount", "payment_intent"})
"""…and what they name where Stripe gives no code: more than is left, or nothing that was paid."""
MISSING, EXISTS, REUSED = "resource_missing", "resource_already_exists", "idempotency_error"
_log = logging.getLogger(__name__)
Json = dict[str, Any]

stripe.enable_telemetry = False  # it would keep an identifier in the home folder, and send times and the machine's name


class StripeGateway:
    """One account, in live or in test mode."""

    name = "stripe"
    acknowledgement = ""

    def __init__(self, account: StripeAccount, *, base_url: str) -> None:
        """`base_url`: where browsers reach this installation, and Stripe its messages' receiver."""
        self._account, self._base_url = account, base_url.rstrip("/")
        self._capture: Literal["manual", "automatic"] = "manual" if account.manual_capture else "automatic"
        self._api = stripe.StripeClient(
            account.secret_key.get_secret_value(),
            base_addresses={"api": account.api},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_S),
        ).v1

    def open(self, request: PayRequest) -> ClientAction:
        """See `Gateway`: Stripe's page for one payment by card; its address only once the entry for our number is there."""
        session = self._session_for(request)
        if not session.get("id") or not session.get("url") or not self._is_mine(session):
            raise GatewayUnknown(request.no)
        known = self._enter(request.no, str(session["id"]))
        if known != session["id"]:  # lost, or closed in between
            raise GatewayUnknown(request.no)
        return ClientAction("redirect", str(session["url"]))

    def query(self, no: str) -> PaymentAnswer:
        """See `Gateway`. What is authorised only is taken now; it is paid once that has succeeded."""
        session, problem = self._found(no)
        if problem is not None:
            return PaymentAnswer(no, problem)
        intent = session.get("payment_intent") or {}
        if intent.get("status") == "requires_capture" and HOLD not in named(intent):
            return self._captured(no, str(intent.get("id")))
        return self._answer(no, session, intent)

    def close(self, no: str) -> CloseResult:
        """See `Gateway`. What nobody opened gets an entry without a page, so that nobody can; what is authorised is released."""
        session, problem = self._found(no)
        if problem is PayState.NOT_FOUND:
            return CloseResult.CLOSED if self._enter(no, "") == "" else CloseResult.UNKNOWN
        if problem is not None:
            return CloseResult.CLOSED if problem is PayState.CLOSED else CloseResult.UNKNOWN
        number = str(session["id"])
        code, _ended = self._ask(lambda: self._api.checkout.sessions.expire(number))
        if code == 200:
            return CloseResult.CLOSED
        session, problem = self._found(no)
        intent = session.get("payment_intent") or {}
        if problem is None and intent.get("status") == "requires_capture":
            options: stripe.RequestOptions = {"idempotency_key": f"{no}-cancel"}
            _code, intent = self._ask(lambda: self._api.payment_intents.cancel(str(intent["id"]), options=options))
        state = problem or self._answer(no, session, intent).state
        ends = {PayState.PAID: CloseResult.ALREADY_PAID, PayState.CLOSED: CloseResult.CLOSED}
        return ends.get(state, CloseResult.UNKNOWN)

    def refund(self, request: RefundRequest) -> RefundState:
        """See `Gateway`. It is looked for first: Stripe forgets after a day that a number was used.

        A failed one stays failed there, and a refusal is repeated for a day: what is tried once more is another refund of Stripe's
        with our same number.
        """
        known, intent = self._refund_of(request)
        if known is not RefundState.NOT_FOUND and not (request.is_retry and known is RefundState.FAILED):
            return known
        if not intent:  # nothing was paid that could go back
            return RefundState.FAILED
        code, answer = self._ask(
            lambda: self._api.refunds.create(
                {"payment_intent": intent, "amount": request.amount_fen, "metadata": {REFUND: request.no}},
                {"idempotency_key": f"{request.no}-{request.tries}" if request.is_retry else request.no},
            )
        )
        if code == 200:
            return REFUNDS.get(str(answer.get("status")), RefundState.UNKNOWN)
        reason, param = answer.get("code"), answer.get("param")
        final = reason in FINAL or (not reason and param in FINAL_PARAMS)
        return RefundState.FAILED if final else RefundState.UNKNOWN

    def query_refund(self, request: RefundRequest) -> RefundState:
        """See `Gateway`: among the refunds of its payment."""
        return self._refund_of(request)[0]

    def bill(self, day: date, *, with_shares: bool = False) -> list[BillLine]:  # noqa: ARG002 - it shares nothing
        """See `Bills`: whatever moved the balance in a day of Asia/Shanghai, which is every channel's here."""
        begins = datetime.combine(day, time(), ZONE)
        span: BalanceTransactionListParamsCreated = {
            "gte": int(begins.timestamp()),
            "lt": int((begins + timedelta(days=1)).timestamp()),
        }
        asked: BalanceTransactionListParams = {"created": span, "limit": 100, "expand": ["data.source"]}
        code, found = self._ask(lambda: _all(self._api.balance_transactions.list(asked)))
        if code != 200:
            raise BillUnavailable(f"stripe {day}")
        return stripe_bill.lines(found["data"], self._account.currency)

    def parse_notify(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> list[Report]:
        """See `Gateway`. An authorised payment of ours is taken here, and reported when that has succeeded.

        Raises: GatewayUnknown, so that Stripe says it again, when taking it was not answered.
        """
        signature = {name.lower(): value for name, value in headers.items()}.get("stripe-signature", "")
        if len(raw) > MOST_BYTES:
            raise Forged("oversized message")
        try:
            text = raw.decode()
            stripe.WebhookSignature.verify_header(text, signature, self._account.webhook_secret.get_secret_value())
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise Forged("malformed message, or wrong signature") from error
        if not _is_fresh(signature, now):
            raise Forged("stale message")
        try:
            event = json.loads(text)
            kind, about, number = str(event["type"]), event["data"]["object"], str(event["id"])[:64]
            live = event["livemode"]
        except (ValueError, KeyError, TypeError) as error:
            raise Forged("malformed message") from error
        if live is not self._account.live:
            raise Forged("a message of the other mode")
        if kind == CAPTURABLE and HOLD not in named(about):
            return self._authorised(about, number, text)
        report = self._report(kind, about, number, text)
        return [report] if report is not None else []

    def _report(self, kind: str, about: Json, event_id: str, raw: str) -> Report | None:
        """What ended; None for other news."""
        names = named(about)
        if kind == "payment_intent.succeeded":
            no, amount = str(names.get(PAYMENT, "")), int(about.get("amount_received", 0))
            report = Report(self.name, event_id, "payment", no, amount, str(about.get("id", "")), raw=raw)
        elif kind in REFUND_EVENTS:
            state = REFUNDS.get(str(about.get("status")), RefundState.UNKNOWN)
            if state not in (RefundState.SUCCEEDED, RefundState.FAILED):
                return None
            no, amount = str(names.get(REFUND, "")), int(about.get("amount", 0))
            report = Report(self.name, event_id, "refund", no, amount, refund_state=state, raw=raw)
        elif HOLD in names and (what := _hold_news(kind, about)):
            no, amount = str(names[HOLD]), int(about.get("amount", 0))
            report = Report(self.name, event_id, what, no, amount, str(about.get("id", "")), raw=raw)
        elif kind.startswith(CHARGEBACK_EVENTS) and (status := CHARGEBACKS.get(str(about.get("status")))):
            no, amount, paid = str(about.get("id", "")), int(about.get("amount", 0)), about.get("payment_intent") or ""
            report = Report(self.name, event_id, "chargeback", no, amount, str(paid), chargeback=status, raw=raw)
        else:
            return None
        return report if about.get("currency") == self._account.currency else report.foreign()

    def _authorised(self, intent: Json, event_id: str, raw: str) -> list[Report]:
        no = str(named(intent).get(PAYMENT, ""))
        if not no or intent.get("currency") != self._account.currency:
            return []  # somebody else's, or nothing that we asked for: left alone, it lapses
        answer = self._captured(no, str(intent.get("id", "")))
        if answer.state is PayState.UNKNOWN:
            raise GatewayUnknown(no)
        if answer.state is not PayState.PAID:
            return []  # released meanwhile
        return [Report(self.name, event_id, "payment", no, answer.amount_fen, answer.channel_no, raw=raw)]

    def _captured(self, no: str, intent_id: str) -> PaymentAnswer:
        """Take what is authorised, once."""
        key: stripe.RequestOptions = {"idempotency_key": f"{no}-capture"}
        code, intent = self._ask(lambda: self._api.payment_intents.capture(intent_id, options=key))
        if code != 200:  # perhaps taken or released before
            code, intent = self._ask(lambda: self._api.payment_intents.retrieve(intent_id))
        if code != 200 or intent.get("status") == "requires_capture":
            return PaymentAnswer(no, PayState.UNKNOWN)
        return self._answer(no, {}, intent)

    def _answer(self, no: str, session: Json, intent: Json) -> PaymentAnswer:
        """What a payment's page and its intent say together; there is no intent before somebody has tried to pay."""
        if not intent:
            state = PayState.CLOSED if session.get("status") == "expired" else PayState.UNKNOWN
            return PaymentAnswer(no, PayState.WAITING if session.get("status") == "open" else state)
        if not self._is_mine(intent) or named(intent).get(PAYMENT) != no:
            return PaymentAnswer(no, PayState.UNKNOWN)
        state = STATES.get(str(intent.get("status")), PayState.UNKNOWN)
        if state is PayState.WAITING and session.get("status") == "expired":
            state = PayState.CLOSED
        return PaymentAnswer(no, state, int(intent.get("amount_received", 0)), str(intent.get("id", "")))

    def _session_for(self, request: PayRequest) -> Json:
        """The page for a payment, made once; empty when nobody knows."""
        options: stripe.RequestOptions = {"idempotency_key": request.no}
        code, session = self._ask(lambda: self._api.checkout.sessions.create(self._page(request), options))
        if code != 200 and session.get("code") == REUSED:  # asked for in another language before: the same page does
            session, _problem = self._found(request.no)
            return session if session.get("amount_total") == request.amount_fen else {}
        return session if code == 200 else {}

    def _page(self, request: PayRequest) -> SessionCreateParams:
        back, names = f"{self._base_url}{request.return_path}", {PAYMENT: request.no}
        return {
            "mode": "payment",
            "allowed_payment_method_types": ["card"],
            "adaptive_pricing": {"enabled": False},  # else visitors pay in a currency of their own
            "client_reference_id": request.no,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": self._account.currency,
                        "unit_amount": request.amount_fen,
                        "product_data": {"name": request.title[:TITLE_CHARS] or request.order_no},
                    },
                }
            ],
            "payment_intent_data": {"capture_method": self._capture, "metadata": names},
            "metadata": names,
            "expires_at": int((request.expires_at + PAGE_LIFE).timestamp()),
            "success_url": back,
            "cancel_url": back,
        }

    def _enter(self, no: str, session_id: str) -> str | None:
        """Make the entry for our number, with its page or ("") without; what stands there now, None when nobody knows."""
        wanted = {SESSION: session_id} if session_id else {PAYMENT: no}
        code, entry = self._ask(
            lambda: self._api.products.create(
                {"id": no, "name": f"ServiceHub {no}", "active": False, "metadata": wanted}
            )
        )
        if code != 200 and entry.get("code") == EXISTS:
            code, entry = self._ask(lambda: self._api.products.retrieve(no))
        return str(named(entry).get(SESSION, "")) if code == 200 else None

    def _found(self, no: str) -> tuple[Json, PayState | None]:
        """The page for our number with its intent inside; or an empty one, and why."""
        code, entry = self._ask(lambda: self._api.products.retrieve(no))
        if entry.get("code") == MISSING:
            return {}, PayState.NOT_FOUND
        if code != 200:
            return {}, PayState.UNKNOWN
        number = str(named(entry).get(SESSION, ""))
        if not number:
            return {}, PayState.CLOSED
        code, session = self._ask(lambda: self._api.checkout.sessions.retrieve(number, {"expand": ["payment_intent"]}))
        if code != 200 or named(session).get(PAYMENT) != no or not self._is_mine(session):
            return {}, PayState.UNKNOWN
        return session, None

    def _refund_of(self, request: RefundRequest) -> tuple[RefundState, str]:
        """The newest refund with our number that has not failed, else a failed one, and the number of the payment's intent; that
        is empty where nothing was paid.
        """
        session, problem = self._found(request.payment_no)
        if problem is PayState.UNKNOWN:
            return RefundState.UNKNOWN, ""
        intent = str((session.get("payment_intent") or {}).get("id", ""))
        if not intent:
            return RefundState.NOT_FOUND, ""
        code, found = self._ask(lambda: _all(self._api.refunds.list({"payment_intent": intent, "limit": 100})))
        if code != 200:
            return RefundState.UNKNOWN, intent
        mine = [one for one in found["data"] if named(one).get(REFUND) == request.no]
        asked = (request.amount_fen, self._account.currency)
        if any((one.get("amount"), one.get("currency")) != asked for one in mine):
            return RefundState.UNKNOWN, intent
        states = [REFUNDS.get(str(one.get("status")), RefundState.UNKNOWN) for one in mine]
        alive = (state for state in states if state is not RefundState.FAILED)
        return next(alive, RefundState.FAILED if states else RefundState.NOT_FOUND), intent

    def _is_mine(self, about: Json) -> bool:
        return about.get("currency") == self._account.currency and about.get("livemode") is self._account.live

    def _ask(self, call: Callable[[], Any]) -> tuple[int, Json]:
        """HTTP status and the answer, of a refusal its code and what it names; status 0 when nobody knows what happened."""
        try:
            answer = call()
            return 200, answer if isinstance(answer, dict) else answer.to_dict()
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            _log.info("Stripe refused: %s %s", error.http_status, error.code)
            return error.http_status or 0, {"code": error.code, "param": error.param}
        except stripe.IdempotencyError:
            return 400, {"code": REUSED}
        except Exception as error:  # noqa: BLE001 - no answer, a wrong key, an error over there: all of them mean "unknown"
            _log.warning("Stripe: %s", type(error).__name__)  # never the text: it may hold the request
            return 0, {}


def _hold_news(kind: str, intent: Json) -> Literal["guarantee", "lapse"] | None:
    """What is said of an authorisation for later: it is held, or Stripe has ended it; nothing of what we do ourselves."""
    if kind == CAPTURABLE and intent.get("status") == "requires_capture":
        return "guarantee" if intent.get("amount_capturable") == intent.get("amount") else None
    return "lapse" if kind == CANCELED and intent.get("cancellation_reason") in RUN_OUT else None


def _all(listed: stripe.ListObject[Any]) -> Json:
    """All of a list, also where Stripe gives it in several answers."""
    return {"data": [one.to_dict() for one in listed.auto_paging_iter()]}


def _is_fresh(signature: str, now: datetime) -> bool:
    parts = [part.partition("=") for part in signature.split(",")]
    stamp = next((value for name, _equals, value in parts if name == "t"), "")
    return stamp.isascii() and stamp.isdigit() and abs(now.timestamp() - int(stamp[:12])) <= FRESH.total_seconds()
