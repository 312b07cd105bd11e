"""The workbench: on duty or off, the open offer, the next job. One decision at a time, in thumb's reach."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import avatar, btn, card, col, el, icon, lbtn, link, price, row
from servicehub.components.elements import countdown_ring, position_watch
from servicehub.components.forms import group, radio_option, switch
from servicehub.components.layout import expire_button, note, opens, sheet
from servicehub.components.order import status_pill
from servicehub.components.technician import facts, income_strip, offer_card, swipe, technician_shell, work_header
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import chips, nothing, round_links, rule_line, until_ready
from servicehub.state.technician.work import WorkState as S
from servicehub.texts import N_, _

REASONS = (
    ("time_clash", N_("The time does not suit")),
    ("too_far", N_("Too far")),
    ("not_my_skill", N_("Not my skill")),
    ("unwell", N_("Unwell")),
    ("other", N_("Other reason")),
)


def _header() -> rx.Component:
    who = col(
        el.span(S.board.name, class_name="f16 w6"), el.span(S.board.role_line, class_name="f12 soft cut"), cls="g2 grow"
    )
    on = switch(rx.cond(S.board.online, _("Taking orders"), _("Off duty")), S.board.online, S.toggle)
    return work_header(avatar(S.board.portrait, 44), who, on, title=_("Workbench"))


def _figures() -> rx.Component:
    strip = income_strip(
        (S.board.income, _("Today (¥)")),
        (S.board.done, _("Done / all")),
        (S.board.on_time, _("On-time rate")),
    )
    return el.div(strip, class_name="pad")


def _offer_head() -> rx.Component:
    ring = countdown_ring(S.offer.left_s, S.offer.total_s)
    words = col(
        row(el.h2(_("New offer"), class_name="f18 w7"), chips(S.offer.reasons, "b"), cls="g6 wrap"),
        el.span(S.offer.how, class_name="f12 mut"),
        cls="g2 grow",
    )
    return rx.fragment(ring, words)


def _offer_body() -> rx.Component:
    pay = col(
        el.span(_("Take-home estimate"), class_name="f12 mut"),
        price(S.offer.take_home, size="xl"),
        cls="g4",
    )
    way = col(
        row(icon(S.offer.transport_icon, "s"), el.span(S.offer.distance, class_name="num f18"), cls="g4"),
        el.span(S.offer.travel, class_name="f12 mut"),
        cls="g4 end ends",
    )
    what = facts(
        ("sparkles", S.offer.title, S.offer.facts),
        ("clock", S.offer.when, S.offer.gap),
        ("map-pin", S.offer.area, _("Door number and contact appear once you accept")),
    )
    decline = btn(_("Decline"), kind="g", size="l", **opens("why"))
    accept = swipe(_("Accept"), S.accept(S.offer.id))
    rule = rule_line(S.offer.rule, S.offer.tax)
    return rx.fragment(
        row(pay, way, cls="base-end"), rule, el.div(class_name="hr"), what, row(decline, accept, cls="g6 mt")
    )


def _offer() -> rx.Component:
    return el.div(offer_card(_offer_head(), _offer_body(), label=_("New offer")), key=S.offer.id.to(str))


def _waiting() -> rx.Component:
    idle = nothing(
        _("Listening for orders"),
        _("Keep this page open; a sound tells you of a new offer."),
        lbtn(_("See open offers"), to="/technician/offers/", kind="t"),
    )
    resting = nothing(
        _("You are off duty"),
        _("Go online to get offers. Jobs you accepted stay yours."),
        btn(_("Go online"), on_click=S.toggle),
        pic="empty-coupons",
    )
    return rx.cond(S.board.online, idle, resting)


def _next_job() -> rx.Component:
    head = row(
        el.h2(_("Next job"), class_name="f12 mut w4"),
        status_pill(S.job.status, S.job.status_label),
        el.span(S.job.hint, class_name=rx.cond(S.job.urgent, "f13 c-hot w6 end", "f13 mut end")),
        cls="g6",
    )
    when = col(el.span(S.job.time, class_name="num f28"), el.span(S.job.day, class_name="f12 mut"), cls="g0")
    what = col(
        el.span(S.job.title, class_name="f16 w6 cut"), el.span(S.job.place, class_name="f13 mut cut2"), cls="g2 grow"
    )
    body = link(
        when, what, icon("chevron-right", "s", "dim"), to="/technician/job/" + S.job.no + "/", cls="row g12 next-job"
    )
    depart = btn(_("Depart"), cls="grow-2", on_click=S.depart(S.job.no))
    on = lbtn(_("Open job"), to="/technician/job/" + S.job.no + "/", cls="grow-2")
    acts = row(*round_links(S.job.map_url, S.job.tel), rx.cond(S.job.action == "depart", depart, on), cls="g8")
    return el.section(card(head, body, acts), class_name="pad sec", aria_label=_("Next job"))


def _why() -> rx.Component:
    options = [radio_option("reason", value, _(text), checked=value == "time_clash") for value, text in REASONS]
    form = el.form(
        el.input(type="hidden", name="offer", value=S.offer.id.to(str), read_only=True),
        group(_("Why do you decline?"), *options),
        id="why-form",
        on_submit=S.decline,
    )
    send = btn(_("Confirm decline"), kind="d", size="l", block=True, type="submit", form="why-form")
    hint = el.p(_("Nothing happens to you; the order goes to the next technician at once."), class_name="f13 mut mt")
    return sheet("why", _("Why do you decline?"), form, hint, footer=[send])


def _stop() -> rx.Component:
    options = [
        radio_option("reason", value, _(text), checked=value == "unwell")
        for value, text in (
            ("unwell", N_("Unwell")),
            ("vehicle", N_("Vehicle broken down")),
            ("family", N_("Family emergency")),
            ("other", N_("Other reason")),
        )
    ]
    form = el.form(group(_("What happened?"), *options), id="stop-form", on_submit=S.stop_today)
    hint = el.p(
        _("All your visits of today are given to others at once, and their customers are told. This cannot be undone."),
        class_name="f13 mut mt",
    )
    send = btn(_("Stop for today"), kind="d", size="l", block=True, type="submit", form="stop-form")
    return sheet("stop", _("I cannot go on today"), form, hint, footer=[send])


def view() -> rx.Component:
    """The page."""
    advice = rx.cond(
        S.board.advice != "",
        el.div(note(S.board.advice, "warn", "triangle-alert"), class_name="pad sec"),
        rx.fragment(),
    )
    more = el.nav(
        link(
            icon("list-checks", cls="brand"),
            el.span(_("My jobs"), class_name="grow f15 w5"),
            icon("chevron-right", "s", "dim"),
            to="/technician/jobs/",
            cls="cell",
        ),
        link(
            icon("calendar-clock", cls="brand"),
            el.span(_("Hours and time off"), class_name="grow f15 w5"),
            icon("chevron-right", "s", "dim"),
            to="/technician/plan/",
            cls="cell",
        ),
        el.button(
            icon("life-buoy", cls="c-hot"),
            el.span(_("I cannot go on today"), class_name="grow f15 w5"),
            icon("chevron-right", "s", "dim"),
            type="button",
            class_name="cell",
            **opens("stop"),
        ),
        class_name="card",
        aria_label=_("More"),
    )
    body = rx.fragment(
        rx.cond(S.offer.id > 0, el.div(_offer(), class_name="pad sec"), rx.fragment()),
        rx.cond(S.job.no != "", _next_job(), rx.fragment()),
        rx.cond(S.offer.id > 0, rx.fragment(), el.div(_waiting(), class_name="pad sec")),
        advice,
        el.div(more, class_name="pad sec"),
    )
    watch = position_watch(rx.cond(S.board.online | (S.job.status == "en_route"), "1", "0"))
    overlays = rx.fragment(_why(), _stop(), rx.cond(S.offer.id > 0, expire_button(S.expired), rx.fragment()), watch)
    return technician_shell(
        _figures(),
        until_ready(S.ready, body),
        active="work",
        header=_header(),
        overlays=overlays,
        badges={"hall": S.board.hall_count, "me": S.board.unread},
    )


PAGE = Page("/technician/", view, N_("Workbench"), S.open)
