"""Another time for a visit, on the same grid as booking."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import btn, card, el, joined, lbtn
from servicehub.components.customer import customer_shell
from servicehub.components.layout import cta_bar, empty, navbar, note
from servicehub.pages.customer.parts import loaded
from servicehub.pages.customer.slot_sheet import grid
from servicehub.pages.page import Page
from servicehub.state.customer.change import MoveState
from servicehub.texts import N_, _

P = MoveState.preview


def view() -> rx.Component:
    """The page."""
    about = card(
        el.h2(P.title, class_name="f16 w6"),
        el.p(_("Planned now: {when}", when=P.when), class_name="f13 mut"),
        note(_("You can move this visit {n} more times", n=P.moves_left), "info", "calendar"),
        cls="col g8",
    )
    nothing = empty(
        _("This visit cannot be moved any more"),
        _("It has begun, or it was moved as often as the terms allow"),
        lbtn(_("Order details"), to=joined("/orders/", P.no, "/")),
    )
    body = rx.cond(P.may, el.div(about, card(grid(MoveState, "move")), class_name="stack"), nothing)
    bar = cta_bar(
        btn(
            MoveState.label,
            size="l",
            block=True,
            on_click=MoveState.submit,
            disabled=(MoveState.picked == "") | ~P.may,
        )
    )
    return customer_shell(loaded(MoveState, body, of=P.no), header=navbar(_("Reschedule"), "/orders/"), footer=bar)


PAGE = Page("/orders/[order_no]/reschedule", view, N_("Reschedule"), MoveState.load)
