"""Refusals: five categories and one small class per reason, each with a stable `code`.

Owns no wording (see `texts.refusals`) and no HTTP. Services raise them; the edges (`state`, `api`, `cli`) catch them once.
"""

from __future__ import annotations

from typing import ClassVar


class ServiceHubError(Exception):
    """Base of every refusal. `params` are the values that its sentence may name."""

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str = "", **params: object) -> None:
        super().__init__(detail or self.code)
        self.params = params


class Invalid(ServiceHubError):
    """The request itself is wrong; the same request will never succeed."""

    code = "invalid"


class NotAllowed(ServiceHubError):
    """This actor may not do this."""

    code = "not_allowed"


class Forged(NotAllowed):
    """A message that its sender did not sign, or signed too long ago."""

    code = "forged"


class NotFound(ServiceHubError):
    """There is no such thing, or not for this actor."""

    code = "not_found"


class Conflict(ServiceHubError):
    """The world moved on; reload and decide again."""

    code = "conflict"


class Unavailable(ServiceHubError):
    """A part outside this process did not answer; the same request may succeed later."""

    code = "unavailable"


class NotLoggedIn(NotAllowed):
    code = "not_logged_in"


class TransitionRefused(Conflict):
    """The order's machine has no such step from where the order is now."""

    code = "transition_refused"


class OrderChanged(Conflict):
    """Another writer moved the order first."""

    code = "order_changed"


class PolicyChanged(Conflict):
    """Another version of the policy was adopted since this one was read."""

    code = "policy_changed"


class SlotTaken(Conflict):
    """The technician's time was just taken by somebody else."""

    code = "slot_taken"


class SlotUnavailable(Conflict):
    """The asked time does not fit the technician's plan, travel or the city's rules. `reason` says which."""

    code = "slot_unavailable"


class NobodyAvailable(Conflict):
    """No technician can serve this place at this time."""

    code = "nobody_available"


class PriceChanged(Conflict):
    """The price that the customer saw is no longer the price."""

    code = "price_changed"


class RefundChanged(Conflict):
    """The refund would not do what was shown: other payments, sources or amounts."""

    code = "refund_changed"


class WithdrawalLimit(Invalid):
    """The amount or the number of withdrawals is outside what the policy allows."""

    code = "withdrawal_limit"


class PayeeUnknown(Conflict):
    """The technician has not logged in at the channel that should pay him."""

    code = "payee_unknown"


class WithdrawalOpen(Conflict):
    """Another withdrawal of the technician is still open."""

    code = "withdrawal_open"


class PartnerPays(NotAllowed):
    """Technicians are paid by the company that the customers pay: there is nothing to withdraw here."""

    code = "partner_pays"


class BalanceNotHere(Conflict):
    """The customer's balance is the platform's debt; where a company is paid it cannot pay."""

    code = "balance_not_here"


class NotEnough(Conflict):
    """Less is available than was asked for."""

    code = "not_enough"


class DepositLimit(Invalid):
    """More or less is put aside than is missing to the target."""

    code = "deposit_limit"


class DepositOpen(Conflict):
    """The technician has asked for his deposit back, and nobody has decided yet."""

    code = "deposit_open"


class DepositHeld(Conflict):
    """Something keeps the deposit where it is. `reason` says what."""

    code = "deposit_held"


class DepositChanged(Conflict):
    """The deposit holds another amount than was shown."""

    code = "deposit_changed"


class SecondPersonNeeded(Conflict):
    """The same person cannot say yes twice."""

    code = "second_person_needed"


class BillUnavailable(Unavailable):
    """The channel did not send a day's bill, or not wholly."""

    code = "bill_unavailable"


class StillDifferent(Conflict):
    """A day cannot be closed: something of it does not fit yet."""

    code = "still_different"


class OfferGone(Conflict):
    """The offer expired, was answered, or went to somebody else."""

    code = "offer_gone"


class OrderTaken(Conflict):
    """Another technician was faster."""

    code = "order_taken"


class JobsInside(Conflict):
    """Accepted jobs lie in the time that the technician wants to be away; `orders` names them."""

    code = "jobs_inside"


class JobRunning(Conflict):
    """A visit is under way: it has to be finished, or handed over by operations."""

    code = "job_running"


class TooManyPhotos(Conflict):
    """The order, or the uploader's day, has all the photos it may have."""

    code = "too_many_photos"


class WrongStartCode(Invalid):
    code = "wrong_start_code"


class TooManyTries(NotAllowed):
    code = "too_many_tries"


class TooFar(Invalid):
    """The technician is too far from the address for this step."""

    code = "too_far"


class PhotosMissing(Invalid):
    code = "photos_missing"


class ChecklistOpen(Invalid):
    code = "checklist_open"


class TooEarly(Invalid):
    code = "too_early"


class BadCode(Invalid):
    """The one-time code is wrong, used or expired."""

    code = "bad_code"


class BadPassword(Invalid):
    code = "bad_password"


class BadPhone(Invalid):
    code = "bad_phone"


class CouponUnusable(Invalid):
    code = "coupon_unusable"


class OutsideArea(Invalid):
    """The address is in no open district."""

    code = "outside_area"


class NotCertified(NotAllowed):
    """The technician lacks the skill or a valid certificate."""

    code = "not_certified"


class RefundTooLarge(Invalid):
    code = "refund_too_large"


class ReasonMissing(Invalid):
    code = "reason_missing"


class LedgerRefused(ServiceHubError):
    """A posting would break the ledger: unbalanced, or a guarded account below zero. Always a bug or an attack."""

    code = "ledger_refused"


class GatewayUnknown(Unavailable):
    """The payment channel's answer was lost; the outcome must be queried, never assumed."""

    code = "gateway_unknown"


class Overloaded(Unavailable):
    """The write queue is full."""

    code = "overloaded"
