"""The example calculator and the page of the rules: two sets of rules side by side, with the reasons in words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session

from servicehub.domain.access import OperatorRole
from servicehub.domain.commission import Case
from servicehub.domain.technician import Level
from servicehub.errors import Invalid, NotAllowed
from servicehub.models.technician import Technician
from servicehub.queries.operator.commission import commission_page, rule_form, technician_named
from servicehub.queries.operator.commission_example import Line, example
from servicehub.services import policies
from tests import city, journey
from tests.journey import World

DAY = date(2026, 3, 3)
GOLD = {"id": "r1", "category": "daily", "level": "gold", "bp": 1200, "by_group": {"add_on": 0}}
PRICE = (Line("service", 20_000), Line("add_on", 3000), Line("travel", 500), Line("coupon", -2000), Line("night", 0))


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def asked(world: World, draft: dict[str, Any] | None = None, *, level: Level = Level.GOLD, share: int = 5000) -> Any:
    actor = journey.operator(world, OperatorRole.FINANCE)
    case = Case("daily", level, 0, DAY)
    return example(world.session, actor, case, PRICE, share, draft, now=world.now, locale="en")


def test_lines_and_sums_stand_side_by_side(world: World) -> None:
    found = asked(world, {"rules": [GOLD], "tax": {"bp": 100}})

    assert found.case == "Cleaning · Gold · 2026-03-03"
    assert [(r.name, r.amount, r.rate, r.now, r.tried_rate, r.tried) for r in found.rows] == [
        ("Service", "¥200.00", "22%", "−¥42.09", "12%", "−¥22.96"),
        ("Add-ons", "¥30.00", "22%", "−¥6.31", "0%", "¥0.00"),
        ("Travel", "¥5.00", "—", "—", "—", "—"),
        ("Coupon", "−¥20.00", "—", "—", "—", "—"),
        ("The customer pays", "", "", "¥215.00", "", "¥215.00"),
        ("The platform pays of the coupon", "", "", "¥10.00", "", "¥10.00"),
        ("The technician pays of the coupon", "", "", "¥10.00", "", "¥10.00"),
        ("Platform commission", "", "", "−¥48.40", "", "−¥22.96"),
        ("Income tax withheld", "", "", "¥0.00", "", "−¥2.02"),
        ("The technician receives", "", "", "¥176.60", "", "¥200.02"),
    ]
    assert [r.name for r in found.rows if r.differs] == [
        "Service", "Add-ons", "Platform commission", "Income tax withheld", "The technician receives",
    ]  # fmt: skip


def test_the_reasons_are_said_for_both_sets(world: World) -> None:
    actor = journey.operator(world)
    old = {"id": "r2", "level": "gold", "bp": 2100}
    policies.adopt_commission(world.session, actor, {"rules": [old]}, base=1, note="x", now=world.now)
    late = {"id": "r3", "bp": 0, "until": "2026-03-02"}
    found = asked(world, {"rules": [GOLD, late]})

    assert [(v.tier, v.conditions, v.rate, v.now, v.tried) for v in found.verdicts] == [
        ("Promotion", "until 2 Mar", "0%", "—", "Not valid any more"),
        ("Category and level", "Gold · Cleaning", "12% · Add-ons 0%", "—", "Wins"),
        ("Level", "Gold", "21%", "Wins", "—"),
        ("Standard", "Gold", "22%", "Outranked", "Outranked"),
    ]
    assert [v.now for v in asked(world, level=Level.CHIEF).verdicts] == ["Another level", "Wins"]


def test_a_coupon_above_the_price_and_a_draft_that_cannot_be_are_refused(world: World) -> None:
    actor = journey.operator(world)
    case = Case("daily", Level.GOLD, 0, DAY)
    lines = (Line("service", 100), Line("coupon", -101))
    for price, share, draft, field in (
        (lines, 0, None, "coupon"),
        (PRICE, 10_001, None, "coupon"),
        (PRICE, 0, {"rules": [{"id": "a", "bp": 1}]}, "conditions"),
    ):
        with pytest.raises(Invalid) as refused:
            example(world.session, actor, case, price, share, draft, now=world.now, locale="zh")
        assert refused.value.params["field"] == field
    with pytest.raises(NotAllowed):
        example(
            world.session, journey.operator(world, OperatorRole.DISPATCHER), case, PRICE, 0, now=world.now, locale="zh"
        )


def test_a_draft_is_shown_with_what_it_changes(world: World) -> None:
    actor = journey.operator(world)
    first = {"rules": [GOLD, {"id": "r2", "level": "chief", "bp": 1500}]}
    policies.adopt_commission(world.session, actor, first, base=1, note="x", now=world.now)
    draft = {"rules": [{**GOLD, "bp": 1000}, {"id": "r7", "category": "daily", "bp": 2000}], "tax": {"bp": 300}}
    page = commission_page(world.session, actor, draft, now=world.now, locale="en")

    assert [(r.id, r.mark, r.mark_text) for r in page.rules] == [
        ("r1", "changed", "Changed"), ("r7", "new", "Added"), ("r2", "removed", "Removed"),
    ]  # fmt: skip
    assert page.changes == (
        "+ Cleaning 20%",
        "− Chief 15%",
        "Gold · Cleaning 12% · Add-ons 0% → 10% · Add-ons 0%",
        "No tax withheld → Income tax withheld 3%",
    )
    assert (page.version, page.next_id, page.tax_was) == (2, "r8", "No tax withheld")
    assert commission_page(world.session, actor, now=world.now, locale="en").changes == ()


def test_a_form_shows_a_rule_as_it_was_typed(world: World) -> None:
    shown = rule_form({**GOLD, "bp": 1225, "technician_id": 3, "from": "2026-03-01"})
    assert (shown.rate, shown.add_on, shown.surcharge, shown.technician, shown.from_on, shown.until_on) == (
        "12.25", "0", "", "3", "2026-03-01", "",
    )  # fmt: skip
    bounded = rule_form({**GOLD, "bounds": {"fixed_fen": 50, "most_fen": 123_450}})
    assert [(one.fixed, one.least, one.most) for one in (shown, bounded)] == [("", "", ""), ("0.5", "", "1234.5")]


def test_technicians_are_found_by_number_or_by_a_name_that_is_one_persons(world: World) -> None:
    actor = journey.operator(world)
    twins = [city.add_technician(world.session, world.town, name="双生") for _ in range(2)]
    one: Technician = city.add_technician(world.session, world.town, name="独一")
    names = ("独一", "双生", "nobody", str(twins[1].id), "99999999", "9" * 30)
    assert [technician_named(world.session, actor, text) for text in names] == [one.id, 0, 0, twins[1].id, 0, 0]
