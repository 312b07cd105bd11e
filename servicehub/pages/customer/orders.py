"""The customer's orders by tab."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, chip, el, joined, lbtn, link, picture, price
from servicehub.components.customer import customer_shell
from servicehub.components.layout import empty, navbar, skeleton
from servicehub.components.order import status_pill
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.orders import OrdersState
from servicehub.texts import N_, _

TABS: tuple[tuple[str, str], ...] = (
    ("all", N_("All")),
    ("pay", N_("To pay")),
    ("going", N_("In progress")),
    ("review", N_("To review")),
    ("after", N_("After-sales")),
)


def _tabs() -> rx.Component:
    kids = [chip(_(word), OrdersState.tab == key, on_click=OrdersState.show(key)) for key, word in TABS]
    return el.div(*kids, class_name="hs", role="group", aria_label=_("Orders"))


def _card(row: Any) -> rx.Component:
    head = el.div(
        el.h2(link(row.title, to=joined("/orders/", row.no, "/"), cls="cover-link"), class_name="f16 w6 cut grow"),
        status_pill(row.status, row.status_text),
        class_name="row g8",
    )
    who = rx.cond(row.technician != "", el.span(row.technician, class_name="f13 mut"), rx.fragment())
    words = el.div(
        el.span(row.when, class_name="f14 ink2"),
        el.span(row.place, class_name="f13 mut cut"),
        who,
        class_name="col g2 grow",
    )
    tone = rx.cond((row.action == "track") | (row.action == "rebook"), "btn btn-o btn-s front", "btn btn-p btn-s front")
    foot = el.div(
        price(row.amount),
        el.span(class_name="grow"),
        link(row.action_text, to=row.link, cls=tone),
        class_name="row",
    )
    body = el.div(picture(row.art, 64, 64, cls="th"), words, class_name="row g12")
    return el.article(head, body, foot, class_name="card card-p col g12 oc", key=row.no)


def view() -> rx.Component:
    """The page."""
    nothing = empty(_("No order here"), _("Book a service and follow it here"), lbtn(_("Look around"), to="/"))
    more = rx.cond(
        OrdersState.more, btn(_("Show more"), kind="o", block=True, on_click=OrdersState.next), rx.fragment()
    )
    listed = el.div(rx.foreach(OrdersState.rows, _card), more, class_name="stack")
    body = rx.cond(OrdersState.rows.length() > 0, listed, nothing)
    return customer_shell(
        _tabs(),
        loaded(OrdersState, body, wait=el.div(skeleton("card", 3), class_name="pad")),
        active="orders",
        header=navbar(_("My orders"), "/"),
    )


PAGE = Page("/orders/", view, N_("My orders"), OrdersState.watch)
