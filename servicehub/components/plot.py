"""The Plotly wrapper of operator analytics pages; import it from such page modules only (it costs 400 kB and more)."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import reflex as rx

CONFIG: dict[str, Any] = {"displayModeBar": False, "responsive": True}
COLOURS = ("#0B7D6C", "#FF8A3D", "#4150C9", "#8A5200", "#6B46C8", "#1C63C9")
"""Series colours; all reach 3:1 on both themes' surfaces."""


def themed(figure: go.Figure, *, unit: str = "") -> go.Figure:
    """`figure` with the house's fonts, grid and margins; transparent, so that it suits both themes."""
    figure.update_layout(
        colorway=list(COLOURS),
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "inherit", "size": 12, "color": "#7C8B87"},
        margin={"l": 48, "r": 12, "t": 8, "b": 28},
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.08, "x": 0},
    )
    figure.update_xaxes(showgrid=False, linecolor="rgba(124,139,135,.35)")
    figure.update_yaxes(gridcolor="rgba(124,139,135,.2)", zeroline=False, tickprefix=unit, separatethousands=True)
    return figure


def plot(figure: Any, label: str, *, height: str = "17rem", **props: Any) -> rx.Component:
    """`figure` is a Var of a `go.Figure`; `label` says in words what it shows."""
    return rx.el.div(
        rx.plotly.cartesian(data=figure, config=CONFIG, width="100%", height=height, use_resize_handler=True, **props),
        role="img",
        aria_label=label,
        class_name="plot",
    )
