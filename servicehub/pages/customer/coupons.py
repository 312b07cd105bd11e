"""Coupons: to claim, to use, gone."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, el, joined, lbtn, tag
from servicehub.components.customer import customer_shell
from servicehub.components.layout import empty, navbar, section
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.account import CouponState
from servicehub.texts import N_, _

C = CouponState.coupons
STATES: tuple[tuple[str, str], ...] = (
    ("used", N_("Used")),
    ("locked", N_("Reserved for an order")),
    ("expired", N_("Expired")),
)


def _coupon(row: Any) -> rx.Component:
    words = el.div(
        el.span(row.title, class_name="f15 w6"),
        el.span(row.terms, class_name="f12 mut"),
        el.span(row.until, class_name="f12 mut"),
        class_name="col g2 grow",
    )
    gone = rx.match(row.state, *[(key, tag(_(word))) for key, word in STATES], rx.fragment())
    button = rx.cond(
        row.state == "claimable",
        btn(_("Claim"), size="s", on_click=CouponState.claim(row.slug)),
        rx.cond(row.state == "available", lbtn(_("Use it"), to="/c/", kind="t", size="s"), gone),
    )
    return el.li(
        el.span(row.off, class_name="num f20 c-price off-w"),
        words,
        button,
        class_name="row g12 card card-p",
        key=joined(row.slug, row.id.to(str)),
    )


def _list(title: str, rows: Any) -> rx.Component:
    listed = section(title, el.ul(rx.foreach(rows, _coupon), class_name="col g12 pad"))
    return rx.cond(rows.length() > 0, listed, rx.fragment())


def view() -> rx.Component:
    """The page."""
    none = (C.claimable.length() == 0) & (C.usable.length() == 0) & (C.gone.length() == 0)
    nothing = empty(_("No coupon yet"), _("New ones appear here"), lbtn(_("Look around"), to="/"), pic="empty-coupons")
    some = rx.fragment(
        _list(_("To claim"), C.claimable), _list(_("Usable"), C.usable), _list(_("Used or expired"), C.gone)
    )
    return customer_shell(loaded(CouponState, rx.cond(none, nothing, some)), header=navbar(_("Coupons"), "/me/"))


PAGE = Page("/coupons/", view, N_("Coupons"), CouponState.load)
