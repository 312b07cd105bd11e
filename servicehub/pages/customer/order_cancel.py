"""Cancelling: the fee and the refund as they will be charged, then the act."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import btn, card, el, joined, lbtn
from servicehub.components.customer import customer_shell
from servicehub.components.forms import group, radio_option
from servicehub.components.layout import navbar, note
from servicehub.components.order import price_line
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.change import REASONS, CancelState
from servicehub.texts import N_, _

P = CancelState.preview


def view() -> rx.Component:
    """The page."""
    about = card(el.h2(P.title, class_name="f16 w6"), el.p(P.when, class_name="f13 mut"), cls="col g4")
    free = note(_("Cancelling is free now: {rule}", rule=P.rule), "ok", "circle-check")
    costs = note(_("Cancelling costs {fee} now: {rule}", fee=P.fee, rule=P.rule), "warn", "circle-alert")
    paid = rx.fragment(
        price_line(_("Paid"), P.paid),
        price_line(_("Cancellation fee"), P.fee),
        price_line(_("Refund"), P.refund),
        rx.cond(P.to_points != "", price_line(_("Of it to your points"), P.to_points), rx.fragment()),
        rx.cond(P.to_balance != "", price_line(_("Of it to your balance"), P.to_balance), rx.fragment()),
        el.p(_("To the original method, usually within three days"), class_name="f12 mut"),
    )
    secured = rx.fragment(
        price_line(_("Guarantee"), P.paid),
        price_line(_("Cancellation fee"), P.fee),
        price_line(_("Released"), P.refund),
        el.p(_("Only the fee is taken; the rest of the guarantee ends at once."), class_name="f12 mut"),
    )
    money = card(
        el.h2(_("What you get back"), class_name="f16 w7"),
        rx.cond(P.is_secured, secured, paid),
        rx.cond(P.is_free, free, costs),
        rx.cond(P.allowance != "", el.p(P.allowance, class_name="f13 ink2"), rx.fragment()),
        cls="col g8",
    )
    options = [radio_option("reason", key, _(word), checked=key == "plans") for key, word in REASONS]
    form = el.form(
        el.h2(_("Reason for cancelling"), class_name="f16 w7"),
        group(_("Reason for cancelling"), *options),
        btn(_("Confirm cancellation"), kind="d", size="l", type="submit", block=True),
        lbtn(_("Keep the order"), to=joined("/orders/", P.no, "/"), kind="g", block=True),
        on_submit=CancelState.submit,
        class_name="card card-p col g12",
    )
    body = el.div(about, money, form, class_name="stack")
    return customer_shell(loaded(CancelState, body, of=P.no), header=navbar(_("Cancel order"), "/orders/"))


PAGE = Page("/orders/[order_no]/cancel", view, N_("Cancel order"), CancelState.load)
