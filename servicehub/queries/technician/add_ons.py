"""What a technician may propose during the visit, what it brings him, and whom it would make late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, select

from servicehub.domain.access import Actor
from servicehub.domain.delay import NOTABLE_MINUTES, Forecast, forecast
from servicehub.domain.pricing import AddOnTerms
from servicehub.domain.proposal import extras, left
from servicehub.domain.timewindow import local_time, minute_of
from servicehub.errors import NotFound
from servicehub.models.delay import load_watched, place_of, stop_of
from servicehub.models.order import Order
from servicehub.models.proposal import extras_of, load_add_ons, load_had, load_proposals, may_propose
from servicehub.models.technician import Technician
from servicehub.models.traffic import load_slowness, load_travel
from servicehub.queries import proposals
from servicehub.queries.technician import money, scope
from servicehub.texts import N_, Locale, formats, pick, say
from servicehub.viewmodels.proposal import ExtraChoice, ProposalCard, ProposalDraft


def draft(
    session: Session, actor: Actor, no: str, picked: Mapping[str, int], *, now: datetime, locale: Locale
) -> ProposalDraft:
    """What may be proposed with what is picked of it, and what that means. Raises: NotFound outside his own running visit."""
    technician, tz = scope.me(session, actor), scope.zone(session, actor)
    order = session.exec(select(Order).where(Order.no == no[:16], Order.technician_id == technician.id)).first()
    if order is None or not may_propose(order):
        raise NotFound(f"visit {no[:16]}")
    terms, had = load_add_ons(session, order), load_had(session, order)
    counts = {slug: min(max(picked.get(slug, 0), 0), left(row, had)) for slug, row in terms.items()}
    choices = tuple(_choice(row, counts[row.slug], left(row, had), locale) for row in terms.values())
    wanted = [(terms[slug], count) for slug, count in counts.items() if count]
    if not wanted:
        return ProposalDraft(choices)
    more = extras(wanted, had)
    minutes = sum(extra.minutes for extra in more)
    return ProposalDraft(
        choices=choices,
        amount=formats.yuan(sum(extra.amount_fen for extra in more)),
        net=formats.yuan(money.gain(session, technician, order, more), always_decimals=True),
        longer=proposals.longer(order, minutes, tz, locale=locale),
        warning=_warning(session, technician, order, minutes, tz, locale=locale, now=now),
    )


def cards(
    session: Session, technician: Technician, order: Order, tz: str, *, locale: Locale, now: datetime
) -> tuple[ProposalCard, ...]:
    """What was proposed in the visit, newest first, with what it brings this one of the crew while it is open."""
    return tuple(
        proposals.card(
            order,
            row,
            tz,
            net=formats.yuan(money.gain(session, technician, order, extras_of(row)), always_decimals=True)
            if row.ended_at is None
            else "",
            locale=locale,
            now=now,
        )
        for row in reversed(load_proposals(session, order))
    )


def _choice(row: AddOnTerms, count: int, most: int, locale: Locale) -> ExtraChoice:
    return ExtraChoice(
        slug=row.slug,
        title=pick(locale, row.name_zh, row.name_en),
        price=formats.yuan(row.price_fen),
        minutes=f"+{formats.duration(row.minutes, locale=locale)}" if row.minutes else "",
        most=most,
        count=count,
    )


def _warning(
    session: Session, technician: Technician, order: Order, minutes: int, tz: str, *, locale: Locale, now: datetime
) -> str:
    """Which of his next visits would begin late if this one took so much longer."""
    watched = load_watched(session, now, technician_id=technician.id)
    visits = [order, *(row for row in watched if row.id != order.id)]
    before = {f.order_id: f.late for f in _played(session, technician, visits, order, 0, tz, now)}
    for found in _played(session, technician, visits, order, minutes, tz, now):
        if found.late >= NOTABLE_MINUTES and found.late > before[found.order_id]:
            late = next(row for row in visits if row.id == found.order_id)
            time = formats.clock_time(late.start_at, tz)
            text = N_("Your visit at {time} would then begin about {minutes} min late. Its customer is told in time.")
            return say(locale, text, time=time, minutes=found.late)
    return ""


def _played(
    session: Session,
    technician: Technician,
    visits: Sequence[Order],
    order: Order,
    longer: int,
    tz: str,
    now: datetime,
) -> list[Forecast]:
    return forecast(
        [stop_of(row, longer=longer if row.id == order.id else 0) for row in visits],
        now=minute_of(now),
        here=place_of(technician, now),
        transport=technician.transport,
        clock=local_time(tz),
        travel=load_travel(session, technician.city_id).slowed(load_slowness(session, technician.city_id, now)),
    )
