"""The address book, with the form of one address in a sheet."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, el, ibtn, icon, joined, tag
from servicehub.components.customer import customer_shell
from servicehub.components.forms import error_line, text_input
from servicehub.components.layout import cta_bar, empty, navbar, sheet
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.account import AddressState
from servicehub.texts import N_, _

F = AddressState.form


def _row(row: Any) -> rx.Component:
    marks = rx.fragment(
        rx.cond(row.is_default, tag(_("Default"), "b"), rx.fragment()),
        rx.cond(row.is_open, rx.fragment(), tag(_("Not served yet"), "w")),
    )
    words = el.div(
        el.span(joined(row.area, " ", row.detail), class_name="f15 w5"),
        el.span(row.contact, class_name="f13 mut"),
        el.div(tag(row.district), marks, class_name="row g4"),
        class_name="col g4 grow",
    )
    change = ibtn("pencil", _("Edit"), on_click=AddressState.edit(row.id))
    return el.li(icon("map-pin", cls="brand"), words, change, class_name="row g12 line-p", key=row.id)


def _hit(row: Any, index: Any) -> rx.Component:
    words = el.span(
        el.span(row.title, class_name="f15 w5"), el.span(row.sub, class_name="f12 mut"), class_name="col g2 grow"
    )
    return el.li(
        el.button(
            icon("map-pin", "s", "dim"), words, type="button", class_name="cell", on_click=AddressState.choose(index)
        ),
        key=joined(row.title, row.sub),
    )


def _place() -> rx.Component:
    """Search by name, then one of the found places."""
    find = text_input(
        "place",
        _("Estate or building"),
        hint=_("Type a name and choose from the list"),
        placeholder=_("Search for a place"),
        auto_complete="off",
        max_length=60,
        on_change=AddressState.search.debounce(250),
        key="place" + AddressState.seq.to(str),
    )
    hits = rx.cond(
        AddressState.found.length() > 0,
        el.ul(rx.foreach(AddressState.found, _hit), class_name="card", aria_label=_("Places found")),
        rx.fragment(),
    )
    chosen = rx.cond(
        AddressState.place != "",
        el.p(icon("circle-check", "s", "c-ok"), AddressState.place, class_name="row g6 f15 w6", role="status"),
        rx.fragment(),
    )
    wrong = AddressState.errors.get("area", "").to(str)
    return el.div(find, hits, chosen, *error_line("area", wrong), class_name="col g8")


def _form() -> rx.Component:
    seq = AddressState.seq.to(str)

    def line(id: str, label: str, value: Any, **props: Any) -> rx.Component:
        wrong = AddressState.errors.get(id, "").to(str)
        return text_input(id, label, default_value=value, error=wrong, required=True, key=id + seq, **props)

    default = el.label(
        el.input(type="checkbox", name="is_default", default_checked=F.is_default, key="d" + seq),
        _("Default address"),
        class_name="row g8 f15 tap",
    )
    remove = rx.cond(F.id > 0, btn(_("Delete"), kind="d", on_click=AddressState.remove), rx.fragment())
    return el.form(
        _place(),
        line(
            "detail",
            _("Door number"),
            F.detail,
            max_length=80,
            placeholder=_("Such as: building 2, room 1803"),
            auto_complete="address-line2",
        ),
        line("contact", _("Contact"), F.contact, max_length=32, auto_complete="name"),
        line(
            "phone",
            _("Phone number"),
            F.phone,
            type="tel",
            input_mode="tel",
            auto_complete="tel-national",
            max_length=20,
        ),
        default,
        el.div(remove, btn(_("Save"), type="submit", cls="grow", size="l"), class_name="row g12"),
        on_submit=AddressState.save,
        class_name="col g16",
    )


def view() -> rx.Component:
    """The page."""
    add = btn(icon("plus", "s"), _("New address"), size="l", block=True, on_click=AddressState.new)
    nothing = empty(_("No address yet"), _("Add one and see who can come"))
    listed = el.ul(rx.foreach(AddressState.rows, _row), class_name="card")
    body = rx.cond(AddressState.rows.length() > 0, el.div(listed, class_name="pad"), nothing)
    return customer_shell(
        loaded(AddressState, body),
        header=navbar(_("My addresses"), "/me/"),
        footer=cta_bar(add),
        overlays=sheet("address", _("Address"), _form()),
    )


PAGE = Page("/me/addresses/", view, N_("My addresses"), AddressState.load)
