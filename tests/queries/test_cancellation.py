"""The operators' page of the cancellation terms: numbers, the customers' table and changes in words, of one category at a time."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from servicehub.domain.access import OperatorRole
from servicehub.errors import Invalid, NotAllowed, NotFound
from servicehub.queries.operator.cancellation import cancellation_page
from servicehub.queries.operator.shell import PAGES, shell
from servicehub.services import policies
from servicehub.texts.cancellation import NUMBERS
from servicehub.viewmodels.operator_cancellation import CancellationPage
from tests import journey
from tests.journey import World

DRAFT = {"free_per_month": 1, "late_bp": 2500, "by_category": {"daily": {"late_bp": 1250, "late_cap_fen": 5000}}}


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def page(world: World, scope: str = "", draft: dict[str, object] | None = None) -> CancellationPage:
    actor = journey.operator(world, OperatorRole.SUPPORT)
    return cancellation_page(world.session, actor, scope, draft, now=world.now, locale="en")


def test_the_standard_is_shown_in_the_words_of_the_customers(world: World) -> None:
    found = page(world)

    assert (found.version, found.scope_name, found.has_own, found.changes) == (1, "City standard", False, ())
    assert [row.value for row in found.numbers] == [
        "5 min", "3 h", "20%", "¥50", "1", "30%", "50%", "100%", "20 min", "15 min", "3",
    ]  # fmt: skip
    assert [(row.text, row.is_new) for row in found.table][3:5] == [
        ("Less than 3 h before the visit: 20%, at most ¥50", False),
        ("The first of these short-notice cancellations in a calendar month is free, over all your orders", False),
    ]
    assert [row.name for row in found.numbers] == list(NUMBERS)


def test_a_draft_of_a_category_says_what_differs_from_the_standard_and_from_what_is_in_force(world: World) -> None:
    found = page(world, "daily", DRAFT)

    late = next(row for row in found.numbers if row.name == "late_bp")
    cap = next(row for row in found.numbers if row.name == "late_cap_fen")
    assert (late.value, late.usual, late.was, late.typed, late.hint) == ("12.5%", "25%", "20%", "12.5", "25")
    assert (cap.value, cap.usual, cap.was, cap.typed, cap.hint) == ("¥50", "", "", "", "50")
    assert [row.text for row in found.table if row.is_new] == ["Less than 3 h before the visit: 12.5%, at most ¥50"]
    assert found.changes == (
        "Fee at short notice: 20% → 25%", "Cleaning · Fee at short notice: as the standard → 12.5%",
    )  # fmt: skip
    assert [(s.value, s.has_own) for s in found.scopes] == [("", False), ("daily", True)]


def test_versions_say_what_they_changed_here(world: World) -> None:
    admin = journey.operator(world)
    policies.adopt_cancellation(world.session, admin, DRAFT, base=1, note="Peak", now=world.now)
    policies.adopt_commission(world.session, admin, {"rates": {"gold": 2000}}, base=2, note="Gold", now=world.now)

    assert [(v.version, v.note, v.changes, v.is_now) for v in page(world).versions] == [
        (3, "Gold", "", True),
        (2, "Peak", "Fee at short notice: 20% → 25%; Cleaning · Fee at short notice: as the standard → 12.5%", False),
        (1, "", "", False),
    ]


def test_who_may_read_and_what_is_not_there(world: World) -> None:
    for stranger in (world.customer, world.technicians[0]):
        with pytest.raises(NotAllowed):
            cancellation_page(world.session, stranger, now=world.now, locale="en")
    with pytest.raises(NotFound):
        page(world, "spa")
    with pytest.raises(Invalid):
        page(world, "", {"late_bp": 10_001})
    for role in OperatorRole:
        actor = journey.operator(world, role)
        assert "cancellation" in shell(world.session, actor, locale="en", now=world.now).pages
    assert "cancellation" in PAGES
