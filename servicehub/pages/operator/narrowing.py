"""What the pages of payments and of refunds share: figures, the filter bar, and links to the books."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import Text, attrs, el, link
from servicehub.components.forms import option, search_box, select
from servicehub.components.operator import abtn, kpis
from servicehub.components.tables import filter_bar
from servicehub.pages.operator.frame import tile
from servicehub.texts import _


def figures(sums: Any) -> rx.Component:
    """What everything that is filtered comes to."""
    return kpis(rx.foreach(sums, lambda one: tile(one.name, one.value, one.hint, key=one.key)))


def filters(state: Any, label: Text, placeholder: Text, *more: rx.Component) -> rx.Component:
    """A number, a channel, an item, days, and `more`. `state` is the page's State class."""

    def day(name: Text, shown: Any, on_change: Any) -> rx.Component:
        box = el.input(
            type="date", class_name="inp", aria_label=name, title=name, default_value=shown, on_change=on_change
        )
        return el.div(box, class_name="range")

    bar = filter_bar(
        search_box(
            "list-q",
            label,
            state.search.debounce(250),
            placeholder=placeholder,
            default_value=state.q,
            slash=True,
        ),
        pick("list-channel", _("Channel"), _("All channels"), state.choices.channels, state.channel, state.in_channel),
        pick("list-item", _("Part of the price"), _("All parts"), state.choices["items"], state.item, state.of_item),
        *more,
        day(_("From day"), state.first, state.from_day),
        el.span("–", class_name="mut", **attrs(aria_hidden="true")),
        day(_("To day"), state.last, state.to_day),
        el.span(class_name="grow"),
        abtn("rotate-ccw", _("Clear"), on_click=state.clear),
    )
    return el.div(bar, key="filters-" + state.seq.to(str))


def pick(id: str, label: Text, everything: Text, offered: Any, value: Any, on_change: Any) -> rx.Component:
    """One of some names, or all; it shows what the server narrows by."""
    options = rx.fragment(option("", everything), rx.foreach(offered, lambda c: option(c.value, c.text, key=c.value)))
    return select(id, label, options, hidden_label=True, value=value, on_change=on_change)


def number(row: Any, may_trace: Any) -> rx.Component:
    """A number of ours, which leads to the entries of its order where they may be read."""
    written = el.code(row.short, class_name="f12", title=row.no)
    to = rx.Var.create("/operator/ledger/?q=") + row.no
    return rx.cond(may_trace, link(written, to=to, cls="brand", title=_("Its entries in the ledger")), written)
