"""What the pages of the ledger may show beside single postings: balances after each entry, and sums of what was traced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

Allowed = tuple[set[int], set[int]]


class Posted(Protocol):
    """A posting of `tests.browser.books`, in order of posting."""

    @property
    def ref(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def fen(self) -> int: ...


def of_account(posts: Sequence[Posted], code: str) -> Allowed:
    """Its balance now; its postings and the balance after each of them."""
    fens = [post.fen for post in posts if post.account == code]
    return {abs(sum(fens))}, {abs(fen) for fen in [*fens, *accumulate(fens)]} | {0}


def of_group(posts: Sequence[Posted], name: str) -> Allowed:
    """The group's sum; what is on each of its accounts."""
    sums: dict[str, int] = defaultdict(int)
    for post in posts:
        if post.account.startswith(f"{name}:"):
            sums[post.account] += post.fen
    return {abs(sum(sums.values()))}, {abs(fen) for fen in sums.values()} | {0}


def of_traces(posts: Sequence[Posted]) -> set[int]:
    """What the entries about one thing did to each account, and what was to be taken out after each entry."""
    sides: dict[tuple[str, str, bool], int] = defaultdict(int)
    sums: dict[tuple[str, str], int] = defaultdict(int)
    held: dict[str, int] = defaultdict(int)
    found: set[int] = set()
    for post in posts:
        sides[post.ref, post.account, post.fen > 0] += post.fen
        sums[post.ref, post.account] += post.fen
        if post.account.startswith("t_avail:"):
            held[post.account] += post.fen
            found.add(abs(held[post.account]))
    return found | {abs(fen) for fen in [*sides.values(), *sums.values()]}
