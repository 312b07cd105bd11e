"""Search over services and technicians, with earlier and popular words."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import btn, chip, el, icon, lbtn
from servicehub.components.customer import customer_shell
from servicehub.components.layout import empty, navbar, section
from servicehub.pages.customer.parts import loaded, rows, service_line, technician_line
from servicehub.pages.page import Page
from servicehub.state.customer.browse import SearchState
from servicehub.texts import N_, _

SORTS: tuple[tuple[str, str], ...] = (
    ("best", N_("Best fit")),
    ("price", N_("Lowest price")),
    ("rating", N_("Best rated")),
    ("sold", N_("Most booked")),
)


def _box() -> rx.Component:
    """The field; what is typed is searched at once."""
    field = el.input(
        type="search",
        name="q",
        id="q",
        default_value=SearchState.text,
        on_change=SearchState.type.debounce(250),
        placeholder=_("Search services and technicians"),
        aria_label=_("Search services and technicians"),
        auto_complete="off",
        max_length=40,
        class_name="grow plain",
    )
    go = el.button(_("Search"), type="submit", class_name="go")
    form = el.form(icon("search"), field, go, on_submit=SearchState.submit, class_name="search", role="search")
    return el.div(form, class_name="searchbar")


def _word(text: rx.Var[str]) -> rx.Component:
    return chip(text, on_click=SearchState.again(text), key=text)


def _start() -> rx.Component:
    """Before anything is typed."""
    earlier = section(
        _("Search history"),
        el.div(
            rx.foreach(SearchState.history, _word),
            btn(icon("trash-2", "s"), _("Clear history"), kind="g", size="s", on_click=SearchState.forget),
            class_name="row g8 wrap pad",
        ),
    )
    popular = section(_("Popular"), el.div(rx.foreach(SearchState.hot, _word), class_name="row g8 wrap pad"))
    return rx.fragment(rx.cond(SearchState.history.length() > 0, earlier, rx.fragment()), popular)


def _sorts() -> rx.Component:
    kids = [chip(_(word), SearchState.sort == key, on_click=SearchState.order_by(key)) for key, word in SORTS]
    return el.div(*kids, class_name="hs", role="group", aria_label=_("Sort by"))


def _results() -> rx.Component:
    found = SearchState.found
    services = rx.cond(
        found.services.length() > 0,
        section(_("Services"), el.div(rows(rx.foreach(found.services, service_line)), class_name="pad")),
        rx.fragment(),
    )
    people = rx.cond(
        found.technicians.length() > 0,
        section(_("Technicians"), el.div(rows(rx.foreach(found.technicians, technician_line)), class_name="pad")),
        rx.fragment(),
    )
    nothing = empty(
        _("Nothing was found"), _("Try another word, or look at all services"), lbtn(_("All services"), to="/c/")
    )
    none = (found.services.length() == 0) & (found.technicians.length() == 0)
    return rx.fragment(_sorts(), rx.cond(none, nothing, rx.fragment(services, people)))


def view() -> rx.Component:
    """The page."""
    body = loaded(SearchState, rx.cond(SearchState.text != "", _results(), _start()))
    return customer_shell(_box(), body, header=navbar(_("Search")))


PAGE = Page("/search/", view, N_("Search"), SearchState.load)
