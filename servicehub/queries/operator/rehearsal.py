"""What a policy did on the city's past days, beside the one in force: figures, differences and how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.models.dispatch import Rehearsal as Row
from servicehub.models.dispatch import ReplanStatus
from servicehub.queries.operator.scope import guard
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.operator_policy import PlayedRow, Rehearsal

FIGURES: tuple[tuple[str, str, int, float], ...] = (
    ("fill_pct", N_("Orders served, %"), 1, 1.0),
    ("cancelled_pct", N_("Given up, %"), 1, -1.0),
    ("wait_min", N_("Wait of immediate orders, min"), 1, -1.0),
    ("travel_min_per_order", N_("Way per order, min"), 1, -1.0),
    ("late_pct", N_("Begun late, %"), 1, -1.0),
    ("utilisation_pct", N_("Shift spent at visits, %"), 1, 1.0),
    ("gini_per_hour", N_("Gini of income per hour"), 3, -1.0),
    ("offers_per_job", N_("Offers per job"), 2, -1.0),
    ("moved", N_("Planned visits moved"), 0, -1.0),
)
"""Figure, wording, digits, and whether more of it is better."""
STATES: dict[ReplanStatus, str] = {
    ReplanStatus.QUEUED: N_("Waiting to start"),
    ReplanStatus.RUNNING: N_("Playing: {done} of {all}"),
    ReplanStatus.STOPPED: N_("Stopped"),
    ReplanStatus.FAILED: N_("That did not work. Please try again."),
}


def rehearsal(session: Session, actor: Actor, *, locale: Locale) -> Rehearsal:
    """The newest one, whatever its state. Raises: NotAllowed without dispatch:read."""
    guard(actor, Permission.DISPATCH_READ)
    row = session.exec(select(Row).where(Row.city_id == actor.city_id).order_by(col(Row.id).desc()).limit(1)).first()
    if row is None:
        return Rehearsal()
    return Rehearsal(
        id=row.id or 0,
        state=row.status.value,
        text=_text(row, locale),
        share=round(100 * row.played / row.plays) if row.plays else 0,
        rows=tuple(_row(row.result, *figure, locale=locale) for figure in FIGURES if _says(row.result, figure[0])),
    )


def _text(row: Row, locale: Locale) -> str:
    if row.status is not ReplanStatus.DONE:
        return say(locale, STATES[row.status], done=row.played, all=row.plays)
    if not row.result.get("policies"):
        return say(locale, N_("There is no past day with enough orders yet."))
    text = N_("{orders} orders of {days} past days, played again")
    return say(locale, text, orders=row.result["orders"], days=len(row.result["days"]))


def _says(result: Mapping[str, Any], key: str) -> bool:
    """Whether the figure is there and not nothing under every policy (a city without immediate orders has no wait for them)."""
    return any(policy[key]["mean"] for policy in result.get("policies", {}).values())


def _row(result: dict[str, Any], key: str, name: str, digits: int, better: float, *, locale: Locale) -> PlayedRow:
    now, tried, nearest = (result["policies"][p][key]["mean"] for p in ("in_force", "tried", "nearest"))
    change = result["against"]["tried"][key]
    mean, half = change["mean"], change["half"]
    sure = abs(mean) > half and abs(mean) > 0.5 * 10**-digits
    sign = f"{mean:+.{digits}f} ± {half:.{digits}f}".replace("-", formats.MINUS)
    return PlayedRow(
        name=say(locale, name),
        now=f"{now:.{digits}f}",
        tried=f"{tried:.{digits}f}",
        nearest=f"{nearest:.{digits}f}",
        change=sign,
        tone=("better" if mean * better > 0 else "worse") if sure else "",
    )
