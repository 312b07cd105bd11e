"""Value-added tax that the platform owes of what it sells: what counts as sold, and how much of it is tax.

Prices contain the tax (`domain.invoice`). An entry about an order that is done, cancelled against a fee or given back after its
settlement sells what it takes from the customers' side of the books: where the platform sells, the price that was paid; where a
company does, the commission alone, because the company's part of the payment is on that side, too (`mirror`). Points are a discount
in the moment in which they are given.
"""

from __future__ import annotations

from servicehub.domain.invoice import taxed

PAYABLE = "vat_payable:output"
COST = "vat:output"
SALES = ("settlement", "cancellation", "clawback")
"""Kinds of entries that sell, or take a sale back."""
CUSTOMERS = ("escrow", "refund_due", "wallet", "cash", "mirror")
"""Groups of accounts on the customers' side; what a sale takes from them is sold."""
POINTS, GIVEN = "points", ("payment", "returned", "refund")
"""The group of customers' points, and the kinds of entries in which they stand for money."""


def contained_fen(sold_fen: int, rate_bp: int) -> int:
    """The tax of `rate_bp` basis points in what was sold, to the fen; negative where more was given back than sold."""
    sign = -1 if sold_fen < 0 else 1
    return sign * taxed("", abs(sold_fen), rate_bp).tax_fen


def lines(tax_fen: int) -> dict[str, int]:
    """What is booked for a day, + debit: the tax is a cost of what was sold, and owed."""
    return {COST: tax_fen, PAYABLE: -tax_fen}
