"""A Sankey diagram as it is drawn: bars and ribbons with their words, which are rows of a table, too."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH, HEIGHT = 1000, 460
"""Of the drawing; labels stand beside the bars."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One node. `tone`: in, out, held. `link` leads to its account, or to the accounts of its group."""

    key: str = ""
    label: str = ""
    amount: str = ""
    tone: str = ""
    link: str = ""
    x: int = 0
    y: int = 0
    height: int = 0
    label_x: int = 0
    label_y: int = 0
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Ribbon:
    """One flow: `path` is SVG path data of its centre line, drawn `width` wide."""

    key: str = ""
    path: str = ""
    width: int = 0
    tone: str = ""
    start: str = ""
    end: str = ""
    start_link: str = ""
    end_link: str = ""
    amount: str = ""


@dataclass(frozen=True, slots=True)
class Sankey:
    bars: tuple[Bar, ...] = ()
    ribbons: tuple[Ribbon, ...] = ()
