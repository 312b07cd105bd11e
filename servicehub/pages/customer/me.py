"""The customer's own page: profile, counts, ways to everything else, log-out."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import avatar, btn, card, cell, el, icon, link
from servicehub.components.customer import customer_shell
from servicehub.components.forms import hidden, plain_form
from servicehub.components.layout import language_switch, theme_switch
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.account import MeState
from servicehub.texts import N_, _, localized_path

M = MeState.me


def _count(icon_name: str, word: str, count: Any, tab: str) -> rx.Component:
    badge = rx.cond(count > 0, el.span(count, class_name="dot"), rx.fragment())
    return link(
        icon(icon_name, "l", "ink2"),
        badge,
        el.span(word, class_name="f12"),
        to=f"/orders/?tab={tab}",
        cls="col g4 grow mid rel tap",
    )


def view() -> rx.Component:
    """The page."""
    head = el.div(
        avatar("cu-1", 60),
        el.div(
            el.h2(M.name, class_name="f18 w7"),
            el.span(M.phone, class_name="f13 mut"),
            el.span(M.since, class_name="f12 mut"),
            class_name="col g2 grow",
        ),
        theme_switch(),
        class_name="row g12 pad",
    )
    counts = card(
        el.div(
            _count("wallet", _("To pay"), M.to_pay, "pay"),
            _count("clock", _("In progress"), M.going, "going"),
            _count("star", _("To review"), M.to_review, "review"),
            _count("headset", _("After-sales"), M.after_sales, "after"),
            class_name="row",
        )
    )
    ways = el.div(
        cell("ticket", _("Coupons"), right=el.span(M.coupons, class_name="num mut"), to="/coupons/"),
        cell("wallet", _("My balance"), right=el.span(M.balance, class_name="num mut"), to="/wallet/"),
        cell("coins", _("My points"), right=el.span(M.points, class_name="num mut"), to="/points/"),
        cell("receipt-text", _("Payments and refunds"), to="/me/payments/"),
        cell("map-pin", _("My addresses"), right=el.span(M.addresses, class_name="num mut"), to="/me/addresses/"),
        cell("bell", _("Messages"), right=el.span(M.unread, class_name="num mut"), to="/messages/"),
        class_name="card",
    )
    rules = el.div(
        cell("shield-check", _("Service rules"), to="/legal/service/"),
        cell("receipt-text", _("Prices and fees"), to="/legal/fees/"),
        cell("undo-2", _("Cancelling and moving"), to="/legal/cancellation/"),
        cell("lock", _("Privacy"), to="/legal/privacy/"),
        class_name="card",
    )
    out = plain_form(
        hidden("next", localized_path("/")),
        btn(_("Log out"), kind="o", type="submit", block=True),
        action="/api/session/end",
        id="logout",
    )
    body = el.div(head, counts, ways, rules, out, el.div(language_switch(), class_name="row mid"), class_name="stack")
    return customer_shell(el.h1(_("Me"), class_name="sr"), loaded(MeState, body), active="me")


PAGE = Page("/me/", view, N_("Me"), MeState.watch)
