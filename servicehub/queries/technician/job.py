"""One job as its technician works it: the next step, what is needed for it, and what happened so far.

Door number, contact and start of a call exist here only while the job allows it; somebody else's job is simply not found.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.access import Actor, Role
from servicehub.domain.commission import Rate
from servicehub.domain.order import CONTACT_OPEN, ORDER, OrderEvent, OrderStatus
from servicehub.domain.payment import CASH, PaymentStatus
from servicehub.domain.proposal import LIVING
from servicehub.models.cancellation import load_terms
from servicehub.models.catalog import Category, ServiceItem
from servicehub.models.order import Order, OrderLog, OrderPhoto, load_checklist
from servicehub.models.payment import Payment
from servicehub.models.proposal import load_add_ons, may_propose
from servicehub.models.technician import Technician
from servicehub.queries import crew, visit
from servicehub.queries.technician import add_ons, money, scope, words
from servicehub.queries.technician.scope import SERVED, Task
from servicehub.queries.technician.workbench import next_step
from servicehub.texts import N_, Locale, formats, pick, say
from servicehub.viewmodels.technician import CheckLine, Chip, Job, LogLine, Photo

CODE_TRIES = 5
_S = OrderStatus
PHASES = {_S.ASSIGNED: 0, _S.ACCEPTED: 0, _S.EN_ROUTE: 1, _S.ARRIVED: 2, _S.IN_SERVICE: 3}
"""Which dot of the steps is now; whatever comes later is the last."""
STEP_WORDS: dict[OrderStatus, tuple[str, str]] = {
    _S.ASSIGNED: (N_("Waiting for your answer"), N_("Accept or decline it on the workbench.")),
    _S.ACCEPTED: (N_("Get ready to leave"), N_("Depart in time; the customer then sees you on the map.")),
    _S.EN_ROUTE: (N_("On the road"), N_("Press the button at the door; your position is checked.")),
    _S.ARRIVED: (N_("Ask for the service code"), N_("The customer shows four digits. They start the service.")),
    _S.IN_SERVICE: (N_("Service under way"), N_("Photos before and after, every line ticked, then finish.")),
    _S.AWAITING_BALANCE: (N_("Waiting for the balance"), N_("The customer was asked to pay. You may leave.")),
    _S.AWAITING_CONFIRM: (
        N_("Waiting for the customer"),
        N_("Without an answer it counts as confirmed after 24 hours."),
    ),
    _S.COMPLETED: (N_("Job done"), N_("The earnings are booked.")),
    _S.CLOSED: (N_("Job done"), N_("The earnings are booked.")),
    _S.DISPUTED: (N_("In after-sales"), N_("Operations look into it. These earnings wait.")),
    _S.CANCELLED: (N_("Job cancelled"), N_("Your time is free again.")),
}
COMPANION_WORDS: dict[OrderStatus, tuple[str, str]] = {
    _S.ARRIVED: (
        N_("Wait for the start"),
        N_("Who leads the visit enters the customer's code; it starts for both of you."),
    ),
    _S.IN_SERVICE: (N_("Service under way"), N_("Who leads the visit takes the photos and finishes it for the crew.")),
}


def job(session: Session, actor: Actor, no: str, *, now: datetime, locale: Locale) -> Job:
    """The job `no`, if it is this technician's; an empty one otherwise."""
    technician, tz = scope.me(session, actor), scope.zone(session, actor)
    row = session.execute(
        sa.select(Order, ServiceItem, col(Category.slug))
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .join(Category, col(Category.id) == col(Order.category_id))
        .where(col(Order.no) == no[:16], col(Order.technician_id) == technician.id)
    ).first()
    if row is None:
        return Job()
    order, item, slug = row
    task, is_open = Task(order, item, slug), order.status in CONTACT_OPEN
    step_title, step_text = _step_words(order)
    allowed = ORDER.events(order.status, Role.TECHNICIAN)
    lines = tuple(
        CheckLine(line["key"], pick(locale, line["zh"], line["en"]), line["key"] in order.checklist_done)
        for line in load_checklist(session, order)
    )
    return Job(
        no=order.no,
        tail=formats.order_tail(order.no),
        status=order.status.value,
        status_label=words.status(locale, order.status),
        step=_step(order),
        **_crew(session, order, locale),
        step_title=say(locale, step_title) if step_title else "",
        step_text=say(locale, step_text) if step_text else "",
        **_timer(order, now),
        title=scope.title(locale, task),
        facts=scope.facts(locale, order, item, visit.works(session, [order], locale=locale)[order.id or 0]),
        when=formats.span(order.start_at, order.end_at, now, tz, locale=locale),
        art=f"cat-{slug}",
        area=order.area,
        address=scope.address(order),
        contact=crypto.decrypt(order.contact_enc, "order.contact") if is_open else "",
        tel=scope.phone(order),
        contact_open=is_open,
        map_url=scope.map_url(order),
        points=json.dumps(
            [{"id": "door", "lat": order.lat, "lng": order.lng, "kind": "home", "label": order.area}],
            ensure_ascii=False,
        ),
        note=crypto.decrypt(order.note_enc, "order.note") if is_open and order.note_enc else "",
        requirements=tuple(Chip(key, words.requirement(locale, key)) for key in order.requirements),
        **_amounts(session, technician, order, locale),
        **_proposals(session, technician, order, tz, now, locale),
        tries_left=max(0, CODE_TRIES - order.start_code_tries),
        may_photo_before=order.lead_id is None and order.status in (_S.ARRIVED, _S.IN_SERVICE),
        may_photo_after=order.lead_id is None and order.status is _S.IN_SERVICE,
        **_photos(session, order),
        checklist=lines,
        checklist_left=sum(not line.done for line in lines),
        may_cancel=OrderEvent.TECHNICIAN_CANCEL in allowed,
        **_no_show(session, order, allowed, now),
        phase=PHASES.get(order.status, 4),
        log=_log(session, order, tz, now, locale),
    )


def _crew(session: Session, order: Order, locale: Locale) -> dict[str, Any]:
    says = partial(words.status, locale)
    found = crew.mates(session, order, locale=locale, says=says, named=CONTACT_OPEN)
    return {"crew": found, "is_companion": order.lead_id is not None}


def _step(order: Order) -> str:
    """The key of what to do now; a companion waits for the lead to start and to finish."""
    waits = order.status in (_S.AWAITING_CONFIRM, _S.AWAITING_BALANCE)
    waits = waits or (order.lead_id is not None and order.status in (_S.ARRIVED, _S.IN_SERVICE))
    return "wait" if waits else next_step(order.status) or ""


def _step_words(order: Order) -> tuple[str, str]:
    table = COMPANION_WORDS if order.lead_id is not None and order.status in COMPANION_WORDS else STEP_WORDS
    return table.get(order.status, ("", ""))


def _amounts(session: Session, technician: Technician, order: Order, locale: Locale) -> dict[str, str]:
    take_home_fen, tax_fen, rate = _pay(session, technician, order)
    return {
        "take_home": formats.yuan(take_home_fen, always_decimals=True),
        "rule": scope.rule(session, technician, rate, locale=locale),
        "tax": formats.yuan(tax_fen, always_decimals=True) if tax_fen else "",
        "cash": _cash(session, order),
    }


def _pay(session: Session, technician: Technician, order: Order) -> tuple[int, int, Rate]:
    """(take-home, tax withheld, rate): as frozen when the job became his, or as it would be frozen now."""
    if "rate_bp" in order.commission:
        return scope.take_home_fen(order), int(order.commission.get("tax_fen", 0)), Rate.frozen(order.commission)
    split = money.estimates(session, technician, [order])[order.id or 0]
    return split.net_fen, split.tax_fen, split.rate


def _proposals(
    session: Session, technician: Technician, order: Order, tz: str, now: datetime, locale: Locale
) -> dict[str, Any]:
    cards = add_ons.cards(session, technician, order, tz, locale=locale, now=now)
    may = may_propose(order) and bool(load_add_ons(session, order))
    return {"proposals": cards, "may_propose": may, "is_asking": any(card.status in LIVING for card in cards)}


def _cash(session: Session, order: Order) -> str:
    """What the customer has said to pay at the door."""
    if order.status is not _S.AWAITING_BALANCE or order.lead_id is not None:
        return ""
    query = select(Payment.amount_fen).where(
        Payment.order_id == order.id, Payment.channel == CASH, Payment.status == PaymentStatus.PENDING
    )
    fen = session.exec(query.order_by(col(Payment.id).desc())).first()
    return formats.yuan(fen, always_decimals=True) if fen else ""


def _timer(order: Order, now: datetime) -> dict[str, int | bool]:
    """What the clock on the page counts: to the start, then the running service."""
    if order.status in (_S.ACCEPTED, _S.EN_ROUTE):
        return {"has_timer": True, "timer_s": int((order.start_at - now).total_seconds())}
    if order.status is _S.IN_SERVICE and order.started_at:
        return {"has_timer": True, "timer_up": True, "timer_s": max(0, int((now - order.started_at).total_seconds()))}
    return {}


def _no_show(session: Session, order: Order, allowed: list[OrderEvent], now: datetime) -> dict[str, int | bool]:
    if OrderEvent.CUSTOMER_NO_SHOW not in allowed or order.arrived_at is None or order.lead_id is not None:
        return {}
    minutes = load_terms(session, order).wait_minutes
    due = max(order.arrived_at, order.start_at) + timedelta(minutes=minutes)
    return {"may_no_show": True, "wait_minutes": minutes, "wait_left_s": max(0, int((due - now).total_seconds()))}


def _photos(session: Session, order: Order) -> dict[str, tuple[Photo, ...]]:
    rows = session.exec(select(OrderPhoto).where(OrderPhoto.order_id == order.id).order_by(col(OrderPhoto.id))).all()
    return {
        kind: tuple(Photo(row.key, f"/api/photos/{row.key}") for row in rows if row.kind == kind)
        for kind in ("before", "after")
    }


def _log(session: Session, order: Order, tz: str, now: datetime, locale: Locale) -> tuple[LogLine, ...]:
    """What happened, newest first, from the moment the job last became this technician's."""
    rows = session.exec(select(OrderLog).where(OrderLog.order_id == order.id).order_by(col(OrderLog.id))).all()
    mine = [n for n, row in enumerate(rows) if row.event in ("dispatch", "reassign", "grab")]
    told = [row for row in rows[mine[-1] if mine else 0 :] if row.event in words.EVENT]
    return tuple(
        LogLine(
            key=str(row.id),
            title=say(locale, words.EVENT[row.event][0]),
            sub=formats.day_time(row.at, now, tz, locale=locale),
            icon=words.EVENT[row.event][1],
            state="now" if row is told[-1] and order.status not in SERVED else "ok",
        )
        for row in reversed(told)
    )
