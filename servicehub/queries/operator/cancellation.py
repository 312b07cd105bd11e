"""The cancellation terms on screen: the city's standard or one category, a draft beside what is in force, and the versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlmodel import Session

from servicehub.domain.access import Actor, Permission
from servicehub.domain.cancellation import CancellationTerms, explain
from servicehub.errors import NotFound
from servicehub.models.commissions import load_category_names
from servicehub.queries.operator.scope import city_of, guard
from servicehub.queries.operator.versions import order_policies, version_rows
from servicehub.texts import N_, Locale, cancellation, money, say
from servicehub.viewmodels.operator_cancellation import CancellationPage, NumberRow, Sentence
from servicehub.viewmodels.operator_policy import ServiceChoice

DECIMAL, WHOLE = r"[0-9]{1,6}(\.[0-9]{1,2})?", "[0-9]{1,5}"


def cancellation_page(
    session: Session,
    actor: Actor,
    scope: str = "",
    draft: Mapping[str, Any] | None = None,
    *,
    now: datetime,
    locale: Locale,
) -> CancellationPage:
    """The terms of `scope`, a category's slug or "" for the standard: in force, or of `draft` with what it changes.

    Raises: NotAllowed without order:read, NotFound for a category that the city does not have, Invalid for a draft that cannot be
    adopted.
    """
    guard(actor, Permission.ORDER_READ)
    rows, shown = order_policies(session, actor, now)
    kept = {row.version: CancellationTerms.of(row.document.get("cancellation", {})) for row in rows}
    terms = kept[shown.version]
    tried = CancellationTerms.checked(draft) if draft else terms
    names = load_category_names(session, actor.city_id, locale)
    if scope and scope not in names:
        raise NotFound(f"category {scope[:32]}")
    standard = say(locale, N_("City standard"))
    old = set(_table(locale, terms, scope))
    join = "；" if locale == "zh" else "; "
    return CancellationPage(
        version=shown.version,
        document=dict(draft) if draft else terms.document(),
        scope=scope,
        scope_name=names.get(scope, standard),
        scopes=tuple(
            ServiceChoice(slug, name, has_own=slug in tried.by_category)
            for slug, name in {"": standard, **names}.items()
        ),
        has_own=scope in tried.by_category,
        numbers=_numbers(locale, terms, tried, scope),
        table=tuple(Sentence(text, text not in old) for text in _table(locale, tried, scope)),
        changes=_changes(locale, terms, tried, names),
        versions=version_rows(
            session,
            rows,
            shown,
            city_of(session, actor).timezone,
            lambda before, after: join.join(_changes(locale, kept[before], kept[after], names)),
        ),
    )


def _table(locale: Locale, terms: CancellationTerms, scope: str) -> list[str]:
    """As customers read it."""
    return money.cancellation_rows(locale, explain(terms.of_category(scope)))


def _numbers(locale: Locale, terms: CancellationTerms, tried: CancellationTerms, scope: str) -> tuple[NumberRow, ...]:
    old, new = asdict(terms.of_category(scope)), asdict(tried.of_category(scope))
    usual, own = asdict(tried.standard), tried.by_category.get(scope, {})
    rows = []
    for name, (_title, kind) in cancellation.NUMBERS.items():
        standard = cancellation.value(locale, name, usual[name])
        is_own = not scope or name in own
        rows.append(
            NumberRow(
                name=name,
                title=cancellation.title(locale, name),
                label=cancellation.label(locale, name),
                value=cancellation.value(locale, name, new[name]),
                usual=standard if name in own else "",
                was=cancellation.value(locale, name, old[name]) if old[name] != new[name] else "",
                typed=cancellation.typed(name, new[name]) if is_own else "",
                hint=cancellation.typed(name, usual[name]) if scope else "",
                pattern=DECIMAL if kind in ("share", "yuan") else WHOLE,
            )
        )
    return tuple(rows)


def _changes(
    locale: Locale, before: CancellationTerms, after: CancellationTerms, names: Mapping[str, str]
) -> tuple[str, ...]:
    """`Fee at short notice: 20% → 30%`, a category's with its name before."""
    follows, colon = say(locale, N_("as the standard")), "：" if locale == "zh" else ": "
    parts = [("", asdict(before.standard), asdict(after.standard))]
    parts += [
        (f"{names.get(slug, slug)} · ", dict(before.by_category.get(slug, {})), dict(after.by_category.get(slug, {})))
        for slug in sorted({*before.by_category, *after.by_category})
    ]
    said = []
    for scope, old, new in parts:
        for name in cancellation.NUMBERS:
            if old.get(name) != new.get(name):
                values = (
                    cancellation.value(locale, name, part[name]) if name in part else follows for part in (old, new)
                )
                said.append(f"{scope}{cancellation.title(locale, name)}{colon}{' → '.join(values)}")
    return tuple(said)
