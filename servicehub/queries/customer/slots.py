"""Free times in words: the board of the slot sheet, of a move, and the next times of a technician.

Owns wording and the choice of the day that is shown; what is free is `queries.availability`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.domain.geo import Point
from servicehub.domain.technician import Gender
from servicehub.errors import NotFound
from servicehub.models.catalog import ServiceItem
from servicehub.models.customer import Address
from servicehub.models.order import Order, sold
from servicehub.models.technician import TechnicianSkill
from servicehub.queries import availability
from servicehub.queries.availability import SlotRequest
from servicehub.queries.customer import catalog
from servicehub.queries.customer.estimate import chosen
from servicehub.queries.customer.orders import own
from servicehub.queries.customer.places import city_of, resolve
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.availability import Slot, SlotGrid, SlotState
from servicehub.viewmodels.availability import SlotDay as Day
from servicehub.viewmodels.customer.catalog import SlotBoard, SlotCell, SlotDay

PARTS: tuple[tuple[int, str], ...] = ((12, N_("Morning")), (18, N_("Afternoon")), (24, N_("Evening")))
"""Until which hour of the local day."""
WHY: dict[str, str] = {
    "notice": N_("too soon"),
    "off_shift": N_("off duty"),
    "time_off": N_("on leave"),
    "break": N_("break"),
    "cap": N_("full"),
    "busy": N_("busy"),
    "travel_before": N_("on the way"),
    "travel_after": N_("next job"),
    "radius": N_("too far"),
    "night": N_("no nights"),
}
"""Why one technician cannot start then; short, because it stands in a cell of the grid."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A draft, as far as time depends on it. `technician` 0: anybody; `address` 0: the place."""

    service: str
    quantity: int = 0
    add_ons: tuple[tuple[str, int], ...] = ()
    place: str = ""
    technician: int = 0
    gender: str = ""
    address: int = 0
    further: tuple[tuple[str, int], ...] = ()


def board(
    session: Session, actor: Actor, asked: Asked, day: str = "", wanted: str = "", *, locale: Locale, now: datetime
) -> SlotBoard:
    """The grid of `day`, else of the day of `wanted`, else of the first day with a free start. Raises: NotFound."""
    item, _category = catalog.find(session, actor, asked.service)
    wish = chosen(session, item, asked.quantity, asked.add_ons, asked.further, now=now)
    request = SlotRequest(
        sold=(item.id or 0, *(other.id or 0 for other, _count in wish.further)),
        place=_point(session, actor, asked, locale),
        minutes=wish.quote.duration_minutes,
        technician_id=asked.technician,
        gender=Gender(asked.gender) if asked.gender else None,
    )
    grid = availability.slots(session, actor, request, now=now)
    return _board(grid, day, wanted, city_of(session, actor).timezone, locale, now)


def move_board(session: Session, actor: Actor, no: str, day: str = "", *, locale: Locale, now: datetime) -> SlotBoard:
    """The grid for moving an order: the same technician once one has accepted. Raises: NotFound."""
    order = own(session, actor, no)
    request = SlotRequest(
        sold=sold(order),
        place=Point(order.lat, order.lng),
        technician_id=order.technician_id or 0,
        gender=order.gender,
        order_id=order.id or 0,
        minutes=int((order.end_at - order.start_at).total_seconds()) // 60,
    )
    grid = availability.slots(session, actor, request, now=now)
    return _board(grid, day, "", city_of(session, actor).timezone, locale, now)


def free_times(
    session: Session, actor: Actor, technician_id: int, place: str, *, locale: Locale, now: datetime
) -> tuple[str, ...]:
    """The technician's next free starts at the customer's place, for the first service of his trade."""
    skills = sorted(
        session.exec(select(TechnicianSkill.skill).where(TechnicianSkill.technician_id == technician_id)).all()
    )
    query = select(ServiceItem.id).where(col(ServiceItem.published), col(ServiceItem.skill).in_(skills))
    item_id = session.exec(query.order_by(col(ServiceItem.position), col(ServiceItem.id))).first()
    if item_id is None:
        return ()
    here, tz = resolve(session, actor, place, locale=locale), city_of(session, actor).timezone
    found = availability.next_free_times(session, actor, [technician_id], item_id, here.point, 6, now=now)
    return tuple(formats.day_time(start, now, tz, locale=locale) for start in found.get(technician_id, []))


def rebook_start(session: Session, actor: Actor, order: Order, *, now: datetime) -> datetime | None:
    """The best start for the same again: with the same technician if possible, else with anybody."""
    for technician_id in (order.technician_id or 0, 0):
        request = SlotRequest(
            sold=sold(order),
            place=Point(order.lat, order.lng),
            minutes=int((order.end_at - order.start_at).total_seconds()) // 60,
            technician_id=technician_id,
            gender=order.gender,
        )
        grid = availability.slots(session, actor, request, now=now)
        if grid.best:
            return min(grid.best)
    return None


def named(start: datetime, tz: str = formats.CITY_TZ, *, locale: Locale) -> str:
    """The label of the button that takes this start: always with its date."""
    on = start.astimezone(ZoneInfo(tz)).date()
    day = formats.day(on, on - timedelta(days=30), locale=locale)
    return say(locale, N_("Confirm {when}"), when=f"{day} {formats.clock_time(start, tz)}")


def _point(session: Session, actor: Actor, asked: Asked, locale: Locale) -> Point:
    if asked.address and actor.user_id:
        row = session.exec(
            select(Address).where(Address.id == asked.address, Address.customer_id == actor.user_id)
        ).first()
        if row is None:
            raise NotFound(f"address {asked.address}")
        return Point(row.lat, row.lng)
    return resolve(session, actor, asked.place, locale=locale).point


def _board(grid: SlotGrid, day: str, wanted: str, tz: str, locale: Locale, now: datetime) -> SlotBoard:
    zone = ZoneInfo(tz)
    today = now.astimezone(zone).date()
    free = [slot for one in grid.days for slot in one.slots if slot.free]
    shown = _shown(grid, day, wanted, zone)
    on_day = [slot for slot in shown.slots if slot.free] if shown else []
    best = next((slot for slot in on_day if slot.is_recommended), on_day[0] if on_day else None)
    return SlotBoard(
        days=tuple(_tab(one, today, locale) for one in grid.days),
        day=shown.on.isoformat() if shown else "",
        cells=tuple(_cells(shown, best, locale)) if shown else (),
        best=best.start_at.isoformat() if best else "",
        soonest=formats.day_time(free[0].start_at, now, tz, locale=locale) if free else "",
        duration=formats.duration(grid.minutes, locale=locale),
    )


def _shown(grid: SlotGrid, day: str, wanted: str, zone: ZoneInfo) -> Day | None:
    """The asked day, the wanted start's day, the recommended start's day, the first day with room."""
    by_day = {one.on.isoformat(): one for one in grid.days}
    if day in by_day:
        return by_day[day]
    if wanted:
        on = datetime.fromisoformat(wanted).astimezone(zone).date().isoformat()
        if on in by_day and by_day[on].free_slots:
            return by_day[on]
    first = next((one for one in grid.days if one.free_slots), None)
    return first or (grid.days[0] if grid.days else None)


def _tab(one: Day, today: date, locale: Locale) -> SlotDay:
    near = (
        formats.day(one.on, today, locale=locale) if 0 <= (one.on - today).days <= (2 if locale == "zh" else 1) else ""
    )
    starts = max(1, len(one.slots))
    note = N_("Full") if not one.free_slots else N_("Few left") if one.free_slots * 4 <= starts else N_("Free")
    return SlotDay(
        value=one.on.isoformat(),
        weekday=near or formats.weekday(one.on, locale=locale),
        day=f"{one.on.month}/{one.on.day}",
        note=say(locale, note),
        full=not one.free_slots,
    )


def _cells(shown: Day, best: Slot | None, locale: Locale) -> list[SlotCell]:
    cells: list[SlotCell] = []
    part = ""
    for slot in shown.slots:
        now_in = next(name for until, name in PARTS if int(slot.time[:2]) < until)
        if now_in != part:
            part = now_in
            cells.append(SlotCell(head=say(locale, part), key=f"{shown.on}{part}"))
        cells.append(_cell(slot, best, shown, locale))
    return cells


def _cell(slot: Slot, best: Slot | None, shown: Day, locale: Locale) -> SlotCell:
    full = not slot.free
    tone = "full" if full else "few" if slot.state is SlotState.FEW else ""
    return SlotCell(
        value=slot.start_at.isoformat(),
        time=slot.time,
        note=_note(slot, locale),
        tone=f"{tone} best".strip() if slot is best else tone,
        full=full,
        key=f"{shown.on}{slot.time}",
    )


def _note(slot: Slot, locale: Locale) -> str:
    if not slot.free:
        return say(locale, WHY.get(slot.why_not, N_("full")))
    if slot.state is SlotState.FEW:
        return say(locale, N_("{n} left"), n=slot.free)
    return say(locale, N_("free"))
