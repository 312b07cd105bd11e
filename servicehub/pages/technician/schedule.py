"""The schedule: the week strip, the day's totals and agenda, and today's route on a map."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, col, css, cx, el, ibtn, icon, ilink, link, merge_attrs, row
from servicehub.components.elements import elapsed, live_map
from servicehub.components.layout import navbar, section
from servicehub.components.order import status_pill
from servicehub.components.schedule import agenda_now, week, week_day
from servicehub.components.technician import technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import until_ready
from servicehub.state.technician.schedule import ScheduleState as S
from servicehub.texts import N_, _


def _strip() -> rx.Component:
    days = week(
        rx.foreach(
            S.day.week,
            lambda d: week_day(d.name, d.number, on=d.on, busy=d.busy, on_click=S.choose(d.value), key=d.value),
        )
    )
    bar = row(
        ibtn("chevron-left", _("Week before"), on_click=S.choose(S.day.previous)),
        el.h2(S.day.month, class_name="f14 w6 grow center"),
        rx.cond(S.day.is_today, rx.fragment(), btn(_("Today"), kind="t", size="s", on_click=S.choose(""))),
        ibtn("chevron-right", _("Week after"), on_click=S.choose(S.day.next)),
        cls="g4",
    )
    totals = [
        (S.day.jobs, _("Planned")),
        (S.day.hours, _("Working time")),
        (S.day.income, _("Expected earnings")),
        (S.day.free, _("Free gaps")),
    ]
    sums = [
        col(el.span(value, class_name="num f18"), el.span(word, class_name="f12 mut"), cls="g0 grow center")
        for value, word in totals
    ]
    return el.div(bar, days, el.div(class_name="hr"), row(*sums, cls="top"), class_name="card card-p")


def _event(event: Any) -> rx.Component:
    names = cx("ev", event.kind)
    place = css(m=event.start, e=event.end)
    running = rx.cond(event.tail != "", el.span(elapsed(event.tail), class_name="end"), rx.fragment())
    pill = rx.cond(
        (event.kind == "") & (event.status != ""),
        el.span(status_pill(event.status, event.status_label), class_name="end"),
        rx.fragment(),
    )
    title = row(
        rx.cond(event.kind == "free", icon("plus", "s"), rx.fragment()),
        rx.cond((event.kind == "trip") & event.key.startswith("way-"), icon("bike", "xs"), rx.fragment()),
        el.span(event.title, class_name=rx.cond(event.link != "", "w6 cut", "cut")),
        running,
        pill,
        cls="g6",
    )
    line = rx.cond(event.line != "", el.span(event.line, class_name="f12 mut cut2"), rx.fragment())
    plain = el.div(title, line, class_name=names, **place)
    linked = link(title, line, to=event.link, cls=names, **merge_attrs({}, **place["custom_attrs"]))
    return rx.fragment(rx.cond(event.link != "", linked, plain), key=event.key)


def _agenda() -> rx.Component:
    marks = rx.foreach(
        S.day.hour_marks,
        lambda mark: el.span(mark.text, class_name="hr-l", key=mark.text + mark.minute.to(str), **css(m=mark.minute)),
    )
    now = rx.cond(S.day.now_minute >= 0, agenda_now(S.day.now_minute, S.day.now_text), rx.fragment())
    size = css(h0=S.day.first_minute, hn=S.day.minutes)
    inside = el.div(
        marks,
        rx.foreach(S.day.events, _event),
        now,
        class_name="agenda",
        role="group",
        aria_label=_("Schedule"),
        **size,
    )
    return el.div(inside, class_name="card agenda-card")


def _stop(stop: Any) -> rx.Component:
    words = col(
        el.span(stop.time, " ", stop.title, class_name="f14 w5 cut"),
        el.span(stop.leg, class_name="f12 mut"),
        cls="g2 grow",
    )
    return el.li(
        link(
            el.span(stop.number, class_name="stop-n num"),
            words,
            icon("chevron-right", "s", "dim"),
            to=stop.link,
            cls="cell",
        ),
        key=stop.key,
    )


def _route() -> rx.Component:
    drawn = live_map(S.day.points, S.day.route_total, line=S.day.line, fit="always", cls="route-map")
    body = el.div(
        drawn,
        el.p(S.day.route_total, class_name="f13 mut route-sum"),
        el.ol(rx.foreach(S.day.stops, _stop)),
        class_name="card clip",
    )
    return rx.cond(
        S.day.stops.length() > 0, section(_("Route of the day"), el.div(body, class_name="side-12")), rx.fragment()
    )


def view() -> rx.Component:
    """The page."""
    body = rx.fragment(el.div(_strip(), _agenda(), class_name="stack"), _route())
    tools = ilink("sliders-horizontal", _("Hours and time off"), "/technician/plan/")
    return technician_shell(
        until_ready(S.ready, body), active="schedule", header=navbar(_("My schedule"), "/technician/", right=tools)
    )


PAGE = Page("/technician/schedule/", view, N_("My schedule"), S.open)
