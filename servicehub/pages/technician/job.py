"""One job worked through: the one next step on top, then what it needs, the place, the customer's wishes, what happened."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import addressed, art, attrs, btn, card, cell, col, el, icon, lbtn, money, row
from servicehub.components.elements import countdown, elapsed, live_map, photo_input, position_watch
from servicehub.components.forms import group, radio_option, text_area
from servicehub.components.layout import confirm, navbar, note, opens, section, sheet
from servicehub.components.order import crew_list, photo, photo_grid, status_pill, steps, timeline, timeline_item
from servicehub.components.technician import big_step, code_pad, technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician import add_ons
from servicehub.pages.technician.parts import nothing, round_links, rule_line, until_ready
from servicehub.state.technician.job import REASONS
from servicehub.state.technician.job import JobState as S
from servicehub.texts import N_, _

PHASES = (N_("Accepted"), N_("Departed"), N_("At the door"), N_("In service"), N_("Done"))


def _phases() -> rx.Component:
    marks = [rx.cond(S.job.phase > n, "ok", rx.cond(S.job.phase == n, "now", "")) for n in range(len(PHASES))]
    return steps([(_(name), mark) for name, mark in zip(PHASES, marks, strict=True)], _("Progress"))


def _clock() -> rx.Component:
    to_start = row(
        icon("clock", "s"), el.span(_("Starts in"), class_name="f13"), countdown(S.job.timer_s, 900), cls="g6 mut"
    )
    running = row(
        icon("timer", "s"), el.span(_("In service for"), class_name="f13"), elapsed(S.job.timer_s), cls="g6 brand"
    )
    return rx.cond(S.job.has_timer, rx.cond(S.job.timer_up, running, to_start), rx.fragment())


def _depart() -> rx.Component:
    return btn(icon("navigation"), _("Depart"), size="l", block=True, on_click=S.depart)


def _arrive() -> rx.Component:
    fields = [el.input(type="hidden", name=name, default_value="") for name in ("lat", "lng")]
    locate = btn(icon("map-pin"), _("I have arrived"), size="l", block=True, **attrs(data_locate="", data_busy="0"))
    manual = btn(_("The position does not work?"), kind="g", block=True, **opens("manual"))
    return el.div(el.form(*fields, locate, id="arrive", on_submit=S.arrive), manual, class_name="col g4")


def _start() -> rx.Component:
    pad = code_pad("code", _("Service code"), error=S.code_error)
    tries = rx.cond(
        S.job.tries_left < 5, el.p(_("{n} tries left", n=S.job.tries_left), class_name="f12 mut"), rx.fragment()
    )
    send = btn(icon("play"), _("Start service"), size="l", block=True, type="submit")
    return el.form(pad, tries, send, id="start", on_submit=S.start, class_name="col g12", **attrs(autocomplete="off"))


def _finish() -> rx.Component:
    asking = rx.cond(
        S.job.is_asking,
        note(_("An add-on waits for the customer. If you finish now, it lapses."), "warn", "clock"),
        rx.fragment(),
    )
    left = rx.cond(
        S.job.checklist_left > 0,
        el.p(_("{n} lines of the checklist are open", n=S.job.checklist_left), class_name="f13 c-warn"),
        rx.fragment(),
    )
    return el.div(
        asking,
        left,
        btn(icon("check"), _("Finish service"), size="l", block=True, **opens("finish")),
        class_name="col g8",
    )


def _cash() -> rx.Component:
    """The customer pays at the door."""
    shown = card(
        el.h2(
            icon("banknote", "s", "brand"),
            _("The customer pays {amount} in cash", amount=S.job.cash),
            class_name="f16 w7 row g6",
        ),
        el.p(_("It is the company's money: it is taken off your coming earnings."), class_name="f13 mut"),
        btn(_("I have received {amount}", amount=S.job.cash), block=True, **opens("cash")),
        cls="col g12",
    )
    return rx.cond(S.job.cash != "", shown, rx.fragment())


def _step() -> rx.Component:
    action = rx.match(
        S.job.step,
        ("depart", _depart()),
        ("arrive", _arrive()),
        ("start", _start()),
        ("finish", _finish()),
        rx.fragment(),
    )
    top = row(status_pill(S.job.status, S.job.status_label), el.span(_clock(), class_name="end"), cls="g8")
    return el.div(
        card(top, _phases(), cls="col g12"), big_step(S.job.step_title, S.job.step_text, action), class_name="col g12"
    )


def _what() -> rx.Component:
    head = row(
        art(S.job.art, 44, 44),
        col(
            el.h2(S.job.title, class_name="f16 w6"),
            el.span(S.job.when, class_name="f13 ink2"),
            el.span(S.job.facts, class_name="f12 mut"),
            cls="g2 grow",
        ),
        cls="g12 top",
    )
    wishes = el.div(
        rx.foreach(S.job.requirements, lambda chip: el.span(chip.text, class_name="tag tag-a", key=chip.key)),
        class_name="row g6 wrap",
    )
    said = rx.cond(S.job.note != "", note(S.job.note, "info", "message-circle"), rx.fragment())
    pay = row(
        col(el.span(_("Take-home"), class_name="f12 mut"), rule_line(S.job.rule, S.job.tax), cls="g0"),
        money(S.job.take_home, "f20 c-price end"),
        cls="g8",
    )
    return card(head, wishes, said, el.div(class_name="hr"), pay, cls="col g8")


def _crew() -> rx.Component:
    """Who else comes."""
    listed = card(el.h2(_("Who comes"), class_name="f16 w6"), crew_list(S.job.crew), cls="col g12")
    return rx.cond(S.job.crew.length() > 0, listed, rx.fragment())


def _where() -> rx.Component:
    door = rx.cond(
        S.job.contact_open,
        row(icon("user", "s", "mut"), el.span(S.job.contact, class_name="f14"), cls="g6"),
        el.p(_("Door number and contact are hidden now."), class_name="f12 mut"),
    )
    lines = col(
        row(icon("map-pin", "s", "mut"), el.span(S.job.address, class_name="f15 w5"), cls="g6 top"), door, cls="g6"
    )
    map_part = live_map(S.job.points, S.job.area, cls="job-map")
    return el.section(
        map_part,
        el.div(lines, row(*round_links(S.job.map_url, S.job.tel), cls="g8"), class_name="card-p col g12"),
        class_name="card clip",
        aria_label=_("Address"),
    )


def _photos(kind: str, label: str, add_label: str, pictures: Any, may: Any) -> rx.Component:
    shown = photo_grid(rx.foreach(pictures, lambda p: photo(p.url, label, key=p.key)), label=label)
    fields = "order=" + S.job.no + f"&kind={kind}"
    add = photo_input(add_label, "/api/photos", S.refresh, fields=fields, name=f"photo-{kind}", capture=True)
    return col(
        el.h3(label, class_name="f14 w6"),
        rx.cond(pictures.length() > 0, shown, rx.fragment()),
        rx.cond(may, add, rx.fragment()),
        cls="g8 grow",
    )


def _check(line: Any) -> rx.Component:
    box = el.input(type="checkbox", default_checked=line.done, on_change=lambda _value: S.tick(line.key, ~line.done))
    words = el.span(line.text, class_name="f15 w5 grow")
    return el.label(box, words, el.span(icon("check", "s"), class_name="tick sq"), class_name="opt", key=line.key)


def _work() -> rx.Component:
    pictures = row(
        _photos("before", _("Before photos"), _("Add before photo"), S.job.before, S.job.may_photo_before),
        _photos("after", _("After photos"), _("Add after photo"), S.job.after, S.job.may_photo_after),
        cls="g12 top",
    )
    ticks = rx.cond(
        S.job.step == "finish",
        group(_("Checklist"), rx.foreach(S.job.checklist, _check), role="group"),
        el.ul(
            rx.foreach(
                S.job.checklist,
                lambda line: el.li(
                    row(
                        icon(rx.cond(line.done, "circle-check", "circle"), "s", "brand"),
                        el.span(line.text, class_name="f14"),
                        cls="g8",
                    ),
                    key=line.key,
                ),
            ),
            class_name="col g8",
        ),
    )
    body = card(pictures, el.div(class_name="hr"), el.h3(_("Checklist"), class_name="f14 w6"), ticks, cls="col g8")
    return rx.cond((S.job.phase >= 2) & ~S.job.is_companion, body, rx.fragment())


def _trouble() -> rx.Component:
    wait = row(el.span(_("Wait another"), class_name="f13 mut"), countdown(S.job.wait_left_s, 0), cls="g6 card-p")
    gone = cell(
        "user-x",
        _("Customer not there"),
        _("After {n} minutes of waiting; you get the call-out fee", n=S.job.wait_minutes),
        **opens("noshow"),
    )
    back = cell(
        "rotate-ccw", _("Give the job back"), _("With a reason; somebody else is found at once"), **opens("cancel")
    )
    money_cell = cell(
        "receipt-text",
        _("Earnings of this job"),
        _("Labour, travel, commission, entries"),
        to="/technician/income/" + S.job.no + "/",
    )
    return el.div(
        rx.cond(
            S.job.may_no_show, rx.fragment(rx.cond(S.job.wait_left_s > 0, wait, rx.fragment()), gone), rx.fragment()
        ),
        rx.cond(S.job.may_cancel, back, rx.fragment()),
        rx.cond((S.job.status == "completed") | (S.job.status == "closed"), money_cell, rx.fragment()),
        class_name="card",
    )


def _history() -> rx.Component:
    items = rx.foreach(S.job.log, lambda line: timeline_item(line.title, line.sub, line.state, line.icon, key=line.key))
    return section(_("What happened"), el.div(card(timeline(items)), class_name="side-12"))


def _manual() -> rx.Component:
    reasons = (
        (_("The phone finds no position"), "no_signal"),
        (_("I may not share my position"), "denied"),
        (_("The pin on the map is wrong"), "wrong_pin"),
    )
    form = el.form(
        group(_("Why?"), *[radio_option("reason", text, text, checked=key == "no_signal") for text, key in reasons]),
        id="manual-form",
        on_submit=S.arrive_without_position,
    )
    send = btn(_("Confirm arrival"), size="l", block=True, type="submit", form="manual-form")
    hint = note(_("Operations see that the position was not checked."), "warn", "triangle-alert")
    return sheet("manual", _("Arrive without a position"), form, el.div(hint, class_name="mt"), footer=[send])


def _cancel() -> rx.Component:
    form = el.form(
        group(
            _("Reason"),
            *[radio_option("reason", key, _(text), checked=key == "unwell") for key, text in REASONS.items()],
        ),
        el.div(
            text_area("cancel-more", _("Anything else"), name="more", optional=True, max_length=120, rows=2),
            class_name="mt",
        ),
        id="cancel-form",
        on_submit=S.give_back,
    )
    send = btn(_("Give the job back"), kind="d", size="l", block=True, type="submit", form="cancel-form")
    return sheet("cancel", _("Give the job back"), form, footer=[send])


def _overlays() -> rx.Component:
    return rx.fragment(
        _manual(),
        _cancel(),
        add_ons.dialog(),
        confirm(
            "finish",
            _("Finish service"),
            _("The customer is asked to check and confirm."),
            _("Finish"),
            S.finish,
            kind="p",
        ),
        confirm(
            "cash",
            _("Cash received"),
            _("Confirm only what you have in your hand. The order is paid then."),
            _("I have received {amount}", amount=S.job.cash),
            S.cash,
            kind="p",
        ),
        confirm(
            "noshow", _("Customer not there"), _("The order ends and you get the call-out fee."), _("Leave"), S.no_show
        ),
        position_watch(rx.cond(S.job.status == "en_route", "1", "0")),
    )


def view() -> rx.Component:
    """The page."""
    found = rx.fragment(
        el.div(_step(), _cash(), add_ons.block(), _work(), _what(), _crew(), _where(), _trouble(), class_name="stack"),
        _history(),
    )
    gone = el.div(
        nothing(
            _("This job is not yours"),
            _("It was handed over or never was."),
            lbtn(_("My jobs"), to="/technician/jobs/", kind="t"),
        ),
        class_name="stack",
    )
    tail = el.span(el.span(S.job.tail, class_name="num"), class_name="f13 mut pad")
    return technician_shell(
        until_ready(S.ready & addressed(S.job.no), rx.cond(S.job.no != "", found, gone)),
        header=navbar(_("Job"), "/technician/jobs/", right=tail),
        overlays=_overlays(),
    )


PAGE = Page("/technician/job/[order_no]", view, N_("Job"), S.open)
