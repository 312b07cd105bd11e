"""`/operator/dispatch/fairness/`: income for each available hour, who is below the policy's floor, and what that means."""

from __future__ import annotations

import plotly.graph_objects as go
import reflex as rx

from servicehub.components.base import avatar, el, icon, link
from servicehub.components.layout import empty, panel
from servicehub.components.operator import kpis, page_head
from servicehub.components.plot import plot, themed
from servicehub.components.tables import table, th
from servicehub.pages.operator.frame import frame, waiting_panel
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.fairness import FairnessState
from servicehub.texts import N_, _

S = FairnessState
F = FairnessState.shown


def _tile(name: rx.Var | str, value: rx.Var, hint: rx.Var | str) -> rx.Component:
    return el.div(
        el.span(name, class_name="f13 mut"),
        el.span(value, class_name="v"),
        el.span(hint, class_name="f11 mut"),
        class_name="kpi",
    )


def _figures() -> rx.Component:
    return kpis(
        _tile(_("Gini"), F.gini, _("0: all alike, 1: one has it all")),
        _tile(_("Median per hour"), F.median, _("Of the hours planned in a week")),
        _tile(_("Upper tenth to lower tenth"), F.spread, _("Income per available hour")),
        _tile(_("Below the floor"), F.below.to(str), _("Floor {floor} an hour", floor=F.floor)),
    )


def _chart() -> rx.Component:
    layout = themed(go.Figure(layout={"template": None}), unit="¥").layout.to_plotly_json()
    layout |= {"xaxis": {"visible": False}, "hovermode": "closest", "bargap": 0.15}
    drawn = plot(S.figure, _("Income per available hour of every technician, ascending"), layout=layout, height="18rem")
    return panel(_("Income per available hour"), el.div(drawn, class_name="panel-b"), note=_("Last 7 days"))


def _row(r: rx.Var) -> rx.Component:
    to = rx.Var.create("/operator/technicians/") + r.technician_id.to(str) + "/"
    who = el.div(
        avatar(r.portrait, 28),
        el.div(link(r.name, to=to, cls="w5"), el.span(r.level, class_name="f12 mut"), class_name="col g0"),
        class_name="row g8",
    )
    below = rx.cond(r.is_below, el.span(_("Counts twice"), class_name="tag tag-o"), rx.fragment())
    return el.tr(
        el.td(who),
        el.td(r.per_hour, class_name="num r"),
        el.td(r.share, class_name="num r"),
        el.td(r.hours, class_name="num r hide-m"),
        el.td(below),
        key=r.technician_id,
    )


def _table() -> rx.Component:
    heads = [
        th(_("Professional")), th(_("Per hour"), "r"), th(_("Of the median"), "r"), th(_("Hours a week"), "r hide-m"), th(""),
    ]  # fmt: skip
    return panel(_("Everybody"), table(_("Everybody"), heads, rx.foreach(F.rows, _row)))


def view() -> rx.Component:
    """The page."""
    back = link(icon("chevron-left", "s"), _("Dispatch policy"), to="/operator/dispatch/policy/", cls="abtn")
    about = _(
        "Whoever earned less for each available hour than the others is asked a little sooner, by the policy's weight"
    )
    head = page_head(_("Fairness"), about, back)
    nothing = empty(_("Nothing to compare yet"), _("Figures appear once plans and earnings of a week are there."))
    body = rx.cond(F.rows.length() > 0, el.div(_figures(), _chart(), _table(), class_name="col g16"), nothing)
    return frame(head, rx.cond(S.ready, body, waiting_panel()), active="dispatch", state=S)


PAGE = Page(
    "/operator/dispatch/fairness/", view, N_("Fairness"), [OperatorShellState.watch, S.watch],
    description=N_("Income per available hour against the median and the floor of the policy."),
)  # fmt: skip
