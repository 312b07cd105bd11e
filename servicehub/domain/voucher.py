"""Vouchers: bookings that no event of the product makes and that two people make by hand, each of a kind that says between what.

Owns the kinds, the accounts of each, and how much there is room for. `channel` is the channel's code. Amounts are fen; those of the
two kinds about suspense have the sign of its balance (+ debit: the books had more than the channel).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from servicehub.domain.vat import PAYABLE as VAT

BANK = "cash:bank"
TAX = "tax_payable:iit"
LOSS, GAIN = "comp:unexplained", "fee_income:unexplained"


class VoucherKind(StrEnum):
    TO_BANK = "to_bank"
    """The channel paid money out to the company's bank account."""
    FROM_BANK = "from_bank"
    """Money was paid in to the channel from there."""
    TAX_PAID = "tax_paid"
    """Withheld tax was paid to the tax office, from the bank account."""
    VAT_PAID = "vat_paid"
    """Value-added tax was paid to the tax office, from the bank account."""
    CLEARED = "cleared"
    """What was in suspense was explained and settled through the bank account."""
    WRITTEN_OFF = "written_off"
    """What is in suspense is taken as a loss or a gain."""

    @property
    def of_channel(self) -> bool:
        """Whether it is about one channel's money."""
        return self not in TAXES

    @property
    def of_suspense(self) -> bool:
        return self in (VoucherKind.CLEARED, VoucherKind.WRITTEN_OFF)


class VoucherStatus(StrEnum):
    PROPOSED = "proposed"
    """One person has said what and why; a second one has to agree."""
    BOOKED = "booked"
    DROPPED = "dropped"
    """Taken back by the first, or refused by a second one."""


TAXES: dict[VoucherKind, str] = {VoucherKind.TAX_PAID: TAX, VoucherKind.VAT_PAID: VAT}
"""Kinds that pay a tax -> the account on which it is owed."""


def accounts(kind: VoucherKind, channel: str) -> tuple[str, ...]:
    """The accounts whose balances say how much there is room for, and which are locked before."""
    if kind in TAXES:
        return (BANK, TAXES[kind])
    cash, suspense = f"cash:{channel}", f"suspense:{channel}"
    return {
        VoucherKind.TO_BANK: (cash,),
        VoucherKind.FROM_BANK: (BANK,),
        VoucherKind.CLEARED: (suspense,),
        VoucherKind.WRITTEN_OFF: (suspense,),
    }[kind]


def room(kind: VoucherKind, channel: str, balances: Mapping[str, int]) -> int:
    """The most that can be booked now, of signed balances (+ debit); with the sign of what is in suspense."""
    held = [balances.get(account, 0) for account in accounts(kind, channel)]
    match kind:
        case VoucherKind.TAX_PAID | VoucherKind.VAT_PAID:
            return max(min(held[0], -held[1]), 0)
        case VoucherKind.CLEARED | VoucherKind.WRITTEN_OFF:
            return held[0]
        case _:
            return max(held[0], 0)


def fits(amount_fen: int, most_fen: int) -> bool:
    """Whether the amount is some of the room: of its sign, and not larger."""
    return 0 < amount_fen <= most_fen or most_fen <= amount_fen < 0


def lines(kind: VoucherKind, channel: str, amount_fen: int) -> dict[str, int]:
    """What is booked, + debit; sums to zero."""
    if kind in TAXES:
        return {TAXES[kind]: amount_fen, BANK: -amount_fen}
    cash, suspense = f"cash:{channel}", f"suspense:{channel}"
    debit, credit = {
        VoucherKind.TO_BANK: (BANK, cash),
        VoucherKind.FROM_BANK: (cash, BANK),
        VoucherKind.CLEARED: (BANK, suspense),
        VoucherKind.WRITTEN_OFF: (LOSS if amount_fen > 0 else GAIN, suspense),
    }[kind]
    return {debit: amount_fen, credit: -amount_fen}
