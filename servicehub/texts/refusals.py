"""What a person reads when something is refused: one sentence per code of `errors`.

Owns the wording; which refusal is raised when is decided by the services.
"""

from __future__ import annotations

from servicehub.errors import ServiceHubError
from servicehub.texts import N_, Locale, say

REFUSALS: dict[str, str] = {
    "refused": N_("That did not work. Please try again."),
    "invalid": N_("Something in this request is not right. Please check it."),
    "not_allowed": N_("You may not do this."),
    "not_found": N_("This does not exist, or it is not yours."),
    "conflict": N_("Something changed meanwhile. Please look again."),
    "unavailable": N_("A service we need does not answer. Please try again in a moment."),
    "not_logged_in": N_("Please log in first."),
    "transition_refused": N_("This step is not possible any more. The page shows the newest state."),
    "order_changed": N_("The order has just changed. The page shows the newest state."),
    "policy_changed": N_("Another version was adopted meanwhile. Please look again."),
    "slot_taken": N_("This time was just taken. Please choose another."),
    "slot_unavailable": N_("This time is not available. Please choose another."),
    "nobody_available": N_("Nobody is free then. Please choose another time."),
    "unpaid_order": N_("A finished visit is not paid yet. Please pay its balance first; then you can book again."),
    "credit_used_up": N_(
        "Your visits that are paid afterwards have reached their limit. "
        "Please pay one of them, or choose a service paid in advance."
    ),
    "bad_title": N_(
        "Please check the name and the taxpayer number: a company needs its 18 characters, a person has none."
    ),
    "amount_changed": N_(
        "Money went back since this invoice was asked for. Refuse it, so that the customer can ask again."
    ),
    "refund_changed": N_("What this refund does has changed. Please check it and confirm again."),
    "price_changed": N_("The price has changed. Please check it and confirm again."),
    "offer_gone": N_("This offer has ended."),
    "order_taken": N_("Somebody else was faster."),
    "jobs_inside": N_("You have accepted jobs in this time. Please give them back first."),
    "job_running": N_("You are at a visit now. Finish it, or call operations."),
    "too_many_photos": N_("There are enough photos already."),
    "wrong_start_code": N_("The service code is wrong. Please ask the customer again."),
    "too_many_tries": N_("Too many tries. Please wait a while."),
    "too_far": N_("You are still too far from the address."),
    "photos_missing": N_("Photos are still missing."),
    "checklist_open": N_("The checklist is not finished."),
    "too_early": N_("It is too early for this step."),
    "bad_code": N_("The code is wrong or has expired."),
    "bad_password": N_("The log-in name or the password is wrong."),
    "bad_phone": N_("This is not a valid phone number."),
    "coupon_unusable": N_("This coupon cannot be used here."),
    "outside_area": N_("We do not serve this address yet."),
    "not_certified": N_("This needs a skill or certificate that is not on file."),
    "refund_too_large": N_("The refund is larger than what was paid."),
    "reason_missing": N_("Please give a reason."),
    "withdrawal_limit": N_("This is more or less than may be withdrawn. Please check the limits on the page."),
    "payee_unknown": N_("Please connect WeChat first: your wallet is found by your log-in there."),
    "withdrawal_open": N_("Your last withdrawal is still on its way. You can ask for the next one when it is done."),
    "partner_pays": N_(
        "Customers pay your company directly, so your company pays you. Please ask it about your money; nothing is withdrawn here."
    ),
    "balance_not_here": N_(
        "This visit is paid to the company that comes, which the balance cannot do. Please choose WeChat Pay or Alipay."
    ),
    "not_enough": N_("Less than that is available. Please choose a smaller amount."),
    "deposit_limit": N_("That is more than is missing to the deposit, or nothing. Please check the amount."),
    "deposit_open": N_(
        "You have asked for your deposit back. Nothing can be added until it is decided, or you take it back."
    ),
    "deposit_held": N_("Not yet: a visit, an after-sales case or the waiting period keeps this deposit."),
    "deposit_changed": N_("The deposit holds another amount now. Please look at it again."),
    "bill_unavailable": N_("The channel did not send this bill. Please try again later."),
    "still_different": N_("Something of this day does not fit yet. Please work on the differences first."),
    "second_person_needed": N_("You have said yes already. From this amount on a second person decides."),
    "ledger_refused": N_("The amounts do not add up. Nothing was booked."),
    "gateway_unknown": N_("The payment channel has not answered yet. We are checking."),
    "overloaded": N_("Very busy right now. Please try again in a moment."),
}
_WITH_WAIT = N_("Too many tries. Please wait {seconds} seconds.")


def refusal(locale: Locale, error: ServiceHubError) -> str:
    """The sentence for `error`."""
    wait = error.params.get("retry_s")
    if error.code == "too_many_tries" and isinstance(wait, int) and wait <= 120:
        return say(locale, _WITH_WAIT, seconds=wait)
    return refusal_of_code(locale, error.code)


def refusal_of_code(locale: Locale, code: str) -> str:
    """The sentence for a code; the general one for an unknown code."""
    return say(locale, REFUSALS.get(code, REFUSALS["refused"]))
