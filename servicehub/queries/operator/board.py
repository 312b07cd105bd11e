"""The dispatch board: orders that wait, today's lanes of technicians, and where everybody is. Five statements.

Who has not reported a position yet stands at home, as the matching assumes.

A selected order's ranked candidates come from `queries.candidates`.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.domain.order import HOLDING, OrderStatus
from servicehub.domain.technician import TechnicianStatus
from servicehub.models.catalog import District, ServiceItem
from servicehub.models.delay import Delay
from servicehub.models.order import Order, planned_ahead
from servicehub.models.technician import Technician
from servicehub.models.traffic import load_slowness
from servicehub.queries import visit
from servicehub.queries.operator import words
from servicehub.queries.operator.attention import UNPLACED_AFTER, UNPLACED_BEFORE
from servicehub.queries.operator.scope import city_of, guard, midnight, orders_of
from servicehub.texts import Locale, formats, pick, say
from servicehub.viewmodels.operator_supply import Board, Lane, LaneBar, QueueRow

FIRST_MINUTE, LAST_MINUTE = 8 * 60, 23 * 60
"""The chart's hours: 08–23 of the city's day."""
QUEUE_LIMIT = 60
LANES_LIMIT = 80
_S = OrderStatus
_DONE = (_S.AWAITING_BALANCE, _S.AWAITING_CONFIRM, _S.COMPLETED, _S.DISPUTED, _S.CLOSED)
_BAR = {_S.EN_ROUTE: "trip", _S.ARRIVED: "go", _S.IN_SERVICE: "go", **dict.fromkeys(_DONE, "done"), _S.ASSIGNED: "sug"}
_STATE_RANK = {"en_route": 0, "busy": 1, "online": 2, "offline": 3}
_PIN_TONES = {"en_route": "warn", "busy": "ok", "online": "", "offline": "off"}


def board(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> Board:
    """Raises: NotAllowed without dispatch:read."""
    guard(actor, Permission.DISPATCH_READ)
    tz = city_of(session, actor).timezone
    people = _people(session, actor)
    jobs = _jobs(session, actor, now, tz)
    queue = queue_rows(session, actor, locale=locale, now=now)
    states = {t.id or 0: state_of(t, [o.status for o, _item, _delay in jobs.get(t.id or 0, [])]) for t in people}
    shown = sorted(
        (t for t in people if t.is_online or t.id in jobs), key=lambda t: (_STATE_RANK[states[t.id or 0]], t.name)
    )
    lanes = tuple(_lane(t, jobs.get(t.id or 0, []), states[t.id or 0], tz, locale, now) for t in shown[:LANES_LIMIT])
    count = list(states.values()).count
    return Board(
        queue=queue, lanes=lanes, pins=_pins(session, actor, people, states, locale),
        online=sum(1 for t in people if t.is_online), busy=count("busy"), en_route=count("en_route"),
        slow_pct=round(100 * (load_slowness(session, actor.city_id, now) - 1)),
        now_minute=minute if FIRST_MINUTE <= (minute := local_now_minute(now, tz)) <= LAST_MINUTE else 0,
    )  # fmt: skip


def state_of(technician: Technician, statuses: list[OrderStatus]) -> str:
    """en_route, busy, online or offline; suspended and left before all else."""
    if technician.status is not TechnicianStatus.ACTIVE:
        return technician.status.value
    if _S.EN_ROUTE in statuses:
        return "en_route"
    if {_S.ARRIVED, _S.IN_SERVICE} & set(statuses):
        return "busy"
    return "online" if technician.is_online else "offline"


def queue_rows(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> tuple[QueueRow, ...]:
    """Orders in MATCHING, rescued ones first, then those that begin soonest."""
    guard(actor, Permission.DISPATCH_READ)
    tz = city_of(session, actor).timezone
    found = session.execute(
        sa.select(Order, ServiceItem, District)
        .join(ServiceItem, col(ServiceItem.id) == Order.service_item_id)
        .join(District, col(District.id) == Order.district_id)
        .where(*orders_of(actor), col(Order.status) == _S.MATCHING, ~planned_ahead(now))
        .order_by(col(Order.priority).desc(), col(Order.start_at), col(Order.id))
        .limit(QUEUE_LIMIT)
    ).all()
    return tuple(_queue_row(*row, tz=tz, locale=locale, now=now) for row in found)


def _queue_row(
    order: Order, item: ServiceItem, district: District, *, tz: str, locale: Locale, now: datetime
) -> QueueRow:
    waited = now - (order.paid_at or order.created_at)
    soon = order.start_at < now + UNPLACED_BEFORE
    tone = "bad" if waited > UNPLACED_AFTER and soon else "warn" if waited > UNPLACED_AFTER or soon else "ok"
    notes = [say(locale, "Rescued")] if order.priority else []
    notes += [say(locale, "Companion")] if order.lead_id is not None else []
    notes += [say(locale, "Round {n}", n=order.round)] if order.round else []
    notes.append(words.word(locale, words.MODE, order.mode.value))
    return QueueRow(
        no=order.no,
        service=visit.title(locale, item, order),
        area=order.area,
        district=pick(locale, district.name_zh, district.name_en),
        visit=formats.day_time(order.start_at, now, tz, locale=locale),
        amount=formats.yuan(order.total_fen) if order.lead_id is None else "",
        note=" · ".join(notes),
        waited_s=max(0, round(waited.total_seconds())),
        tone=tone,
        is_urgent=bool(order.priority),
    )


def _people(session: Session, actor: Actor) -> list[Technician]:
    query = select(Technician).where(Technician.city_id == actor.city_id, Technician.status == TechnicianStatus.ACTIVE)
    return list(session.exec(query.order_by(col(Technician.name))).all())


Visit = tuple[Order, ServiceItem, Delay | None]


def _jobs(session: Session, actor: Actor, now: datetime, tz: str) -> dict[int, list[Visit]]:
    """Today's visits by technician; unpaid and dead orders are none."""
    start, end = midnight(now, tz), midnight(now, tz, 1)
    statuses = tuple(HOLDING - {_S.PENDING_PAYMENT}) + _DONE
    found = session.execute(
        sa.select(Order, ServiceItem, Delay)
        .join(ServiceItem, col(ServiceItem.id) == Order.service_item_id)
        .outerjoin(Delay, col(Delay.order_id) == col(Order.id))
        .where(
            col(Order.city_id) == actor.city_id, col(Order.status).in_(statuses), col(Order.technician_id).is_not(None)
        )
        .where(col(Order.start_at) < end, col(Order.end_at) > start)
        .order_by(col(Order.start_at))
    ).all()
    jobs: dict[int, list[Visit]] = {}
    for order, item, delay in found:
        jobs.setdefault(order.technician_id, []).append((order, item, delay))
    return jobs


def _lane(technician: Technician, jobs: list[Visit], state: str, tz: str, locale: Locale, now: datetime) -> Lane:
    level = words.word(locale, words.LEVEL, technician.level.value)
    return Lane(
        technician_id=technician.id or 0,
        name=technician.name,
        portrait=technician.portrait,
        note=f"{level} · " + say(locale, "{n} jobs", n=len(jobs)),
        state=state,
        state_text=words.word(locale, words.TECHNICIAN_STATE, state),
        bars=tuple(bar for job in jobs if (bar := _bar(*job, tz=tz, locale=locale, now=now)).end > bar.start),
    )


def _bar(order: Order, item: ServiceItem, delay: Delay | None, *, tz: str, locale: Locale, now: datetime) -> LaneBar:
    start, end = _minute(order.start_at, now, tz), _minute(order.end_at, now, tz)
    name = visit.title(locale, item, order)
    window = f"{formats.clock_time(order.start_at, tz)}–{formats.clock_time(order.end_at, tz)}"
    status = words.word(locale, words.STATUS, order.status.value)
    waits = order.status in (_S.ACCEPTED, _S.EN_ROUTE)
    late = waits and (delay is not None or now > order.start_at + timedelta(minutes=5))
    if waits and delay is not None:
        expected = formats.clock_time(delay.begins_at, tz)
        status += " · " + say(locale, "expected at {time}, {minutes} min late", time=expected, minutes=delay.minutes)
    return LaneBar(
        no=order.no,
        start=min(max(start, FIRST_MINUTE), LAST_MINUTE),
        end=min(max(end, FIRST_MINUTE), LAST_MINUTE),
        text=name,
        title=f"{window} {name} · {status} · {order.area}",
        kind="bad" if late else _BAR.get(order.status, ""),
    )


def _minute(at: datetime, now: datetime, tz: str) -> int:
    return int((at - midnight(now, tz)).total_seconds()) // 60


def _pins(session: Session, actor: Actor, people: list[Technician], states: dict[int, str], locale: Locale) -> str:
    points: list[dict[str, Any]] = [
        {
            "id": f"t{t.id}",
            "lat": round(t.home_lat if t.last_lat is None else t.last_lat, 5),
            "lng": round(t.home_lng if t.last_lng is None else t.last_lng, 5),
            "kind": "tech" if states[t.id or 0] == "en_route" else "dot",
            "art": t.portrait if t.portrait.startswith("/") else f"/art/{t.portrait}.svg",
            "label": f"{t.name} · {words.word(locale, words.TECHNICIAN_STATE, states[t.id or 0])}",
            "tone": _PIN_TONES[states[t.id or 0]],
        }
        for t in people
        if states[t.id or 0] != "offline"
    ]
    waiting = session.execute(
        sa.select(Order.no, Order.lat, Order.lng, Order.area)
        .where(*orders_of(actor), col(Order.status) == _S.MATCHING)
        .limit(QUEUE_LIMIT)
    ).all()
    points += [
        {
            "id": f"o{no}",
            "lat": round(lat, 5),
            "lng": round(lng, 5),
            "kind": "order",
            "label": f"{area} · {no[-4:]}",
            "tone": "bad",
        }
        for no, lat, lng, area in waiting
    ]
    return json.dumps(points, ensure_ascii=False, separators=(",", ":"))


def local_now_minute(now: datetime, tz: str) -> int:
    """Minutes since the city's midnight, for the line of the present moment."""
    local = now.astimezone(ZoneInfo(tz))
    return local.hour * 60 + local.minute
