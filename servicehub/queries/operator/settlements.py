"""Settlements of a city, from the books: its batches, whom a day brought what, what matures next, and what disputes hold.

What a day made available to somebody are the postings of his entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.models.ledger import Account
from servicehub.models.order import Order
from servicehub.models.payment import Earning
from servicehub.models.technician import Technician
from servicehub.queries.operator.scope import city_of, day_of, guard, midnight
from servicehub.queries.operator.settlement_batches import NONE, Parts, batch_rows, parts_of
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.settlement import DayShare, DueDay, SettledLine, Settlements

LINES_SHOWN, FROZEN_SHOWN = 200, 100
Row = sa.Row[Earning, Technician, str]


def settlements(session: Session, actor: Actor, day: str, *, now: datetime, locale: Locale) -> Settlements:
    """The settlements of `day` (ISO; anything else, and days to come, are today). Raises: NotAllowed without ledger:read."""
    guard(actor, Permission.LEDGER_READ)
    tz = city_of(session, actor).timezone
    today = now.astimezone(ZoneInfo(tz)).date()
    shown = day_of(day, today)
    back = (today - shown).days
    rows = _matured(session, actor, midnight(now, tz, -back), midnight(now, tz, 1 - back))
    parts = parts_of(session, [earning.order_id for earning, _who, _no in rows])
    waiting = _waiting(session, actor)
    held = [row for row in waiting if row[0].frozen]
    open_ = [row for row in waiting if not row[0].frozen]
    balances = _pending(session, [earning for earning, _who, _no in waiting])
    return Settlements(
        day=shown.isoformat(),
        last_day=today.isoformat(),
        total=_yuan(sum(sum(part) for part in parts.values())),
        count=len(rows),
        batches=batch_rows(session, actor, midnight(now, tz, 1 - back), tz),
        people=_people(rows, parts),
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


def _pending(session: Session, earnings: Sequence[Earning]) -> dict[int, int]:
    """Order -> what its account of the technician holds now."""
    codes = {f"t_pending:{earning.technician_id}:{earning.order_id}": earning.order_id for earning in earnings}
    rows = session.exec(select(Account.code, Account.balance_fen).where(col(Account.code).in_(codes)))
    return {codes[code]: int(fen) for code, fen in rows}


def _people(rows: Sequence[Row], parts: Parts) -> tuple[DayShare, ...]:
    mine: dict[int, list[Row]] = {}
    for row in rows:
        mine.setdefault(row[0].technician_id, []).append(row)
    found = []
    for technician_id, own in mine.items():
        available, repaid, aside = (sum(parts.get(row[0].order_id, NONE)[i] for row in own) for i in range(3))
        total = available + repaid + aside
        who = own[0][1]
        found.append(
            (
                total,
                DayShare(
                    technician_id, who.name, who.portrait, len(own), _yuan(available), _yuan(repaid) if repaid else "",
                    _yuan(aside) if aside else "", _yuan(total),
                ),
            )
        )  # fmt: skip
    return tuple(share for _fen, share in sorted(found, key=lambda one: (-one[0], one[1].technician_id)))


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
