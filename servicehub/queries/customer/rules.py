"""The rules in force as documents for the customer, made from the same policy data that prices, cancels and charges."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.domain.cancellation import CancellationTerms, explain
from servicehub.domain.policy import ORDER_KIND, OrderPolicy
from servicehub.domain.pricing import FeePolicy
from servicehub.errors import NotFound
from servicehub.models.catalog import Policy
from servicehub.models.commissions import load_category_names
from servicehub.queries.customer import catalog
from servicehub.queries.customer.places import city_of
from servicehub.settings import get_settings
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.customer.account import LegalDoc, Rule

DOCUMENTS: dict[str, str] = {
    "service": N_("Service rules"),
    "fees": N_("Prices and fees"),
    "cancellation": N_("Cancelling and moving"),
    "privacy": N_("Privacy"),
}
SERVICE: tuple[tuple[str, str], ...] = (
    (N_("Fixed price"), N_("You see every line of the price before you pay. Nobody may ask for more at your door.")),
    (N_("The time is held"), N_("An unpaid order holds its time for {hold} minutes and is then closed.")),
    (
        N_("Service code"),
        N_("The visit starts with the four digits on your order page. Tell them only at your door."),
    ),
    (
        N_("Confirmation"),
        N_("Afterwards you confirm the service; without an answer it counts as confirmed after 24 hours."),
    ),
    (
        N_("Warranty"),
        N_("Each service names its warranty. Until then you can open an after-sales case on the order page."),
    ),
)
PRIVACY: tuple[tuple[str, str], ...] = (
    (N_("What is kept"), N_("Your phone number, names and door numbers are stored encrypted.")),
    (
        N_("Who sees it"),
        N_(
            "The technician sees the door number only from acceptance until the visit is over; operations see masked data."
        ),
    ),
    (
        N_("Positions"),
        N_("You see the technician's position between departure and arrival. It is deleted after 30 days."),
    ),
    (
        N_("In this browser"),
        N_("Your booking draft, search words and chosen area stay in this browser, without names or addresses."),
    ),
)


def legal(session: Session, actor: Actor, name: str, *, locale: Locale, now: datetime) -> LegalDoc:
    """A document by its name in the address. Raises: NotFound."""
    if name not in DOCUMENTS:
        raise NotFound(f"document {name[:20]}")
    row = in_force(session, actor, now)
    policy = OrderPolicy.of(row.document, row.version)
    day = formats.full_day(row.effective_at.date(), locale=locale)
    version = say(locale, N_("Version {n}, in force since {day}"), n=row.version, day=day)
    if name == "cancellation":
        return LegalDoc(
            say(locale, DOCUMENTS[name]), version, _cancellation(session, row.city_id, locale, policy.cancellation)
        )
    return LegalDoc(say(locale, DOCUMENTS[name]), version, _rules(locale, name, policy))


def in_force(session: Session, actor: Actor, now: datetime) -> Policy:
    """The city's newest order policy. Raises: NotFound."""
    row = session.exec(
        select(Policy)
        .where(Policy.city_id == city_of(session, actor).id, Policy.kind == ORDER_KIND, col(Policy.effective_at) <= now)
        .order_by(col(Policy.version).desc())
    ).first()
    if row is None:
        raise NotFound("no policy is in force")
    return row


def cancellation_rules(
    session: Session, actor: Actor, service: str, *, locale: Locale, now: datetime
) -> tuple[str, ...]:
    """The cancellation table of a service's category in sentences, for the page before an order is placed. Raises: NotFound."""
    terms = CancellationTerms.of(in_force(session, actor, now).document.get("cancellation", {}))
    _item, category = catalog.find(session, actor, service)
    return tuple(money.cancellation_rows(locale, explain(terms.of_category(category.slug))))


def _cancellation(session: Session, city_id: int, locale: Locale, terms: CancellationTerms) -> tuple[Rule, ...]:
    """The standard table, then of each category that has its own the sentences that differ."""
    usual = money.cancellation_rows(locale, explain(terms.standard))
    rows = [Rule("", text) for text in usual]
    for slug, name in load_category_names(session, city_id, locale).items():
        own = money.cancellation_rows(locale, explain(terms.of_category(slug)))
        different = [text for text in own if text not in usual]
        if terms.standard.free_per_month and not terms.of_category(slug).free_per_month:
            different.append(say(locale, N_("No cancellation at short notice is free")))
        rows += [Rule(name, text) for text in different]
    return tuple(rows)


def _rules(locale: Locale, name: str, policy: OrderPolicy) -> tuple[Rule, ...]:
    match name:
        case "fees":
            return _fees(locale, policy.fees)
        case "privacy":
            return tuple(Rule(say(locale, title), say(locale, text)) for title, text in PRIVACY)
        case _:
            hold = get_settings().hold_minutes
            return tuple(Rule(say(locale, title), say(locale, text, hold=hold)) for title, text in SERVICE)


def _fees(locale: Locale, fees: FeePolicy) -> tuple[Rule, ...]:
    travel = say(
        locale,
        N_("{each} for each kilometre beyond {free}"),
        each=formats.yuan(fees.travel_per_km_fen),
        free=formats.distance(fees.travel_free_m),
    )
    share = formats.percent(fees.holiday_bp, digits=0)
    holiday = say(
        locale, N_("{share} of the service, at most {cap}"), share=share, cap=formats.yuan(fees.holiday_cap_fen)
    )
    rows = (
        ("travel", travel),
        ("night", formats.yuan(fees.night_fen)),
        ("holiday", holiday),
        ("rush", formats.yuan(fees.rush_fen)),
    )
    return tuple(Rule(money.of(locale, money.LINE_NAMES, kind), text) for kind, text in rows)
