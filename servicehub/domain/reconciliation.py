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
    PAYOUT_BACK = "payout_back"
    """A payout that came to nothing after the channel had taken its money."""
    CHARGEBACK = "chargeback"
    """A bank took a payment back from the channel, and the channel from us…"""
    CHARGEBACK_WON = "chargeback_won"
    """…and gave it back again."""
    FEE = "fee"
    """Of the channel, beside those of payments; all of it is in `fee_fen`."""
    SHARE = "share"
    """Where a company is paid: what went from its account to the platform's…"""
    SHARE_RETURN = "share_return"
    """…and what came back from there for a refund."""

    @property
    def sign(self) -> int:
        """1 where money comes in, -1 where it goes out; 0 for fees, which are no booking of ours before the bill."""
        if self is LineKind.FEE:
            return 0
        return 1 if self in _COMES_IN else -1

    @property
    def is_shared(self) -> bool:
        """Whether it moves money between the company's account, whose bill it stands in, and the platform's."""
        return self in (LineKind.SHARE, LineKind.SHARE_RETURN)


_COMES_IN = (LineKind.PAYMENT, LineKind.PAYOUT_BACK, LineKind.CHARGEBACK_WON, LineKind.SHARE_RETURN)


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

    `net_fen`: what the bill's lines come to. `early_fen`: of it, booked by us on another day, or never because it goes back;
    `late_fen`: booked by us on this day, billed on another. Fees are not in them.
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
    due: Mapping[tuple[LineKind, str], int] | None = None,
) -> Outcome:
    """Match a bill with the bookings of its day.

    `ours`: amounts booked on the day; `around`: on the neighbouring days, or under way. `billed_elsewhere`: what neighbouring bills
    have. `due`: what nobody books, but the bill has to have: the return of what it took for nothing.
    """
    differences, matched, other_day, early = [], 0, 0, 0
    lines, net = list(lines), 0
    seen = {line.key for line in lines}
    for line in (one for one in lines if one.kind is not LineKind.FEE):
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
    for (kind, no), fen in (due or {}).items():
        if (kind, no) not in seen:
            early += kind.sign * fen
            differences.append(Found(DifferenceKind.ONLY_OURS, kind, no, 0, fen))
    fees = sum(line.fee_fen for line in lines)
    return Outcome(matched, other_day, fees, net, early, late, tuple(differences))
