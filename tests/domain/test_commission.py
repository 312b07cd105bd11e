"""Commission rules: exactly one wins, always the same; every fen of a price is somebody's, taxes included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.commission import RATES, Bounds, Case, CommissionPolicy, Rate, Rule, Tax
from servicehub.domain.money import share_bp
from servicehub.domain.policy import DEFAULT_ORDER_POLICY, OrderPolicy
from servicehub.domain.settlement import settle
from servicehub.domain.technician import Level
from servicehub.errors import Invalid

DAY = date(2026, 11, 11)
CATEGORIES = ("daily", "appliance", "repair")
KINDS = ("service", "add_on", "night", "holiday", "rush", "travel", "reschedule_fee")


@dataclass(frozen=True)
class Line:
    kind: str
    amount_fen: int


def case(category: str = "daily", level: Level = Level.GOLD, technician: int = 7, on: date = DAY) -> Case:
    return Case(category, level, technician, on)


def rule(id: str, bp: int = 1000, **conditions: Any) -> dict[str, Any]:
    return {"id": id, "bp": bp, **conditions}


def policy(*rules: dict[str, Any], **more: Any) -> CommissionPolicy:
    return CommissionPolicy.checked({"rules": list(rules), **more})


EVERY = (
    rule("promo", **{"from": "2026-11-01", "until": "2026-11-30"}),
    rule("who", technician_id=7),
    rule("both", category="daily", level="gold"),
    rule("category", category="daily"),
    rule("level", level="gold"),
)


def test_the_most_specific_rule_wins_and_the_standard_of_the_level_is_left() -> None:
    for n in range(len(EVERY)):
        assert policy(*EVERY[n:]).choose(case(), 3).rule == f"rule:{EVERY[n]['id']}@3"
        assert policy(*reversed(EVERY[n:])).choose(case(), 3).rule == f"rule:{EVERY[n]['id']}@3"
    assert policy().choose(case(), 3) == Rate("level:gold@3", 2200, where={"level": "gold"})


def test_among_promotions_the_one_with_more_conditions_wins() -> None:
    dates = {"from": "2026-11-01"}
    found = policy(rule("all", **dates), rule("narrow", category="daily", **dates), EVERY[2])
    assert found.choose(case()).rule == "rule:narrow@1"
    assert found.choose(case("repair")).rule == "rule:all@1"


def test_days_are_inclusive_and_by_the_visit() -> None:
    found = policy(rule("promo", **{"from": "2026-11-01", "until": "2026-11-11"}))
    chosen = {
        on: found.choose(case(on=on)).rule for on in (date(2026, 10, 31), date(2026, 11, 1), DAY, date(2026, 11, 12))
    }
    assert [name.partition(":")[0] for name in chosen.values()] == ["level", "rule", "rule", "level"]


def test_the_verdicts_say_why() -> None:
    found = policy(
        *EVERY,
        rule("else", category="repair"),
        rule("lower", level="bronze"),
        rule("early", category="daily", **{"from": "2026-12-01"}),
        rule("late", category="daily", until="2026-10-01"),
        rule("other", technician_id=8),
    )
    assert {v.rule.id: v.why for v in found.judge(case())} == {
        "promo": "", "who": "outranked", "both": "outranked", "category": "outranked", "level": "outranked",
        "else": "category", "lower": "level", "early": "early", "late": "late", "other": "technician",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "document"),
    [
        ("rates", {"rates": {"gold": 10_001}}),
        ("rates", {"rates": {"diamond": 100}}),
        ("tax_bp", {"tax": {"bp": 5001}}),
        ("tax_from", {"tax": {"bp": 1, "from_fen": -1}}),
        ("rules", {"rules": [rule("a", level="gold"), rule("a", level="silver")]}),
        ("rules", {"rules": [{"id": "a"}]}),
        ("rules", {"rules": [rule("a", **{"from": "soon"})]}),
        ("id", {"rules": [rule("A b", level="gold")]}),
        ("name", {"rules": [rule("a", level="gold", name="x" * 25)]}),
        ("level", {"rules": [rule("a", level="diamond")]}),
        ("conditions", {"rules": [rule("a")]}),
        ("days", {"rules": [rule("a", **{"from": "2026-11-02", "until": "2026-11-01"})]}),
        ("bp", {"rules": [rule("a", 10_001, level="gold")]}),
        ("group", {"rules": [rule("a", level="gold", by_group={"travel": 100})]}),
        ("bounds", {"rules": [rule("a", level="gold", bounds={"fixed_fen": -1})]}),
        ("bounds", {"rules": [rule("a", level="gold", bounds={"least_fen": 2, "most_fen": 1})]}),
        ("bounds", {"rules": [rule("a", level="gold", bounds={"most_fen": 10_000_001})]}),
        ("collision", {"rules": [rule("a", level="gold"), rule("b", level="gold")]}),
        (
            "collision",
            {
                "rules": [
                    rule("a", **{"from": "2026-11-01"}),
                    rule("b", **{"from": "2026-10-01", "until": "2026-11-01"}),
                ]
            },
        ),
    ],
)
def test_what_cannot_be_adopted_is_named(field: str, document: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        CommissionPolicy.checked(document)
    assert refused.value.params["field"] == field


def test_promotions_one_after_the_other_do_not_collide() -> None:
    first, second = {"from": "2026-11-01", "until": "2026-11-10"}, {"from": "2026-11-11"}
    assert policy(rule("a", **first), rule("b", **second)).choose(case()).rule == "rule:b@1"


def test_old_documents_read_as_before_and_the_default_has_no_rules_and_no_tax() -> None:
    old = {"rates": dict(RATES), "pass_through": ["reschedule_fee", "tip", "travel"]}
    assert CommissionPolicy.of(old) == CommissionPolicy.of({}) == DEFAULT_ORDER_POLICY.commission
    assert (CommissionPolicy.of(old).rules, CommissionPolicy.of(old).tax) == ((), Tax())
    full = policy(*EVERY, rates={"gold": 2100}, tax={"bp": 2000, "from_fen": 80_000})
    assert OrderPolicy.of({"commission": full.document()}).commission == full


def test_lines_have_rates_of_their_own_and_the_sum_is_rounded_once() -> None:
    rate = Rate("r", 2500, {"add_on": 1000, "surcharge": 0})
    found = settle([Line("service", 10_001), Line("add_on", 3003), Line("night", 3000), Line("travel", 900)], rate=rate)

    assert [(share.base_fen, share.bp) for share in found.shares] == [(10_001, 2500), (3003, 1000), (3000, 0)]
    assert found.commission_fen == 2801  # 2500.25 + 300.3: half up once, not 2500 + 300
    assert (found.pass_through_fen, found.net_fen) == (900, 14_103)


def test_tax_is_withheld_of_what_is_above_the_free_amount() -> None:
    lines = [Line("service", 100_000), Line("travel", 5000)]
    taxed = settle(lines, rate=Rate("r", 2000, tax=Tax(2000, 80_000)))
    assert (taxed.commission_fen, taxed.tax_fen, taxed.net_fen) == (20_000, 1000, 84_000)
    assert settle(lines, rate=Rate("r", 2500, tax=Tax(2000, 80_000))).tax_fen == 0


def test_the_example_of_the_design() -> None:
    """199 of service at 12 % and 0.50, parts, travel and tip untouched, half of a coupon of 20, 1 % of tax on the rest."""
    lines = [Line("service", 19_900), Line("travel", 4500), Line("coupon", -2000)]
    found = settle(lines, rate=Rate("r", 1200, tax=Tax(100), bounds=Bounds(50)), funder_platform_bp=5000)
    assert (found.paid_fen, found.subsidy_fen, found.commission_fen) == (22_400, 1000, 2318)
    assert (found.tax_fen, found.net_fen) == (211, 20_871)


@pytest.mark.parametrize(
    ("labour", "bounds", "commission"),
    [
        (10_000, Bounds(50), 2050),
        (10_000, Bounds(50, 2500), 2500),
        (10_000, Bounds(50, 0, 1800), 1800),
        (10_000, Bounds(most_fen=0), 0),
        (900, Bounds(0, 1000), 900),  # never more than the labour: travel stays the technician's
        (0, Bounds(500), 0),
    ],
)
def test_a_rule_may_have_a_fixed_part_a_least_and_a_most(labour: int, bounds: Bounds, commission: int) -> None:
    found = settle([Line("service", labour), Line("travel", 700)], rate=Rate("r", 2000, bounds=bounds))
    assert (found.commission_fen, found.net_fen) == (commission, labour + 700 - commission)


def test_a_fixed_part_is_borne_by_every_line_also_when_the_rates_give_nothing() -> None:
    lines = [Line("service", 3000), Line("add_on", 1000), Line("travel", 700)]
    found = settle(lines, rate=Rate("r", 0, bounds=Bounds(401)))
    assert [share.commission_fen for share in found.shares] == [301, 100]


@given(st.integers(0, 10**5), st.integers(0, 10**5), st.integers(1, 4), st.integers(0, 10**5), st.data())
def test_bounds_are_cut_like_the_price(fixed: int, least: int, people: int, more: int, data: st.DataObject) -> None:
    """What a crew bears sums to the bounds of what was paid, so nobody pays a fixed part twice."""
    total = data.draw(st.integers(1, 10**6))
    paid = data.draw(st.integers(0, total))
    bounds = Bounds(fixed, least, least + more)
    seats = [bounds.part(paid, total, seat, people) for seat in range(people)]
    whole = bounds.part(paid, total)
    assert sum(one.fixed_fen for one in seats) == whole.fixed_fen <= fixed
    assert sum(one.least_fen for one in seats) == whole.least_fen
    assert sum(one.most_fen or 0 for one in seats) == whole.most_fen
    assert bounds.part(total, total) == bounds
    assert all(one.least_fen <= (one.most_fen or 0) for one in (*seats, whole))


def test_what_an_order_froze_is_read_back_and_old_ones_have_one_rate() -> None:
    rate = Rate("rule:a@2", 2500, {"add_on": 0}, Tax(100, 5), {"category": "daily"}, Bounds(50, 300, 8000))
    assert Rate.frozen(settle([Line("service", 9000)], rate=rate).as_document()) == rate
    old = {"rule": "level:gold@1", "rate_bp": 2200, "net_fen": 7800}
    assert Rate.frozen(old) == Rate("level:gold@1", 2200)
    assert settle([Line("service", 10_000)], rate=Rate("level:gold@1", 2200)).as_document() == old


days = st.none() | st.dates(DAY - timedelta(days=3), DAY + timedelta(days=3))
rules = st.builds(
    lambda category, level, who, first, length, bp: Rule(
        "", "", category, level, who, first, first and length and first + timedelta(days=length), bp
    ),
    st.sampled_from(("", *CATEGORIES)),
    st.sampled_from(("", *RATES)),
    st.integers(0, 2),
    days,
    st.none() | st.integers(1, 4),
    st.integers(0, 10_000),
)
cases = st.builds(
    Case, st.sampled_from(CATEGORIES), st.sampled_from(list(Level)), st.integers(1, 3),
    st.dates(DAY - timedelta(days=5), DAY + timedelta(days=8)),
)  # fmt: skip


@given(st.lists(rules, max_size=12), cases, st.randoms(use_true_random=False))
def test_exactly_one_rule_applies_whatever_their_order(drawn: list[Rule], asked: Case, random: Any) -> None:
    kept: list[Rule] = []
    for n, one in enumerate(drawn):
        named = Rule.of({**one.document(), "id": f"r{n}"})
        if any(named.rank) and not any(named.collides(other) for other in kept):
            kept.append(named)
    found = CommissionPolicy.checked({"rules": [one.document() for one in kept]})
    shuffled = list(kept)
    random.shuffle(shuffled)

    winners = [v.rule for v in found.judge(asked) if not v.why]
    applying = [one for one in kept if not one.misses(asked)]
    assert len({one.rank for one in applying}) == len(applying), "no two that apply are equally specific"
    assert len(winners) == min(len(applying), 1)
    assert CommissionPolicy(rules=tuple(shuffled)).choose(asked) == found.choose(asked)
    chosen = found.choose(asked).rule
    assert chosen == (f"rule:{winners[0].id}@1" if winners else f"level:{asked.level.value}@1")
    assert all(winners[0].rank >= one.rank for one in applying)


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 10**6)), min_size=1, max_size=8),
    st.integers(0, 10**6),
    st.builds(
        Rate, st.just("r"), st.integers(0, 10_000),
        st.dictionaries(st.sampled_from(("add_on", "surcharge")), st.integers(0, 10_000)),
        st.builds(Tax, st.integers(0, 5000), st.integers(0, 10**5)),
        bounds=st.builds(
            Bounds, st.integers(0, 10**5), st.integers(0, 10**5), st.none() | st.integers(10**5, 10**6)
        ),
    ),
    st.integers(0, 10_000),
    st.integers(1, 4),
    st.data(),
)  # fmt: skip
def test_paid_and_subsidy_are_commission_tax_and_net(
    priced: list[tuple[str, int]], off: int, rate: Rate, funder: int, people: int, data: st.DataObject
) -> None:
    whole = sum(fen for _kind, fen in priced)
    coupon = min(off, whole)
    paid = data.draw(st.integers(0, whole - coupon))
    lines = [*(Line(kind, fen) for kind, fen in priced), Line("coupon", -coupon)]
    parts = [
        settle(lines, rate=rate, funder_platform_bp=funder, paid_fen=paid, seat=seat, people=people)
        for seat in range(people)
    ]
    assert sum(part.paid_fen for part in parts) == paid
    for part in parts:
        assert part.paid_fen + part.subsidy_fen == part.commission_fen + part.tax_fen + part.net_fen
        assert sum(share.commission_fen for share in part.shares) == part.commission_fen
        assert min(part.commission_fen, part.tax_fen, part.net_fen, part.subsidy_fen) >= 0
        assert part.commission_fen <= part.labour_fen
        assert part.tax_fen == rate.tax.fen(part.net_fen + part.tax_fen)


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=6),
    st.integers(0, 10**6),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
)
def test_a_rate_of_one_number_takes_what_it_always_took(labour: list[int], off: int, bp: int, funder: int) -> None:
    coupon = min(off, sum(labour))
    lines = [*(Line("service", fen) for fen in labour), Line("coupon", -coupon)]
    found = settle(lines, rate=Rate("r", bp), funder_platform_bp=funder)
    assert found.commission_fen == min(
        share_bp(sum(labour) - found.coupon_share_fen, bp), found.paid_fen + found.subsidy_fen
    )
