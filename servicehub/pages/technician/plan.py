"""Working hours and time off: the week, single days, absences."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, col, el, ibtn, icon, link, row
from servicehub.components.forms import check_option, date_input, group, radio_option, text_input
from servicehub.components.layout import closes, navbar, note, opens, section, sheet
from servicehub.components.technician import technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import until_ready
from servicehub.state.technician.plan import PlanState as S
from servicehub.texts import N_, _

STEP = "900"
"""Seconds: times are given in quarters of an hour."""


def _problem() -> rx.Component:
    return rx.cond(S.problem != "", note(S.problem, "bad", "circle-alert"), rx.fragment())


def _day(day: Any) -> rx.Component:
    words = col(
        row(el.span(day.name, class_name="f15 w6"), el.span(day.hours, class_name="f12 mut end"), cls="g8"),
        row(
            el.span(day.summary, class_name=rx.cond(day.works, "f14 num", "f14 mut")),
            el.span(day.more, class_name="f12 mut end"),
            cls="g8",
        ),
        cls="g2 grow",
    )
    return el.button(
        words,
        icon("pencil", "s", "dim"),
        class_name="cell",
        type="button",
        on_click=S.edit(day.weekday),
        key=day.weekday.to(str),
    )


def _week() -> rx.Component:
    total = el.span(_("{hours} a week", hours=S.plan.week_hours), class_name="f13 mut")
    rows = el.div(rx.foreach(S.plan.days, _day), class_name="card")
    return section(_("Weekly hours"), el.div(rows, el.div(total, class_name="row mt pad"), class_name="side-12"))


def _special() -> rx.Component:
    def line(day: Any) -> rx.Component:
        words = col(el.span(day.day, class_name="f15 w5"), el.span(day.hours, class_name="f12 mut"), cls="g2 grow")
        return el.div(
            words,
            ibtn("x", _("Back to the weekly hours"), on_click=S.drop_special(day.value)),
            class_name="cell",
            key=day.value,
        )

    add = btn(
        icon("plus", "s"), _("Other hours on one day"), kind="o", block=True, on_click=S.forget, **opens("special")
    )
    rows = rx.cond(
        S.plan.special.length() > 0, el.div(rx.foreach(S.plan.special, line), class_name="card"), rx.fragment()
    )
    return section(_("Single days"), el.div(rows, add, class_name="side-12 col g12"))


def _away() -> rx.Component:
    def line(row_: Any) -> rx.Component:
        words = col(el.span(row_.when, class_name="f15 w5"), el.span(row_.reason, class_name="f12 mut"), cls="g2 grow")
        return el.div(
            words, ibtn("x", _("Take back"), on_click=S.drop_time_off(row_.id)), class_name="cell", key=row_.id.to(str)
        )

    add = btn(
        icon("calendar-off", "s"), _("Request time off"), kind="o", block=True, on_click=S.forget, **opens("away")
    )
    rows = rx.cond(
        S.plan.absences.length() > 0, el.div(rx.foreach(S.plan.absences, line), class_name="card"), rx.fragment()
    )
    return section(_("Time off"), el.div(rows, add, class_name="side-12 col g12"))


def _time(form: str, name: str, label: str, value: Any) -> rx.Component:
    """Ids are unique on the page: Reflex adds the value of every element that has one to the form."""
    return text_input(f"{form}-{name}", label, name=name, type="time", default_value=value, step=STEP)


def _hours_sheet() -> rx.Component:
    copies = ((_("Only this day"), ""), (_("Monday to Friday"), "workdays"), (_("Every day"), "all"))
    form = el.form(
        el.input(type="hidden", name="weekday", value=S.editing.weekday.to(str), read_only=True),
        check_option("works", "1", _("Work on this day"), checked=S.editing.works),
        row(
            _time("hours", "start", _("Starts"), S.editing.start),
            _time("hours", "end", _("Ends"), S.editing.end),
            cls="g12 two",
        ),
        row(
            _time("hours", "break_start", _("Break from"), S.editing.break_start),
            _time("hours", "break_end", _("Break until"), S.editing.break_end),
            cls="g12 two",
        ),
        el.p(_("An end before the start means the next day."), class_name="f12 mut"),
        group(_("Also for"), *[radio_option("copy", value, text, checked=value == "") for text, value in copies]),
        _problem(),
        id="hours-form",
        on_submit=S.save_day,
        class_name="col g16",
        key=S.editing_seq.to(str),
    )
    save = btn(_("Save"), size="l", block=True, type="submit", form="hours-form")
    return sheet("hours", _("Working hours"), el.p(S.editing.name, class_name="f16 w6 brand"), form, footer=[save])


def _special_sheet() -> rx.Component:
    form = el.form(
        date_input("special-day", _("Day"), name="day", min=S.plan.today, max=S.plan.last, required=True),
        check_option("off", "1", _("Day off"), _("No offers for this day")),
        row(
            _time("special", "start", _("Starts"), "09:00"), _time("special", "end", _("Ends"), "18:00"), cls="g12 two"
        ),
        _problem(),
        _conflicts(),
        id="special-form",
        on_submit=S.save_special,
        class_name="col g16",
    )
    save = btn(_("Save"), size="l", block=True, type="submit", form="special-form")
    return sheet("special", _("Other hours on one day"), form, footer=[save])


def _conflicts() -> rx.Component:
    def line(job: Any) -> rx.Component:
        words = col(el.span(job.title, class_name="f14 w6"), el.span(job.when, class_name="f12"), cls="g2")
        return el.li(link(words, to="/technician/job/" + job.no + "/"), key=job.no)

    body = col(
        el.span(_("These accepted jobs lie inside. Give them back first."), class_name="w6"),
        el.ul(rx.foreach(S.conflicts, line), class_name="col g8"),
        cls="g8",
    )
    return rx.cond(S.conflicts.length() > 0, note(body, "bad", "triangle-alert"), rx.fragment())


def _away_sheet() -> rx.Component:
    form = el.form(
        text_input("away-start", _("From"), name="start", type="datetime-local", required=True, step=STEP),
        text_input("away-end", _("To"), name="end", type="datetime-local", required=True, step=STEP),
        text_input("away-reason", _("Reason"), name="reason", optional=True, max_length=80, draft="away"),
        _problem(),
        _conflicts(),
        id="away-form",
        on_submit=S.ask_time_off,
        class_name="col g16",
    )
    send = btn(_("Request time off"), size="l", block=True, type="submit", form="away-form")
    keep = btn(_("Keep"), kind="o", size="l", **closes())
    return sheet("away", _("Request time off"), form, footer=[keep, send])


def view() -> rx.Component:
    """The page."""
    body = rx.fragment(_week(), _special(), _away())
    return technician_shell(
        until_ready(S.ready, body, "list", 5),
        active="schedule",
        header=navbar(_("Hours and time off"), "/technician/schedule/"),
        overlays=rx.fragment(_hours_sheet(), _special_sheet(), _away_sheet()),
    )


PAGE = Page("/technician/plan/", view, N_("Hours and time off"), S.open)
