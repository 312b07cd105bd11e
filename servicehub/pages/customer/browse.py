"""All services, by category and sorted."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import chip, el, lbtn
from servicehub.components.customer import customer_shell, search_bar
from servicehub.components.layout import empty, navbar
from servicehub.pages.customer.parts import loaded, rows, service_line
from servicehub.pages.page import Page
from servicehub.state.customer.browse import CatalogState
from servicehub.texts import N_, _

SORTS: tuple[tuple[str, str], ...] = (
    ("", N_("Recommended")),
    ("price", N_("Lowest price")),
    ("rating", N_("Best rated")),
    ("sold", N_("Most booked")),
)


def _categories() -> rx.Component:
    every = chip(_("All"), CatalogState.category == "", on_click=CatalogState.pick(""))
    some = rx.foreach(
        CatalogState.categories,
        lambda row: chip(
            row.title, CatalogState.category == row.slug, on_click=CatalogState.pick(row.slug), key=row.slug
        ),
    )
    return el.div(every, some, class_name="hs", role="group", aria_label=_("Categories"))


def _sorts() -> rx.Component:
    kids = [chip(_(word), CatalogState.sort == key, on_click=CatalogState.order_by(key)) for key, word in SORTS]
    return el.div(*kids, class_name="hs", role="group", aria_label=_("Sort by"))


def view() -> rx.Component:
    """The page."""
    nothing = empty(_("No service here yet"), _("Try another category"), lbtn(_("All services"), to="/c/"))
    listed = rx.cond(CatalogState.services.length() > 0, rows(rx.foreach(CatalogState.services, service_line)), nothing)
    return customer_shell(
        search_bar(_("Search services and technicians"), _("Search"), "/search/"),
        _categories(),
        _sorts(),
        el.h2(_("Services"), class_name="sr"),
        el.div(loaded(CatalogState, listed), class_name="pad"),
        active="services",
        header=navbar(_("All services")),
    )


PAGE = Page("/c/", view, N_("All services"), CatalogState.load, N_("Every service with its price"))
