"""The sheet for time and technician, and the grid that it shares with moving a visit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from servicehub.components.base import Child, avatar, btn, el, icon, joined, price
from servicehub.components.forms import chips_input, group, radio_option
from servicehub.components.layout import empty, note, sheet, skeleton
from servicehub.components.schedule import day_tab, days, slot, slot_head, slots
from servicehub.state.customer.slots import SlotState
from servicehub.texts import N_, _

GENDERS: tuple[tuple[str, str], ...] = (("", N_("Anybody")), ("female", N_("A woman")), ("male", N_("A man")))


def grid(state: Any, group_name: str) -> rx.Component:
    """Day tabs and starts of any State with `board`, `picked`, `seq`, `pick_day` and `pick`."""
    board, seq = state.board, state.seq.to(str)

    def tab(day: Any) -> rx.Component:
        chosen = day.value == board.day
        return day_tab(
            f"{group_name}-day",
            day.value,
            day.weekday,
            day.day,
            day.note,
            checked=chosen,
            full=day.full,
            on_pick=state.pick_day(day.value),
        )

    def cell(item: Any) -> rx.Component:
        key = joined(seq, item.key)
        start = slot(
            f"{group_name}-slot",
            item.value,
            item.time,
            item.note,
            tone=item.tone,
            checked=item.value == state.picked,
            full=item.full,
            on_pick=state.pick(item.value),
            key=key,
        )
        return rx.cond(item.head != "", slot_head(item.head, key=key), start)

    nothing = empty(
        _("No free time on this day"),
        rx.cond(
            board.soonest != "", joined(_("Soonest"), " ", board.soonest), _("Try other wishes or another technician")
        ),
    )
    starts = slots(rx.foreach(board.cells, cell), label=_("Choose a time"))
    return rx.fragment(
        days(rx.foreach(board.days, tab), label=_("Choose a day")), rx.cond(board.cells.length() > 0, starts, nothing)
    )


def _people() -> rx.Component:
    """Best match, regulars, and the one who was asked for."""
    sparkle = el.span(icon("sparkles"), class_name="av av-i")
    best = radio_option(
        "slot-technician",
        "0",
        _("Best match"),
        _("By distance, rating and regulars"),
        lead=sparkle,
        checked=SlotState.technician == 0,
        on_pick=SlotState.pick_technician(0),
        key="best" + SlotState.ready.to(str),
    )
    named = rx.foreach(
        SlotState.helpers,
        lambda row: radio_option(
            "slot-technician",
            row.id.to(str),
            joined(row.title, " · ", row.rating),
            rx.cond(row.served != "", row.served, row.line),
            lead=avatar(row.art, 40),
            checked=SlotState.technician == row.id,
            on_pick=SlotState.pick_technician(row.id),
            key=row.id,
        ),
    )
    return group(_("Technician"), best, named)


def gender_chips(name: str, on_pick: Callable[[str], Any]) -> rx.Component:
    """Who may come, by the customer's wish."""
    return chips_input(
        name,
        _("Gender of the technician"),
        [(key, _(word)) for key, word in GENDERS],
        multiple=False,
        checked=lambda key: SlotState.gender == key,
        on_pick=on_pick,
    )


def slot_sheet(total: Child = None) -> rx.Component:
    """`total`: figures of the price, shown beside the button."""
    body = rx.fragment(
        grid(SlotState, "slot"),
        el.h3(_("Technician"), class_name="f15 w7 mt"),
        _people(),
        el.h3(_("Gender of the technician"), class_name="f15 w7 mt"),
        gender_chips("slot-gender", SlotState.pick_gender),
    )
    problem = rx.cond(SlotState.problem != "", note(SlotState.problem, "warn"), skeleton("line", 6))
    ok = btn(
        SlotState.label,
        size="l",
        cls="grow",
        on_click=SlotState.confirm,
        disabled=SlotState.picked == "",
        id="slot-ok",
    )
    left = [el.div(price(total, size="l"), class_name="col g2")] if total is not None else []
    return sheet("slots", _("Choose a time"), rx.cond(SlotState.ready, body, problem), footer=[*left, ok])
