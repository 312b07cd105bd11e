"""`/operator/dispatch/plan/`: visits whose technician is not told yet, planned anew on demand, with before and after."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import avatar, el, icon, link
from servicehub.components.layout import empty, note, panel
from servicehub.components.operator import abtn, columns, page_head
from servicehub.components.tables import table, th, two_lines
from servicehub.pages.operator.frame import frame, loading, order_link
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.planning import PlanningState
from servicehub.texts import N_, _

S = PlanningState
P = PlanningState.shown


def _head() -> rx.Component:
    working = el.div(
        icon("hourglass", "s", "brand"),
        el.span(rx.cond(P.is_stopping, _("Stopping…"), _("Searching for a better plan…")), class_name="f13"),
        abtn("x", _("Stop and keep what was found"), on_click=S.stop, disabled=P.is_stopping),
        class_name="row g8",
        role="status",
    )
    start = abtn("sparkles", _("Plan anew"), cls="abtn-p", on_click=S.start, disabled=P.count == 0)
    tools = rx.cond(S.may_plan, rx.cond(P.open_run > 0, working, start), rx.fragment())
    back = link(icon("chevron-left", "s"), _("Dispatch board"), to="/operator/dispatch/", cls="abtn")
    return page_head(
        _("Planned ahead"),
        _("Visits whose technician may still change; nobody is asked before they become firm"),
        el.div(back, tools, class_name="row g8 wrap"),
    )


def _visit(v: rx.Var) -> rx.Component:
    to = rx.Var.create("/operator/technicians/") + v.technician_id.to(str) + "/"
    firm = el.span(_("Firm: {when}", when=v.firm), class_name="f12 mut")
    name = el.div(link(v.technician, to=to, cls="w5"), firm, class_name="col g0")
    who = rx.cond(
        v.technician_id > 0,
        el.div(avatar(v.portrait, 28), name, class_name="row g8"),
        el.div(el.span(v.technician, class_name="dim"), firm, class_name="col g0"),
    )
    return el.tr(
        el.td(two_lines(v.visit, v.service)),
        el.td(v.area, class_name="hide-m"),
        el.td(who),
        el.td(order_link(v.no), class_name="hide-m"),
        key=v.no,
    )


def _visits() -> rx.Component:
    heads = [
        th(_("Visit")),
        th(_("Area"), "hide-m"),
        th(_("Planned for")),
        th(_("Order"), "hide-m"),
    ]
    nothing = rx.cond(
        P.visits.length() == 0,
        empty(_("Nothing is planned ahead"), _("Visits that are further away than the commit time appear here.")),
        rx.fragment(),
    )
    rows = table(_("Visits planned ahead"), heads, rx.foreach(P.visits, _visit), empty=nothing)
    more = rx.cond(
        P.count > P.visits.length(),
        el.p(_("The nearest {n} of {all} are shown.", n=P.visits.length(), all=P.count), class_name="f12 mut panel-b"),
        rx.fragment(),
    )
    return panel(_("Visits"), rx.cond(S.ready, rx.fragment(rows, more), loading(3)), note=P.count)


def _run(run: rx.Var) -> rx.Component:
    tone = rx.match(run.tone, ("done", "st st-done"), ("cancel", "st st-cancel"), "st st-wait")
    head = el.div(
        el.div(
            el.span(run.summary, class_name="f14 w5"),
            el.span(el.span(run.when, class_name="num"), " · ", run.who, class_name="f12 mut"),
            class_name="col g0 grow",
        ),
        el.span(run.state, class_name=tone),
        class_name="row g8",
    )
    moved = el.ul(
        rx.foreach(
            run.moves,
            lambda m: el.li(
                order_link(m.no),
                el.span(m.before, " → ", el.b(m.after), class_name="f13"),
                class_name="row g8 wrap",
                key=m.no,
            ),
        ),
        class_name="col g4",
    )
    details = el.details(el.summary(_("Who moved"), class_name="f13 brand"), moved)
    return el.article(
        head, rx.cond(run.moves.length() > 0, details, rx.fragment()), class_name="col g8 panel-b", key=run.id
    )


def _runs() -> rx.Component:
    nothing = el.p(_("Not planned anew yet."), class_name="mut f13 panel-b")
    quiet = rx.cond(
        S.may_plan,
        rx.fragment(),
        el.div(note(_("Your role may look but not plan."), "info"), class_name="panel-b"),
    )
    rows = rx.cond(P.runs.length() > 0, rx.foreach(P.runs, _run), nothing)
    return panel(_("Before and after"), quiet, rx.cond(S.ready, rows, loading(1)))


def view() -> rx.Component:
    """The page."""
    return frame(_head(), columns(_visits(), _runs(), kind="2"), active="dispatch", state=S)


PAGE = Page(
    "/operator/dispatch/plan/", view, N_("Planned ahead"), [OperatorShellState.watch, S.watch],
    description=N_("Visits that are planned but not firm, and how planning them anew made them better."),
)  # fmt: skip
