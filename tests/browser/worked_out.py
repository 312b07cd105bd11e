"""Amounts that are worked out from the books and the policies: incomes per hour, and the example of the commission rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from servicehub.domain.money import share_bp, split
from tests.browser.accounts import Allowed

WEEK, LEAST_MINUTES = timedelta(days=7), 600
LASTS = timedelta(hours=1)
"""All crawls end within it: what was earned a week before may leave the page meanwhile."""
SERVICE, ADD_ON, TRAVEL, COUPON = 19_900, 3_000, 1_000, 2_000
"""The example that the calculator shows at first; platform and technician pay half of the coupon each."""
A_POINT = 1
"""What a point is worth, says the page."""


def per_hour(session: Session, begins: datetime, floor_pct: int) -> Allowed:
    """What technicians' accounts were credited in a week for each hour of their plans, the median, and the floor.

    `begins`: when the city's clock began.
    """
    minutes = {
        technician: int(total)
        for technician, total in session.execute(
            sa.text(
                "SELECT s.technician_id, sum((s.end_minute - s.start_minute) * (CASE WHEN s.is_break THEN -1 ELSE 1 END)) "
                "FROM sh_weekly_shift s JOIN sh_technician t ON t.id = s.technician_id WHERE t.status = 'active' "
                "GROUP BY s.technician_id"
            )
        )
        if total >= LEAST_MINUTES
    }
    credits_ = [
        (int(account.split(":")[1]), _instant(at), -fen)
        for account, at, fen in session.execute(
            sa.text(
                "SELECT a.account, e.at, a.amount_fen FROM sh_posting a JOIN sh_journal_entry e ON e.id = a.entry_id "
                "WHERE a.account LIKE 't_pending:%' AND a.amount_fen < 0"
            )
        )
    ]
    first = begins - WEEK
    cuts = [first, *(at for _who, at, _fen in credits_ if first < at <= first + LASTS)]
    shown = [_at(cut, credits_, minutes, floor_pct) for cut in cuts]
    return set.intersection(*shown), set.union(*shown)


def _at(
    cut: datetime, credits_: Iterable[tuple[int, datetime, int]], minutes: dict[int, int], floor_pct: int
) -> set[int]:
    earned: dict[int, int] = defaultdict(int)
    for technician, at, fen in credits_:
        if at > cut:
            earned[technician] += fen
    rates = [earned[technician] * 60 / minutes[technician] for technician in minutes]
    return {round(rate) for rate in [*rates, median(rates), median(rates) * floor_pct / 100]} if rates else set()


def example(rates_bp: Iterable[int], terms: set[int]) -> Allowed:
    """The price, who pays the coupon, and the division of the rest at any of the rates; what rules say besides."""
    labour, half = SERVICE + ADD_ON, COUPON // 2
    paid, base = labour + TRAVEL - COUPON, labour - half
    may = {SERVICE, ADD_ON, TRAVEL, COUPON, A_POINT, 0} | terms
    for bp in rates_bp:
        commission = share_bp(base, bp)
        may |= {commission, paid + half - commission, *split(commission, [SERVICE, ADD_ON])}
    return {paid, half}, may


def _instant(stored: Any) -> datetime:
    at = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return at if at.tzinfo else at.replace(tzinfo=UTC)
