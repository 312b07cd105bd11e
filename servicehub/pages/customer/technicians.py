"""Technicians around the customer's place."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import chip, el, lbtn
from servicehub.components.customer import customer_shell
from servicehub.components.layout import empty, navbar
from servicehub.pages.customer.parts import loaded, rows, technician_line
from servicehub.pages.page import Page
from servicehub.state.customer.browse import SKILLS, TechniciansState
from servicehub.texts import N_, _

SORTS: tuple[tuple[str, str], ...] = (
    ("near", N_("Nearest")),
    ("rating", N_("Best rated")),
    ("soonest", N_("Free soonest")),
)


def view() -> rx.Component:
    """The page."""
    every = chip(_("All"), TechniciansState.skill == "", on_click=TechniciansState.pick(""))
    some = [
        chip(_(word), TechniciansState.skill == key, on_click=TechniciansState.pick(key))
        for key, word in SKILLS.items()
    ]
    sorts = [
        chip(_(word), TechniciansState.sort == key, on_click=TechniciansState.order_by(key)) for key, word in SORTS
    ]
    nothing = empty(_("No technician is near"), _("Choose another area on the home page"), lbtn(_("Home"), to="/"))
    listed = rx.cond(
        TechniciansState.rows.length() > 0, rows(rx.foreach(TechniciansState.rows, technician_line)), nothing
    )
    return customer_shell(
        el.div(every, *some, class_name="hs", role="group", aria_label=_("Trade")),
        el.div(*sorts, class_name="hs", role="group", aria_label=_("Sort by")),
        el.h2(_("Nearby technicians"), class_name="sr"),
        el.div(loaded(TechniciansState, listed), class_name="pad"),
        header=navbar(_("Technicians")),
    )


PAGE = Page("/technicians/", view, N_("Technicians"), TechniciansState.load)
