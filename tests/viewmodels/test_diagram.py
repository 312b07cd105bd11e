"""The drawing of a machine: every step has its arrow, boxes do not overlap, arrows begin and end at their boxes."""

from __future__ import annotations

import re

from servicehub.domain.order import ORDER, OrderStatus
from servicehub.pages.operator.machine import LEFT, RIGHT, SPINE
from servicehub.viewmodels.diagram import Box, spine

PAIRS = [(step.source.value, step.target.value) for step in ORDER.steps]
DRAWN = spine([s.value for s in SPINE], LEFT.value, RIGHT.value, PAIRS)
BOXES = {box.key: box for box in DRAWN.boxes}


def _touches(box: Box, x: int, y: int) -> bool:
    on_side = x in {box.x, box.x + box.width} and box.y <= y <= box.y + box.height
    on_edge = y in {box.y, box.y + box.height} and box.x <= x <= box.x + box.width
    return on_side or on_edge


def test_every_status_has_a_box_and_every_step_an_arrow() -> None:
    assert set(BOXES) == {s.value for s in OrderStatus}
    assert {(a.source, a.target) for a in DRAWN.arrows} == {(a, b) for a, b in PAIRS if a != b}


def test_boxes_stand_apart_and_inside_the_picture() -> None:
    for a in DRAWN.boxes:
        assert a.x >= 0
        assert a.x + a.width <= DRAWN.width
        assert a.y + a.height <= DRAWN.height
        for b in DRAWN.boxes:
            apart = a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
            assert a is b or apart


def test_arrows_run_from_box_to_box() -> None:
    for arrow in DRAWN.arrows:
        numbers = [int(n) for n in re.findall(r"-?\d+", arrow.path)]
        assert _touches(BOXES[arrow.source], numbers[0], numbers[1]), arrow
        assert _touches(BOXES[arrow.target], numbers[-2], numbers[-1]), arrow
