"""The hall: open orders that this technician may claim, filtered by distance and skill, live."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import art, attrs, btn, chip, col, el, icon, lbtn, price, row, seg
from servicehub.components.layout import navbar, pull_to_refresh
from servicehub.components.technician import technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import chips, fresh_tag, nothing, rule_line, until_ready
from servicehub.state.technician.hall import DISTANCES
from servicehub.state.technician.hall import HallState as S
from servicehub.texts import N_, _, formats

SORTS = (("near", N_("Nearest")), ("soon", N_("Earliest")), ("pay", N_("Best paid")))


def _filters() -> rx.Component:
    names = {
        0: _("Any distance"),
        **{m: _("Within {distance}", distance=formats.distance(m).replace(".0", "")) for m in DISTANCES if m},
    }
    near = [chip(names[metres], S.within_m == metres, on_click=S.choose_distance(metres)) for metres in DISTANCES]
    any_skill = chip(_("All skills"), S.skill == "", on_click=S.choose_skill(""))
    skills = rx.foreach(
        S.skills, lambda s: chip(s.text, S.skill == s.value, on_click=S.choose_skill(s.value), key=s.value)
    )
    order = seg([(_(text), S.sort == value, S.choose_sort(value)) for value, text in SORTS], _("Sort"))
    return el.div(
        el.div(*near, class_name="hs", role="group", aria_label=_("Distance")),
        el.div(any_skill, skills, class_name="hs", role="group", aria_label=_("Skill")),
        el.div(order, class_name="pad"),
        class_name="col g4",
    )


def _row(order: Any) -> rx.Component:
    head = row(
        art(order.art, 40, 40),
        col(el.h2(order.title, class_name="f16 w6"), el.span(order.facts, class_name="f12 mut"), cls="g2 grow"),
        col(el.span(_("Take-home estimate"), class_name="f11 mut"), price(order.take_home, size="l"), cls="g2 ends"),
        cls="g12 top",
    )
    lines = col(
        row(icon("clock", "s", "mut"), el.span(order.when, class_name="f14"), fresh_tag(order.fresh), cls="g6"),
        row(icon("map-pin", "s", "mut"), el.span(order.area, class_name="f14 cut"), cls="g6"),
        row(icon("percent", "s", "mut"), rule_line(order.rule, order.tax), cls="g6"),
        row(
            icon("navigation", "s", "mut"), el.span(order.distance, " · ", order.travel, class_name="f13 mut"), cls="g6"
        ),
        rx.cond(order.reasons.length() > 0, chips(order.reasons, "b"), rx.fragment()),
        cls="g4 mt",
    )
    claim = btn(
        _("Claim job"),
        block=True,
        cls="mt-s",
        busy=S.claiming == order.no,
        on_click=S.claim(order.no),
        aria_label=_("Claim job") + " " + order.title,
    )
    asked = el.p(
        icon("hourglass", "s"), _("Claimed, being decided"), class_name="row g6 mid f14 w5 brand mt-s", role="status"
    )
    claim = rx.cond(order.claimed, asked, claim)
    return el.article(head, lines, claim, class_name="card card-p", key=order.no, **attrs(data_order=order.no))


def view() -> rx.Component:
    """The page."""
    rows = el.div(rx.foreach(S.rows, _row), class_name="stack", aria_live="polite")
    none = el.div(
        nothing(
            _("No open offers right now"),
            _("New ones appear here by themselves. Try a larger distance."),
            lbtn(_("Back to the workbench"), to="/technician/", kind="t"),
        ),
        class_name="stack",
    )
    return technician_shell(
        pull_to_refresh(S.choose_sort(S.sort)),
        _filters(),
        until_ready(S.ready, rx.cond(S.rows.length() > 0, rows, none)),
        active="hall",
        header=navbar(_("Open offers"), "/technician/"),
    )


PAGE = Page("/technician/offers/", view, N_("Open offers"), S.open)
