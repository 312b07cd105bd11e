"""The order's machine is sound, and every event in its table is fired by a service."""

from __future__ import annotations

import ast
from pathlib import Path
from random import Random

import pytest

from servicehub.domain.access import Role
from servicehub.domain.machine import Machine, Step
from servicehub.domain.order import ACTIVE, HOLDING, ORDER, STEPS, OrderEvent, OrderStatus
from servicehub.errors import NotAllowed, TransitionRefused

SERVICES = Path(__file__).parents[2] / "servicehub" / "services"


def test_the_table_has_no_problem() -> None:
    assert ORDER.problems() == []


def test_every_event_of_the_table_is_fired_by_a_service() -> None:
    fired = {
        node.attr
        for path in SERVICES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "OrderEvent"
    }

    assert {step.event.name for step in STEPS} <= fired


def test_every_event_and_status_is_used_by_the_table() -> None:
    assert {step.event for step in STEPS} == set(OrderEvent)
    assert {step.source for step in STEPS} | {step.target for step in STEPS} == set(OrderStatus)


def test_a_pair_outside_the_table_is_refused() -> None:
    with pytest.raises(TransitionRefused):
        ORDER.next(OrderStatus.COMPLETED, OrderEvent.DEPART, Role.TECHNICIAN)


def test_a_step_by_the_wrong_role_is_refused() -> None:
    with pytest.raises(NotAllowed):
        ORDER.next(OrderStatus.AWAITING_CONFIRM, OrderEvent.CONFIRM, Role.TECHNICIAN)


def test_random_walks_end_in_a_final_status() -> None:
    random = Random(7)
    for _ in range(2000):
        state = OrderStatus.PENDING_PAYMENT
        for _ in range(500):
            if state in ORDER.final:
                break
            state = random.choice([s for s in STEPS if s.source is state]).target
        assert state in ORDER.final


def test_statuses_that_hold_time_are_all_active() -> None:
    assert HOLDING < ACTIVE


def test_each_effect_names_the_cells_wherever_time_is_given_back() -> None:
    for step in STEPS:
        if step.source in HOLDING and step.source is not OrderStatus.PENDING_PAYMENT and step.target not in HOLDING:
            assert "cells" in step.effect, step


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ({"steps": (*STEPS, STEPS[0])}, "duplicate row"),
        (
            {
                "steps": (
                    *STEPS,
                    Step(OrderStatus.CLOSED, OrderEvent.CANCEL, OrderStatus.MATCHING, frozenset({Role.CUSTOMER})),
                )
            },
            "exit from final",
        ),
        ({"timers": {k: v for k, v in ORDER.timers.items() if k is not OrderStatus.ARRIVED}}, "no timer in arrived"),
        (
            {"timers": {**ORDER.timers, OrderStatus.ARRIVED: OrderEvent.START}},
            "the timer of arrived is no step of the platform",
        ),
    ],
    ids=["duplicate", "leak", "untimed", "wrong-timer"],
)
def test_a_broken_table_is_reported(broken: dict[str, object], problem: str) -> None:
    fields = {
        "name": "order",
        "initial": ORDER.initial,
        "final": ORDER.final,
        "steps": STEPS,
        "timers": ORDER.timers,
        "revivals": ORDER.revivals,
    }

    found = Machine(**{**fields, **broken}).problems()  # type: ignore[arg-type]

    assert any(problem in sentence for sentence in found)
