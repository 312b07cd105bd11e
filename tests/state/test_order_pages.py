"""Who goes from one order's page to another's never sees the first one come late and push the second one away."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import pytest

from servicehub.state.customer.order import OrderState
from servicehub.state.operator.order import OrderSheetState


class Left:
    """A page whose address changes while it is read."""

    def __init__(self) -> None:
        self.numbers = ["1" * 16, "2" * 16]
        self.shown = self.order = None
        self.ready = False

    def _no(self) -> str:
        return self.numbers.pop(0)

    _order_no = _no

    async def _read(self, *_asked: Any) -> str:
        return "the first order"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        return None


@pytest.mark.parametrize("state", [OrderState, OrderSheetState])
def test_what_was_read_of_an_order_that_was_left_is_dropped(state: Any) -> None:
    page = Left()
    asyncio.run(state._reload(page))

    assert (page.shown, page.order, page.ready) == (None, None, False)
