"""`/operator/cancellation/`: what cancelling costs, of the city and of each category, as its customers read it, with versions."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import attrs, btn, chip, el
from servicehub.components.layout import modal, panel
from servicehub.components.operator import abtn, columns, page_head
from servicehub.components.tables import table, th
from servicehub.pages.operator.frame import act, frame, reason_dialog, waiting_panel
from servicehub.pages.operator.versioned import change_list, draft_panel, versions_panel
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.cancellation import CancellationState
from servicehub.texts import N_, _

S = CancellationState
P = CancellationState.page


def _scopes() -> rx.Component:
    chips = rx.foreach(
        P.scopes,
        lambda s: chip(
            rx.cond(s.has_own, s.text + " •", s.text), P.scope == s.value, on_click=S.choose(s.value), key=s.value
        ),
    )
    return el.div(chips, class_name="row g6 wrap panel-b", role="group", aria_label=_("Category"))


def _numbers() -> rx.Component:
    def one(r: rx.Var) -> rx.Component:
        was = rx.cond(r.was != "", el.span(r.was, " → ", class_name="mut"), rx.fragment())
        usual = rx.cond(
            r.usual != "", el.span(" · ", _("standard {value}", value=r.usual), class_name="f12 mut"), rx.fragment()
        )
        strong = rx.cond((r.was != "") | (r.usual != ""), "num w6", "num")
        return el.tr(
            el.td(r.title, class_name="wraps"), el.td(was, el.span(r.value, class_name=strong), usual), key=r.name
        )

    follow = rx.cond(P.has_own, abtn("undo-2", _("Follow the standard"), on_click=S.follow), rx.fragment())
    tail = el.div(follow, act("sliders-horizontal", _("Change numbers"), "terms"), class_name="row g8 wrap")
    return panel(
        P.scope_name,
        table(_("Cancellation terms"), [th(_("Term")), th(_("Value"))], rx.foreach(P.numbers, one), dense=True),
        note=el.span(_("Version {n}", n=P.version)),
        tail=tail,
    )


def _table() -> rx.Component:
    def one(row: rx.Var) -> rx.Component:
        mark = rx.cond(row.is_new, el.span(_("Changed"), class_name="tag tag-w"), rx.fragment())
        return el.li(el.span(row.text, class_name="grow"), mark, class_name="row g8", key=row.text)

    return panel(
        _("As customers read it"),
        el.ul(rx.foreach(P.table, one), class_name="col g8 f13 panel-b"),
        note=P.scope_name,
    )


def _dialog() -> rx.Component:
    def field(r: rx.Var) -> rx.Component:
        id_ = rx.Var.create("terms-") + r.name
        box = el.input(
            id=id_, name=r.name, default_value=r.typed, placeholder=r.hint, input_mode="decimal", pattern=r.pattern,
            required=P.scope == "", auto_complete="off", class_name="inp num",
        )  # fmt: skip
        return el.div(el.label(r.label, html_for=id_), box, class_name="fld", key=r.name)

    about = rx.cond(
        P.scope == "",
        _("They hold for every category that does not differ."),
        _("Only what differs from the standard; an empty field follows it."),
    )
    form = el.form(
        el.p(P.scope_name, " · ", about, class_name="f13 ink2"),
        el.div(rx.foreach(P.numbers, field), class_name="pair"),
        el.p(
            _("Free ones of a month are counted over all categories; the technician gets nothing for them."),
            class_name="f12 mut",
        ),
        el.div(
            btn(_("Cancel"), kind="o", cls="grow", **attrs(data_close="")),
            btn(_("Into the draft"), cls="grow", type="submit"),
            class_name="row g12",
        ),
        on_submit=S.save,
        id="terms-form",
        key=S.form_key.to(str),
        class_name="col g12",
    )
    return modal("terms", _("Cancellation terms"), form)


def view() -> rx.Component:
    """The page."""
    head = page_head(_("Cancellation terms"), _("What cancelling and moving cost, by category"))
    adopt = reason_dialog(
        "adopt", _("Adopt these terms"), _("They hold for orders made from now on. Orders that exist keep theirs."),
        _("Adopt"), S.adopt, change_list(P.changes), danger=False,
    )  # fmt: skip
    left = el.div(el.section(_scopes(), class_name="panel"), _numbers(), _table(), class_name="col g16")
    draft = draft_panel(S, _("Nothing is changed. What you change is tried here first."))
    right = el.div(draft, versions_panel(P.versions), class_name="col g16")
    return frame(
        head,
        rx.cond(S.ready, columns(left, right, kind="2"), waiting_panel()),
        active="cancellation",
        state=S,
        overlays=rx.fragment(_dialog(), adopt),
    )


PAGE = Page(
    "/operator/cancellation/", view, N_("Cancellation terms"), [OperatorShellState.watch, S.watch],
    description=N_("What cancelling costs, the city's standard and each category, with versions."),
)  # fmt: skip
