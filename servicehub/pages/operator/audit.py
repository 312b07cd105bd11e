"""`/operator/audit/`: what operators did, and whether the chain of rows is unbroken."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import el, link
from servicehub.components.forms import search_box
from servicehub.components.layout import empty, note
from servicehub.components.operator import page_head
from servicehub.components.tables import filter_bar, pager, table, th, two_lines
from servicehub.pages.operator.frame import frame, loading
from servicehub.pages.page import Page
from servicehub.state.operator.audit import AuditState
from servicehub.state.operator.base import OperatorShellState
from servicehub.texts import N_, _

S = AuditState


def _verdict() -> rx.Component:
    sound = note(
        _("The chain of {n} rows is unbroken. Newest link: {head}", n=S.entries, head=S.head), "ok", "shield-check"
    )
    broken = note(
        _("The chain breaks at row {id}. Rows were changed or removed.", id=S.broken_id), "bad", "triangle-alert"
    )
    return rx.cond(S.ready, rx.cond(S.broken_id == 0, sound, broken), rx.fragment())


def _row(a: rx.Var) -> rx.Component:
    subject = rx.cond(
        a.link != "", link(el.span(a.subject, class_name="num"), to=a.link, cls="brand w5"), el.span(a.subject)
    )
    return el.tr(
        el.td(el.span(a.when, class_name="num")),
        el.td(two_lines(a.who, a.role)),
        el.td(a.action, class_name="w5"),
        el.td(subject),
        el.td(a.reason),
        el.td(el.code(a.details, class_name="f12 mut cut"), class_name="hide-l"),
        el.td(el.code(a.chain, class_name="f12 mut"), class_name="hide-l"),
        key=a.id,
    )


def view() -> rx.Component:
    """The page."""
    heads = [
        th(_("Recorded at")), th(_("Who")), th(_("What")), th(_("Subject")),
        th(_("Reason")), th(_("Details"), "hide-l"), th(_("Link of the chain"), "hide-l"),
    ]  # fmt: skip
    nothing = rx.cond(
        S.total == 0, empty(_("Nothing was recorded"), _("Interventions of operators appear here.")), rx.fragment()
    )
    rows = table(_("Audit log"), heads, rx.foreach(S.rows, _row), empty=nothing)
    body = el.section(
        el.h2(_("Recorded interventions"), class_name="sr"),
        filter_bar(
            search_box(
                "audit-q",
                _("Search the audit log"),
                S.search.debounce(250),
                placeholder=_("Order, action, reason or name"),
                slash=True,
            )
        ),
        rx.cond(S.ready, rows, loading(6)),
        pager(S.page, S.pages, el.span(_("{n} rows in all", n=S.total)), S.turn),
        class_name="panel",
    )
    head = page_head(_("Audit log"), _("Append-only; every row is chained to the one before"))
    return frame(head, _verdict(), body, active="audit", state=S)


PAGE = Page(
    "/operator/audit/", view, N_("Audit log"), [OperatorShellState.watch, S.watch],
    description=N_("What operators did, in a chain that shows tampering."),
)  # fmt: skip
