"""A service: price, what is included, add-ons with the live price, reviews, and the way to a time.

One function draws the page from a `ServiceDetail` that is known while compiling (static page, one for each published service) or
from the State's (the dynamic route). What differs between services is plain text, so that all static pages share their code.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.vars import Var

from servicehub.components.base import btn, card, cell, el, icon, ilink, joined, lbtn, price, stars
from servicehub.components.customer import cover, customer_shell, included_item
from servicehub.components.forms import stepper
from servicehub.components.layout import cta_bar, empty, navbar, opens
from servicehub.pages.customer.parts import each, failed
from servicehub.pages.customer.reviews import review
from servicehub.pages.customer.slot_sheet import slot_sheet
from servicehub.pages.page import Page
from servicehub.state.customer.service import ServiceState
from servicehub.state.customer.slots import SlotState
from servicehub.texts import LOCALE, N_, Locale, _
from servicehub.viewmodels.customer.catalog import ServiceDetail

ON_LOAD = [ServiceState.load, SlotState.load]


def _shown(text: Any, *children: Any) -> Any:
    """`children` unless `text` is empty."""
    if isinstance(text, Var):
        return rx.cond(text != "", rx.fragment(*children), rx.fragment())
    return rx.fragment(*children) if text else rx.fragment()


LIVE = ServiceState.detail
"""Ratings and sales change by themselves: never baked."""


def _head(d: Any) -> rx.Component:
    first = el.div(
        price(d.price, d.suffix, size="xl"),
        el.span(LIVE.sold, class_name="f12 mut nowrap end"),
        class_name="row base",
    )
    facts = el.div(
        stars(LIVE.rating),
        el.span(LIVE.review_count, class_name="f13 mut"),
        _shown(LIVE.positive, el.span(LIVE.positive, class_name="f13 mut")),
        class_name="row g6",
    )
    promised = (N_("No-show compensation"), N_("Free redo"), N_("Property insurance"))
    marks = [el.span(icon("circle-check", "xs", "c-ok"), _(word), class_name="row g4 f12 ink2") for word in promised]
    return el.div(
        first,
        el.h1(d.title, class_name="f20 w7 mt-s"),
        el.p(d.summary, class_name="f14 mut"),
        facts,
        el.div(*marks, class_name="row g12 wrap"),
        class_name="d-head col g8",
    )


def _options() -> rx.Component:
    """Quantity and add-ons: the same code on every service's page."""
    amount = el.div(
        el.h2(_("Quantity"), class_name="f16 w7 grow"),
        stepper(
            _("Quantity"),
            ServiceState.quantity,
            ServiceState.change(0),
            ServiceState.change(1),
            at_least=ServiceState.least,
            at_most=ServiceState.most,
        ),
        class_name="row",
    )
    extras = rx.fragment(
        el.h2(_("Add-ons"), class_name="f16 w7"),
        el.div(rx.foreach(ServiceState.add_ons, _extra), class_name="col g8", role="group", aria_label=_("Add-ons")),
    )
    many, some = ServiceState.most > ServiceState.least, ServiceState.add_ons.length() > 0
    block = card(rx.cond(many, amount, rx.fragment()), rx.cond(some, extras, rx.fragment()), cls="col g12")
    return rx.cond(many | some, block, rx.fragment())


def _extra(row: Any) -> rx.Component:
    words = el.div(
        el.span(row.title, class_name="f15 w5"),
        el.span(joined(row.price, rx.cond(row.minutes != "", " · ", ""), row.minutes), class_name="f12 mut"),
        class_name="col g2 grow",
    )
    less = ServiceState.add(row.slug, row.count - 1)
    more = ServiceState.add(row.slug, row.count + 1)
    return el.div(
        words, stepper(row.title, row.count, less, more, at_least=0, at_most=row.most), class_name="row", key=row.slug
    )


def _together() -> rx.Component:
    """Other services that the same technician can do while he is there."""
    listed = rx.foreach(ServiceState.beside, _beside)
    block = card(
        el.div(
            el.h2(_("In the same visit"), class_name="f16 w7"),
            el.p(_("One technician, one way, one time"), class_name="f12 mut"),
            class_name="col g2",
        ),
        el.div(listed, class_name="col g8", role="group", aria_label=_("In the same visit")),
        cls="col g12",
    )
    return rx.cond(ServiceState.beside.length() > 0, block, rx.fragment())


def _beside(row: Any) -> rx.Component:
    words = el.div(
        el.span(row.title, class_name="f15 w5"),
        el.span(row.price, " · ", row.minutes, class_name="f12 mut"),
        class_name="col g2 grow",
    )
    less, more = ServiceState.also(row.slug, row.less), ServiceState.also(row.slug, row.more)
    return el.div(
        words, stepper(row.title, row.count, less, more, at_least=0, at_most=row.most), class_name="row", key=row.slug
    )


def _when() -> rx.Component:
    """Opens the sheet; says what it would propose."""
    soon = rx.cond(
        SlotState.board.soonest != "", joined(_("Soonest"), " ", SlotState.board.soonest), _("See free times")
    )
    return el.div(cell("clock", _("Time and technician"), soon, **opens("slots")), class_name="card")


def _content(d: Any) -> rx.Component:
    listed = el.div(
        each(d.included, lambda text: included_item(text, key=text)),
        each(d.excluded, lambda text: included_item(text, yes=False, key=text)),
        class_name="inc",
    )
    facts = el.dl(
        *_fact(_("Duration"), d.duration),
        *_fact(_("Payment"), d.plan),
        *_fact(_("Warranty"), d.warranty),
        *_fact(_("Good to know"), d.notes),
        class_name="facts f14",
    )
    return card(el.h2(_("What is included"), class_name="f16 w7"), listed, facts, cls="col g12")


def _fact(name: str, value: Any) -> list[Any]:
    return [_shown(value, el.div(el.dt(name, class_name="mut"), el.dd(value), class_name="row g12 top"))]


def _reviews() -> rx.Component:
    found = ServiceState.reviews
    tags = el.div(rx.foreach(found.tags, _tag), class_name="row g6 wrap")
    listed = el.div(rx.foreach(found.rows, review), class_name="col g16")
    none = el.p(_("No review yet"), class_name="f13 mut")
    head = el.div(
        el.h2(_("Reviews"), class_name="f16 w7 grow"),
        el.span(LIVE.review_count, class_name="f13 mut"),
        class_name="row",
    )
    return card(head, tags, rx.cond(found.rows.length() > 0, listed, none), cls="col g12")


def _tag(row: Any) -> rx.Component:
    return el.span(joined(row.title, " ", row.count), class_name="tag", key=row.title)


def page(d: Any) -> rx.Component:
    """The page of the service `d`."""
    total = rx.cond(ServiceState.total != "", ServiceState.total, d.price)
    back = ilink("chevron-left", _("Back"), "/c/", cls="ib--glass")
    bar = cta_bar(
        el.div(
            price(total, size="l"),
            rx.cond(ServiceState.saved != "", el.span(ServiceState.saved, class_name="f11 mut"), rx.fragment()),
            class_name="col g4",
        ),
        btn(_("Choose a time to book"), size="l", cls="grow", id="book", **opens("slots")),
    )
    body = rx.fragment(
        cover(d.art, "", back),
        _head(d),
        el.div(_options(), _together(), _when(), _content(d), _reviews(), class_name="stack"),
    )
    return customer_shell(body, footer=bar, overlays=slot_sheet(ServiceState.total))


def _gone() -> rx.Component:
    nothing = empty(
        _("This service is not offered any more"), _("Look at similar services"), lbtn(_("All services"), to="/c/")
    )
    return customer_shell(nothing, header=navbar(_("Service")))


def dynamic() -> rx.Component:
    """The page of a service that was published after the build."""
    wrong = customer_shell(failed(ServiceState.problem), header=navbar(_("Service")))
    found = rx.cond(ServiceState.problem != "", wrong, page(ServiceState.detail))
    return rx.cond(ServiceState.gone, _gone(), found)


PAGE = Page("/s/[service]", dynamic, N_("Service"), ON_LOAD)


def static(baked: dict[Locale, ServiceDetail]) -> Page:
    """The page of one published service, with its words inside."""
    one = baked["en"]

    def view() -> rx.Component:
        return page(baked[LOCALE.get()])

    view.__module__ = f"{__name__}_{one.slug.replace('-', '_')}"
    titles = {locale: words.title for locale, words in baked.items()}
    return Page(f"/s/{one.slug}/", view, titles, ON_LOAD, {locale: words.summary for locale, words in baked.items()})
