"""Accounts of the books: what is on each of a group, the largest first; and the statement of one, newest first, with its balance.

The books are the installation's, so accounts of all its cities are there. Balances are + debit, − credit, as in the trial balance.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission
from servicehub.models.catalog import City
from servicehub.models.ledger import Account, JournalEntry, Posting
from servicehub.queries.entries import Links, yuan
from servicehub.queries.operator.scope import guard
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.books import AccountLine, AccountSheet, GroupLine, GroupSheet

PAGE = 50
KINDS: dict[str, str] = {
    "asset": N_("Asset"),
    "liability": N_("Liability"),
    "income": N_("Income"),
    "expense": N_("Expense"),
}


def account(session: Session, actor: Actor, code: str, page: int, *, locale: Locale) -> AccountSheet:
    """The statement of `code`, `page` from 1 (kept within bounds); empty when there is no such account.

    Raises: NotAllowed without ledger:read.
    """
    guard(actor, Permission.LEDGER_READ)
    found = session.get(Account, code)
    if found is None:
        return AccountSheet()
    mine = col(Posting.account) == code
    total, fen = session.execute(sa.select(sa.func.count(), sa.func.sum(col(Posting.amount_fen))).where(mine)).one()
    pages = max(1, -(-total // PAGE))
    shown = min(max(page, 1), pages)
    newer = _newest(mine).limit((shown - 1) * PAGE).subquery()
    closing = int(fen or 0) - int(session.scalar(sa.select(sa.func.sum(newer.c.amount_fen))) or 0)
    lines, opening = _lines(session, actor, code, shown, closing, locale)
    links = Links(session, actor, locale, accounts=[code])
    return AccountSheet(
        code=code,
        name=money.account_name(locale, code),
        group=code.partition(":")[0],
        kind=say(locale, KINDS[found.kind]),
        owners=links.of_account(code),
        balance=yuan(int(fen or 0)),
        opening=yuan(opening),
        closing=yuan(closing),
        lines=lines,
        total=total,
        page=shown,
        pages=pages,
    )


def group(session: Session, actor: Actor, name: str, page: int, *, locale: Locale) -> GroupSheet:
    """The accounts of a group of the trial balance; empty when there is no such group. Raises: NotAllowed without ledger:read."""
    guard(actor, Permission.LEDGER_READ)
    if name not in money.ACCOUNTS:
        return GroupSheet()
    code, fen = col(Posting.account), sa.func.sum(col(Posting.amount_fen))
    here = code.startswith(f"{name}:", autoescape=True)
    each: Any = sa.select(code.label("code"), fen.label("fen"), sa.func.count().label("n")).where(here).group_by(code)
    whole = each.subquery()
    total, balance = session.execute(sa.select(sa.func.count(), sa.func.sum(whole.c.fen))).one()
    pages = max(1, -(-total // PAGE))
    shown = min(max(page, 1), pages)
    rows = session.execute(each.order_by(sa.func.abs(fen).desc(), code).limit(PAGE).offset((shown - 1) * PAGE)).all()
    links = Links(session, actor, locale, accounts=[row.code for row in rows])
    return GroupSheet(
        group=name,
        name=money.account_name(locale, name),
        balance=yuan(int(balance or 0)),
        lines=tuple(GroupLine(row.code, links.of_account(row.code), row.n, yuan(int(row.fen))) for row in rows),
        total=total,
        page=shown,
        pages=pages,
    )


def _newest(mine: sa.ColumnElement[bool]) -> sa.Select[int, int]:
    return (
        sa.select(col(Posting.entry_id), col(Posting.amount_fen)).where(mine).order_by(col(Posting.entry_id).desc())
    )  # fmt: skip


def _lines(
    session: Session, actor: Actor, code: str, page: int, closing: int, locale: Locale
) -> tuple[tuple[AccountLine, ...], int]:
    """A page's postings, newest first, and the balance before them; `closing` is the one after them."""
    window = _newest(col(Posting.account) == code).limit(PAGE).offset((page - 1) * PAGE).subquery()
    rows = session.execute(
        sa.select(JournalEntry, window.c.amount_fen)
        .join(window, window.c.entry_id == col(JournalEntry.id))
        .order_by(col(JournalEntry.id).desc())
    ).all()
    others: dict[int, list[str]] = {entry.id: [] for entry, _fen in rows}
    beside = sa.select(col(Posting.entry_id), col(Posting.account)).where(
        col(Posting.entry_id).in_(others), col(Posting.account) != code
    )
    for entry_id, other in session.execute(beside.order_by(sa.func.abs(col(Posting.amount_fen)).desc())):
        others[entry_id].append(other)
    after = list(accumulate((-int(fen) for _entry, fen in rows), initial=closing))
    links = Links(session, actor, locale, refs=[entry.ref for entry, _fen in rows])
    tz = session.get_one(City, actor.city_id).timezone
    lines = tuple(
        AccountLine(
            id=entry.id,
            key=entry.key,
            title=money.of(locale, money.ENTRIES, entry.kind),
            at=formats.stamp(entry.at, tz),
            refs=links.of_entry(entry),
            others=tuple(others[entry.id]),
            debit=yuan(fen) if fen > 0 else "",
            credit=yuan(-fen) if fen < 0 else "",
            balance=yuan(balance),
        )
        for (entry, fen), balance in zip(rows, after, strict=False)
    )
    return lines, after[-1]
