"""A comparison as pictures: every policy's figures with their uncertainty, beside what hindsight could do. One file, no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

SHOWN: tuple[tuple[str, str], ...] = (
    ("fill_pct", "Orders served, %"),
    ("travel_min_per_order", "Way per order, min"),
    ("late_pct", "Begun late, %"),
    ("wait_min", "Waiting of immediate orders, min"),
    ("gini_per_hour", "Gini of income per available hour"),
    ("utilisation_pct", "Shift spent at visits, %"),
)
COLUMNS = 3
COLOURS = ("#8FA39D", "#FF8A3D", "#0B7D6C", "#4150C9", "#6B46C8", "#1C63C9")


def draw(found: dict[str, Any]) -> go.Figure:
    """Bars with 95 % intervals for each figure of `compare`'s result; a dashed line where hindsight has one."""
    rows = -(-len(SHOWN) // COLUMNS)
    figure = make_subplots(rows=rows, cols=COLUMNS, subplot_titles=[title for _name, title in SHOWN])
    names = list(found["policies"])
    for place, (name, _title) in enumerate(SHOWN):
        cells = [found["policies"][policy][name] for policy in names]
        bars = go.Bar(
            x=names,
            y=[cell["mean"] for cell in cells],
            error_y={"type": "data", "array": [cell["half"] for cell in cells]},
            marker={"color": list(COLOURS[: len(names)])},
            showlegend=False,
        )
        row, column = place // COLUMNS + 1, place % COLUMNS + 1
        figure.add_trace(bars, row=row, col=column)
        if name in found["hindsight"]:
            figure.add_hline(
                y=found["hindsight"][name]["mean"], line={"dash": "dash", "color": "#4150C9"}, row=row, col=column
            )
    size = f"{found['technicians']} technicians, {found['orders']} orders, {found['seeds']} days"
    figure.update_layout(
        title=f"{size}; dashed: planned knowing everything", template="plotly_white", height=320 * rows
    )
    return figure


def save(found: dict[str, Any], path: Path) -> None:
    """Write the pictures as one HTML file that needs nothing else."""
    draw(found).write_html(path, include_plotlyjs=True, full_html=True)
