"""Stripe's balance transactions as the lines of a bill (`domain.reconciliation`), under our numbers.

Payouts to the company's own bank are left out, as in the bills of other channels. Whatever else moves the balance and is none of
ours is a line under Stripe's number, so that people see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from servicehub.adapters.stripe_names import PAYMENT, REFUND, named
from servicehub.domain.reconciliation import BillLine, LineKind
from servicehub.errors import BillUnavailable

TO_THE_BANK = frozenset({"payout", "payout_reversal"})
FEES = frozenset({"fee", "network_cost", "tax"})
"""Reporting categories of what Stripe takes beside its part of each payment."""
Json = Mapping[str, Any]
_UNCAPTURED = "partial_capture_reversal"


def lines(transactions: Sequence[Json], currency: str) -> list[BillLine]:
    """One line for each payment, refund, chargeback and fee; amounts in hundredths of `currency`.

    Raises: BillUnavailable for what is not understood, or was settled in another currency than it was paid in.
    """
    try:
        if any(one["currency"] != currency for one in transactions):
            raise BillUnavailable("settled in another currency")
        charged = [one for one in transactions if one["reporting_category"] == "charge"]
        numbers = {str(one["source"]["id"]): _number(one, PAYMENT) for one in charged}
        found = [_line(one, numbers) for one in transactions if one["reporting_category"] not in TO_THE_BANK]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BillUnavailable(f"malformed: {type(error).__name__}") from error
    return _merged(found)


def _line(one: Json, numbers: Mapping[str, str]) -> BillLine:
    """`numbers`: ours, by charge."""
    kind, fen, fee = str(one["reporting_category"]), int(one["amount"]), int(one["fee"])
    source = one["source"] if isinstance(one["source"], Mapping) else {}
    if kind == "charge":
        return BillLine(LineKind.PAYMENT, _number(one, PAYMENT), fen, fee, str(source["payment_intent"]))
    if kind == _UNCAPTURED and source.get("charge") in numbers:  # the charge was entered with all that was authorised
        return BillLine(LineKind.PAYMENT, numbers[source["charge"]], fen, fee, str(source["payment_intent"]))
    if kind == "refund":
        return BillLine(LineKind.REFUND, _number(one, REFUND), -fen, fee, str(source["id"]))
    if kind == "dispute":
        return BillLine(LineKind.CHARGEBACK, str(source["id"]), -fen, fee, str(source["payment_intent"]))
    if kind == "dispute_reversal":
        return BillLine(LineKind.CHARGEBACK_WON, str(source["id"]), fen, fee, str(source["payment_intent"]))
    net = fen - fee
    if kind in FEES:
        return BillLine(LineKind.FEE, str(one["id"]), abs(net), -net)
    return BillLine(LineKind.PAYMENT if net > 0 else LineKind.PAYOUT, str(one["id"]), abs(net))


def _number(one: Json, name: str) -> str:
    source = one["source"]
    return str(named(source).get(name) or source["id"])


def _merged(found: Iterable[BillLine]) -> list[BillLine]:
    """What was said in several transactions as one line."""
    made: dict[tuple[LineKind, str], BillLine] = {}
    for line in found:
        known = made.get(line.key)
        if known is not None:
            line = replace(known, amount_fen=known.amount_fen + line.amount_fen, fee_fen=known.fee_fen + line.fee_fen)  # noqa: PLW2901
        made[line.key] = line
    return [line for line in made.values() if line.amount_fen]
