"""A decision in sentences: what the batch gave up, who came next, and what would have changed the choice."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from servicehub.models.dispatch import DispatchDecision
from servicehub.models.technician import Technician
from servicehub.queries.operator import reasoning
from servicehub.services import dispatching
from servicehub.texts import Locale
from tests import city
from tests.city import NOW, north


def decided(session: Session) -> tuple[DispatchDecision, dict[int, Technician], dict[int, str], str]:
    """The first of two orders of a batch, whose nearest technician the other one needed."""
    town = city.build(session)
    middle = city.add_technician(session, town, home=north(2.0), is_online=True, name="周中")
    far = city.add_technician(session, town, home=north(-5.0), is_online=True, name="吴远")
    city.add_technician(session, town, home=north(0.0), shift=None, name="郑休")
    two = town.local("2026-03-03 14:00")
    first, second = (city.add_order(session, town, two, place=north(km), dispatch_at=NOW) for km in (0.0, 4.0))
    dispatching.run_due(session, NOW)
    row = session.exec(select(DispatchDecision).where(DispatchDecision.order_id == first.id)).one()
    people = {t.id or 0: t for t in session.exec(select(Technician))}
    assert (first.technician_id, second.technician_id) == (far.id, middle.id)
    return row, people, reasoning.batch_mates(session, [row])[row.id or 0], second.no


def test_the_batch_names_the_order_that_needed_the_better_one_more(session: Session) -> None:
    row, people, mates, other = decided(session)

    said = reasoning.reasons(row, people, mates, locale="en")

    lead = row.candidates[0]["score"] - row.candidates[1]["score"]
    assert said == (f"周中 would be {lead} s better alone, but order {other} of the same batch needed 周中 more",)


@pytest.mark.parametrize(("locale", "text"), [("en", ("Off shift", "1")), ("zh", ("未排班", "1"))])
def test_the_funnel_counts_whom_each_rule_excluded(session: Session, locale: Locale, text: tuple[str, str]) -> None:
    row, *_rest = decided(session)

    assert [(chip.name, chip.count) for chip in reasoning.funnel(row, locale=locale)] == [text]
    assert row.passed == 2


def test_the_runner_up_and_the_weight_that_would_have_chosen_another(session: Session) -> None:
    town = city.build(session)
    near = city.add_technician(session, town, home=north(0.5), is_online=True, name="周近")
    liked = city.add_technician(
        session, town, home=north(4.0), is_online=True, name="吴优", rating_sum=500, rating_count=100
    )
    order = city.add_order(session, town, town.local("2026-03-03 14:00"), place=north(0.0), dispatch_at=NOW)
    dispatching.run_due(session, NOW)
    row = session.exec(select(DispatchDecision)).one()

    said = reasoning.reasons(row, {near.id or 0: near, liked.id or 0: liked}, {}, locale="zh")

    assert order.technician_id == near.id
    lead = row.candidates[0]["score"] - row.candidates[1]["score"]
    assert said[0] == f"次选：吴优，差 {lead} 秒"
    assert all("会派给吴优" in line for line in said[1:])
    assert len(said) > 1
