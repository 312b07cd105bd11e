"""A period's postings as a picture of money that flows: from where it came, through whom it is held for, to where it went.

Owns the order of the stations and the arithmetic of a Sankey diagram. An entry moves money from its debits to its credits (a
payment: from the channel to what is held for the customer). Accounts that hold somebody's money are stations; all others are a
source where they are debited and a sink where they are credited. Whole fen; what comes to a station goes from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

STATIONS: dict[str, int] = {
    "escrow": 1, "t_pending": 2, "t_avail": 3, "t_withdraw": 4, "t_deposit": 4, "refund_due": 4,
}  # fmt: skip
"""Groups of accounts that hold money for somebody -> column, in which money goes from left to right."""
FIRST, LAST = 0, 5
"""Columns of sources and sinks."""
IN, OUT, BEFORE, STILL = "in", "out", "before", "still"
"""Where money enters and leaves, and what was held before or is held afterwards."""


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """`side`: "" for a station, else where money enters ("in", "before") or leaves ("out", "still").

    `group`: an account's first part, for cash with the channel (`cash:alipay`).
    """

    column: int
    group: str
    side: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """The postings of one kind of entry in the period, summed: group of accounts -> fen, positive in both."""

    debits: Mapping[str, int]
    credits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Flows:
    """(from, to) -> fen, all positive, from lower to higher columns."""

    links: Mapping[tuple[Node, Node], int]

    @property
    def nodes(self) -> list[Node]:
        """Every node of a link, from left to right."""
        return sorted({node for link in self.links for node in link})

    def through(self, node: Node) -> int:
        """What passes a node: the larger of what comes and what goes, which are equal for stations."""
        comes = sum(fen for (_from, to), fen in self.links.items() if to == node)
        goes = sum(fen for (start, _to), fen in self.links.items() if start == node)
        return max(comes, goes)

    def excess(self, node: Node) -> int:
        """What comes to a node minus what goes."""
        comes = sum(fen for (_from, to), fen in self.links.items() if to == node)
        return comes - sum(fen for (start, _to), fen in self.links.items() if start == node)


def flows(kinds: Iterable[Lines]) -> Flows:
    """The picture of a period's postings.

    Raises: ValueError for a kind whose debits and credits differ.
    """
    moved: Counter[tuple[Node, Node]] = Counter()
    for lines in kinds:
        for debit, credit, fen in _paired(lines):
            moved[_node(debit, IN), _node(credit, OUT)] += fen
    forward = _forward(moved)
    for group, column in STATIONS.items():
        station = Node(column, group)
        excess = Flows(forward).excess(station)
        if excess > 0:
            forward[station, Node(LAST, group, STILL)] = excess
        elif excess < 0:
            forward[Node(FIRST, group, BEFORE), station] = -excess
    return Flows(forward)


def _node(group: str, side: str) -> Node:
    column = STATIONS.get(group.partition(":")[0])
    if column is not None:
        return Node(column, group.partition(":")[0])
    return Node(FIRST if side == IN else LAST, group, side)


def _paired(lines: Lines) -> Iterable[tuple[str, str, int]]:
    """Each debit with the credits it pays for, in the order of their names: (from, to, fen)."""
    if sum(lines.debits.values()) != sum(lines.credits.values()):
        raise ValueError(f"{dict(lines.debits)} against {dict(lines.credits)}")
    waiting = sorted(lines.credits.items(), reverse=True)
    for debit, fen in sorted(lines.debits.items()):
        left = fen
        while left:
            credit, wanted = waiting.pop()
            part = min(left, wanted)
            if wanted > part:
                waiting.append((credit, wanted - part))
            if part:
                yield debit, credit, part
            left -= part


def _forward(moved: Mapping[tuple[Node, Node], int]) -> Counter[tuple[Node, Node]]:
    """What went back (a withdrawal that failed, a correction) is taken off what went forward between the same two; more than that
    left the station and entered the other anew."""
    found: Counter[tuple[Node, Node]] = Counter()
    for (start, end), fen in moved.items():
        back = moved.get((end, start), 0)
        if start == end or back >= fen:
            continue
        net = fen - back
        if start.column < end.column:
            found[start, end] += net
        else:
            found[start, Node(LAST, end.group, OUT)] += net
            found[Node(FIRST, start.group, IN), end] += net
    return found
