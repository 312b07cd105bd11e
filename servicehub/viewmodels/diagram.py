"""A drawing of a state machine: states down a spine in their natural order, ends beside it. Pure geometry, no words, no colours.

Arrows to the next state run down the spine; those that skip states bow to the left, those that go back bow to the right, and an
end that many states lead to is a rail along all of them, so that its arrows are short and level.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BOX_W, BOX_H = 168, 44
PITCH = 100
MARGIN = 24
_BOW, _BOW_MORE = 30, 58
_RAIL_GAP_LEFT, _RAIL_GAP_RIGHT = 280, 390
_LABEL = 104
"""From a rail to the middle of a label."""
_RAIL_W = 120


@dataclass(frozen=True, slots=True)
class Box:
    """A state; `x`, `y` is the upper left corner."""

    key: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Arrow:
    """All steps from `source` to `target`; `path` is SVG path data, `x`, `y` the middle of its label.

    `kind`: down, skip, back, end (to a rail) or revive (from a rail).
    """

    source: str
    target: str
    path: str
    x: int
    y: int
    kind: str


@dataclass(frozen=True, slots=True)
class Diagram:
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def spine(order: Sequence[str], left: str, right: str, edges: Iterable[tuple[str, str]]) -> Diagram:
    """Draw `order` downwards with the rails `left` and `right` (not part of it). Self loops are left out; pairs count once."""
    pairs = [pair for pair in dict.fromkeys(edges) if pair[0] != pair[1]]
    x = MARGIN + _RAIL_W + _RAIL_GAP_LEFT
    boxes = {key: Box(key, x, MARGIN + i * PITCH, BOX_W, BOX_H) for i, key in enumerate(order)}
    rails = {
        left: _rail(left, MARGIN, pairs, boxes),
        right: _rail(right, x + BOX_W + _RAIL_GAP_RIGHT, pairs, boxes),
    }
    everything = boxes | rails
    arrows = tuple(_arrow(order, everything, rails, pair) for pair in pairs)
    width = max(box.x + box.width for box in everything.values()) + MARGIN
    height = max(box.y + box.height for box in everything.values()) + MARGIN
    return Diagram(width=width, height=height, boxes=tuple(everything.values()), arrows=arrows)


def _rail(key: str, x: int, pairs: Iterable[tuple[str, str]], boxes: dict[str, Box]) -> Box:
    """As tall as the states that lead to it."""
    ys = [boxes[a].y for a, b in pairs if b == key and a in boxes]
    top, bottom = min(ys), max(ys) + BOX_H
    return Box(key, x, top, _RAIL_W, bottom - top)


def _arrow(order: Sequence[str], boxes: dict[str, Box], rails: dict[str, Box], pair: tuple[str, str]) -> Arrow:
    a, b = boxes[pair[0]], boxes[pair[1]]
    if b.key in rails or a.key in rails:
        return _level(a, b, rails)
    steps = order.index(b.key) - order.index(a.key)
    if steps == 1:
        x, y1, y2 = a.x + a.width // 2, a.y + a.height, b.y
        return Arrow(a.key, b.key, f"M{x} {y1}L{x} {y2}", x, (y1 + y2) // 2, "down")
    bulge = _BOW + _BOW_MORE * (abs(steps) - 1)
    if steps > 1:
        return _bow(a, b, a.x, a.x - bulge, "skip")
    return _bow(a, b, a.x + a.width, a.x + a.width + bulge, "back")


def _level(a: Box, b: Box, rails: dict[str, Box]) -> Arrow:
    """A straight line between a state and a rail, at the state's height; from a rail a little lower."""
    from_rail = a.key in rails
    state, rail = (b, a) if from_rail else (a, b)
    y = state.y + state.height // 2 + (12 if from_rail else -6)
    state_x, rail_x = (state.x, rail.x + rail.width) if rail.x < state.x else (state.x + state.width, rail.x)
    x1, x2 = (rail_x, state_x) if from_rail else (state_x, rail_x)
    middle = rail_x + (_LABEL if state_x > rail_x else -_LABEL)
    return Arrow(a.key, b.key, f"M{x1} {y}L{x2} {y}", middle, y, "revive" if from_rail else "end")


def _bow(a: Box, b: Box, edge: int, control: int, kind: str) -> Arrow:
    """A curve out of the side of one box and into the side of another; leaves low and enters high, or the other way round."""
    down = b.y > a.y
    y1 = a.y + a.height // 2 + (10 if down else -10)
    y2 = b.y + b.height // 2 + (-10 if down else 10)
    far = edge + (control - edge) * 4 // 3
    path = f"M{edge} {y1}C{far} {y1} {far} {y2} {edge} {y2}"
    if kind == "skip":  # a quarter of the way along, clear of the level lines between states
        return Arrow(a.key, b.key, path, edge + (control - edge) * 3 // 4, (y1 * 27 + y2 * 5) // 32, kind)
    return Arrow(a.key, b.key, path, control, (y1 + y2) // 2, kind)
