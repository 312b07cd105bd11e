"""The commission rules on screen: those in force with a draft beside them, in words, and every version with what it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.domain.commission import ADD_ON, RATES, SURCHARGE, CommissionPolicy, Rule
from servicehub.domain.policy import ORDER_KIND
from servicehub.errors import NotFound
from servicehub.models.account import User
from servicehub.models.base import among
from servicehub.models.catalog import Policy
from servicehub.models.commissions import load_category_names
from servicehub.models.technician import Technician
from servicehub.queries.operator.scope import city_of, guard
from servicehub.texts import N_, Locale, commission, formats, say
from servicehub.viewmodels.operator_commission import CommissionPage, LevelRow, Named, RuleForm, RuleRow
from servicehub.viewmodels.operator_policy import VersionRow

VERSIONS = 20
TIERS: dict[tuple[bool, bool, bool, bool], str] = {
    (False, False, True, True): N_("Category and level"),
    (False, False, True, False): N_("Category"),
    (False, False, False, True): N_("Level"),
}
MARKS: dict[str, str] = {"new": N_("Added"), "changed": N_("Changed"), "removed": N_("Removed")}


def commission_page(
    session: Session, actor: Actor, draft: Mapping[str, Any] | None = None, *, now: datetime, locale: Locale
) -> CommissionPage:
    """The rules in force, or `draft` with what it changes.

    Raises: NotAllowed without ledger:read, NotFound for a city without an order policy, Invalid for a draft that cannot be adopted.
    """
    guard(actor, Permission.LEDGER_READ)
    tz = city_of(session, actor).timezone
    rows = _rows(session, actor)
    if not rows:
        raise NotFound("order policy")
    kept = {row.version: CommissionPolicy.of(row.document.get("commission", {})) for row in rows}
    shown = next(row for row in rows if row.effective_at <= now)
    policy = kept[shown.version]
    tried = CommissionPolicy.checked(draft) if draft else policy
    words = Words(session, actor, [*kept.values(), tried], locale)
    ids = {row.document.get("actor_id", 0) for row in rows}
    who = dict(session.execute(sa.select(col(User.id), col(User.display_name)).where(col(User.id).in_(ids))).all())
    versions = [
        VersionRow(
            version=row.version,
            when=formats.stamp(row.effective_at, tz),
            who=who.get(row.document.get("actor_id", 0), ""),
            note=str(row.document.get("note", "")),
            changes=("；" if locale == "zh" else "; ").join(words.changes(kept[row.version - 1], kept[row.version]))
            if row.version - 1 in kept
            else "",
            is_now=row.version == shown.version,
        )
        for row in rows[:VERSIONS]
    ]
    numbers = [int(r.id[1:]) for one in (*kept.values(), tried) for r in one.rules if r.id[1:].isdecimal()]
    return CommissionPage(
        version=shown.version,
        document=tried.document(),
        in_force=policy.document(),
        rules=words.rules(policy, tried),
        levels=words.levels(policy, tried),
        tax=words.tax(tried),
        tax_was=words.tax(policy) if tried.tax != policy.tax else "",
        tax_percent=percent(tried.tax.bp),
        tax_from=formats.plain(tried.tax.from_fen),
        changes=words.changes(policy, tried),
        today=now.astimezone(ZoneInfo(tz)).date().isoformat(),
        next_id=f"r{max(numbers, default=0) + 1}",
        categories=tuple(Named(slug, name) for slug, name in words.categories.items()),
        versions=tuple(versions),
    )


def rule_form(document: Mapping[str, Any]) -> RuleForm:
    """A rule of a draft as its form shows it."""
    rule = Rule.of(document)
    bounds = rule.bounds
    groups = {group: percent(bp) for group, bp in rule.by_group.items()}
    return RuleForm(
        rule.id, rule.name, rule.category, rule.level, str(rule.technician_id or ""),
        rule.from_on.isoformat() if rule.from_on else "", rule.until_on.isoformat() if rule.until_on else "",
        percent(rule.bp), add_on=groups.get(ADD_ON, ""), surcharge=groups.get(SURCHARGE, ""),
        fixed=formats.plain(bounds.fixed_fen) if bounds.fixed_fen else "",
        least=formats.plain(bounds.least_fen) if bounds.least_fen else "",
        most="" if bounds.most_fen is None else formats.plain(bounds.most_fen),
    )  # fmt: skip


def technician_named(session: Session, actor: Actor, text: str) -> int:
    """The id of the city's technician with this number or name; 0 for nobody, or for a name of several people."""
    guard(actor, Permission.LEDGER_READ)
    typed = text.strip()[:40]
    is_one = Technician.id == int(typed) if typed.isdecimal() and len(typed) < 10 else Technician.name == typed
    found = session.exec(select(Technician.id).where(Technician.city_id == actor.city_id, is_one).limit(2)).all()
    return found[0] or 0 if len(found) == 1 else 0


def percent(bp: int) -> str:
    """What stands in a field: `22.5`."""
    return f"{bp / 100:g}"


class Words:
    """Rules in the words of one page; names of people and categories are read once."""

    def __init__(self, session: Session, actor: Actor, policies: Sequence[CommissionPolicy], locale: Locale) -> None:
        self.locale = locale
        self.categories = load_category_names(session, actor.city_id, locale)
        ids = {rule.technician_id for policy in policies for rule in policy.rules if rule.technician_id}
        people = sa.select(col(Technician.id), col(Technician.name)).where(among(col(Technician.id), ids))
        self.people: dict[int, str] = dict(session.execute(people).all()) if ids else {}

    def conditions(self, rule: Rule) -> str:
        """`Double 11 · Li Ming · Gold · Appliance cleaning`."""
        mine = self.people.get(rule.technician_id, f"#{rule.technician_id}")
        return commission.conditions(self.locale, rule.document(), self.categories, mine=mine)

    def rate(self, rule: Rule) -> str:
        return " · ".join([commission.share(rule.bp), *commission.more(self.locale, rule)])

    def tier(self, rule: Rule) -> str:
        if rule.is_promotion:
            return say(self.locale, N_("Promotion"))
        return say(self.locale, N_("Technician") if rule.technician_id else TIERS.get(rule.rank, ""))

    def tax(self, policy: CommissionPolicy) -> str:
        return commission.tax(self.locale, policy.tax) if policy.tax.bp else say(self.locale, N_("No tax withheld"))

    def rules(self, before: CommissionPolicy, after: CommissionPolicy) -> tuple[RuleRow, ...]:
        """The rules of both in the order of precedence, with what changes."""
        old, new = ({rule.id: rule for rule in policy.rules} for policy in (before, after))
        listed = sorted(
            {**old, **new}.values(), key=lambda r: (*(not part for part in r.rank), r.category, r.level, r.id)
        )
        return tuple(
            RuleRow(
                rule.id,
                self.tier(rule),
                self.conditions(rule),
                self.rate(rule),
                mark := _mark(old.get(rule.id), new.get(rule.id)),
                say(self.locale, MARKS[mark]) if mark else "",
            )
            for rule in listed
        )

    def levels(self, before: CommissionPolicy, after: CommissionPolicy) -> tuple[LevelRow, ...]:
        """The standard rates."""
        return tuple(
            LevelRow(
                level,
                say(self.locale, commission.LEVELS[level]),
                percent(after.rates[level]),
                commission.share(after.rates[level]),
                commission.share(before.rates[level]) if before.rates[level] != after.rates[level] else "",
            )
            for level in RATES
        )

    def changes(self, before: CommissionPolicy, after: CommissionPolicy) -> tuple[str, ...]:
        """What is new, what goes, what is different."""
        old, new = ({rule.id: rule for rule in policy.rules} for policy in (before, after))
        said = [f"+ {self.conditions(rule)} {self.rate(rule)}" for id_, rule in new.items() if id_ not in old]
        said += [
            f"{formats.MINUS} {self.conditions(rule)} {self.rate(rule)}" for id_, rule in old.items() if id_ not in new
        ]
        said += [
            f"{self.conditions(old[id_])} {self.rate(old[id_])} → {self.conditions(rule)} {self.rate(rule)}"
            if self.conditions(old[id_]) != self.conditions(rule)
            else f"{self.conditions(rule)} {self.rate(old[id_])} → {self.rate(rule)}"
            for id_, rule in new.items()
            if id_ in old and old[id_] != rule
        ]
        said += [f"{row.text} {row.was} → {row.rate}" for row in self.levels(before, after) if row.was]
        if before.tax != after.tax:
            said.append(f"{self.tax(before)} → {self.tax(after)}")
        return tuple(said)


def _mark(old: Rule | None, new: Rule | None) -> str:
    if new is None:
        return "removed"
    return "new" if old is None else "changed" if old != new else ""


def _rows(session: Session, actor: Actor) -> Sequence[Policy]:
    """The city's order policies, newest first."""
    mine = select(Policy).where(Policy.city_id == actor.city_id, Policy.kind == ORDER_KIND)
    return session.exec(mine.order_by(col(Policy.version).desc())).all()
