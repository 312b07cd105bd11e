"""A stored dispatch decision in sentences: the runner-up, what the batch gave up, and what would have changed the choice."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlmodel import Session, col, select

from servicehub.matching import RULE_BY_NAME, TERM_BY_NAME
from servicehub.matching.counterfactual import Tip, tips
from servicehub.models.dispatch import DispatchDecision
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.operator import FunnelChip

NEARBY_M = 50
"""A difference of ways below this is none."""


def reasons(
    row: DispatchDecision, people: Mapping[int, Technician], elsewhere: Mapping[int, str], *, locale: Locale
) -> tuple[str, ...]:
    """Why this one and not another, most important first. `elsewhere`: who got which order in the same batch."""
    possible = [c for c in row.candidates if not c.get("failed")]
    chosen = next((c for c in possible if c["technician_id"] == row.technician_id), None)
    if chosen is None:
        return ()

    def name(technician_id: int) -> str:
        return people[technician_id].name if technician_id in people else f"#{technician_id}"

    said: list[str] = []
    better = [c for c in possible if c["score"] > chosen["score"]]
    for c in better[:2]:
        lead, no = c["score"] - chosen["score"], elsewhere.get(c["technician_id"])
        text = N_("{name} would be {n} s better alone, but order {no} of the same batch needed {name} more")
        if no:
            said.append(say(locale, text, name=name(c["technician_id"]), n=lead, no=no))
        else:
            said.append(say(locale, N_("{name} would be {n} s better"), name=name(c["technician_id"]), n=lead))
    behind = next((c for c in possible if c["score"] <= chosen["score"] and c is not chosen), None)
    if behind is not None:
        lead = chosen["score"] - behind["score"]
        said.append(say(locale, N_("Runner-up: {name}, {n} s behind"), name=name(behind["technician_id"]), n=lead))
    said += [_tip(tip, name(tip.technician_id), locale) for tip in tips(row.candidates, row.technician_id or 0)]
    return tuple(said)


def _tip(tip: Tip, name: str, locale: Locale) -> str:
    term = say(locale, TERM_BY_NAME[tip.term].sentence) if tip.term in TERM_BY_NAME else tip.term
    percent = round(tip.factor * 100)
    if abs(tip.further_m) < NEARBY_M:
        return say(locale, N_("With {term} at {percent}% it would be {name}"), term=term, percent=percent, name=name)
    text = N_("With {term} at {percent}% it would be {name}, {way} further away")
    if tip.further_m < 0:
        text = N_("With {term} at {percent}% it would be {name}, {way} nearer")
    way = formats.distance(abs(tip.further_m))
    return say(locale, text, term=term, percent=percent, name=name, way=way)


def funnel(row: DispatchDecision, *, locale: Locale) -> tuple[FunnelChip, ...]:
    """How many each rule excluded, in the rules' order."""
    return tuple(
        FunnelChip(say(locale, RULE_BY_NAME[rule].short) if rule in RULE_BY_NAME else rule, str(count))
        for rule, count in row.funnel.items()
    )


def batch_mates(session: Session, rows: Collection[DispatchDecision]) -> dict[int, dict[int, str]]:
    """Decision -> who got which order in the same batch: technician -> number; one statement."""
    if not rows:
        return {}
    found = session.execute(
        select(DispatchDecision.at, DispatchDecision.technician_id, Order.no)
        .join(Order, col(Order.id) == col(DispatchDecision.order_id))
        .where(col(DispatchDecision.at).in_({row.at for row in rows}), col(DispatchDecision.technician_id).is_not(None))
    ).all()
    mates: dict[int, dict[int, str]] = {}
    for row in rows:
        mates[row.id or 0] = {technician_id: no for at, technician_id, no in found if at == row.at}
    return mates
