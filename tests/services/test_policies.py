"""The dispatch policy: versions that are never changed, adopted with a reason on top of the newest, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import Session, select

from servicehub.db.database import Database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.errors import Invalid, NotAllowed, PolicyChanged, ReasonMissing
from servicehub.matching import DEFAULT_WEIGHTS, Policy
from servicehub.models.audit import AuditEntry
from servicehub.models.catalog import Policy as PolicyRow
from servicehub.models.dispatch import DispatchDecision
from servicehub.models.situations import load_situations, rankings
from servicehub.queries.operator.policy import policy_page, replay
from servicehub.services import dispatching, policies
from tests import city
from tests.city import NOW, Town, north


def operator(town: Town, role: OperatorRole = OperatorRole.DISPATCHER) -> Actor:
    return Actor(user_id=town.customer_id, role=Role.OPERATOR, operator_role=role, city_id=town.city_id)


def wish(**weights: float) -> dict[str, Any]:
    return {"weights": {**DEFAULT_WEIGHTS, **weights}, "commit_hours": 24.0, "moved_cost_s": 600}


def adopt(session: Session, actor: Actor, base: int, note: str = "试行", **weights: float) -> int:
    return policies.adopt_dispatch(session, actor, wish(**weights), base=base, note=note, now=NOW)


def test_an_adopted_policy_decides_from_then_on_and_is_kept_with_its_reason(session: Session) -> None:
    town = city.build(session)
    city.add_technician(session, town, is_online=True)
    order = city.add_order(session, town, town.local("2026-03-03 14:00"), dispatch_at=NOW)

    assert adopt(session, operator(town), 0, fairness=2.5) == 1

    policy = load_situations(session, [order], now=NOW)[order.id or 0].policy
    assert (policy.version, policy.weight("fairness"), policy.commit_hours, policy.moved_cost_s) == (1, 2.5, 24.0, 600)
    entry = session.exec(select(AuditEntry)).one()
    assert (entry.action, entry.subject, entry.reason) == ("policy.adopt", "policy:dispatch-1", "试行")
    page = policy_page(session, operator(town), locale="zh")
    assert (page.version, page.commit_hours, page.moved_cost_min) == (1, "24", "10")
    assert [(v.version, v.note, v.is_now) for v in page.versions] == [(1, "试行", True)]
    assert page.versions[0].changes == "派单均衡 1 → 2.5 · 上门前锁定 48 → 24 · 调整所需收益 5 → 10"
    assert {t.name: t.value for t in policy_page(session, operator(town), 0, locale="en").terms}["fairness"] == "1"


def test_who_built_on_an_older_version_is_refused(session: Session) -> None:
    town = city.build(session)
    adopt(session, operator(town), 0)

    with pytest.raises(PolicyChanged):
        adopt(session, operator(town), 0, travel=2.0)
    assert policies.newest_version(session, town.city_id, "dispatch") == 1


@pytest.mark.parametrize("role", [OperatorRole.SUPPORT, OperatorRole.FINANCE, OperatorRole.CITY_MANAGER])
def test_other_roles_may_look_but_not_adopt(session: Session, role: OperatorRole) -> None:
    town = city.build(session)

    assert policy_page(session, operator(town, role), locale="en").version == 0
    with pytest.raises(NotAllowed):
        adopt(session, operator(town, role), 0)


@pytest.mark.parametrize(
    "wanted",
    [
        {"weights": {"travel": -0.1}},
        {"weights": {"travel": 5.1}},
        {"weights": {"travel": float("nan")}},
        {"weights": {"beauty": 1.0}},
        {"weights": {"travel": "much"}},
        {"commit_hours": 169},
        {"moved_cost_s": -1},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(session: Session, wanted: dict[str, Any]) -> None:
    town = city.build(session)

    with pytest.raises(Invalid):
        policies.adopt_dispatch(session, operator(town), wanted, base=0, note="x", now=NOW)
    assert session.exec(select(PolicyRow).where(PolicyRow.kind == "dispatch")).all() == []


def test_without_a_reason_nothing_is_adopted(session: Session) -> None:
    town = city.build(session)

    with pytest.raises(ReasonMissing):
        adopt(session, operator(town), 0, note="  ")


def test_of_many_who_adopt_at_once_one_wins(database: Database) -> None:
    town = database.write_now(city.build)

    def attempt(n: int) -> bool:
        try:
            database.write_now(adopt, operator(town), 0, travel=1 + n / 100)
        except PolicyChanged:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        won = sum(pool.map(attempt, range(24)))

    assert won == 1
    assert database.read_now(policies.newest_version, town.city_id, "dispatch") == 1


def test_a_replay_says_exactly_what_other_weights_would_have_chosen(session: Session) -> None:
    town = city.build(session)
    near = city.add_technician(session, town, home=north(0.5), is_online=True, name="周近")
    liked = city.add_technician(
        session, town, home=north(3.0), is_online=True, name="吴优", rating_sum=500, rating_count=100
    )
    order = city.add_order(session, town, town.local("2026-03-03 14:00"), place=north(0.0), dispatch_at=NOW)
    dispatching.run_due(session, NOW)
    stored = session.exec(select(DispatchDecision)).one()
    assert stored.technician_id == near.id

    same = replay(session, operator(town), wish(), locale="zh")
    other = replay(session, operator(town), wish(rating=4.0), locale="zh")

    assert (same.summary, same.rows) == ("最近 1 次派单中，有 0 次结果会不同", ())
    assert other.summary == "最近 1 次派单中，有 1 次结果会不同"
    (row,) = other.rows
    assert (row.no, row.before, row.after) == (order.no, "周近", "吴优")
    assert row.way.startswith("+")
    adopt(session, operator(town), 0, rating=4.0)
    now_first = load_situations(session, [order], now=NOW, by_hand=near.id)[order.id or 0].ranking().best
    assert now_first is not None
    assert now_first.technician_id == liked.id


def test_a_stored_policy_is_read_back_as_it_was() -> None:
    assert Policy.of(Policy.checked(wish(level=0.0)).as_document()) == Policy.checked(wish(level=0.0))


def test_a_service_may_be_weighed_by_itself(session: Session) -> None:
    town = city.build(session)
    repair = city.add_item(session, town, skill="repair")
    near = city.add_technician(session, town, home=north(1), skills=("cleaning", "repair"), is_online=True)
    liked = city.add_technician(
        session, town, home=north(4), skills=("cleaning", "repair"), is_online=True, rating_sum=500, rating_count=100
    )
    actor, start = operator(town), town.local("2026-03-03 14:00")
    wanted = {**wish(rating=0.0), "services": {"repair": {"rating": 5.0}}}

    def firsts() -> list[int]:
        orders = [
            city.add_order(session, town, start, service_item_id=item_id, dispatch_at=NOW)
            for item_id in (town.item_id, repair.id)
        ]
        found = rankings(load_situations(session, orders, now=NOW))
        return [found[o.id or 0].best.technician_id for o in orders]

    policies.adopt_dispatch(session, actor, wanted, base=0, note="维修重口碑", now=NOW)

    assert firsts() == [near.id, liked.id]
    every, own = (policy_page(session, actor, None, service, locale="en") for service in ("", "repair"))
    assert [(s.value, s.has_own) for s in own.services] == [("", False), ("cleaning", False), ("repair", True)]
    assert [next(t.value for t in page.terms if t.name == "rating") for page in (every, own)] == ["0", "5"]
    assert "Repairs: Rating 1 → 5" in every.versions[0].changes
    order = city.add_order(session, town, start, service_item_id=repair.id, dispatch_at=NOW)
    dispatching.run_due(session, NOW)
    stored = session.exec(select(DispatchDecision).where(DispatchDecision.order_id == order.id)).one().policy
    assert (stored["weights"]["rating"], "services" in stored) == (5.0, False), "what this decision was made by"
    assert replay(session, actor, wanted, locale="en").summary.endswith("0 would have been others")
    with pytest.raises(Invalid):
        policies.adopt_dispatch(
            session, actor, {**wish(), "services": {"repair": {"beauty": 1.0}}}, base=1, note="x", now=NOW
        )
