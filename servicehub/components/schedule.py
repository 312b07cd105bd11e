"""Time on screen: day tabs, the slot grid, the agenda of a day, the week strip, and lanes of a dispatch board."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.vars import Var

from servicehub.components.base import Child, Text, css, cx, el, merge_attrs
from servicehub.texts import _

FIRST_HOUR = 7
"""Where an agenda begins unless told otherwise."""


def day_tab(
    group: str, value: Any, name: Text, day: Text, note: Text, *, checked: Any, full: Any, on_pick: Any
) -> rx.Component:
    """One day of `days`: its name, its date, how free it is. A full day cannot be chosen."""
    box = el.input(
        type="radio", name=group, value=value, default_checked=checked, disabled=full, on_change=lambda _value: on_pick
    )
    return el.label(box, el.span(name), el.b(day), el.span(note, class_name="f11"), class_name="day", key=value)


def days(*tabs: Child, label: Text = "") -> rx.Component:
    return el.div(*tabs, class_name="days", role="radiogroup", aria_label=label or _("Choose a day"))


def slot(
    group: str, value: Any, time: Text, note: Text, *, tone: Any = "", checked: Any, full: Any, on_pick: Any, key: Any
) -> rx.Component:
    """One start time. `tone`: "", few, peak, full, best (recommended). `key` must change with the day."""
    box = el.input(
        type="radio", name=group, value=value, disabled=full, default_checked=checked, on_change=lambda _value: on_pick
    )
    names = Var.create("slot ") + tone if isinstance(tone, Var) else cx("slot", tone)
    return el.label(box, el.b(time), el.span(note), class_name=names, key=key)


def slot_head(text: Text, key: Any = None) -> rx.Component:
    """Morning, afternoon, evening between slots."""
    extra = {"key": key} if key is not None else {}
    return el.div(text, class_name="slot-h", **extra)


def slots(*items: Child, label: Text = "") -> rx.Component:
    """The grid; the badge of the recommended slot is in the page's language."""
    return el.div(
        *items,
        class_name="slots",
        role="radiogroup",
        aria_label=label or _("Choose a time"),
        **css(best=f'"{_("Best")}"'),
    )


def week(*buttons: Child) -> rx.Component:
    return el.div(*buttons, class_name="week")


def week_day(name: Text, number: Text, *, on: Any, busy: Any, on_click: Any, key: Any = None) -> rx.Component:
    """One day of the strip; a dot says that there is work."""
    extra = {"key": key} if key is not None else {}
    return el.button(
        el.span(name),
        el.b(number),
        el.span(class_name=rx.cond(busy, "d", "")),
        type="button",
        aria_pressed=rx.cond(on, "true", "false"),
        on_click=on_click,
        **extra,
    )


def agenda(*events: Child, first_hour: int = FIRST_HOUR, last_hour: int = 22, label: Text = "") -> rx.Component:
    """A day, 60 px an hour. Events carry minutes since midnight in `agenda_event`."""
    hours = [el.span(f"{hour}:00", class_name="hr-l", **css(m=hour * 60)) for hour in range(first_hour, last_hour)]
    size = css(h0=first_hour * 60, hn=(last_hour - first_hour) * 60)
    return el.div(*hours, *events, class_name="agenda", **size, role="group", aria_label=label or _("Schedule"))


def agenda_event(start: Any, end: Any, *children: Child, kind: Any = "", key: Any = None, **props: Any) -> rx.Component:
    """`start`, `end`: minutes since midnight (int or Var). `kind`: "", done, go (running), trip, free, off."""
    names = Var.create("ev ") + kind if isinstance(kind, Var) else cx("ev", kind)
    place = css(m=start, e=end)["custom_attrs"]
    extra = {"key": key} if key is not None else {}
    return el.div(*children, class_name=names, **extra, **merge_attrs(props, **place))


def agenda_now(minute: Any, text: Text) -> rx.Component:
    """The line of the present moment."""
    return el.div(el.span(text), class_name="nowl", **css(m=minute))


def lanes(*rows: Child, first_hour: int = 8, last_hour: int = 22, label: Text = "") -> rx.Component:
    """A Gantt chart: hours across, one `lane` a technician."""
    hours = [el.span(f"{hour}", class_name="lh") for hour in range(first_hour, last_hour)]
    head = el.div(
        el.span(class_name="ln"), el.div(*hours, class_name="lt"), class_name="lane lane-h", aria_hidden="true"
    )
    size = css(h0=first_hour * 60, hn=(last_hour - first_hour) * 60)
    return el.div(
        head, *rows, class_name="lanes", **size, role="region", aria_label=label or _("Schedule"), tab_index=0
    )


def lane(name: Child, *bars: Child, key: Any = None, **props: Any) -> rx.Component:
    extra = {"key": key} if key is not None else {}
    return el.div(el.div(name, class_name="ln"), el.div(*bars, class_name="lt"), class_name="lane", **extra, **props)


def lane_bar(
    start: Any, end: Any, text: Text, *, kind: Any = "", title: Text = "", on: Any = None, key: Any = None, **props: Any
) -> rx.Component:
    """`kind`: "", go, done, trip, off, sug (suggested), bad (conflict). `on` (Var): whether it is the chosen one."""
    names = Var.create("lbar ") + kind if isinstance(kind, Var) else cx("lbar", kind)
    if on is not None:
        names = names + rx.cond(on, " on", "")
        props = {"aria_pressed": rx.cond(on, "true", "false"), "type": "button", **props}
    extra = {"key": key} if key is not None else {}
    make = el.button if on is not None else el.div
    place = css(m=start, e=end)["custom_attrs"]
    return make(el.span(text, class_name="cut"), class_name=names, title=title, **extra, **merge_attrs(props, **place))


def lanes_now(minute: Any) -> rx.Component:
    """The present moment, in a lane."""
    return el.span(class_name="nowb", aria_hidden="true", **css(m=minute))
