"""`/operator/technicians/`: the city's technicians with state, score, certificates and today's jobs."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import avatar, el, link
from servicehub.components.forms import search_box
from servicehub.components.layout import empty
from servicehub.components.operator import page_head
from servicehub.components.tables import filter_bar, table, th, two_lines, view_tab, views
from servicehub.pages.operator.frame import frame, loading
from servicehub.pages.page import Page
from servicehub.queries.operator.technicians import STATES
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.technicians import TechnicianListState
from servicehub.texts import N_, _

S = TechnicianListState
TONES = (("online", "st st-done"), ("busy", "st st-srv"), ("en_route", "st st-go"), ("suspended", "st st-after"))


def state_pill(code: rx.Var, text: rx.Var) -> rx.Component:
    """What a technician does now."""
    return el.span(text, class_name=rx.match(code, *TONES, "st st-cancel"))


def _row(t: rx.Var) -> rx.Component:
    to = rx.Var.create("/operator/technicians/") + t.id.to(str) + "/"
    who = el.div(
        avatar(t.portrait, 36),
        el.div(link(t.name, to=to, cls="brand w6"), el.span(t.level, class_name="f12 mut"), class_name="col g0"),
        class_name="row g8",
    )
    return el.tr(
        el.td(who),
        el.td(state_pill(t.state, t.state_text)),
        el.td(t.skills, class_name="hide-m"),
        el.td(two_lines(t.score, t.reviews)),
        el.td(el.span(t.acceptance, class_name="num"), class_name="r hide-l"),
        el.td(el.span(t.on_time, class_name="num"), class_name="r hide-l"),
        el.td(el.span(t.jobs_today, class_name="num"), class_name="r"),
        el.td(el.span(t.certificate, class_name=rx.Var.create("tag tag-") + t.certificate_tone)),
        key=t.id,
    )


def view() -> rx.Component:
    """The page."""
    tabs = [view_tab(_(text), S.state == key, S.show(key)) for key, text in STATES.items()]
    heads = [
        th(_("Technician")), th(_("State")), th(_("Skills"), "hide-m"), th(_("Rating")), th(_("Acceptance rate"), "r hide-l"),
        th(_("On-time rate"), "r hide-l"), th(_("Jobs today"), "r"), th(_("Certificates")),
    ]  # fmt: skip
    nothing = rx.cond(S.rows.length() == 0, empty(_("Nobody matches"), _("Try another state or name.")), rx.fragment())
    rows = table(_("Technicians"), heads, rx.foreach(S.rows, _row), empty=nothing)
    search = search_box(
        "tech-q", _("Search technicians"), S.search.debounce(250), placeholder=_("Name or skill"), slash=True
    )
    count = el.span(_("{n} technicians", n=S.rows.length()), class_name="f13 mut end")
    body = el.section(
        el.h2(_("Technician list"), class_name="sr"),
        views(_("Technician states"), *tabs),
        filter_bar(search, count),
        rx.cond(S.ready, rows, loading(7)),
        class_name="panel",
    )
    return frame(page_head(_("Technicians"), _("Supply of the city, live")), body, active="technicians", state=S)


PAGE = Page(
    "/operator/technicians/", view, N_("Technicians"), [OperatorShellState.watch, S.watch],
    description=N_("Technicians with certificates, ratings and today's jobs."),
)  # fmt: skip
