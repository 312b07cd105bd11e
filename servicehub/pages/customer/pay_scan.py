"""A payment beside the page: a code that a phone scans, or WeChat's own sheet over this page."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import attrs, card, el, icon, joined, lbtn, out_link, price
from servicehub.components.customer import customer_shell
from servicehub.components.elements import countdown, wechat_call
from servicehub.components.layout import empty, expire_button, navbar, skeleton
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.pay import ScanState as S
from servicehub.texts import N_, _

P = S.item


def _code() -> rx.Component:
    hint = rx.match(
        S.method,
        ("wechat", _("Scan the code with WeChat")),
        ("alipay", _("Scan the code with Alipay")),
        _("Scan the code with your phone"),
    )
    left = rx.cond(
        P.seconds_left > 0,
        el.p(_("Please pay within"), " ", countdown(P.seconds_left, warn=180, expire=True), class_name="f13 mut"),
        rx.fragment(),
    )
    demo = rx.cond(
        S.scan != "",
        out_link(icon("smartphone", "s"), _("Demo: scan it here"), cls="btn btn-o", to=S.scan, target="_blank"),
        rx.fragment(),
    )
    return card(
        el.div(
            el.p(P.title, class_name="f15 w6"),
            price(P.amount, size="xl"),
            el.img(src=S.picture, alt=hint, width=240, height=240, class_name="qr"),
            el.p(icon("scan-line", "s"), hint, class_name="f14 w6 row g6"),
            el.p(_("This page goes on by itself once you have paid."), class_name="f13 mut", role="status"),
            left,
            demo,
            class_name="col g12 mid center",
        )
    )


def _in_wechat() -> rx.Component:
    buttons = el.div(
        el.button(type="button", class_name="sr", on_click=S.done, **attrs(data_paid="")),
        el.button(type="button", class_name="sr", on_click=S.gave_up, **attrs(data_unpaid="")),
        class_name="sr",
        aria_hidden="true",
        hidden=True,
    )
    return card(
        el.div(
            el.p(P.title, class_name="f15 w6"),
            price(P.amount, size="xl"),
            el.p(_("Please confirm in WeChat"), class_name="f14", role="status"),
            wechat_call(S.params),
            buttons,
            class_name="col g12 mid center",
        )
    )


def view() -> rx.Component:
    """The page."""
    sheet = joined("/pay/?o=", P.no, rx.cond(P.addon != "", "&addon=", ""), P.addon)
    again = lbtn(_("Choose another method"), to=sheet, kind="g")
    nothing = empty(
        _("Nothing to pay here"),
        _("This order is paid or closed"),
        lbtn(_("Order details"), to=joined("/orders/", P.no, "/")),
    )
    shown = rx.cond(S.params != "", _in_wechat(), rx.cond(S.picture != "", _code(), skeleton("card", 2)))
    body = rx.cond(P.is_due, el.div(shown, again, class_name="stack"), nothing)
    return customer_shell(
        loaded(S, body, of=S.item.no), header=navbar(_("Payment"), "/orders/"), overlays=expire_button(S.gave_up)
    )


PAGE = Page("/pay/scan/", view, N_("Payment"), S.watch)
