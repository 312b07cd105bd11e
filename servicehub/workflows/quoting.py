"""From a draft to a quote, and from an earlier order to a draft: one reading transaction that asks services and queries both.

Stores nothing. What an order costs is `services.orders.quote`; how it reads is `queries.customer`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from servicehub.adapters.guarantee import offered
from servicehub.domain.access import Actor
from servicehub.domain.order import PaymentPlan
from servicehub.domain.pricing import Line, Quote
from servicehub.errors import Invalid, NotFound, ServiceHubError
from servicehub.models.catalog import AddOn, ServiceItem
from servicehub.models.order import OrderLine
from servicehub.models.situations import load_policy
from servicehub.models.technician import Technician
from servicehub.queries.customer import catalog, coupons, slots, words
from servicehub.queries.customer.cancelling import preview
from servicehub.queries.customer.estimate import chosen
from servicehub.queries.customer.order import line
from servicehub.queries.customer.orders import own
from servicehub.queries.customer.places import city_of
from servicehub.queries.visit import WORK, title
from servicehub.services import orders
from servicehub.services.orders import BookingQuote, BookingRequest
from servicehub.texts import N_, Locale, formats, pick, say
from servicehub.viewmodels.customer.booking import CouponChoice, PriceLine, Summary
from servicehub.viewmodels.customer.draft import Draft
from servicehub.viewmodels.customer.orders import CancelPreview


@dataclass(frozen=True, slots=True)
class Quoted:
    """What the booking page shows. `refused` says why there is no quote yet; the lines are then those of the service alone."""

    summary: Summary
    coupons: tuple[CouponChoice, ...]
    technician: str
    art: str
    refused: ServiceHubError | None
    may_flex: bool
    """Whether the visit may be left to begin later: it is far ahead, for anybody, and of one person."""
    secured: tuple[str, ...] = ()
    """What the payment after the service may be secured with."""


def request_of(draft: Draft, address_id: int, note: str, price_hash: str) -> BookingRequest:
    """The command that the draft stands for. Raises: Invalid without an address or a time."""
    if not address_id or not draft.start:
        raise Invalid("the booking is not complete", field="address" if not address_id else "start")
    return BookingRequest(
        service_slug=draft.service,
        quantity=draft.quantity,
        add_ons=draft.add_ons,
        further=draft.further,
        flexible_minutes=draft.flexible if draft.flexible in orders.FLEXIBLE else 0,
        address_id=address_id,
        start_at=draft.start_at(),
        technician_id=draft.technician or None,
        gender=draft.gender or None,
        requirements=draft.requirements,
        note=note,
        coupon=int(draft.coupon) if draft.coupon.isdigit() else draft.coupon,
        price_hash=price_hash or None,
        mode="dispatch",
        guarantee=draft.guarantee if draft.guarantee in offered() else "",
    )


def quoted(session: Session, actor: Actor, draft: Draft, address_id: int, *, locale: Locale, now: datetime) -> Quoted:
    """The draft priced: by the order's own quote where address and time are known, else the service alone."""
    item, category = catalog.find(session, actor, draft.service)
    person = session.get(Technician, draft.technician) if draft.technician else None
    found: BookingQuote | None = None
    refused: ServiceHubError | None = None
    if actor.user_id and address_id and draft.start:
        try:
            found = orders.quote(session, actor, request_of(draft, address_id, "", ""), now=now)
        except ServiceHubError as error:
            refused = error
    wish = chosen(session, item, draft.quantity, draft.add_ons, draft.further, now=now)
    base = wish.quote
    picked = (found.coupon_grant_id or 0) if found else 0
    zone = city_of(session, actor).timezone
    facts = (item, words.service_art(category.slug, item.slug), len(wish.further))
    return Quoted(
        summary=_summary(found, base, draft, facts, zone, locale, now),
        coupons=coupons.choices(session, actor, base.labour, picked, locale=locale, now=now),
        technician=person.name if person else "",
        art=words.portrait(person) if person else "",
        refused=refused,
        may_flex=_may_flex(session, actor, item, draft, now),
        secured=offered() if item.payment_plan is PaymentPlan.AFTER else (),
    )


def _may_flex(session: Session, actor: Actor, item: ServiceItem, draft: Draft, now: datetime) -> bool:
    start = draft.start_at()
    if start is None or draft.technician or item.crew_size > 1:
        return False
    return start - now > timedelta(hours=load_policy(session, actor.city_id or item.city_id, now).commit_hours)


def rebooked(session: Session, actor: Actor, no: str, *, now: datetime) -> Draft:
    """The same again: service, quantity, add-ons, technician, wishes. Raises: NotFound for another's order."""
    order = own(session, actor, no)
    item = session.get_one(ServiceItem, order.service_item_id)
    if not item.published:
        raise NotFound(item.slug)
    lines = session.exec(select(OrderLine).where(OrderLine.order_id == order.id, col(OrderLine.kind).in_(WORK))).all()
    most = {row.slug: row.max_quantity for row in session.exec(select(AddOn).where(AddOn.service_item_id == item.id))}
    extras: Counter[str] = Counter()  # one may have been sold twice: with the order, and during the visit
    for row in lines:
        extras[row.ref] += row.quantity if row.kind == "add_on" and row.ref in most else 0
    also = set(session.exec(select(ServiceItem.slug).where(col(ServiceItem.id).in_(order.further_ids))).all())
    start = slots.rebook_start(session, actor, order, now=now)
    return Draft(
        service=item.slug,
        quantity=order.quantity,
        add_ons=tuple((slug, min(count, most[slug])) for slug, count in extras.items() if count),
        further=tuple((row.ref, row.quantity) for row in lines if row.kind == "service" and row.ref in also),
        start=start.isoformat() if start else "",
        technician=(order.requested_technician_id if order.paid_at is None else order.technician_id) or 0,
        gender=order.gender.value if order.gender else "",
        requirements=tuple(order.requirements),
    )


def _summary(
    found: BookingQuote | None,
    base: Quote,
    draft: Draft,
    facts: tuple[ServiceItem, str, int],
    zone: str,
    locale: Locale,
    now: datetime,
) -> Summary:
    item, art, more = facts
    quote = found or base
    minutes = quote.duration_minutes
    unit = words.unit(locale, item)
    start, end = (found.start_at, found.end_at) if found else _asked(draft, minutes)
    off = -sum(row.amount_fen for row in quote.lines if row.amount_fen < 0)
    rest = quote.total_fen - quote.first_due_fen
    length = formats.duration(minutes, locale=locale)
    visit = words.visit(locale, minutes, item.crew_size)
    return Summary(
        service=item.slug,
        title=title(locale, item, more),
        art=art,
        facts=f"{words.amount(locale, max(draft.quantity, item.min_quantity), unit)} · {visit}"
        if unit and not more
        else visit,
        lines=tuple(_line(locale, row) for row in quote.lines),
        total=formats.amount(quote.total_fen),
        due=formats.amount(quote.first_due_fen),
        due_note=_due_note(locale, quote.first_due_fen, rest),
        saved=say(locale, N_("Saved {amount}"), amount=formats.yuan(off)) if off else "",
        when=_when(locale, draft, start, now, zone),
        ends=say(locale, N_("About {length}, until {time}"), length=length, time=formats.clock_time(end, zone))
        if end
        else length,
        price_hash=found.price_hash if found else "",
    )


def _asked(draft: Draft, minutes: int) -> tuple[datetime | None, datetime | None]:
    start = draft.start_at()
    return start, start + timedelta(minutes=minutes) if start else None


def _when(locale: Locale, draft: Draft, start: datetime | None, now: datetime, zone: str) -> str:
    if draft.start == "now":
        soon = say(locale, N_("As soon as possible"))
        return f"{soon} · {formats.day_time(start, now, zone, locale=locale)}" if start else soon
    return formats.day_time(start, now, zone, locale=locale) if start else ""


def _line(locale: Locale, row: Line) -> PriceLine:
    return line(pick(locale, row.name_zh, row.name_en), row.quantity, row.unit_fen, row.amount_fen)


def _due_note(locale: Locale, first: int, rest: int) -> str:
    if not rest:
        return ""
    if not first:
        return say(locale, N_("Nothing to pay now, {amount} after the service"), amount=formats.yuan(rest))
    return say(
        locale,
        N_("Deposit {first} now, balance {rest} after the service"),
        first=formats.yuan(first),
        rest=formats.yuan(rest),
    )


def cancel_terms(session: Session, actor: Actor, no: str, *, locale: Locale, now: datetime) -> CancelPreview:
    """What cancelling costs now, in words."""
    return preview(session, actor, no, orders.cancel_preview(session, actor, no, now=now), locale=locale, now=now)
