"""Words about money: fee lines, the cancellation table, refunds, the ledger's accounts and entries.

Owns the wording; amounts and rules come in as values. Unknown keys are shown as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from servicehub.texts import N_, Locale, say
from servicehub.texts.formats import duration, rate, yuan

LINE_NAMES: dict[str, str] = {
    "travel": N_("Distance fee, per km beyond the free distance"),
    "night": N_("Night fee (22:00–07:00)"),
    "holiday": N_("Public holiday surcharge"),
    "rush": N_("As-soon-as-possible fee"),
    "tip": N_("Tip"),
}
REFUND_REASONS: dict[str, str] = {
    "cancelled": N_("Order cancelled"),
    "late_payment": N_("Paid after the order had ended"),
    "addon_late": N_("Paid after the add-on had ended"),
    "extra_payment": N_("Paid twice"),
    "balance_gone": N_("The balance that was to pay a part had been spent"),
    "nobody_found": N_("Nobody could come"),
    "after_sale": N_("After-sales decision"),
    "goodwill": N_("Goodwill"),
    "crew_short": N_("Fewer people than ordered"),
}
REFUND_STATUSES: dict[str, str] = {
    "new": N_("Refund requested"),
    "sent": N_("Refund on its way"),
    "succeeded": N_("Refunded"),
    "failed": N_("Refund needs attention"),
    "balance": N_("Refunded to the balance instead"),
}
PAYMENT_STATUSES: dict[str, str] = {
    "pending": N_("Waiting for payment"),
    "kept": N_("Received"),
    "extra": N_("Paid twice, returned"),
    "late": N_("Paid too late, returned"),
    "closed": N_("Closed unpaid"),
}
CHARGEBACKS: dict[str, str] = {
    "inquiry": N_("The bank asks, please answer"),
    "open": N_("Taken by the bank, please answer"),
    "won": N_("Won, given back"),
    "lost": N_("Lost"),
    "dropped": N_("Ended, nothing taken"),
}
PLAN_ITEMS: dict[str, str] = {
    "full": N_("Full price"),
    "deposit": N_("Deposit payment"),
    "balance": N_("Remaining amount"),
    "addon": N_("Add-on payment"),
    "tip": N_("Tip"),
}
METHODS: dict[str, str] = {
    "wechat": N_("WeChat Pay"),
    "alipay": N_("Alipay"),
    "card": N_("Card"),
    "stripe": N_("Card"),
    "wallet": N_("Balance"),
    "points": N_("Points"),
    "cash": N_("Cash"),
    "bank": N_("Bank account"),
    "simulator": N_("Demo channel"),
}
ACCOUNTS: dict[str, str] = {
    "cash": N_("Money at the payment channel"),
    "mirror": N_("Money in the company's account"),
    "escrow": N_("Held for the customer"),
    "refund_due": N_("Refunds under way"),
    "wallet": N_("Customers' balances"),
    "points": N_("Customers' points"),
    "t_pending": N_("Professionals, not yet matured"),
    "t_avail": N_("Professionals, available"),
    "t_withdraw": N_("Professionals, being withdrawn"),
    "t_deposit": N_("Professionals, put aside"),
    "tech_debt": N_("Owed by professionals"),
    "tax_payable": N_("Tax withheld, to be paid"),
    "vat_payable": N_("VAT, to be paid"),
    "commission": N_("Commission income"),
    "fee_income": N_("Fee income"),
    "penalty_income": N_("Penalties"),
    "subsidy": N_("Coupons paid by the platform"),
    "comp": N_("Compensation"),
    "gw_fee": N_("Channel fees"),
    "chargeback": N_("Chargebacks"),
    "vat": N_("VAT of what was sold"),
    "suspense": N_("Differences to bills"),
}
ENTRIES: dict[str, str] = {
    "payment": N_("Payment booked"),
    "returned": N_("Payment to be returned"),
    "refund_due": N_("Refund promised"),
    "clawback": N_("Refund after settlement"),
    "refund": N_("Refund paid out"),
    "settlement": N_("Order settled"),
    "cancellation": N_("Cancellation fee"),
    "mature": N_("Earning matured"),
    "reversal": N_("Correction"),
    "tip": N_("Tip"),
    "bonus": N_("Bonus"),
    "credit": N_("Credit to a customer"),
    "points": N_("Points earned"),
    "points_back": N_("Points taken back"),
    "points_expired": N_("Points expired"),
    "penalty": N_("Penalty"),
    "withdrawal": N_("Withdrawal"),
    "deposit": N_("Put aside as a deposit"),
    "deposit_back": N_("Deposit given back"),
    "channel_fee": N_("Channel fee of a day"),
    "reconciliation": N_("Difference to the bill"),
    "voucher": N_("Booked by hand"),
    "share": N_("Share arrived"),
    "share_return": N_("Share given back"),
    "share_difference": N_("Share other than in the bill"),
    "chargeback": N_("Charged back by a bank"),
    "chargeback_won": N_("Chargeback won"),
    "vat": N_("VAT of a day"),
}
_CANCELLATION: dict[str, str] = {
    "unassigned": N_("Before a professional has accepted: free"),
    "grace": N_("Within {time} of payment, until the professional sets out: free"),
    "ample_notice": N_("At least {time} before the visit: free"),
    "late": N_("Less than {time} before the visit: {share}, at most {cap}"),
    "late_free": N_(
        "Of these short-notice cancellations, the first {times} of a calendar month are free, over all your orders"
    ),
    "delayed": N_("If we expect to be {time} late or more: free, also when the professional is on the way"),
    "short_handed": N_("If fewer professionals come than you ordered: free, and their part is refunded if you go on"),
    "departed": N_("After the professional has set out: distance fee and {share}"),
    "no_show": N_("After arrival, or nobody at home for {time}: distance fee and {share}"),
    "our_side": N_("If we cancel: everything back, and a {coupon} coupon"),
    "reschedule": N_("Moving the visit: free up to {time} before, {times} times at most"),
}
_FIRST_FREE = N_("The first of these short-notice cancellations in a calendar month is free, over all your orders")
"""Instead of the row with a number, when it is one."""
RULE_NAMES: dict[str, str] = {
    "unpaid": N_("Nothing was paid"),
    "our_side": N_("Cancelled by us"),
    "unassigned": N_("Nobody had accepted yet"),
    "grace": N_("Shortly after payment"),
    "ample_notice": N_("In good time"),
    "late": N_("Short notice"),
    "late_free": N_("Short notice, one of the month's free ones"),
    "delayed": N_("We will be late"),
    "short_handed": N_("Fewer people than ordered"),
    "departed": N_("The professional was on the way"),
    "no_show": N_("The professional was at the door"),
}
"""Why a cancellation costs what it costs."""


class Row(Protocol):
    """A row of the cancellation table (`domain.cancellation.explain`)."""

    @property
    def rule(self) -> str: ...
    @property
    def minutes(self) -> int: ...
    @property
    def bp(self) -> int: ...
    @property
    def cap_fen(self) -> int: ...
    @property
    def coupon_fen(self) -> int: ...
    @property
    def times(self) -> int: ...


def cancellation_rows(locale: Locale, rows: Iterable[Row]) -> list[str]:
    """The sentences of the cancellation table."""
    return [
        say(
            locale,
            _FIRST_FREE if row.rule == "late_free" and row.times == 1 else _CANCELLATION[row.rule],
            time=duration(row.minutes, locale=locale),
            share=rate(row.bp),
            cap=yuan(row.cap_fen),
            coupon=yuan(row.coupon_fen),
            times=row.times,
        )
        for row in rows
    ]


def of(locale: Locale, names: dict[str, str], key: str) -> str:
    """The name of `key` in one of the tables above."""
    return say(locale, names.get(key, key))


def account_name(locale: Locale, code: str) -> str:
    """What an account is, by the first part of its code."""
    return of(locale, ACCOUNTS, code.partition(":")[0])
