"""What a city's answers teach becomes a version, once a day, and counts in the next decision."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, select

from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import OrderStatus
from servicehub.models.catalog import Policy
from servicehub.models.dispatch import Offer
from servicehub.models.situations import ACCEPTANCE_KIND, load_situations
from servicehub.models.technician import Technician
from servicehub.queries.operator.fairness import fairness
from servicehub.queries.operator.policy import policy_page
from servicehub.services import answers
from tests import city
from tests.city import NOW, Town


def answered(session: Session, town: Town, count: int) -> Technician:
    """Short ways were accepted, long ones mostly not."""
    who = city.add_technician(session, town, is_online=True)
    for n in range(count):
        far = n % 2
        yes = n % 10 == 0 if far else n % 10 != 2
        order = city.add_order(session, town, NOW - timedelta(days=1, hours=n % 5), status=OrderStatus.COMPLETED)
        session.add(
            Offer(
                order_id=order.id, technician_id=who.id, round=1, take_home_fen=1, distance_m=1, travel_minutes=60 if far else 10,
                status=OfferStatus.ACCEPTED if yes else OfferStatus.DECLINED, created_at=NOW - timedelta(days=2),
                deadline_at=NOW - timedelta(days=2),
            )
        )  # fmt: skip
    session.flush()
    return who


def versions(session: Session) -> list[Policy]:
    return list(session.exec(select(Policy).where(Policy.kind == ACCEPTANCE_KIND).order_by(Policy.version)))


def test_answers_are_learned_from_once_a_day_and_used(session: Session) -> None:
    town = city.build(session)
    answered(session, town, 120)

    assert answers.learn_due(session, NOW) == 1
    assert answers.learn_due(session, NOW + timedelta(hours=1)) == 0
    assert answers.learn_due(session, NOW + timedelta(hours=21)) == 1
    first, second = versions(session)
    assert (first.version, second.version, first.document["answers"]) == (1, 2, 120)
    assert first.document["weights"]["way"] < -0.5

    order = city.add_order(session, town, NOW + timedelta(hours=4))
    situation = load_situations(session, [order], now=NOW + timedelta(hours=22))[order.id or 0]
    assert situation.policy.acceptance.weights["way"] == second.document["weights"]["way"]
    assert situation.policy.version == 0, "what people adopted is another document"
    operator = Actor(user_id=1, role=Role.OPERATOR, city_id=town.city_id, operator_role=OperatorRole.ADMIN)
    page = policy_page(session, operator, locale="en")
    assert page.learned_from == "From 120 answers"
    assert [row.tone for row in page.learned if row.text == "Every 10 min of way"] == ["down"]


def test_too_few_answers_make_no_version(session: Session) -> None:
    town = city.build(session)
    answered(session, town, 20)

    assert answers.learn_due(session, NOW) == 0
    assert versions(session) == []


def test_fair_shares_are_measured_by_the_planned_hour(session: Session) -> None:
    town = city.build(session)
    operator = Actor(user_id=1, role=Role.OPERATOR, city_id=town.city_id, operator_role=OperatorRole.ADMIN)
    assert fairness(session, operator, locale="en", now=NOW).rows == ()
    city.add_technician(session, town, name="甲")
    city.add_technician(session, town, name="乙", shift=(8 * 60, 9 * 60))

    shown = fairness(session, operator, locale="en", now=NOW)

    assert [row.name for row in shown.rows] == ["甲"], "an hour a day is too little to compare"
    assert (shown.rows[0].hours, shown.below, shown.floor_pct, shown.median) == ("70", 0, 70, "¥0.00")
