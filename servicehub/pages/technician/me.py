"""The technician's own page: level and what it gives, figures, certificates, messages, settings."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import avatar, btn, card, cell, col, el, icon, row, stars
from servicehub.components.forms import hidden, plain_form
from servicehub.components.layout import language_switch, navbar, opens, section, sheet, theme_switch
from servicehub.components.technician import technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import chips, until_ready
from servicehub.state.technician.me import MeState as S
from servicehub.texts import N_, _, localized_path


def _who() -> rx.Component:
    head = row(
        avatar(S.me.portrait, 60),
        col(
            row(el.h2(S.me.name, class_name="f20 w7"), el.span(S.me.level, class_name="tag tag-a"), cls="g6"),
            row(stars(S.me.rating), el.span(S.me.reviews, class_name="f12 mut"), cls="g6"),
            el.span(S.me.phone, class_name="f12 mut num"),
            cls="g2 grow",
        ),
        cls="g12",
    )
    gives = col(el.span(_("Your level gives"), class_name="f12 mut"), chips(S.me.level_gives), cls="g4")
    skills = col(el.span(_("Skills"), class_name="f12 mut"), chips(S.me.skills, "b"), cls="g4")
    return card(head, el.div(class_name="hr"), gives, skills, cls="col g8")


def _figures() -> rx.Component:
    pairs = ((S.me.done, _("Jobs done")), (S.me.acceptance, _("Acceptance rate")), (S.me.on_time, _("On-time rate")))
    kids = [
        col(el.span(value, class_name="num f20"), el.span(word, class_name="f12 mut"), cls="g0 grow center")
        for value, word in pairs
    ]
    lines = [
        (_("Transport"), S.me.transport),
        (_("Service radius"), S.me.radius),
        (_("Daily limit"), S.me.cap),
        (_("With us since"), S.me.joined),
    ]
    facts = [row(el.span(word, class_name="mut"), el.span(value, class_name="end"), cls="f13") for word, value in lines]
    return card(row(*kids), el.div(class_name="hr"), col(*facts, cls="g6"))


def _paper(paper: Any) -> rx.Component:
    words = col(el.span(paper.name, class_name="f15 w5"), el.span(paper.line, class_name="f12 mut"), cls="g2 grow")
    return el.div(
        icon("badge-check", cls="brand"),
        words,
        el.span(paper.state, class_name="tag tag-" + paper.tone),
        class_name="cell",
        key=paper.key,
    )


def _message(message: Any) -> rx.Component:
    dot = rx.cond(message.unread, el.span(class_name="unread", role="img", aria_label=_("Unread")), rx.fragment())
    words = col(
        row(
            dot, el.span(message.title, class_name="f15 w5"), el.span(message.when, class_name="f12 mut end"), cls="g6"
        ),
        el.span(message.body, class_name="f13 mut"),
        cls="g2 grow",
    )
    return el.div(words, class_name="cell", key=message.id.to(str))


def _messages() -> rx.Component:
    none = el.p(_("No messages yet"), class_name="f13 mut card-p")
    listed = rx.cond(S.me.messages.length() > 0, rx.fragment(rx.foreach(S.me.messages, _message)), none)
    mark = rx.cond(S.me.unread > 0, btn(_("Mark all read"), kind="g", on_click=S.read_all), rx.fragment())
    return section(_("Messages"), el.div(el.div(listed, class_name="card"), mark, class_name="side-12"), id="messages")


def _settings() -> rx.Component:
    leave = plain_form(
        hidden("next", localized_path("/login/?role=technician")),
        el.button(
            icon("log-out"), el.span(_("Log out"), class_name="grow f15 w5"), type="submit", class_name="cell c-bad"
        ),
        action="/api/session/end",
        id="logout",
    )
    rows = el.div(
        cell("list-checks", _("My jobs"), to="/technician/jobs/"),
        cell("calendar-clock", _("Hours and time off"), to="/technician/plan/"),
        cell("smartphone", _("Install the app"), _("Opens faster, rings on new offers"), **opens("install")),
        el.div(
            icon("languages", cls="brand"),
            el.span(_("Language"), class_name="grow f15 w5"),
            language_switch(),
            class_name="cell",
        ),
        el.div(
            icon("moon", cls="brand"),
            el.span(_("Dark mode"), class_name="grow f15 w5"),
            theme_switch(),
            class_name="cell",
        ),
        leave,
        class_name="card",
    )
    return section(_("Settings"), el.div(rows, class_name="side-12"))


def _install() -> rx.Component:
    ways = (
        (_("Android"), _("Open the browser's menu and choose “Install app” or “Add to home screen”.")),
        (
            _("iPhone"),
            _("In Safari press “Share”, then “Add to Home Screen”. Other browsers and WeChat cannot install it."),
        ),
        (
            _("Position and sound"),
            _("Allow both when asked: offers ring, and your way is measured only while you are on duty."),
        ),
    )
    items = [
        el.li(el.h3(name, class_name="f15 w6"), el.p(text, class_name="f14 mut"), class_name="col g2")
        for name, text in ways
    ]
    return sheet("install", _("Install the app"), el.ol(*items, class_name="col g16"))


def view() -> rx.Component:
    """The page."""
    papers = section(
        _("Certificates"), el.div(el.div(rx.foreach(S.me.papers, _paper), class_name="card"), class_name="side-12")
    )
    body = rx.fragment(el.div(_who(), _figures(), class_name="stack"), papers, _messages(), _settings())
    return technician_shell(
        until_ready(S.ready, body), active="me", header=navbar(_("Me"), "/technician/"), overlays=_install()
    )


PAGE = Page("/technician/me/", view, N_("Me"), S.open)
