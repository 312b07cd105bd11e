"""What payers' banks do at Stripe: ask about a payment, take it back, decide; and what a merchant may then no longer do."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from servicehub.gateway_sim.platform import Platform, now
from servicehub.gateway_sim.stripe import Stripe
from servicehub.gateway_sim.stripe_books import DISPUTE_FEE_FEN
from servicehub.gateway_sim.stripe_wire import Json, Refused, number

KIND = "stripe-dispute"
ENDS = {"won": ("needs_response",), "lost": ("needs_response",), "warning_closed": ("warning_needs_response",)}
"""How it ends, and of what that can come."""


class StripeDisputes(Stripe):
    """Stripe, and the banks of those who pay there."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.routes.append(Route("/control/dispute/{no}/{act}", self.act, methods=["POST"]))

    def create_refund(self, request: Request, asked: Json) -> Json:
        """Money back, unless a bank has taken it."""
        for one in self._disputes(str(asked.get("payment_intent"))):
            if one["status"] in ("needs_response", "lost"):
                gone = f"Charge {one['charge']} has been charged back; cannot issue a refund."
                raise Refused(400, gone, code="charge_disputed", kept=True)
        return super().create_refund(request, asked)

    def dispute(self, no: str, fen: int = 0, *, asks: bool = False) -> str:
        """A bank takes a payment back (all of it without `fen`), or `asks` about it first.

        `no` is a page's id or the merchant's reference. Returns the dispute's id, "" where nothing was paid or
        it is disputed already.
        """
        page = self.bill(no)
        intent = self._intent(page["payment_intent"]) if page is not None and page["payment_intent"] else {}
        if intent.get("status") != "succeeded" or not 0 <= fen <= intent["amount_received"]:
            return ""
        if any(one["status"] != "warning_closed" for one in self._disputes(intent["id"])):
            return ""
        made: Json = {
            "id": number("dp"),
            "object": "dispute",
            "amount": fen or intent["amount_received"],
            "balance_transactions": [],
            "charge": intent["latest_charge"],
            "created": int(now().timestamp()),
            "currency": intent["currency"],
            "is_charge_refundable": asks,
            "livemode": False,
            "metadata": {},
            "payment_intent": intent["id"],
            "reason": "general",
            "status": "warning_needs_response",
        }
        if not asks:
            made = self._withdrawn(made)
        self._keep(made, "created", *([] if asks else ["funds_withdrawn"]))
        return str(made["id"])

    def escalate(self, dispute_id: str) -> bool:
        """The bank was not content with the answer; False when it did not ask."""
        known = self._platform.get(KIND, dispute_id)
        if known is None or known["status"] != "warning_needs_response":
            return False
        self._keep(self._withdrawn(known), "updated", "funds_withdrawn")
        return True

    def decide(self, dispute_id: str, status: str) -> bool:
        """won, lost or warning_closed; False when it cannot end so."""
        known = self._platform.get(KIND, dispute_id)
        if known is None or known["status"] not in ENDS[status]:
            return False
        known |= {"status": status}
        if status == "won":
            known["balance_transactions"].append(self.books.enter("dispute_reversal", known["amount"], known))
        self._keep(known, *(["funds_reinstated"] if status == "won" else []), "closed")
        return True

    async def act(self, request: Request) -> Response:
        """open, inquiry; then escalate, won, lost, warning_closed: of a payment."""
        no, act = request.path_params["no"], request.path_params["act"]
        page = self.bill(no) or {}
        mine = [one["id"] for one in self._disputes(page.get("payment_intent") or "")]
        if act in ("open", "inquiry"):
            done = bool(self.dispute(no, asks=act == "inquiry"))
        elif act == "escalate":
            done = any(self.escalate(one) for one in mine)
        else:
            done = act in ENDS and any(self.decide(one, act) for one in mine)
        return JSONResponse({"done": done}, 200 if done else 409)

    def _withdrawn(self, known: Json) -> Json:
        taken = self.books.enter("dispute", -known["amount"], known, fee=DISPUTE_FEE_FEN)
        return known | {"status": "needs_response", "is_charge_refundable": False, "balance_transactions": [taken]}

    def _keep(self, known: Json, *news: str) -> None:
        self._platform.put(KIND, known["id"], known)
        for one in news:
            self._tell(known["payment_intent"], f"charge.dispute.{one}", known)

    def _disputes(self, intent: str) -> list[Json]:
        return [one for one in self._platform.every(KIND) if one["payment_intent"] == intent]
