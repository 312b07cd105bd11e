"""Names that operators read: statuses, events, actors, channels, permissions, audit actions.

Owns the neutral wording of the operators' face; customers and technicians are spoken to by their own catalogues.
"""

from __future__ import annotations

from servicehub.texts import N_, Locale, say

STATUS = {
    "pending_payment": N_("Awaiting payment"),
    "matching": N_("Finding a pro"),
    "assigned": N_("Offered to a pro"),
    "accepted": N_("Confirmed"),
    "en_route": N_("On the way"),
    "arrived": N_("Arrived"),
    "in_service": N_("In service"),
    "awaiting_balance": N_("Balance due"),
    "awaiting_confirm": N_("Please confirm"),
    "completed": N_("Completed"),
    "disputed": N_("In after-sales"),
    "closed": N_("Closed"),
    "cancelled": N_("Cancelled"),
    "expired": N_("Expired unpaid"),
}
SECURED = {
    "pay": N_("Guaranteed; matching started"),
    "pay_chosen": N_("Guaranteed; offered to the requested pro"),
}
"""Of an order that is paid afterwards."""
EVENT = {
    "created": N_("Order placed"),
    "pay": N_("Paid; matching started"),
    "pay_chosen": N_("Paid; offered to the requested pro"),
    "pay_timeout": N_("Not paid in time"),
    "late_pay": N_("Late payment refunded"),
    "revive": N_("Late payment kept; time taken again"),
    "cancel": N_("Cancelled by the customer"),
    "force_cancel": N_("Cancelled by operations"),
    "grab": N_("Taken from the open offers"),
    "dispatch": N_("Offered to a pro"),
    "match_timeout": N_("Nobody found in time"),
    "reschedule": N_("Rescheduled"),
    "accept": N_("Accepted"),
    "decline": N_("Declined"),
    "offer_timeout": N_("Offer not answered"),
    "reassign": N_("Reassigned"),
    "depart": N_("Departed"),
    "technician_cancel": N_("Given back by the pro"),
    "no_show": N_("The pro did not come"),
    "arrive": N_("Arrived at the door"),
    "customer_no_show": N_("The customer was not there"),
    "start": N_("Service started with the service code"),
    "alarm": N_("Operations alerted"),
    "finish_due": N_("Service finished; balance due"),
    "finish_paid": N_("Service finished"),
    "pay_balance": N_("Balance paid"),
    "balance_overdue": N_("Balance overdue"),
    "confirm": N_("Confirmed by the customer"),
    "auto_confirm": N_("Confirmed automatically"),
    "dispute": N_("After-sales opened"),
    "resolve_reject": N_("After-sales rejected"),
    "resolve_refund": N_("After-sales resolved with a refund"),
    "escalate": N_("After-sales escalated"),
    "aftersale_end": N_("Warranty over"),
    "lead_ended": N_("The visit it belongs to ended or moved"),
    "chargeback_inquiry": N_("The customer's bank asks about the payment"),
    "chargeback_open": N_("The customer's bank took the payment back"),
    "chargeback_won": N_("Chargeback won: the bank gave the money back"),
    "chargeback_lost": N_("Chargeback lost"),
    "chargeback_dropped": N_("The bank's question ended, nothing was taken"),
}
EVENT_ICON = {
    "created": "clipboard-list",
    "pay": "banknote",
    "pay_chosen": "banknote",
    "pay_balance": "banknote",
    "dispatch": "route",
    "grab": "zap",
    "accept": "check",
    "depart": "navigation",
    "arrive": "map-pin",
    "start": "play",
    "reassign": "user-plus",
    "cancel": "x",
    "force_cancel": "x",
    "dispute": "life-buoy",
    "chargeback_inquiry": "landmark",
    "chargeback_open": "landmark",
    "chargeback_won": "landmark",
    "chargeback_lost": "landmark",
    "chargeback_dropped": "landmark",
}
ROLE = {
    "customer": N_("Customer"),
    "technician": N_("Technician"),
    "operator": N_("Operations"),
    "system": N_("System"),
}
OPERATOR_ROLE = {
    "admin": N_("Administrator"),
    "dispatcher": N_("Dispatcher"),
    "support": N_("Support"),
    "finance": N_("Finance"),
    "quality": N_("Quality"),
    "city_manager": N_("City manager"),
}
PERMISSION = {
    "overview:read": N_("See the overview"),
    "order:read": N_("See orders"),
    "order:cancel": N_("Cancel orders"),
    "order:refund": N_("Refund orders"),
    "dispatch:read": N_("See the dispatch board"),
    "dispatch:assign": N_("Assign technicians"),
    "technician:read": N_("See technicians"),
    "technician:review": N_("Review technicians"),
    "ledger:read": N_("See the ledger"),
    "withdrawal:review": N_("Decide about withdrawals"),
    "withdrawal:limits": N_("Set the limits of withdrawals"),
    "commission:write": N_("Adopt commission rules"),
    "technician:adjust": N_("Give bonuses and penalties"),
    "invoice:issue": N_("Issue invoices"),
    "wallet:credit": N_("Credit customers' balances"),
    "deposit:write": N_("Set the rules of deposits"),
    "points:write": N_("Set the rules of points"),
    "reconciliation:resolve": N_("Work on bills and differences"),
    "catalog:write": N_("Change the catalogue"),
    "contact:reveal": N_("Reveal contact data"),
    "audit:read": N_("See the audit trail"),
    "policy:write": N_("Change the dispatch policy"),
}
MODE = {"choose": N_("Requested pro"), "dispatch": N_("Auto-dispatch"), "grab": N_("Open offer")}
PLAN = {"full": N_("Prepaid"), "deposit": N_("Deposit and balance"), "after": N_("Paid after service")}
OFFER_STATE = {
    "open": N_("Waiting for an answer"),
    "accepted": N_("Accepted"),
    "declined": N_("Declined"),
    "expired": N_("Not answered"),
    "void": N_("Withdrawn"),
}
DECLINE = {
    "time_clash": N_("The time does not suit"),
    "too_far": N_("Too far"),
    "not_my_skill": N_("Not my skill"),
    "unwell": N_("Unwell"),
    "other": N_("Other reason"),
}
HOW = {
    "auto": N_("Auto-dispatch"),
    "requested": N_("Requested by the customer"),
    "manual": N_("Assigned by operations"),
    "reassign": N_("Reassigned by operations"),
    "grab": N_("Taken from the open offers"),
    "planned": N_("Planned ahead"),
    "replanned": N_("Planned anew"),
    "repair": N_("Handed over to be in time"),
}
LEVEL = {
    "trainee": N_("Trainee"),
    "bronze": N_("Bronze"),
    "silver": N_("Silver"),
    "gold": N_("Gold"),
    "chief": N_("Chief"),
}
TECHNICIAN_STATE = {
    "online": N_("Idle"),
    "busy": N_("On a job"),
    "en_route": N_("On the way"),
    "offline": N_("Off duty"),
    "suspended": N_("Suspended"),
    "left": N_("Left"),
}
CERTIFICATE = {
    "identity": N_("Identity"),
    "health": N_("Health certificate"),
    "background": N_("Background check"),
    "electrician": N_("Electrician licence"),
    "refrigeration": N_("Refrigeration licence"),
    "locksmith": N_("Locksmith licence"),
    "massage": N_("Massage licence"),
    "insurance": N_("Insurance"),
}
CERTIFICATE_STATE = {"pending": N_("In review"), "approved": N_("Valid"), "rejected": N_("Rejected")}
REASON = {
    "late": N_("Would have been too late"),
    "customer_no_show": N_("The customer was not there"),
    "nobody_found": N_("Nobody found"),
    "pay_timeout": N_("Not paid in time"),
    "rescheduled": N_("Rescheduled"),
    "not_there": N_("Did not come"),
}
"""Reasons that the platform writes; people's own words are shown as they are."""
REQUIREMENT = {
    "pets": N_("Pets at home"),
    "bring_vacuum": N_("Bring a vacuum cleaner"),
    "shoe_covers": N_("Shoe covers please"),
    "parking": N_("Parking available"),
}
SKILL = {
    "cleaning": N_("Cleaning"),
    "deep": N_("Deep cleaning"),
    "appliance": N_("Appliance care"),
    "care": N_("Home care"),
    "repair": N_("Repairs"),
    "massage": N_("Massage"),
}
GENDER = {"female": N_("Female"), "male": N_("Male")}
TRANSPORT = {"ebike": N_("E-bike"), "transit": N_("Public transport"), "car": N_("Car")}
ACTION = {
    "force_cancel": N_("Cancelled an order"),
    "cancel": N_("Cancelled an order"),
    "refund": N_("Refunded an order"),
    "resolve": N_("Resolved an after-sales case"),
    "reschedule": N_("Rescheduled an order"),
    "assign": N_("Assigned a technician"),
    "reassign": N_("Reassigned a technician"),
    "reveal": N_("Revealed contact data"),
    "export": N_("Exported orders"),
    "download": N_("Downloaded a document"),
    "suspend": N_("Suspended a technician"),
    "restore": N_("Restored a technician"),
    "replan": N_("Planned visits anew"),
    "adopt": N_("Adopted a policy"),
}
"""By the last part of `noun.verb`."""


def word(locale: Locale, table: dict[str, str], key: str) -> str:
    """The table's sentence for `key`; the key itself where the table has none."""
    return say(locale, table[key]) if key in table else key


def action(locale: Locale, key: str) -> str:
    """An audit action (`order.refund`) in words."""
    verb = key.rpartition(".")[2]
    return say(locale, ACTION[verb]) if verb in ACTION else key
