"""The inbox."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, el, icon, sr
from servicehub.components.customer import customer_shell
from servicehub.components.layout import empty, navbar
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.account import MessageState
from servicehub.texts import N_, _


def _row(row: Any) -> rx.Component:
    fresh = rx.cond(row.is_new, el.span(sr(_("Unread")), class_name="pip"), rx.fragment())
    words = el.span(
        el.span(
            el.span(row.title, class_name="f15 w6 grow"),
            el.span(row.when, class_name="f12 mut nowrap"),
            class_name="row",
        ),
        el.span(row.body, class_name="f13 mut"),
        class_name="col g2 grow",
    )
    button = el.button(
        icon("bell", cls="brand"),
        words,
        fresh,
        type="button",
        class_name="cell",
        on_click=MessageState.open(row.id, row.link),
    )
    return el.li(button, key=row.id)


def view() -> rx.Component:
    """The page."""
    nothing = empty(_("No message"), _("News about your orders appear here"))
    listed = el.div(el.ul(rx.foreach(MessageState.rows, _row), class_name="card"), class_name="pad")
    body = rx.cond(MessageState.rows.length() > 0, listed, nothing)
    every = rx.cond(
        MessageState.unread > 0,
        btn(_("Mark all read"), kind="g", size="s", on_click=MessageState.read_all),
        rx.fragment(),
    )
    return customer_shell(loaded(MessageState, body), header=navbar(_("Messages"), "/me/", right=every))


PAGE = Page("/messages/", view, N_("Messages"), MessageState.watch)
