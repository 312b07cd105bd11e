"""`/operator/technicians/[technician_no]`: one technician with certificates, plan, jobs, figures and earnings."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import addressed, avatar, el, joined
from servicehub.components.layout import panel
from servicehub.components.operator import columns, page_head
from servicehub.components.order import status_pill
from servicehub.components.tables import amount_td, table, th, two_lines
from servicehub.pages.operator.frame import act, amount_field, frame, not_here, order_link, reason_dialog, waiting_panel
from servicehub.pages.operator.statement import statement_panel
from servicehub.pages.operator.technicians import state_pill
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.statement import TechnicianStatementState
from servicehub.state.operator.technician import TechnicianSheetState
from servicehub.texts import N_, _

S = TechnicianSheetState
P = TechnicianSheetState.shown


def _head() -> rx.Component:
    return page_head(
        el.span(avatar(P.person.portrait, 40), P.person.name, class_name="row g12"),
        el.span(P.person.level, " · ", P.person.skills, " · ", el.span(P.phone, class_name="num")),
        state_pill(P.person.state, P.person.state_text),
        rx.cond(P.may_suspend, act("ban", _("Suspend"), "act-suspend", danger=True), rx.fragment()),
        rx.cond(P.may_restore, act("rotate-ccw", _("Restore"), "act-restore"), rx.fragment()),
        rx.cond(P.may_adjust, act("gift", _("Bonus"), "act-bonus"), rx.fragment()),
        rx.cond(P.may_adjust, act("minus", _("Penalty"), "act-penalty", danger=True), rx.fragment()),
    )


def _figures(rows: rx.Var, title: str) -> rx.Component:
    def one(f: rx.Var) -> rx.Component:
        return el.div(
            el.span(f.label, class_name="f12 mut"),
            el.span(f.value, class_name="num f20 w6"),
            el.span(f.note, class_name="f12 mut"),
            class_name="col g2",
            key=f.label,
        )

    return panel(title, el.div(rx.foreach(rows, one), class_name="quad panel-b"))


def _certificates() -> rx.Component:
    rows = rx.foreach(
        P.certificates,
        lambda c: el.tr(
            el.td(c.name, class_name="w5"),
            el.td(el.span(c.state, class_name=rx.Var.create("tag tag-") + c.tone)),
            el.td(el.span(c.issued, class_name="num")),
            el.td(el.span(c.expires, class_name="num")),
            key=c.id,
        ),
    )
    heads = [th(_("Certificate")), th(_("State")), th(_("Issued")), th(_("Valid until"))]
    return panel(_("Certificates"), table(_("Certificates"), heads, rows, dense=True))


def _week() -> rx.Component:
    rows = rx.foreach(
        P.week,
        lambda d: el.tr(el.td(d.day, class_name="w5"), el.td(d.hours), el.td(d.breaks, class_name="mut"), key=d.day),
    )
    return panel(
        _("Weekly plan"),
        table(_("Weekly plan"), [th(_("Day")), th(_("Working hours")), th(_("Breaks"))], rows, dense=True),
    )


def _jobs() -> rx.Component:
    rows = rx.foreach(
        P.jobs,
        lambda j: el.tr(
            el.td(order_link(j.no)), el.td(j.visit),
            el.td(two_lines(j.service, j.area)), el.td(status_pill(j.status, j.status_text)),
            amount_td(j.amount), key=j.no,
        ),
    )  # fmt: skip
    heads = [th(_("Order no.")), th(_("Visit time")), th(_("Service")), th(_("Status")), th(_("Amount"), "r")]
    nothing = rx.cond(
        P.jobs.length() == 0, el.p(_("No job from today on."), class_name="mut f13 panel-b"), rx.fragment()
    )
    return panel(_("Jobs from today on"), table(_("Jobs from today on"), heads, rows, empty=nothing))


def _audits() -> rx.Component:
    rows = rx.foreach(
        P.audits,
        lambda a: el.tr(el.td(two_lines(a.action, a.when)), el.td(two_lines(a.who, a.role)), el.td(a.reason), key=a.id),
    )
    body = panel(
        _("Interventions"), table(_("Interventions"), [th(_("What")), th(_("Who")), th(_("Reason"))], rows, dense=True)
    )
    return rx.cond(P.audits.length() > 0, body, rx.fragment())


def _dialogs() -> rx.Component:
    suspend = reason_dialog(
        "act-suspend",
        _("Suspend this technician"),
        _("No more work is offered; jobs already accepted stay until reassigned."),
        _("Suspend"),
        S.suspend,
    )
    restore = reason_dialog(
        "act-restore",
        _("Restore this technician"),
        _("Work is offered again once the technician goes online."),
        _("Restore"),
        S.restore,
        danger=False,
    )
    bonus = reason_dialog(
        "act-bonus",
        _("Bonus for this technician"),
        _("It is available at once, and the technician reads your reason. At most ¥2,000."),
        _("Give"),
        S.bonus,
        amount_field("bonus-amount", _("Amount, ¥"), required=True),
        danger=False,
    )
    penalty = reason_dialog(
        "act-penalty",
        _("Penalty for this technician"),
        _(
            "It is taken from what is available, then from the deposit if the city has one, the rest from coming earnings; "
            "the technician reads your reason. At most ¥2,000."
        ),
        _("Take"),
        S.penalty,
        amount_field("penalty-amount", _("Amount, ¥"), required=True),
    )
    return rx.fragment(suspend, restore, bonus, penalty)


def view() -> rx.Component:
    """The page."""
    left = el.div(
        _figures(P.figures, _("Quality")), _figures(P.earnings, _("Earnings")), _jobs(), _audits(), class_name="col g16"
    )
    right = el.div(
        _certificates(), _week(), panel(_("About"), el.p(P.facts, class_name="f13 ink2 panel-b")), class_name="col g16"
    )
    blank = rx.fragment(page_head(_("Technician"), _("Loading")), waiting_panel())
    body = rx.fragment(_head(), columns(left, right), statement_panel())
    body = rx.cond(
        addressed(joined("/technicians/", P.person.id.to(str), "/")), body, blank
    )  # somebody else, until he is read
    none = not_here(
        _("This technician is not here"),
        _("The number is wrong, or the technician works in another city."),
        _("Technicians"),
        "/operator/technicians/",
    )
    return frame(rx.cond(P, body, rx.cond(S.ready, none, blank)), active="technicians", state=S, overlays=_dialogs())


PAGE = Page(
    "/operator/technicians/[technician_no]",
    view,
    N_("Technician"),
    [OperatorShellState.watch, S.watch, TechnicianStatementState.open],
)
