"""Light charts for operators: trend, funnel and bars. Plotly is in `plot`, so that pages without it stay light."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import Text, css, el
from servicehub.components.elements import _Chart, _make


def trend(data: Any, label: Text) -> rx.Component:
    """`data` is JSON: {"x": [...], "s": [{"n": name, "k": "area"|"dash"|"line", "d": [...], "u": "¥"}]}.

    Put a table of the same figures, or a link to one, beside it.
    """
    return _make(_Chart, data=data, label=label)


def legend(*items: tuple[Text, str]) -> rx.Component:
    """(name, "area" | "dash") each."""
    kids = [el.span(el.span(class_name=f"lg lg-{kind}"), name, class_name="row g4 f12 mut") for name, kind in items]
    return el.div(*kids, class_name="row g12")


def bar_row(name: Text, width: Any, value: Text) -> rx.Component:
    """A line of a funnel; `width` such as `93%` may be a Var."""
    return el.div(
        el.span(name, class_name="mut"),
        el.span(el.i(**css(w=width)), class_name="b"),
        el.span(value, class_name="num f12 r"),
    )


def funnel(title: Text, rows: Any) -> rx.Component:
    """`rows` are `bar_row`s, or one `rx.foreach` of them."""
    kids = rows if isinstance(rows, list) else [rows]
    return el.div(el.span(title, class_name="f12 w6"), *kids, class_name="fn")
