"""`servicehub simulate`: a table of policies side by side, or one line of JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from servicehub.cli.problems import Problem, need_writable
from servicehub.simulation import pictures
from servicehub.simulation.compare import compare
from servicehub.simulation.figures import FIGURES


def simulate(
    policies: str,
    *,
    technicians: int,
    orders: int,
    seeds: int,
    as_json: bool,
    html: Path | None,
    console: Console,
    progress: Console,
) -> None:
    """Play the days and show what came out. Raises: Problem for a policy that does not exist."""
    names = [name.strip() for name in policies.split(",") if name.strip()]

    def told(row: dict[str, Any]) -> None:
        progress.print(f"day {row['seed']} of {seeds}, {row['policy']}: {row['fill_pct']} % served", highlight=False)

    try:
        found = compare(
            names, technicians=technicians, orders=orders, seeds=seeds, workers=os.cpu_count() or 1, told=told
        )
    except ValueError as error:
        raise Problem(f"{error}.") from error
    if html is not None:
        need_writable(html.resolve().parent, "Choose another file: --html FILE")
        pictures.save(found, html)
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    table = Table("", *names, title=f"{technicians} technicians, {orders} orders, {seeds} days, mean ± 95 %")
    for figure in FIGURES:
        cells = (found["policies"][name][figure] for name in names)
        table.add_row(figure, *(f"{cell['mean']:.2f} ± {cell['half']:.2f}" for cell in cells))
    console.print(table)
    for name, ratio in found["ratio_to_hindsight"].items():
        figures = ", ".join(f"{key} {value:.2f}" for key, value in ratio.items())
        console.print(f"{name} to what could have been planned knowing everything: {figures}", highlight=False)
