"""What several customers' pages draw alike: lists of cards, loading and failing, the tab bar's badge. Binds no handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx
from reflex.vars import Var

from servicehub.components.base import Child, addressed, el, joined, tag
from servicehub.components.customer import service_row, service_tile, technician_row, technician_tile
from servicehub.components.layout import empty, skeleton
from servicehub.texts import _


def each(rows: Any, draw: Callable[[Any], Child]) -> Child:
    """`draw` for every row of a Var, or of values that are known while the page is compiled."""
    return rx.foreach(rows, draw) if isinstance(rows, Var) else rx.fragment(*[draw(row) for row in rows])


def failed(problem: Any) -> rx.Component:
    """Nothing could be read: why, and the next step."""
    again = el.a(_("Retry"), href="", class_name="btn btn-p")
    return empty(_("This page could not be loaded"), problem, again, pic="empty-network")


def loaded(state: Any, body: Child, *, wait: Child = None, of: Var[str] | None = None) -> rx.Component:
    """`body` once the State has read, boxes of its shape before, a reason when reading failed.

    `of` is the part of an address that names what the State holds. While the address names another, there are boxes: a tab that
    comes back from a cashier is first given what it had, and how one payment ended must not be shown for the next.
    """
    box = wait if wait is not None else skeleton("list", 4)
    ready = state.ready if of is None else state.ready & addressed(of)
    return rx.cond(state.problem != "", failed(state.problem), rx.cond(ready, body, box))


def service_to(slug: Any) -> Any:
    """The address of a service's page."""
    return joined("/s/", slug, "/")


def technician_to(number: Any) -> Any:
    """The address of a technician's page."""
    return joined("/t/", number.to(str) if isinstance(number, Var) else number, "/")


def service_line(card: Any) -> rx.Component:
    """A service as a row of a list."""
    more = rx.cond(card.earliest != "", tag(card.earliest, "b", "clock"), rx.fragment())
    return service_row(
        card.art,
        card.title,
        card.summary,
        card.rating,
        card.sold,
        card.price,
        service_to(card.slug),
        suffix=card.suffix,
        tags=rx.fragment(rx.cond(card.warranty != "", tag(card.warranty), rx.fragment()), more),
        key=card.slug,
    )


def service_box(card: Any) -> rx.Component:
    """A service as a small card of a scroller."""
    to = service_to(card.slug)
    return service_tile(card.art, card.title, card.earliest, card.price, to, suffix=card.suffix, key=card.slug)


def technician_line(card: Any) -> rx.Component:
    """A technician as a row of a list."""
    return technician_row(
        card.art,
        card.title,
        card.line,
        card.rating,
        card.jobs,
        card.distance,
        card.earliest,
        technician_to(card.id),
        key=card.id,
    )


def technician_box(card: Any) -> rx.Component:
    """A technician as a small card of a scroller."""
    to = technician_to(card.id)
    return technician_tile(
        card.art, card.title, joined(card.distance, " · ", card.line), card.rating, card.earliest, to, key=card.id
    )


def rows(*children: Child) -> rx.Component:
    """A white block of rows."""
    return el.div(*children, class_name="card")
