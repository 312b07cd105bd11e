"""What a notice says: a title and one sentence for each kind that `services.notices` can send.

Owns the wording. Params that end in `_fen` are written as money, those that end in `_at` (ISO instants) as a day and time;
an unknown kind is shown as a general sentence, so that an older process can read what a newer one sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from servicehub.texts import N_, Locale, formats, say

NOTICES: dict[str, tuple[str, str]] = {
    "offer": (N_("New offer"), N_("A job is waiting for your answer.")),
    "reassigned_away": (N_("Job handed over"), N_("Operations gave one of your jobs to somebody else.")),
    "late_away": (
        N_("Job handed over"),
        N_("You would have been {minutes} min late, so somebody else was asked. It does not count against you."),
    ),
    "time_set": (
        N_("Your visit has its time"),
        N_("It begins at {start_at}. We are asking your technician now."),
    ),
    "repairing": (
        N_("We look for somebody in time"),
        N_("Your technician is held up, so we are asking another one who can be with you at the agreed time."),
    ),
    "job_cancelled": (N_("Job cancelled"), N_("The customer cancelled a job. Your time is free again.")),
    "job_rescheduled": (N_("Visit moved"), N_("A visit of yours has a new time. Please check your schedule.")),
    "claim_won": (N_("The order is yours"), N_("Your claim was the best one. It is in your schedule.")),
    "claim_lost": (N_("Order went to somebody else"), N_("Another claim was better placed this time.")),
    "settled": (N_("Earnings booked"), N_("An order was settled. Its earnings are on their way.")),
    "bonus": (N_("Bonus"), N_("{amount_fen} more for you: {reason}")),
    "penalty": (N_("Penalty"), N_("{amount_fen} were taken: {reason}. You may answer to operations.")),
    "invoice_issued": (N_("Your invoice is here"), N_("You can read and download it on the order's page.")),
    "invoice_refused": (N_("Invoice not issued"), N_("{reason} You may ask again.")),
    "invoice_voided": (N_("Invoice voided"), N_("{reason} You may ask again.")),
    "credit": (N_("Credit for you"), N_("{amount_fen} were added to your balance: {reason}")),
    "withdrawn": (N_("Withdrawal paid out"), N_("{amount_fen} are in your account.")),
    "withdrawal_confirm": (
        N_("Please take your money"),
        N_("{amount_fen} wait for you in WeChat. Say yes within 24 hours, or they come back to your balance."),
    ),
    "withdrawal_expired": (
        N_("Withdrawal not confirmed"),
        N_("{amount_fen} were not taken in WeChat in time and are available again."),
    ),
    "withdrawal_failed": (
        N_("Withdrawal came back"),
        N_("{amount_fen} could not be paid out and are available again. Please check the account."),
    ),
    "withdrawal_rejected": (
        N_("Withdrawal not approved"),
        N_("{amount_fen} are available again. The page says why."),
    ),
    "deposit_returned": (N_("Deposit given back"), N_("{amount_fen} of your deposit are available now.")),
    "deposit_refused": (N_("Deposit not given back yet"), N_("{reason} You may ask again.")),
    "matured": (N_("Earnings available"), N_("Pending earnings became available.")),
    "certificate_expiring": (N_("Certificate expires soon"), N_("Please hand in a new one in time.")),
    "paid": (N_("Payment received"), N_("We are finding a technician for you.")),
    "secured": (N_("Guarantee given"), N_("Nothing was charged. We are finding a technician for you.")),
    "guarantee_failed": (
        N_("Please pay the balance"),
        N_("The amount could not be taken from your guarantee. Please pay it on the order page."),
    ),
    "accepted": (N_("Order accepted"), N_("A technician accepted your order.")),
    "departed": (N_("Technician on the way"), N_("You can follow the way on the order page.")),
    "crew_short": (
        N_("One technician fewer"),
        N_(
            "We found fewer people than you ordered. You may cancel free of charge, or we refund the missing one's part."
        ),
    ),
    "late": (
        N_("Your technician will be late"),
        N_("The visit is expected to begin at {begins_at}. The order page says what you can do."),
    ),
    "arrived": (N_("Technician at your door"), N_("Please show the service code when you meet.")),
    "finished": (N_("Service finished"), N_("Please check the result and confirm.")),
    "balance_due": (N_("Balance to pay"), N_("The service is finished. Please pay the balance.")),
    "balance_overdue": (
        N_("Balance overdue"),
        N_("Your visit is still not paid. Please pay its balance: you can book again afterwards."),
    ),
    "rematching": (N_("Finding another technician"), N_("Yours can no longer come. Your order goes first now.")),
    "rescheduled": (N_("Visit moved"), N_("Your visit has a new time.")),
    "completed": (N_("Order completed"), N_("Thank you. Tell us how it was.")),
    "cancelled": (N_("Order cancelled"), N_("What is to be refunded goes back the way it was paid.")),
    "payment_expired": (N_("Order closed"), N_("It was not paid in time. Nothing was charged.")),
    "nobody_found": (N_("Nobody was free"), N_("We refund you in full, with a coupon to apologise.")),
    "refunded": (N_("Refund sent"), N_("The money goes back the way it was paid.")),
    "late_payment": (N_("Late payment refunded"), N_("It came after the order had closed. You get all of it back.")),
    "coupon": (N_("A coupon for you"), N_("You find it among your coupons.")),
    "compensated": (N_("A coupon for you"), N_("We are sorry. You find a coupon among yours.")),
    "disputed": (N_("After-sales opened"), N_("We look into it and answer within three days.")),
    "resolved": (N_("After-sales decided"), N_("The order page shows the decision.")),
}
_UNKNOWN = (N_("News"), N_("Something about your order changed."))
_WITH = {
    ("accepted", "technician"): N_("{technician} accepted your order."),
    ("refunded", "amount_fen"): N_("{amount_fen} go back the way they were paid."),
    ("settled", "net_fen"): N_("You earned {net_fen}. It becomes available after the waiting period."),
    ("matured", "net_fen"): N_("{net_fen} became available."),
}
"""Sentences that replace the plain one when the notice carries this param."""


def notice(locale: Locale, kind: str, params: Mapping[str, Any], *, now: datetime, tz: str) -> tuple[str, str]:
    """Title and sentence of a stored notice."""
    title, body = NOTICES.get(kind, _UNKNOWN)
    body = next((text for (of, name), text in _WITH.items() if of == kind and name in params), body)
    values = {name: _written(locale, name, value, now, tz) for name, value in params.items()}
    return say(locale, title), say(locale, body, **values) if values else say(locale, body)


def _written(locale: Locale, name: str, value: Any, now: datetime, tz: str) -> Any:
    if name.endswith("_fen") and isinstance(value, int):
        return formats.yuan(value)
    if name.endswith("_at") and isinstance(value, str):
        return formats.day_time(datetime.fromisoformat(value), now, tz, locale=locale)
    return value
