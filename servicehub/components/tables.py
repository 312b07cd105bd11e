"""Operators' tables: saved views, filter bar, sortable heads, rows, bulk bar, pages.

Rows come from `rx.foreach` and carry a `key`, or ticks jump when live rows arrive.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.vars import Var

from servicehub.components.base import Child, Text, attrs, cx, el, icon, sr
from servicehub.components.elements import countdown
from servicehub.texts import _


def table(
    caption: Text, heads: list[rx.Component], rows: Child, *, empty: Any = None, dense: bool = False
) -> rx.Component:
    """`rows` is one `rx.foreach` of `el.tr`; `empty` is shown below (an rx.cond)."""
    body = el.table(
        el.caption(caption, class_name="sr"),
        el.thead(el.tr(*heads)),
        el.tbody(rows),
        class_name=cx("t", "dense" if dense else ""),
    )
    scroll = el.div(body, class_name="tw", tab_index=0, role="region", aria_label=caption)
    return rx.fragment(scroll, empty) if empty is not None else scroll


def th(label: Text, cls: str = "") -> rx.Component:
    return el.th(label, class_name=cls, scope="col")


def sort_th(label: Text, key: str, sort: Any, desc: Any, on_sort: Any, cls: str = "") -> rx.Component:
    """A head that sorts: `sort` (Var of the key in use), `desc` (Var of bool), `on_sort` an event that takes `key`."""
    mark = rx.cond(sort == key, rx.cond(desc, icon("arrow-down"), icon("arrow-up")), icon("arrow-up-down", cls="dim"))
    state = rx.cond(sort == key, rx.cond(desc, "descending", "ascending"), "none")
    button = el.button(label, mark, type="button", on_click=on_sort(key))
    return el.th(button, class_name=cls, scope="col", **attrs(aria_sort=state))


def tick_th() -> rx.Component:
    """Ticks every row of the page."""
    box = el.input(type="checkbox", class_name="ck", aria_label=_("Select all on this page"), **attrs(data_all=""))
    return el.th(box, scope="col")


def tick_td(label: Text, *, value: Any = "", on_toggle: Any = None) -> rx.Component:
    handlers = {"on_change": lambda _value: on_toggle} if on_toggle is not None else {}
    return el.td(el.input(type="checkbox", class_name="ck", aria_label=label, value=value, name="row", **handlers))


def two_lines(first: Text, second: Text, cls: str = "") -> rx.Component:
    """A cell's main word and the smaller one below."""
    return el.div(el.span(first, class_name="w5"), el.span(second, class_name="f12 mut"), class_name=cx("col g0", cls))


def amount_td(text: Text) -> rx.Component:
    return el.td(el.span(text, class_name="num"), class_name="r")


def sla(seconds: Any, present: Any = True, warn: int = 150) -> rx.Component:
    """Time left for someone to act, or a dash."""
    return rx.cond(present, countdown(seconds, warn), el.span("—", class_name="dim"))


def views(label: Text, *tabs: rx.Component, tail: Child = "") -> rx.Component:
    """Saved views of a list as tabs."""
    return el.div(el.div(*tabs, class_name="row g2", role="tablist", aria_label=label), tail, class_name="views")


def view_tab(text: Text, on: Any, on_click: Any, count: Any = None, hot: bool = False) -> rx.Component:
    badge = [] if count is None else [el.span(count, class_name=cx("c", "hot" if hot else ""))]
    chosen = rx.cond(on, "true", "false")
    return el.button(text, *badge, type="button", role="tab", aria_selected=chosen, on_click=on_click)


def filter_bar(*controls: Child) -> rx.Component:
    return el.div(*controls, class_name="fl")


def bulk_bar(*actions: tuple[str, Text, Any]) -> rx.Component:
    """Appears with the first tick, without asking the server: (icon, text, on_click) each."""
    kids = [el.button(icon(name), text, type="button", on_click=handler) for name, text, handler in actions]
    count = el.span(_("Selected"), " ", el.span(class_name="cnt num"))
    return el.div(count, *kids, class_name="bulk", role="toolbar", aria_label=_("Bulk actions"))


def pager(page: Any, pages: Any, total: Text, on_page: Any) -> rx.Component:
    """Previous, where we are, next. `page` counts from 1; `on_page` is an event that takes the number."""
    back = el.button(
        icon("chevron-left", "s"),
        sr(_("Previous page")),
        type="button",
        disabled=page <= 1,
        on_click=on_page(page - 1),
    )
    forth = el.button(
        icon("chevron-right", "s"),
        sr(_("Next page")),
        type="button",
        disabled=page >= pages,
        on_click=on_page(page + 1),
    )
    here = el.span(page, " / ", pages, class_name="num", aria_live="polite")
    return el.nav(
        el.span(total), el.span(class_name="grow"), back, here, forth, class_name="pgn", aria_label=_("Pages")
    )


def skeleton_rows(columns: int, rows: int = 8) -> rx.Component:
    """What a table shows while it loads."""
    one = el.tr(*[el.td(el.div(class_name="sk sk-l")) for _column in range(columns)])
    return rx.fragment(*[one for _row in range(rows)])


def row_class(new: Any) -> Any:
    """Lights up a row that has just arrived; `new` is a Var of bool."""
    return rx.cond(new, "new", "") if isinstance(new, Var) else ("new" if new else "")
