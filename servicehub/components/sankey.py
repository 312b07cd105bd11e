"""A Sankey diagram as SVG: ribbons behind bars, every bar a link with its name and amount. Put its table beside it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import Text, el, link
from servicehub.viewmodels.sankey import HEIGHT, WIDTH

svg = el.svg
BAR = 12


def sankey(picture: Any, label: Text) -> rx.Component:
    """`picture` is a Var of `viewmodels.sankey.Sankey`; `label` says what it shows."""
    return el.div(
        el.svg(
            rx.foreach(picture.ribbons, _ribbon),
            rx.foreach(picture.bars, _bar),
            view_box=f"0 0 {WIDTH} {HEIGHT}",
            class_name="skd",
            custom_attrs={"role": "group", "aria-label": label},
        ),
        class_name="tw",
        tab_index=0,
        role="region",
        aria_label=label,
    )


def _ribbon(ribbon: Any) -> rx.Component:
    tip = el.title(ribbon.start + " → " + ribbon.end + " " + ribbon.amount)
    return svg.path(
        tip,
        d=ribbon.path,
        class_name="skd-r skd-" + ribbon.tone,
        custom_attrs={"strokeWidth": ribbon.width.to(str)},
        key=ribbon.key,
    )


def _bar(bar: Any) -> rx.Component:
    anchor = {"textAnchor": bar.anchor}
    return link(
        svg.rect(
            x=bar.x.to(str), y=bar.y.to(str), width=str(BAR), height=bar.height.to(str), rx="3",
            class_name="skd-b skd-" + bar.tone,
        ),
        svg.text(
            bar.label, x=bar.label_x.to(str), y=bar.label_y.to(str), class_name="skd-n", custom_attrs={**anchor, "dy": "-1"}
        ),
        svg.text(
            bar.amount, x=bar.label_x.to(str), y=bar.label_y.to(str), class_name="skd-a", custom_attrs={**anchor, "dy": "13"}
        ),
        to=bar.link,
        cls="skd-l",
        key=bar.key,
    )  # fmt: skip
