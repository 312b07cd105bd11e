"""How fast entries are posted, against bare inserts of the same rows into unguarded tables in the same run.

Both run from the same threads through the same writer (SQLite: `synchronous=FULL` and group commit). An entry is a payment of its
own order: two or three postings on guarded and unguarded accounts. Target: ratio >= 0.5.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from servicehub.bench import town
from servicehub.services import ledger

THREADS = 64
_tables = sa.MetaData()
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ENTRY = sa.Table(
    "bench_entry",
    _tables,
    sa.Column("id", _BIG, primary_key=True),
    sa.Column("key", sa.String(80), unique=True),
    sa.Column("kind", sa.String(24)),
    sa.Column("ref", sa.String(64), index=True),
    sa.Column("at", sa.DateTime(timezone=True), index=True),
)
POSTING = sa.Table(
    "bench_posting",
    _tables,
    sa.Column("entry_id", sa.ForeignKey("bench_entry.id"), primary_key=True),
    sa.Column("account", sa.String(64), primary_key=True),
    sa.Column("amount_fen", sa.BigInteger()),
    sa.Index("ix_bench_posting_account", "account", "entry_id"),
)

_NEW_ENTRY = (
    sa.insert(ENTRY).values({name: sa.bindparam(name) for name in ("key", "kind", "ref", "at")}).returning(ENTRY.c.id)
)
_NEW_POSTING = sa.insert(POSTING)


def measure(*, entries: int = 1500, rounds: int = 5, url: str = "") -> dict[str, Any]:
    """Entries a second through `ledger.post`, the same rows bare, and their ratio: medians of alternating rounds."""
    with town.opened(url) as database:
        database.write_now(_make)
        ours: list[float] = []
        theirs: list[float] = []
        for turn in range(rounds):

            def posted(i: int, turn: int = turn) -> None:
                database.write_now(_posted, turn * entries + i)

            def bare(i: int, turn: int = turn) -> None:
                database.write_now(_bare, turn * entries + i)

            pairs: tuple[tuple[Callable[[int], None], list[float]], ...] = ((posted, ours), (bare, theirs))
            for work, found in pairs if turn % 2 else reversed(pairs):
                found.append(_rate(work, entries))
        problems = database.read_now(ledger.verify)
    return {
        "entries": entries * rounds,
        "entries_per_s": round(median(ours), 1),
        "bare_per_s": round(median(theirs), 1),
        "ratio": round(median(a / b for a, b in zip(ours, theirs, strict=True)), 3),
        "problems": problems[:3],
    }


def _make(session: Session) -> None:
    _tables.drop_all(session.connection())
    _tables.create_all(session.connection())


def _lines(i: int) -> dict[str, int]:
    """A payment, and every third one with a coupon's subsidy."""
    fen = 10_000 + i % 997
    extra = {ledger.SUBSIDY: 500} if i % 3 == 0 else {}
    return {ledger.cash("bench"): fen, ledger.escrow(i + 1): -fen - sum(extra.values()), **extra}


def _posted(session: Session, i: int) -> None:
    ledger.post(session, f"bench:{i}", "payment", f"order:{i}", _lines(i), now=town.START)


def _bare(session: Session, i: int) -> None:
    values = {"key": f"bench:{i}", "kind": "payment", "ref": f"order:{i}", "at": town.START}
    connection = session.connection()
    entry_id = connection.execute(_NEW_ENTRY, values).scalar_one()
    rows = [{"entry_id": entry_id, "account": account, "amount_fen": fen} for account, fen in sorted(_lines(i).items())]
    connection.execute(_NEW_POSTING, rows)


def _rate(work: Callable[[int], None], count: int) -> float:
    with ThreadPoolExecutor(THREADS) as pool:
        began = time.perf_counter()
        list(pool.map(work, range(count)))
        return count / (time.perf_counter() - began)
