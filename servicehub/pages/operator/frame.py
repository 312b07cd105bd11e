"""What surrounds every operator page: shell, navigation by permission, log-out, missing permissions, reason forms."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import Child, Text, attrs, btn, el, icon, link
from servicehub.components.forms import hidden, plain_form, text_area, text_input
from servicehub.components.layout import modal, skeleton
from servicehub.components.operator import abtn, operator_shell
from servicehub.components.tables import skeleton_rows
from servicehub.state.operator.base import REASON_LIMIT, OperatorShellState
from servicehub.texts import LOCALE, _, localized_path

S = OperatorShellState


def frame(*body: Child, active: str, state: Any, overlays: Child = "") -> rx.Component:
    """A page of operators. `state` is the page's State class: what its `denied` names is explained instead of `body`."""
    content = rx.cond(state.denied != "", _denied(state.denied), rx.fragment(*body))
    return operator_shell(
        content,
        active=active,
        city=S.city,
        name=S.name,
        role=S.role,
        allowed=S.pages,
        badges={"dispatch": S.waiting, "orders": S.disputes},
        account=_log_out(),
        connected=rx.State.is_hydrated,
        overlays=overlays,
    )


def _log_out() -> rx.Component:
    label = _("Log out")
    button = el.button(icon("log-out"), type="submit", class_name="ib", aria_label=label, title=label)
    target = localized_path("/operator/login/", LOCALE.get())
    return plain_form(hidden("next", target), button, action="/api/session/end", id="logout")


def _denied(permission: Any) -> rx.Component:
    return el.div(
        icon("lock", "xl", cls="dim"),
        el.h1(_("This page needs another permission"), class_name="f18 w6"),
        el.p(_("Needed: {permission}", permission=permission), class_name="f14 w5"),
        el.p(_("Ask an administrator for it, or choose another page."), class_name="mut f13"),
        link(_("Back to the overview"), to="/operator/", cls="abtn"),
        class_name="empty panel",
    )


def not_here(title: Text, text: Text, action: Text, to: str) -> rx.Component:
    """In place of a page about something that this operator cannot see."""
    return el.div(
        icon("search", "xl", cls="dim"),
        el.h1(title, class_name="f18 w6"),
        el.p(text, class_name="mut f13"),
        link(action, to=to, cls="abtn"),
        class_name="empty panel",
    )


def loading(columns: int) -> rx.Component:
    """Rows of a table that has not been read yet."""
    return el.div(
        el.table(el.tbody(skeleton_rows(columns)), class_name="t", role="presentation"),
        role="status",
        aria_label=_("Loading"),
        class_name="tw",
    )


def waiting_panel() -> rx.Component:
    """A panel whose content has not been read yet."""
    return el.div(skeleton("card", 2), class_name="panel panel-b")


def reason_dialog(
    id: str,
    title: Text,
    text: Text,
    action: Text,
    on_submit: Any,
    *fields: Child,
    danger: bool = True,
    optional: bool = False,
) -> rx.Component:
    """A dialog that asks why before it does something; the audit trail keeps the answer."""
    why = text_area(
        f"{id}-reason",
        _("Reason"),
        name="reason",
        required=not optional,
        max_length=REASON_LIMIT,
        rows=2,
        hint=_("Kept in the audit log with your name."),
    )
    form = el.form(
        el.p(text, class_name="f14 ink2"),
        *fields,
        why,
        el.div(
            btn(_("Keep"), kind="o", cls="grow", **attrs(data_close="")),
            btn(action, kind="d" if danger else "p", cls="grow", type="submit"),
            class_name="row g12",
        ),
        on_submit=on_submit,
        reset_on_submit=True,
        id=f"{id}-form",
        class_name="col g16",
    )
    return modal(id, title, form)


def amount_field(id: str, label: Text, **props: Any) -> rx.Component:
    """An amount in yuan."""
    return text_input(id, label, name="amount", input_mode="decimal", pattern=r"[0-9]{1,6}(\.[0-9]{1,2})?", **props)


def act(name: str, text: Text, dialog: str, *, danger: bool = False) -> rx.Component:
    """A button that opens a dialog."""
    return abtn(name, text, cls="abtn-d" if danger else "", **attrs(data_open=dialog))


def tile(name: Text, value: Child, hint: Text, **props: Any) -> rx.Component:
    """A figure above a list."""
    return el.div(
        el.span(name, class_name="f13 mut"),
        el.span(value, class_name="v"),
        el.span(hint, class_name="f11 mut"),
        class_name="kpi",
        **props,
    )


def order_link(no: Any) -> rx.Component:
    """An order's number that leads to its page."""
    to = rx.Var.create("/operator/orders/") + no + "/"
    return link(el.span(no, class_name="num"), to=to, cls="brand w5")
