"""The dispatch policy on screen: weights in words, its versions with what each changed, and the last decisions replayed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.errors import NotFound
from servicehub.matching import DEFAULT_POLICY, DEFAULT_WEIGHTS, OBJECTIVE, TERM_BY_NAME, Acceptance, Policy
from servicehub.matching.reweigh import first_choice
from servicehub.models.account import User
from servicehub.models.catalog import Policy as PolicyRow
from servicehub.models.catalog import ServiceItem
from servicehub.models.dispatch import DispatchDecision
from servicehub.models.order import Order
from servicehub.models.situations import ACCEPTANCE_KIND, DISPATCH_KIND
from servicehub.models.technician import Technician
from servicehub.models.traffic import newest_table
from servicehub.queries.operator import words
from servicehub.queries.operator.scope import city_of, guard
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.operator_policy import (
    ChangedRow,
    Learned,
    PolicyPage,
    Replay,
    ServiceChoice,
    TermRow,
    VersionRow,
)

VERSIONS = 20
REPLAYED = 300
SHOWN = 8
_BY_THE_PLATFORM = ("auto", "planned", "replanned")


def adopted(session: Session, city_id: int) -> Mapping[str, Any]:
    """The document in force; empty for a city that never adopted any."""
    newest = (
        select(PolicyRow.document)
        .where(PolicyRow.city_id == city_id, PolicyRow.kind == DISPATCH_KIND)
        .order_by(col(PolicyRow.version).desc())
        .limit(1)
    )
    return session.exec(newest).first() or {}


def policy_page(
    session: Session, actor: Actor, version: int | None = None, service: str = "", *, locale: Locale
) -> PolicyPage:
    """The policy in force, or the numbers of an earlier version to build on; of one service by its skill.

    Raises: NotAllowed, NotFound.
    """
    guard(actor, Permission.DISPATCH_READ)
    tz = city_of(session, actor).timezone
    rows = session.exec(
        select(PolicyRow)
        .where(PolicyRow.city_id == actor.city_id, PolicyRow.kind == DISPATCH_KIND)
        .order_by(col(PolicyRow.version).desc())
    ).all()
    by_version = {row.version: Policy.of(row.document, row.version) for row in rows} | {0: DEFAULT_POLICY}
    newest = rows[0].version if rows else 0
    if version is not None and version not in by_version:
        raise NotFound(f"version {version}")
    shown = by_version[newest if version is None else version]
    model = _answers(session, actor.city_id)
    ids = {row.document.get("actor_id", 0) for row in rows}
    who = dict(session.execute(sa.select(col(User.id), col(User.display_name)).where(col(User.id).in_(ids))).all())
    versions = [
        VersionRow(
            version=row.version,
            when=formats.stamp(row.effective_at, tz),
            who=who.get(row.document.get("actor_id", 0), ""),
            note=str(row.document.get("note", "")),
            changes=_changes(by_version.get(row.version - 1, DEFAULT_POLICY), by_version[row.version], locale),
            is_now=row.version == newest,
        )
        for row in rows[:VERSIONS]
    ]
    return PolicyPage(
        version=newest,
        terms=_terms(shown, service, locale),
        service=service,
        services=_services(session, actor, shown, locale),
        document=shown.adopted(),
        commit_hours=f"{shown.commit_hours:g}",
        moved_cost_min=f"{shown.moved_cost_s / 60:g}",
        claim_seconds=f"{shown.claim_seconds}",
        fair_floor_pct=f"{shown.fair_floor_pct}",
        repair_minutes=f"{shown.repair_minutes}",
        learned=_learned(model, locale),
        learned_from=say(locale, N_("From {n} answers"), n=f"{model.answers:,}") if model.weights else "",
        roads=_roads(session, actor.city_id, tz, locale),
        versions=tuple(versions),
    )


def _roads(session: Session, city_id: int, tz: str, locale: Locale) -> str:
    """Where the travel times come from."""
    table = newest_table(session, city_id)
    if table is None:
        return say(
            locale, N_("Ways are computed from distance, means of transport and hour. No routing server is set up.")
        )
    factors = table.travel().factors
    low, high = (
        np.percentile(factors[np.any(factors != 1.0, axis=(1, 2))], (5, 95)) if (factors != 1.0).any() else (1, 1)
    )
    return say(
        locale,
        N_(
            "A road network was asked on {day}: between {zones} zones, most ways take {low} to {high} times the formula."
        ),
        day=formats.stamp(table.made_at, tz),
        zones=len(factors[0]),
        low=f"{low:.1f}",
        high=f"{high:.1f}",
    )


def _answers(session: Session, city_id: int) -> Acceptance:
    """What was learned from the city's answers last."""
    newest = (
        select(PolicyRow.document)
        .where(PolicyRow.city_id == city_id, PolicyRow.kind == ACCEPTANCE_KIND)
        .order_by(col(PolicyRow.version).desc())
        .limit(1)
    )
    return Acceptance.of(session.exec(newest).first() or {})


def _terms(policy: Policy, service: str, locale: Locale) -> tuple[TermRow, ...]:
    """Every term with its weight, beside the default, or beside the weight for all services."""
    return tuple(
        TermRow(
            t.name,
            say(locale, t.sentence),
            say(locale, t.meaning),
            f"{policy.weight(t.name, service):g}",
            f"{policy.weight(t.name) if service else DEFAULT_WEIGHTS[t.name]:g}",
        )
        for t in OBJECTIVE
    )


def _services(session: Session, actor: Actor, policy: Policy, locale: Locale) -> tuple[ServiceChoice, ...]:
    """All services together, then each skill that the city sells, marked where it has weights of its own."""
    skills = session.exec(
        select(ServiceItem.skill).where(ServiceItem.city_id == actor.city_id, ServiceItem.skill != "").distinct()
    ).all()
    own = [ServiceChoice(s, words.word(locale, words.SKILL, s), bool(policy.services.get(s))) for s in sorted(skills)]
    return (ServiceChoice("", say(locale, N_("All services")), has_own=False), *own)


_CIRCUMSTANCES: tuple[tuple[str, str, float], ...] = (
    ("way", N_("Every 10 min of way"), 1 / 3),
    ("evening", N_("In the evening and at night"), 1.0),
    ("weekend", N_("On a weekend"), 1.0),
    ("short_notice", N_("Less than 3 hours ahead"), 1.0),
    ("length", N_("Every hour the visit is longer"), 1.0),
)


def _learned(model: Acceptance, locale: Locale) -> tuple[Learned, ...]:
    """What each circumstance does to somebody who accepts four offers of five."""
    if not model.weights:
        return ()
    effects = [(text, 100 * model.effect(feature, amount)) for feature, text, amount in _CIRCUMSTANCES]
    return tuple(
        Learned(say(locale, text), _signed(points), "up" if points > 1 else "down" if points < -1 else "")
        for text, points in effects
    )


def _changes(before: Policy, after: Policy, locale: Locale) -> str:
    """`Way 1 → 1.5 · Fair share 1 → 2`."""
    said = [
        f"{say(locale, TERM_BY_NAME[term].sentence)} {before.weight(term):g} → {after.weight(term):g}"
        for term in DEFAULT_WEIGHTS
        if before.weight(term) != after.weight(term)
    ]
    for service in sorted(before.services.keys() | after.services.keys()):
        name = words.word(locale, words.SKILL, service)
        said += [
            f"{name}: {say(locale, TERM_BY_NAME[term].sentence)} {before.weight(term, service):g} → {after.weight(term, service):g}"
            for term in DEFAULT_WEIGHTS
            if before.services.get(service, {}).get(term) != after.services.get(service, {}).get(term)
        ]
    if before.commit_hours != after.commit_hours:
        said.append(f"{say(locale, N_('Firm before the visit'))} {before.commit_hours:g} → {after.commit_hours:g}")
    if before.moved_cost_s != after.moved_cost_s:
        said.append(
            f"{say(locale, N_('Gain before moving'))} {before.moved_cost_s / 60:g} → {after.moved_cost_s / 60:g}"
        )
    if before.claim_seconds != after.claim_seconds:
        said.append(f"{say(locale, N_('Claims collected for'))} {before.claim_seconds} → {after.claim_seconds}")
    if before.fair_floor_pct != after.fair_floor_pct:
        said.append(f"{say(locale, N_('Fairness floor'))} {before.fair_floor_pct} → {after.fair_floor_pct}")
    if before.repair_minutes != after.repair_minutes:
        said.append(f"{say(locale, N_('Handed over when late'))} {before.repair_minutes} → {after.repair_minutes}")
    return " · ".join(said)


def replay(session: Session, actor: Actor, wanted: Mapping[str, Any], *, locale: Locale) -> Replay:
    """The newest decisions of the platform with other weights: how many would differ, and how the ways change.

    Raises: NotAllowed, Invalid for weights that could not be adopted.
    """
    guard(actor, Permission.DISPATCH_READ)
    new = Policy.checked(wanted)
    found = session.execute(
        sa.select(DispatchDecision, col(Order.no), col(ServiceItem.skill))
        .join(Order, col(Order.id) == col(DispatchDecision.order_id))
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .where(
            col(Order.city_id) == actor.city_id,
            col(DispatchDecision.how).in_(_BY_THE_PLATFORM),
            col(DispatchDecision.technician_id).is_not(None),
        )
        .order_by(col(DispatchDecision.id).desc())
        .limit(REPLAYED)
    ).all()
    changed: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    for row, no, service in found:
        old = Policy.of(row.policy)
        before, after = (first_choice(row.candidates, old, policy) for policy in (old, new.for_service(service)))
        if before != after and before is not None and after is not None:
            by_id = {c["technician_id"]: c for c in row.candidates}
            changed.append((no, by_id[before], by_id[after]))
    extra = sum(after["travel_minutes"] - before["travel_minutes"] for _no, before, after in changed)
    ids = {c["technician_id"] for _no, before, after in changed[:SHOWN] for c in (before, after)}
    names = dict(
        session.execute(sa.select(col(Technician.id), col(Technician.name)).where(col(Technician.id).in_(ids))).all()
    )
    text = N_("Of the last {n} decisions, {changed} would have been others")
    return Replay(
        summary=say(locale, text, n=len(found), changed=len(changed)),
        way=say(locale, N_("Way per order: {minutes} min"), minutes=_signed(extra / len(found))) if changed else "",
        rows=tuple(
            ChangedRow(
                no,
                names.get(before["technician_id"], "—"),
                names.get(after["technician_id"], "—"),
                say(
                    locale, N_("{minutes} min"), minutes=_signed(after["travel_minutes"] - before["travel_minutes"], 0)
                ),
            )
            for no, before, after in changed[:SHOWN]
        ),
    )


def _signed(number: float, digits: int = 1) -> str:
    return f"{number:+.{digits}f}".replace("-", formats.MINUS)
