"""Settlements of a city, from the books: batches (one technician, one day), what matures next, and what disputes hold.

A batch is what the maturing of one day made available to one technician; its amounts are its entries' postings.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.models.ledger import Account, JournalEntry, Posting
from servicehub.models.order import Order
from servicehub.models.payment import Earning
from servicehub.models.technician import Technician
from servicehub.queries.operator.scope import city_of, day_of, guard, midnight
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.settlement import Batch, DueDay, SettledLine, Settlements

LINES_SHOWN, FROZEN_SHOWN = 200, 100
Row = sa.Row[Earning, Technician, str]
Parts = dict[int, tuple[int, int, int]]
"""Order -> what became available, what repaid a debt, and what was put aside."""
NONE = (0, 0, 0)


def settlements(session: Session, actor: Actor, day: str, *, now: datetime, locale: Locale) -> Settlements:
    """The batches of `day` (ISO; anything else, and days to come, are today). Raises: NotAllowed without ledger:read."""
    guard(actor, Permission.LEDGER_READ)
    tz = city_of(session, actor).timezone
    today = now.astimezone(ZoneInfo(tz)).date()
    shown = day_of(day, today)
    back = (today - shown).days
    rows = _matured(session, actor, midnight(now, tz, -back), midnight(now, tz, 1 - back))
    parts = _parts(session, [earning.order_id for earning, _who, _no in rows])
    waiting = _waiting(session, actor)
    held = [row for row in waiting if row[0].frozen]
    open_ = [row for row in waiting if not row[0].frozen]
    balances = _pending(session, [earning for earning, _who, _no in waiting])
    return Settlements(
        day=shown.isoformat(),
        last_day=today.isoformat(),
        total=_yuan(sum(sum(part) for part in parts.values())),
        count=len(rows),
        batches=_batches(rows, parts),
        lines=tuple(_line(row, sum(parts.get(row[0].order_id, NONE)), tz) for row in rows[:LINES_SHOWN]),
        due=_due(open_, balances, now, tz, locale),
        pending=_yuan(sum(balances.values())),
        frozen=tuple(
            _line(row, balances.get(row[0].order_id, 0), tz, say(locale, N_("Held by a dispute")))
            for row in held[:FROZEN_SHOWN]
        ),
        frozen_sum=_yuan(sum(balances.get(earning.order_id, 0) for earning, _who, _no in held)),
    )


def _earnings(actor: Actor) -> sa.Select[Earning, Technician, str]:
    return (
        sa.select(Earning, Technician, col(Order.no))
        .join(Technician, col(Technician.id) == col(Earning.technician_id))
        .join(Order, col(Order.id) == col(Earning.order_id))
        .where(col(Technician.city_id) == actor.city_id)
    )


def _matured(session: Session, actor: Actor, begins: datetime, ends: datetime) -> list[Row]:
    query = _earnings(actor).where(col(Earning.matured_at) >= begins, col(Earning.matured_at) < ends)
    return list(session.execute(query.order_by(col(Earning.matured_at).desc(), col(Earning.id).desc())))


def _waiting(session: Session, actor: Actor) -> list[Row]:
    query = _earnings(actor).where(col(Earning.matured_at).is_(None))
    return list(session.execute(query.order_by(col(Earning.matures_at), col(Earning.id))))


def _parts(session: Session, order_ids: Sequence[int]) -> Parts:
    """By the entries' own lines."""
    keys = {f"mature:{order_id}": order_id for order_id in order_ids}
    account, fen = col(Posting.account), -col(Posting.amount_fen)
    query = (
        sa.select(
            col(JournalEntry.key),
            sa.func.sum(sa.case((account.like("t_avail:%"), fen), else_=0)),
            sa.func.sum(sa.case((account.like("tech_debt:%"), fen), else_=0)),
            sa.func.sum(sa.case((account.like("t_deposit:%"), fen), else_=0)),
        )
        .join(Posting, col(Posting.entry_id) == col(JournalEntry.id))
        .where(col(JournalEntry.key).in_(keys))
        .group_by(col(JournalEntry.key))
    )
    return {
        keys[key]: (int(available), int(repaid), int(aside)) for key, available, repaid, aside in session.execute(query)
    }


def _pending(session: Session, earnings: Sequence[Earning]) -> dict[int, int]:
    """Order -> what its account of the technician holds now."""
    codes = {f"t_pending:{earning.technician_id}:{earning.order_id}": earning.order_id for earning in earnings}
    rows = session.exec(select(Account.code, Account.balance_fen).where(col(Account.code).in_(codes)))
    return {codes[code]: int(fen) for code, fen in rows}


def _batches(rows: Sequence[Row], parts: Parts) -> tuple[Batch, ...]:
    mine: dict[int, list[Row]] = {}
    for row in rows:
        mine.setdefault(row[0].technician_id, []).append(row)
    found = []
    for technician_id, batch in mine.items():
        available, repaid, aside = (sum(parts.get(row[0].order_id, NONE)[i] for row in batch) for i in range(3))
        total = available + repaid + aside
        who = batch[0][1]
        found.append(
            (
                total,
                Batch(
                    technician_id, who.name, who.portrait, len(batch), _yuan(available), _yuan(repaid) if repaid else "",
                    _yuan(aside) if aside else "", _yuan(total),
                ),
            )
        )  # fmt: skip
    return tuple(batch for _fen, batch in sorted(found, key=lambda one: (-one[0], one[1].technician_id)))


def _due(rows: Sequence[Row], balances: dict[int, int], now: datetime, tz: str, locale: Locale) -> tuple[DueDay, ...]:
    zone = ZoneInfo(tz)
    today = now.astimezone(zone).date()
    sums: dict[date, tuple[int, int]] = {}
    for earning, _who, _no in rows:
        on = max(earning.matures_at.astimezone(zone).date(), today)
        count, fen = sums.get(on, (0, 0))
        sums[on] = (count + 1, fen + balances.get(earning.order_id, 0))
    return tuple(DueDay(_day(on, today, locale), count, _yuan(fen)) for on, (count, fen) in sorted(sums.items()))


def _day(on: date, today: date, locale: Locale) -> str:
    near = on - today < timedelta(days=7)
    return formats.day(on, today, locale=locale) if near else formats.month_day(on, locale=locale)


def _line(row: Row, fen: int, tz: str, note: str = "") -> SettledLine:
    earning, who, no = row
    at = earning.matured_at or earning.matures_at
    return SettledLine(no, who.name, formats.stamp(at, tz)[:16], _yuan(fen), note)


def _yuan(fen: int) -> str:
    return formats.yuan(fen, always_decimals=True)
