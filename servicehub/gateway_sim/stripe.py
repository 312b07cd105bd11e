"""Stripe: Checkout Sessions, PaymentIntents, refunds and products, and the messages about them.

The account is in test mode. Its receiver listens to payments that were made, authorised, declined or cancelled, and to refunds that
changed.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from servicehub.gateway_sim.platform import Platform, now
from servicehub.gateway_sim.stripe_books import StripeBooks, fee_fen
from servicehub.gateway_sim.stripe_wire import Json, Refused, Wire, missing, number

SHORTEST, LONGEST = timedelta(minutes=30), timedelta(hours=24)
"""A page may be open for so long."""
AUTHORISED_FOR = timedelta(days=7)
"""Then what is authorised and was not taken is the payer's again."""
PAGE = 100


class Stripe:
    """The platform's side of `/v1/…`. Documents are the objects as they are answered, by their ids."""

    def __init__(self, platform: Platform) -> None:
        self._platform, self._wire, self.books = platform, Wire(platform), StripeBooks(platform)
        self.refunds_pend = False
        """Refunds do not end at once: `settle` ends them."""
        guarded = self._wire.guarded
        self.routes = [
            Route("/v1/products", guarded(self.create_product), methods=["POST"]),
            Route("/v1/products/{no}", guarded(self.product), methods=["GET"]),
            Route("/v1/checkout/sessions", guarded(self.create_session), methods=["POST"]),
            Route("/v1/checkout/sessions/{no}", guarded(self.session), methods=["GET"]),
            Route("/v1/checkout/sessions/{no}/expire", guarded(self.expire), methods=["POST"]),
            Route("/v1/payment_intents/{no}", guarded(self.intent), methods=["GET"]),
            Route("/v1/payment_intents/{no}/capture", guarded(self.capture), methods=["POST"]),
            Route("/v1/payment_intents/{no}/cancel", guarded(self.cancel), methods=["POST"]),
            Route("/v1/refunds", guarded(self.create_refund), methods=["POST"]),
            Route("/v1/refunds", guarded(self.refunds), methods=["GET"]),
            Route("/v1/balance_transactions", guarded(self.balance), methods=["GET"]),
        ]

    # -- what a merchant asks ---------------------------------------------------------------------------------------------

    def create_product(self, _request: Request, asked: Json) -> Json:
        """A product, with an id of the merchant's choice if he gives one; such an id exists once."""
        no, name = str(asked.get("id") or number("prod")), str(asked["name"])
        if self._platform.get("stripe-product", no) is not None:
            raise Refused(400, "Product already exists.", code="resource_already_exists", param="id")
        active = asked.get("active", "true").lower() == "true"
        made = _object("product", no) | {"active": active, "name": name, "metadata": asked.get("metadata", {})}
        self._platform.put("stripe-product", no, made)
        return made

    def product(self, request: Request, _asked: Json) -> Json:
        """The product as it is."""
        return self._known("stripe-product", "product", request.path_params["no"])

    def create_session(self, request: Request, asked: Json) -> Json:
        """A page on which somebody may pay; its intent is made when he tries."""
        if "payment_method_types" in asked:
            gone = "payment_method_types_no_longer_supported"
            raise Refused(400, "Use allowed_payment_method_types.", code=gone, param="payment_method_types")
        if asked["mode"] != "payment" or not asked["success_url"]:
            raise Refused(400, "Only payments with a success_url are known here.", param="mode")
        items = [(one["price_data"], int(one["quantity"])) for one in asked["line_items"].values()]
        total = sum(int(price["unit_amount"]) * quantity for price, quantity in items)
        expires_at, life = int(asked["expires_at"]), int(asked["expires_at"]) - now().timestamp()
        if not SHORTEST.total_seconds() <= life <= LONGEST.total_seconds():
            within = (
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
            )
            raise Refused(400, within, param="expires_at")
        if total < 1 or len({price["currency"] for price, _quantity in items}) != 1:
            raise Refused(400, "Amounts are whole and above zero, in one currency.", param="line_items")
        no, base = number("cs", mode="test_"), str(request.base_url).rstrip("/")
        made = _object("checkout.session", no) | {
            "mode": "payment",
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "amount_subtotal": total,
            "amount_total": total,
            "currency": items[0][0]["currency"].lower(),
            "client_reference_id": asked.get("client_reference_id"),
            "metadata": asked.get("metadata", {}),
            "payment_method_types": list(asked.get("allowed_payment_method_types", {"0": "card"}).values()),
            "expires_at": expires_at,
            "success_url": asked["success_url"],
            "cancel_url": asked.get("cancel_url"),
            "url": f"{base}/cashier/stripe?no={no}",
        }
        private = {"intended": asked.get("payment_intent_data", {}), "title": items[0][0]["product_data"]["name"]}
        self._platform.put("stripe", no, made | {"_": private})
        return made

    def session(self, request: Request, asked: Json) -> Json:
        """The page as it is, its intent inside if `expand` says so."""
        found = self._session(request.path_params["no"])
        if found["payment_intent"] and "payment_intent" in asked.get("expand", {}).values():
            found["payment_intent"] = self._intent(found["payment_intent"])
        return _public(found)

    def expire(self, request: Request, _asked: Json) -> Json:
        """Nobody can pay on the page any more."""
        known = self._session(request.path_params["no"])
        if known["status"] != "open":
            only = 'Only Checkout Sessions with a status in ["open"] can be expired.'
            raise Refused(400, f"{only} This Checkout Session has a status of `{known['status']}`.")
        return _public(self._ended(known))

    def intent(self, request: Request, _asked: Json) -> Json:
        """The intent as it is."""
        return self._intent(request.path_params["no"])

    def capture(self, request: Request, asked: Json) -> Json:
        """Take what was authorised, or a part of it, which gives the rest back."""
        known = self._intent(request.path_params["no"])
        if known["status"] != "requires_capture":
            raise self._unexpected(known, "captured")
        most = int(known["amount_capturable"])
        amount = int(asked.get("amount_to_capture", most))
        if not 1 <= amount <= most:
            more = f"The amount to capture ({amount}) is not within what is authorised ({most})."
            raise Refused(400, more, code="amount_too_large", param="amount_to_capture", kept=True)
        return self._taken(known, amount)

    def cancel(self, request: Request, asked: Json) -> Json:
        """Release what was authorised; before that, the page is what ends."""
        known = self._intent(request.path_params["no"])
        if known["status"] != "requires_capture":
            raise self._unexpected(known, "canceled")
        return self._cancelled(known, asked.get("cancellation_reason"))

    def create_refund(self, _request: Request, asked: Json) -> Json:
        """Money back, never more than was paid."""
        paid = self._platform.get("stripe-intent", str(asked["payment_intent"]))
        if paid is None:
            raise missing("payment_intent", str(asked["payment_intent"]), 400)
        if paid["status"] != "succeeded":
            nothing = f"This PaymentIntent ({paid['id']}) does not have a successful charge to refund."
            raise Refused(400, nothing, param="payment_intent", kept=True)
        left = paid["amount"] - self._refunded(paid["id"])
        amount = int(asked.get("amount", left))
        if left <= 0:
            gone = f"Charge {paid['latest_charge']} has already been refunded."
            raise Refused(400, gone, code="charge_already_refunded", kept=True)
        if not 1 <= amount <= left:
            more = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise Refused(400, more, param="amount", kept=True)
        status = "pending" if self.refunds_pend else "succeeded"
        made = self._back(paid, amount, asked.get("metadata", {}), status, "refund")
        self._tell(paid["id"], "refund.updated", made)
        return made

    def refunds(self, _request: Request, asked: Json) -> Json:
        """A payment's refunds, newest first, a page at a time."""
        found = sorted(self._refunds(asked["payment_intent"]), key=lambda one: (-one["created"], one["id"]))
        if "starting_after" in asked:
            places = [one["id"] for one in found]
            found = found[places.index(asked["starting_after"]) + 1 :]
        limit = min(int(asked.get("limit", 10)), PAGE)
        return {"object": "list", "url": "/v1/refunds", "has_more": len(found) > limit, "data": found[:limit]}

    def balance(self, _request: Request, asked: Json) -> Json:
        """What moved the balance."""
        return self.books.listed(asked)

    # -- what the payer and his bank do ---------------------------------------------------------------------------------

    def pay(self, no: str) -> bool:
        """The payer's card is good; False when the page has ended. `no` is a page's id or the merchant's reference."""
        known = self.bill(no)
        if known is None or known["status"] != "open":
            return False
        intent = self._intent_of(known)
        manual = known["_"]["intended"].get("capture_method") == "manual"
        charged = intent | {"latest_charge": number("ch"), "last_payment_error": None}
        done = {"status": "complete", "payment_status": "unpaid" if manual else "paid", "url": None}
        self._platform.put("stripe", known["id"], known | done | {"payment_intent": intent["id"]})
        if manual:
            held = {"status": "requires_capture", "amount_capturable": intent["amount"]}
            self._changed(charged | held, "payment_intent.amount_capturable_updated")
        else:
            self._taken(charged, intent["amount"])
        return True

    confirm = pay
    """What the payer of a guarantee does."""

    def refuse(self, no: str) -> bool:
        """The page of a guarantee ends unused, or its time has run out; False when it is over anyhow."""
        known = self.bill(no)
        if known is not None and known["status"] == "open":
            self._ended(known)
            return True
        intent = self._intent(known["payment_intent"]) if known is not None and known["payment_intent"] else {}
        if intent.get("status") != "requires_capture":
            return False
        self._cancelled(intent, "automatic")
        return True

    def fail(self, no: str) -> bool:
        """The payer's card is declined; he may try another one on the same page."""
        known = self.bill(no)
        if known is None or known["status"] != "open":
            return False
        intent = self._intent_of(known)
        self._platform.put("stripe", known["id"], known | {"payment_intent": intent["id"]})
        declined = {"code": "card_declined", "type": "card_error", "message": "Your card was declined."}
        self._changed(intent | {"last_payment_error": declined}, "payment_intent.payment_failed")
        return True

    def settle(self, no: str, status: str) -> None:
        """A refund by its id ends, or fails after it had ended: succeeded, failed, canceled."""
        made = self._known("stripe-refund", "refund", no) | {"status": status}
        self._platform.put("stripe-refund", no, made)
        if status in ("failed", "canceled"):
            self.books.enter("refund_failure", made["amount"], made)
        self._tell(made["payment_intent"], "refund.failed" if status == "failed" else "refund.updated", made)

    def bill(self, no: str) -> Json | None:
        """A page by its id or by the merchant's reference."""
        known = self._platform.get("stripe", no)
        if known is None:
            known = next((one for one in self._platform.every("stripe") if one["client_reference_id"] == no), None)
        return self._session(known["id"]) if known is not None else None

    def shown(self, no: str) -> Json | None:
        """What the cashier's page shows of a bill."""
        known = self.bill(no)
        if known is None:
            return None
        intent = self._intent_of(known)
        return {
            "description": known["_"]["title"],
            "total": known["amount_total"],
            "currency": known["currency"],
            "state": known["status"],
            "is_held": known["_"]["intended"].get("capture_method") == "manual",
            "return_url": known["success_url" if known["status"] == "complete" else "cancel_url"],
            "declined": known["status"] == "open" and intent["last_payment_error"] is not None,
        }

    # -- inside -----------------------------------------------------------------------------------------------------------

    def _known(self, kind: str, what: str, no: str) -> Json:
        found = self._platform.get(kind, no)
        if found is None:
            raise missing(what, no)
        return found

    def _session(self, no: str) -> Json:
        found = self._known("stripe", "checkout.session", no)
        is_over = found["status"] == "open" and now().timestamp() >= found["expires_at"]
        return self._ended(found) if is_over else found

    def _ended(self, known: Json) -> Json:
        ended = known | {"status": "expired", "url": None}
        self._platform.put("stripe", known["id"], ended)
        if known["payment_intent"]:
            intent = self._known("stripe-intent", "payment_intent", known["payment_intent"])
            self._platform.put("stripe-intent", intent["id"], intent | {"status": "canceled"})
        return ended

    def _intent(self, no: str) -> Json:
        """An intent as it is now: what was authorised for too long is cancelled."""
        found = self._known("stripe-intent", "payment_intent", no)
        is_over = now().timestamp() >= found["created"] + AUTHORISED_FOR.total_seconds()
        return self._cancelled(found, "automatic") if found["status"] == "requires_capture" and is_over else found

    def _taken(self, charged: Json, amount: int) -> Json:
        """The card pays; what was authorised beyond it goes back at once, in the books as a refund that nobody asked for."""
        done = {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
        taken = self._changed(charged | done, "payment_intent.succeeded")
        charge = _object("charge", taken["latest_charge"]) | {
            "amount": taken["amount"],
            "amount_captured": amount,
            "currency": taken["currency"],
            "metadata": taken["metadata"],
            "payment_intent": taken["id"],
        }
        self._platform.put("stripe-charge", charge["id"], charge)
        self.books.enter("charge", taken["amount"], charge, fee=fee_fen(amount))
        if amount < taken["amount"]:
            self._back(taken, taken["amount"] - amount, {}, "succeeded", "partial_capture_reversal")
        return taken

    def _cancelled(self, intent: Json, reason: str | None) -> Json:
        ended = {"status": "canceled", "amount_capturable": 0, "cancellation_reason": reason}
        return self._changed(intent | ended, "payment_intent.canceled")

    def _back(self, paid: Json, amount: int, named: Json, status: str, category: str) -> Json:
        made = _object("refund", number("re")) | {
            "amount": amount,
            "charge": paid["latest_charge"],
            "currency": paid["currency"],
            "metadata": named,
            "payment_intent": paid["id"],
            "status": status,
        }
        made.pop("livemode")
        self._platform.put("stripe-refund", made["id"], made)
        self.books.enter(category, -amount, made)
        return made

    def _intent_of(self, session: Json) -> Json:
        """The page's intent, made at the first attempt."""
        if session["payment_intent"]:
            return self._known("stripe-intent", "payment_intent", session["payment_intent"])
        intended = session["_"]["intended"]
        return _object("payment_intent", number("pi")) | {
            "amount": session["amount_total"],
            "amount_capturable": 0,
            "amount_received": 0,
            "cancellation_reason": None,
            "capture_method": intended.get("capture_method", "automatic"),
            "currency": session["currency"],
            "last_payment_error": None,
            "latest_charge": None,
            "metadata": intended.get("metadata", {}),
            "payment_method_types": session["payment_method_types"],
            "status": "requires_payment_method",
        }

    def _changed(self, intent: Json, event: str) -> Json:
        self._platform.put("stripe-intent", intent["id"], intent)
        self._tell(intent["id"], event, intent)
        return intent

    def _tell(self, intent: str, event: str, about: Json) -> None:
        shop = next(one["success_url"] for one in self._platform.every("stripe") if one["payment_intent"] == intent)
        self._wire.tell(shop, event, json.loads(json.dumps(about)))

    def _refunds(self, intent: str) -> list[Json]:
        return [one for one in self._platform.every("stripe-refund") if one["payment_intent"] == intent]

    def _refunded(self, intent: str) -> int:
        counted = (one for one in self._refunds(intent) if one["status"] in ("pending", "succeeded"))
        return sum(int(one["amount"]) for one in counted)

    def _unexpected(self, intent: Json, what: str) -> Refused:
        code = "payment_intent_unexpected_state"
        why = f"This PaymentIntent could not be {what} because it has a status of {intent['status']}."
        return Refused(400, why, code=code, kept=True)


def _object(kind: str, no: str) -> Json:
    return {"id": no, "object": kind, "created": int(now().timestamp()), "livemode": False}


def _public(session: dict[str, Any]) -> Json:
    return {name: value for name, value in session.items() if name != "_"}
