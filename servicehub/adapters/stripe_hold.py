"""Amounts authorised on cards: `adapters.guarantee.Guarantees` over Stripe's manual capture.

The customer authorises the amount on Stripe's page; it is taken once, whole or in part, which gives the rest back, or released. An
authorisation lasts seven days, then Stripe ends it. Everything is found by our number, as payments are (`adapters.stripe_pay`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import stripe
from stripe.params.checkout import SessionCreateParams

from servicehub.adapters.stripe_names import HOLD, PAYMENT
from servicehub.adapters.stripe_pay import Json, StripeGateway
from servicehub.domain.channel import ClientAction, PayRequest, PayState, Report
from servicehub.domain.guarantee import CaptureRequest, HoldAnswer, HoldRequest, HoldState

REFUSED = frozenset({"amount_too_large", "amount_too_small", "capture_charge_authorization_expired"})
"""Refusals of a capture that no repetition changes; also whatever is said of the amount."""
STATES = {
    PayState.WAITING: HoldState.WAITING,
    PayState.PAID: HoldState.CAPTURED,
    PayState.CLOSED: HoldState.CLOSED,
    PayState.NOT_FOUND: HoldState.NOT_FOUND,
    PayState.UNKNOWN: HoldState.UNKNOWN,
}


class StripeHold(StripeGateway):
    """One account, whatever it does with ordinary payments."""

    def hold(self, request: HoldRequest) -> ClientAction:
        """See `Guarantees`: Stripe's page, on which the card is authorised."""
        return self.open(
            PayRequest(
                no=request.no,
                order_no=request.no,
                channel=self.name,
                method="card",
                amount_fen=request.amount_fen,
                title=request.title,
                expires_at=request.expires_at,
                return_path=request.return_path,
            )
        )

    def look(self, no: str) -> HoldAnswer:
        """See `Guarantees`."""
        session, problem = self._found(no)
        if problem is not None:
            return HoldAnswer(no, STATES[problem])
        return self._seen(no, session, session.get("payment_intent") or {})

    def capture(self, request: CaptureRequest) -> HoldAnswer:
        """See `Guarantees`. It is looked at first: Stripe forgets after a day that a number was used."""
        known = self.look(request.no)
        if known.state is not HoldState.HELD:
            return known
        key: stripe.RequestOptions = {"idempotency_key": f"{request.no}-capture"}
        code, answer = self._ask(
            lambda: self._api.payment_intents.capture(
                known.channel_no, {"amount_to_capture": request.amount_fen}, options=key
            )
        )
        if code == 200:
            return self._seen(request.no, {}, answer)
        if not code:
            return HoldAnswer(request.no, HoldState.UNKNOWN)
        known = self.look(request.no)  # refused since it was taken or has run out before, perhaps
        final = answer.get("code") in REFUSED or answer.get("param") == "amount_to_capture"
        return HoldAnswer(request.no, HoldState.CLOSED) if known.state is HoldState.HELD and final else known

    def release(self, no: str) -> HoldAnswer:
        """See `Guarantees`: the page ends, and what is authorised is cancelled."""
        self.close(no)
        return self.look(no)

    def settled_otherwise(self, no: str, at: datetime) -> HoldAnswer:  # noqa: ARG002 - the port's
        """See `Guarantees`: a card is taken at once or not at all."""
        return self.look(no)

    def parse_hold(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> list[Report]:
        """See `Guarantees`. An account has one receiver: what is said of guarantees comes with what is said of payments."""
        return self.parse_notify(headers, raw, now=now)

    def _page(self, request: PayRequest) -> SessionCreateParams:
        page = super()._page(request)
        names = {PAYMENT: request.no, HOLD: request.no}
        page["payment_intent_data"] = {"capture_method": "manual", "metadata": names}
        return page

    def _seen(self, no: str, session: Json, intent: Json) -> HoldAnswer:
        known = self._answer(no, session, intent)
        if known.state is not PayState.WAITING:
            return HoldAnswer(no, STATES[known.state], known.amount_fen, known.channel_no)
        if intent.get("status") == "requires_capture":
            return HoldAnswer(no, HoldState.HELD, int(intent.get("amount_capturable", 0)), known.channel_no)
        gone = session.get("status") == "complete" and intent.get("status") == "requires_payment_method"
        return HoldAnswer(no, HoldState.CLOSED if gone else HoldState.WAITING)
