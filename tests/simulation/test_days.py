"""Simulated days: one seed is one day, no rule is broken, everybody is accounted for, and figures count what happened."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from servicehub.domain.fairness import gini
from servicehub.simulation import pictures
from servicehub.simulation.compare import compare
from servicehub.simulation.day import Day, tactics
from servicehub.simulation.figures import FIGURES, measure
from servicehub.simulation.hindsight import hindsight
from servicehub.simulation.scenario import draw, expected_load

POLICIES = ("insertion", "nearest", "engine", "fair")


def played(policy: str, seed: int = 3) -> Day:
    day = Day(draw(seed, technicians=12, orders=50), tactics(policy))
    day.play()
    return day


@pytest.mark.parametrize("policy", POLICIES)
def test_everybody_is_served_or_not_and_no_rule_is_broken(policy: str) -> None:
    day = played(policy)

    assert set(day.holder) | day.cancelled == set(day.wishes)
    assert not set(day.holder) & day.cancelled
    assert 0 < len(day.holder) < len(day.wishes)
    people = {c.technician_id: c for c in day.scenario.technicians}
    for who, calendar in day.calendars.items():
        mine = [job for job in calendar.jobs if day.holder.get(job.order_id) == who]
        assert all(a.end <= b.start for a, b in itertools.pairwise(mine))
        for job in mine:
            wish = day.wishes[job.order_id]
            assert wish.skill in people[who].skills
            assert any(s.start <= job.start and job.end <= s.end for s in people[who].calendar.shifts)
            assert wish.start <= job.visit_start <= wish.start + wish.slack
            assert who not in day.asked.get(job.order_id, set())
    assert sum(day.income.values()) == sum(day.wishes[order_id].fen for order_id in day.holder)


def test_the_same_day_is_played_the_same() -> None:
    first, second = played("engine"), played("engine")

    assert (first.holder, first.cancelled, first.moved) == (second.holder, second.cancelled, second.moved)
    assert played("engine", seed=4).holder != first.holder


def test_days_are_played_in_any_number_of_processes() -> None:
    size = {"technicians": 8, "orders": 24, "seeds": 2}

    one, two = (compare(("insertion", "nearest"), workers=workers, **size) for workers in (1, 2))

    for found in (one, two):
        for figures in found["policies"].values():
            figures.pop("decision_ms_p99")
        found["against"]["nearest"].pop("decision_ms_p99")
    assert one == two


def test_who_knows_everything_serves_at_least_as_many() -> None:
    scenario = draw(3, technicians=12, orders=50)
    best = hindsight(scenario)

    assert 0 < best["fill_pct"] <= 100
    assert best["fill_pct"] >= measure(played("engine"))["fill_pct"]
    assert best["travel_min_per_order"] > 0


def test_the_usual_load_knows_no_wish_of_the_day() -> None:
    day, busier = draw(3, technicians=12, orders=50), draw(3, technicians=12, orders=100)

    load = expected_load(day)
    assert load.shape == (24,)
    assert load[3] == 0 < load[9]
    assert expected_load(busier) == pytest.approx(2 * load)


def test_a_comparison_is_drawn_into_one_file(tmp_path: Path) -> None:
    found = compare(("nearest", "insertion"), technicians=8, orders=24, seeds=2)
    figure = pictures.draw(found)

    assert [list(bar.x) for bar in figure.data] == [["nearest", "insertion"]] * len(pictures.SHOWN)
    assert figure.data[0].y[0] == found["policies"]["nearest"]["fill_pct"]["mean"]
    assert len(figure.layout.shapes) == 2, "hindsight knows how many were served, and the way"
    pictures.save(found, tmp_path / "days.html")
    text = (tmp_path / "days.html").read_text("utf-8")
    assert "Plotly.newPlot" in text
    assert "<script src=" not in text


def test_policies_are_compared_on_the_same_days() -> None:
    found = compare(("nearest", "insertion"), technicians=12, orders=50, seeds=2)
    assert set(found["ratio_to_hindsight"]) == {"nearest", "insertion"}

    assert set(found["policies"]) == {"nearest", "insertion"}
    assert all(set(row) == set(FIGURES) for row in found["policies"].values())
    means = {name: row["fill_pct"]["mean"] for name, row in found["policies"].items()}
    assert found["against"]["insertion"]["fill_pct"]["mean"] == pytest.approx(means["insertion"] - means["nearest"])
    assert means["insertion"] >= means["nearest"]


@pytest.mark.parametrize("wrong", [{"policies": ("lucky",)}, {"policies": ()}, {"policies": ("engine",), "seeds": 0}])
def test_nonsense_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="There is"):
        compare(wrong.pop("policies"), **wrong)


def test_gini_is_zero_for_equals_and_near_one_for_one_who_has_all() -> None:
    assert gini([5.0] * 10) == pytest.approx(0)
    assert gini([0.0] * 99 + [1.0]) == pytest.approx(0.99)
    assert gini([0.0, 0.0]) == 0.0


def test_figures_count_what_happened() -> None:
    day = played("insertion")
    found = measure(day)

    assert found["fill_pct"] + found["cancelled_pct"] == pytest.approx(100)
    assert found["offers_per_job"] == pytest.approx(day.offers / len(day.holder))
    assert found["travel_min_per_order"] > 0
