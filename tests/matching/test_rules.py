"""Each hard rule alone: a candidate who is fit but for one thing fails by that one thing, with the numbers of its sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from servicehub.domain.calendar import Calendar, WhyNot
from servicehub.domain.calendar import Job as Occupied
from servicehub.domain.geo import Point
from servicehub.domain.technician import Gender, Level, Transport
from servicehub.domain.timewindow import Window, local_time
from servicehub.matching import RULE_BY_NAME, RULES, Candidate, Job, assess, rule_sentence

CLOCK = local_time("Asia/Shanghai")
HOME = Point(31.23, 121.47)
DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)


def at(hour: float) -> int:
    return CLOCK.at(DAY, round(hour * 60))


def north(km: float) -> Point:
    return Point(HOME.lat + km * 0.009, HOME.lng)


def plan(**values: object) -> Calendar:
    plain = Calendar(
        technician_id=1, clock=CLOCK, home=HOME, transport=Transport.EBIKE, shifts=(Window(at(8), at(23)),),
    )  # fmt: skip
    return replace(plain, **values)


def candidate(technician_id: int = 1, **values: object) -> Candidate:
    plain = Candidate(
        technician_id=technician_id, calendar=plan(technician_id=technician_id), gender=Gender.FEMALE, level=Level.SILVER,
        is_online=True, skills=frozenset({"cleaning"}), certificates={"health": date(2026, 12, 31)},
    )  # fmt: skip
    return replace(plain, **values)


def job(**values: object) -> Job:
    plain = Job(
        order_id=9, place=HOME, start=at(10), minutes=60, now=NOW, skill="cleaning", certificate="health", customer_id=5
    )
    return replace(plain, **values)


def busy(start: float, end: float, place: Point = HOME, order_id: int = 3) -> Occupied:
    return Occupied(at(start), at(end), place, order_id, at(start))


UNFIT: list[tuple[str, dict, dict, str]] = [
    ("active", {}, {"is_active": False}, "账号当前不可接单"),
    ("online", {"is_immediate": True}, {"is_online": False}, "当前未在听单"),
    ("skill", {}, {"skills": frozenset({"massage"})}, "不提供该服务项目"),
    ("certificate", {}, {"certificates": {"health": date(2026, 3, 1)}}, "服务当天没有有效资质"),
    ("certificate", {}, {"certificates": {}}, "服务当天没有有效资质"),
    ("gender", {"gender": Gender.MALE}, {}, "与客户要求的性别不符"),
    ("not_blocked", {}, {"blocked": frozenset({5})}, "该客户与该服务人员已设为不再匹配"),
    ("not_already_asked", {"asked": frozenset({1})}, {}, "本单已派过此人"),
    ("area", {"place": north(12)}, {}, "距常驻地 12.0 公里，服务半径 10 公里"),
    ("night_opt_in", {"start": at(22)}, {}, "未开启夜间接单"),
    ("on_shift", {"start": at(7)}, {}, "该时段未排班"),
    ("on_shift", {}, {"calendar": plan(breaks=(Window(at(10), at(11)),))}, "该时段未排班"),
    ("daily_cap", {}, {"calendar": plan(daily_cap=1, jobs=(busy(14, 15),))}, "当天已有 1 单"),
    ("cells_free", {}, {"calendar": plan(jobs=(busy(10.5, 12),))}, "该时段已有订单"),
    ("travel_feasible", {}, {"calendar": plan(jobs=(busy(8, 9.75, north(6)),))}, "路上需 33 分钟，只有 15 分钟"),
    ("travel_feasible", {}, {"calendar": plan(jobs=(busy(11.25, 12, north(6)),))}, "路上需 33 分钟，只有 15 分钟"),
]


@pytest.mark.parametrize(("rule", "wish", "person", "sentence"), UNFIT)
def test_one_flaw_fails_one_rule(rule: str, wish: dict, person: dict, sentence: str) -> None:
    found = assess(job(**wish), [candidate(**person)]).candidates[0]

    assert found.failed == (rule,)
    assert rule_sentence("zh", rule, found.numbers.get(rule)) == sentence
    assert (found.parts, found.score, found.is_feasible) == ({}, 0, False)


def test_every_rule_has_been_broken_above() -> None:
    assert {rule for rule, *_rest in UNFIT} == set(RULE_BY_NAME) == {r.name for r in RULES}


def test_without_a_flaw_no_rule_fails() -> None:
    assert assess(job(), [candidate()]).candidates[0].failed == ()
    assert assess(job(is_immediate=True, gender=Gender.FEMALE), [candidate()]).candidates[0].failed == ()


def test_only_immediate_orders_need_somebody_online() -> None:
    assert assess(job(), [candidate(is_online=False)]).candidates[0].is_feasible


def test_the_certificate_counts_on_the_day_of_the_visit() -> None:
    ends = candidate(certificates={"health": DAY})

    assert assess(job(), [ends]).candidates[0].is_feasible
    later = job(start=at(10) + 1440, now=NOW)
    shifts = (Window(at(8), at(23)), Window(at(8) + 1440, at(23) + 1440))
    found = assess(later, [replace(ends, calendar=plan(shifts=shifts))])
    assert found.candidates[0].failed == ("certificate",)


def test_the_own_former_booking_is_no_obstacle() -> None:
    held = candidate(calendar=plan(jobs=(busy(10, 11, order_id=9),), daily_cap=1))

    assert assess(job(), [held]).candidates[0].is_feasible


def test_a_waived_rule_does_not_exclude() -> None:
    far = job(place=north(12), waived=frozenset({WhyNot.RADIUS}))

    assert assess(far, [candidate()]).candidates[0].is_feasible


def test_several_flaws_are_all_named() -> None:
    found = assess(job(gender=Gender.MALE), [candidate(is_active=False, skills=frozenset())]).candidates[0]

    assert found.failed == ("active", "skill", "gender")


def test_sentences_exist_in_both_languages() -> None:
    for rule in RULES:
        assert rule_sentence("en", rule.name) == rule.sentence
        assert rule_sentence("zh", rule.name, {"km": 1, "limit": 2, "jobs": 3, "needed": 4, "have": 5}) != rule.sentence
    assert rule_sentence("zh", "a rule of another version") == "a rule of another version"


def test_a_late_start_cannot_be_reached_from_home() -> None:
    soon = job(start=at(10), now=NOW + timedelta(hours=1, minutes=50), place=north(5))

    assert assess(soon, [candidate()]).candidates[0].failed == ("travel_feasible",)
