"""A channel's bill of a day beside what we booked: which lines fit, and of what kind the others are.

Amounts are fen and positive; `LineKind.sign` says whether money came in or went out. A day is the channel's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class LineKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"
    PAYOUT = "payout"

    @property
    def sign(self) -> int:
        """1 where money comes in, -1 where it goes out."""
        return 1 if self is LineKind.PAYMENT else -1


class DifferenceKind(StrEnum):
    AMOUNT = "amount"
    """Both have it, with other amounts."""
    ONLY_CHANNEL = "only_channel"
    ONLY_OURS = "only_ours"


class DifferenceStatus(StrEnum):
    OPEN = "open"
    PROPOSED = "proposed"
    """One person has said why; a second one has to agree."""
    RESOLVED = "resolved"
    GONE = "gone"
    """It fits since what was missing was booked."""


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a channel's bill, under our number. `fee_fen` is what the channel kept of it."""

    kind: LineKind
    no: str
    amount_fen: int
    fee_fen: int = 0
    channel_no: str = ""

    @property
    def key(self) -> tuple[LineKind, str]:
        return self.kind, self.no


@dataclass(frozen=True, slots=True)
class Found:
    """Something that does not fit. An amount that one side does not have is 0."""

    difference: DifferenceKind
    kind: LineKind
    no: str
    their_fen: int
    our_fen: int

    @property
    def net_fen(self) -> int:
        """How much more the channel holds than our books say."""
        return self.kind.sign * (self.their_fen - self.our_fen)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Every line and every booking falls into one of six classes: matched, another day, fee, and the three differences.

    `net_fen`: what the bill's lines come to. `early_fen`: of it, booked by us on another day; `late_fen`: booked by us on this day,
    billed on another. Fees are not in them.
    """

    matched: int
    other_day: int
    fee_fen: int
    net_fen: int
    early_fen: int
    late_fen: int
    differences: tuple[Found, ...]

    def unexplained_fen(self, ledger_net_fen: int) -> int:
        """What the books of the day, corrected for other days and differences, lack of the bill; 0 proves the day."""
        differences = sum(found.net_fen for found in self.differences)
        return self.net_fen - (ledger_net_fen + self.early_fen - self.late_fen + differences)


def compare(
    lines: Iterable[BillLine],
    ours: Mapping[tuple[LineKind, str], int],
    *,
    around: Mapping[tuple[LineKind, str], int],
    billed_elsewhere: Iterable[tuple[LineKind, str]] = (),
) -> Outcome:
    """Match a bill with the bookings of its day.

    `ours`: amounts booked on the day; `around`: on the neighbouring days. `billed_elsewhere`: what neighbouring bills have.
    """
    differences, matched, other_day, early = [], 0, 0, 0
    seen: set[tuple[LineKind, str]] = set()
    fees = net = 0
    for line in lines:
        seen.add(line.key)
        fees += line.fee_fen
        net += line.kind.sign * line.amount_fen
        own = ours.get(line.key, around.get(line.key))
        if line.key in around and line.key not in ours:
            early += line.kind.sign * around[line.key]
        if own is None:
            differences.append(Found(DifferenceKind.ONLY_CHANNEL, line.kind, line.no, line.amount_fen, 0))
        elif own != line.amount_fen:
            differences.append(Found(DifferenceKind.AMOUNT, line.kind, line.no, line.amount_fen, own))
        elif line.key in ours:
            matched += 1
        else:
            other_day += 1
    elsewhere, late = set(billed_elsewhere), 0
    for key, fen in ours.items():
        if key in seen:
            continue
        if key in elsewhere:
            other_day += 1
            late += key[0].sign * fen
        else:
            differences.append(Found(DifferenceKind.ONLY_OURS, key[0], key[1], 0, fen))
    return Outcome(matched, other_day, fees, net, early, late, tuple(differences))
