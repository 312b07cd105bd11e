"""One day of a technician: the week around it, totals, the agenda with ways and gaps, and the route on a map."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlmodel import Session, col

from servicehub.domain.access import Actor
from servicehub.domain.geo import Point
from servicehub.domain.order import OrderStatus
from servicehub.domain.timewindow import Window, subtract
from servicehub.domain.travel import TravelTimes
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.models.traffic import load_travel
from servicehub.queries import visit
from servicehub.queries.technician import scope, words
from servicehub.queries.technician.hours import Hours, hours
from servicehub.queries.technician.scope import LIVE, SERVED, Day, Task
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.technician import AgendaEvent, DaySchedule, HourMark, Stop, WeekDay

LEAST_FREE_MINUTES = 60
EARLIEST_HOUR, LATEST_HOUR = 8, 20
"""An agenda shows at least these hours."""


def schedule(session: Session, actor: Actor, on: str = "", *, now: datetime, locale: Locale) -> DaySchedule:
    """The day `on` (ISO date; anything else: today)."""
    technician, tz = scope.me(session, actor), scope.zone(session, actor)
    today = scope.today(now, tz)
    day = scope.day_of(_parsed(on, today.on), tz)
    monday = day.on - timedelta(days=day.on.weekday())
    first, last = scope.day_of(monday, tz), scope.day_of(monday + timedelta(days=6), tz)
    week = scope.tasks(
        session, technician, (*LIVE, *SERVED), col(Order.start_at) >= first.start, col(Order.start_at) < last.end
    )
    jobs = [task for task in week if day.start <= task.order.start_at < day.end]
    plan, travel = hours(session, technician, day), load_travel(session, technician.city_id)
    free = _free(plan, jobs, day, now)
    events = [
        *_jobs(jobs, day, now, tz, locale),
        *_ways(technician, travel, jobs, day, locale),
        *_pauses(plan, locale),
        *_gaps(free, locale),
    ]
    events.sort(key=lambda event: (event.start, event.end))
    return DaySchedule(
        day=day.on.isoformat(),
        title=formats.day(day.on, today.on, locale=locale),
        month=formats.full_day(day.on, locale=locale),
        previous=(day.on - timedelta(days=7)).isoformat(),
        next=(day.on + timedelta(days=7)).isoformat(),
        is_today=day.on == today.on,
        week=_week(week, monday, day.on, today.on, tz, locale),
        **_totals(jobs, free, locale),
        **_bounds(events),
        events=tuple(events),
        now_minute=scope.minute(now, day) if day.on == today.on else -1,
        now_text=formats.clock_time(now, tz),
        **_route(technician, travel, jobs, tz, locale),
    )


def _bounds(events: list[AgendaEvent]) -> dict[str, object]:
    """What part of the day is drawn: whole hours around everything that happens."""
    first = min([EARLIEST_HOUR, *(event.start // 60 for event in events)])
    last = min(30, max([LATEST_HOUR, *(-(-event.end // 60) for event in events)]))
    marks = tuple(HourMark(hour * 60, f"{hour % 24}:00") for hour in range(first, last + 1))
    return {"first_minute": first * 60, "minutes": (last - first) * 60 + 15, "hour_marks": marks}


def _parsed(on: str, today: date) -> date:
    try:
        asked = date.fromisoformat(on)
    except ValueError:
        return today
    return asked if abs((asked - today).days) <= 366 else today


def _week(week: list[Task], monday: date, chosen: date, today: date, tz: str, locale: Locale) -> tuple[WeekDay, ...]:
    count = Counter(task.order.start_at.astimezone(ZoneInfo(tz)).date() for task in week)
    return tuple(
        WeekDay(
            value=on.isoformat(),
            name=formats.weekday(on, locale=locale)[-1:] if locale == "zh" else formats.weekday(on, locale=locale),
            number=str(on.day),
            label=formats.month_day(on, locale=locale),
            on=on == chosen,
            busy=count[on] > 0,
            today=on == today,
        )
        for on in (monday + timedelta(days=n) for n in range(7))
    )


def _totals(jobs: list[Task], free: list[Window], locale: Locale) -> dict[str, str]:
    minutes = sum(int((t.order.end_at - t.order.start_at).total_seconds() // 60) for t in jobs)
    return {
        "jobs": say(locale, N_("{n} jobs"), n=len(jobs)),
        "hours": _short_hours(minutes),
        "income": formats.yuan(sum(scope.take_home_fen(t.order) for t in jobs)),
        "free": _short_hours(sum(w.minutes for w in free)),
    }


def _short_hours(minutes: int) -> str:
    tenths = minutes // 6
    return f"{tenths // 10}.{tenths % 10}h" if tenths % 10 else f"{tenths // 10}h"


def _span(task: Task, day: Day) -> Window:
    return Window(scope.minute(task.order.start_at, day), scope.minute(task.order.end_at, day))


def _jobs(jobs: list[Task], day: Day, now: datetime, tz: str, locale: Locale) -> list[AgendaEvent]:
    events = []
    for task in jobs:
        order, span = task.order, _span(task, day)
        times = f"{formats.clock_time(order.start_at, tz)}–{formats.clock_time(order.end_at, tz)}"
        kind = "done" if order.status in SERVED else "go" if order.status is OrderStatus.IN_SERVICE else ""
        place = order.area if kind else scope.address(order)
        if kind == "done":
            place = formats.yuan(scope.take_home_fen(order))
        running = order.started_at if kind == "go" else None
        events.append(
            AgendaEvent(
                key=order.no,
                start=span.start,
                end=max(span.end, span.start + 30),
                kind=kind,
                title=scope.title(locale, task),
                line=f"{times} · {place}",
                tail=str(max(0, int((now - running).total_seconds()))) if running else "",
                status=order.status.value,
                status_label=words.status(locale, order.status),
                link=f"/technician/job/{order.no}/",
            )
        )
    return events


def _ways(technician: Technician, travel: TravelTimes, jobs: list[Task], day: Day, locale: Locale) -> list[AgendaEvent]:
    """The way to each job from the one before, drawn right before it."""
    events = []
    for before, after in pairwise(jobs):
        start, end = _span(before, day).end, _span(after, day).start
        leg = travel.leg(_place(before), _place(after), technician.transport)
        minutes = leg.minutes(start % 1440)
        if minutes and end - start >= 15:
            text = f"{words.way(locale, technician.transport, minutes)} · {formats.distance(round(leg.distance_m))}"
            drawn = min(max(minutes, 24), end - start)
            events.append(AgendaEvent(key=f"way-{after.order.no}", start=end - drawn, end=end, kind="trip", title=text))
    return events


def _pauses(plan: Hours, locale: Locale) -> list[AgendaEvent]:
    words_of = ((plan.breaks, N_("Break"), "trip"), (plan.away, N_("Time off"), "off"))
    return [
        AgendaEvent(key=f"{kind}-{w.start}", start=w.start, end=w.end, kind=kind, title=say(locale, text))
        for windows, text, kind in words_of
        for w in windows
        if w.minutes > 0
    ]


def _free(plan: Hours, jobs: list[Task], day: Day, now: datetime) -> list[Window]:
    """Planned hours from now on that nothing takes, at least an hour each."""
    taken = [_span(task, day).grown(30, 30) for task in jobs]
    past = Window(0, min(1440, max(0, -(-scope.minute(now, day) // 15) * 15)))
    return [w for w in subtract(plan.work, [*taken, past]) if w.minutes >= LEAST_FREE_MINUTES]


def _gaps(free: list[Window], locale: Locale) -> list[AgendaEvent]:
    return [
        AgendaEvent(
            key=f"free-{w.start}",
            start=w.start,
            end=w.end,
            kind="free",
            title=say(locale, N_("Gap of {gap}"), gap=formats.duration(w.minutes, locale=locale)),
            link="/technician/offers/",
        )
        for w in free
    ]


def _place(task: Task) -> Point:
    return Point(task.order.lat, task.order.lng)


def _route(technician: Technician, travel: TravelTimes, jobs: list[Task], tz: str, locale: Locale) -> dict[str, object]:
    """Stops in order from home, with the way to each, and the sum."""
    if not jobs:
        return {}
    home = Point(technician.home_lat, technician.home_lng)
    here, metres, minutes = home, 0.0, 0
    stops: list[Stop] = []
    points = [{"id": "home", "lat": home.lat, "lng": home.lng, "kind": "home", "label": say(locale, N_("Start"))}]
    for number, task in enumerate(jobs, start=1):
        leg = travel.leg(here, _place(task), technician.transport)
        way = leg.minutes(scope.minute(task.order.start_at, scope.today(task.order.start_at, tz)))
        here, metres, minutes = _place(task), metres + leg.distance_m, minutes + way
        time = formats.clock_time(task.order.start_at, tz)
        done = task.order.status in SERVED
        point = {
            "id": task.order.no,
            "lat": here.lat,
            "lng": here.lng,
            "kind": "order",
            "label": f"{number} · {time}",
            "tone": "off" if done else "",
        }
        points.append(point)
        stops.append(
            Stop(
                key=task.order.no,
                number=str(number),
                time=time,
                title=f"{visit.title(locale, task.item, task.order)} · {task.order.area}",
                leg=f"{words.way(locale, technician.transport, way)} · {formats.distance(round(leg.distance_m))}"
                if way
                else "",
                link=f"/technician/job/{task.order.no}/",
            )
        )
    total = say(
        locale,
        N_("{n} stops, {distance}, {time} on the way"),
        n=len(stops),
        distance=formats.distance(round(metres)),
        time=formats.duration(minutes, locale=locale),
    )
    return {
        "points": json.dumps(points, ensure_ascii=False),
        "line": json.dumps([[home.lat, home.lng], *[[t.order.lat, t.order.lng] for t in jobs]]),
        "stops": tuple(stops),
        "route_total": total,
    }
