"""What the technician's screens read: own jobs only, contact data only while the job allows it, words in both languages."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from servicehub.domain.access import Actor
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import OrderMode, OrderStatus
from servicehub.domain.technician import CellKind, Gender
from servicehub.errors import NotAllowed
from servicehub.models.dispatch import Occupancy, Offer
from servicehub.models.order import OrderLine, OrderLog, OrderPhoto
from servicehub.models.technician import PairBlock, ShiftException, TimeOff
from servicehub.queries.technician import hall, job, jobs, plan, profile, schedule, workbench
from servicehub.services import notices, technicians
from tests.queries.technician_world import NOW, World


@pytest.fixture
def world(session: Session) -> World:
    return World(session).build()


def read(world: World, fn: Any, *args: Any, who: Actor | None = None, locale: str = "zh", **more: Any) -> Any:
    return fn(world.session, who or world.actor, *args, now=NOW, locale=locale, **more)


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-02T{text}:00+08:00")


def add_offer(world: World, **order: Any) -> Offer:
    made = world.order(OrderStatus.ASSIGNED, commission={}, **order)
    return world._add(
        Offer(
            order_id=made.id, technician_id=world.technician.id, round=1, status=OfferStatus.OPEN,
            created_at=NOW - timedelta(seconds=10),
            deadline_at=NOW + timedelta(seconds=35), take_home_fen=12600, distance_m=2400, travel_minutes=12,
            reasons=["regular", "on_route", "unknown"],
        )
    )  # fmt: skip


def in_hall(world: World, **values: Any) -> str:
    base = {"technician_id": None, "mode": OrderMode.GRAB, "commission": {}}
    order = world.order(OrderStatus.MATCHING, **{**base, **values})
    world._add(
        OrderLine(
            order_id=order.id, kind="service", name_zh="保洁", name_en="Cleaning", unit_fen=16800, amount_fen=16800
        )
    )
    return order.no


def test_the_workbench_counts_todays_jobs_and_earnings(world: World) -> None:
    world.order(OrderStatus.AWAITING_CONFIRM, at=shanghai("08:00"))
    world.order(OrderStatus.COMPLETED, at=shanghai("06:00"))
    world.order(OrderStatus.ACCEPTED)
    world.order(OrderStatus.ACCEPTED, at=NOW + timedelta(days=1))
    world.order(OrderStatus.COMPLETED, at=NOW - timedelta(days=1))
    world.technician.on_time_count, world.technician.arrived_count = 47, 50
    shown = read(world, workbench.workbench)
    assert (shown.income, shown.done, shown.on_time) == ("262.08", "2 / 3", "94%")
    assert shown.role_line == "金牌技师 · 静安区"
    assert shown.advice == "健康证还有 10 天到期"
    assert read(world, workbench.workbench, locale="en").role_line == "Gold technician · Jing'an"


def test_nobody_else_has_a_workbench(world: World) -> None:
    for who in (
        world.as_customer,
        world.operator,
        Actor(world.actor.user_id, world.actor.role, world.city_id, technician_id=world.other.id or 0),
    ):
        with pytest.raises(NotAllowed):
            read(world, workbench.workbench, who=who)


def test_the_open_offer_says_what_when_where_and_why_without_the_door(world: World) -> None:
    world.order(OrderStatus.ACCEPTED, at=shanghai("10:30"), minutes=60)
    add_offer(world)
    card = read(world, workbench.open_offer)
    assert (card.left_s, card.total_s) == (35, 45)
    assert (card.take_home, card.rule, card.distance, card.travel) == (
        "126.00",
        "抽成 22%（金牌）",
        "2.4km",
        "骑行约 12 分钟",
    )
    assert (card.title, card.facts, card.when) == ("日常保洁 · 2 小时", "家有宠物", "今天 12:00–14:00")
    assert card.gap == "上一单 11:30 结束，间隔 30 分钟"
    assert [(chip.text, chip.tone) for chip in card.reasons] == [("熟客", "a"), ("顺路", "b")]
    assert card.area == "静安嘉里中心南区"
    assert "12B" not in str(card)


def test_an_offer_that_is_over_or_not_mine_is_not_shown(world: World) -> None:
    offer = add_offer(world)
    assert read(world, workbench.open_offer, who=world.acting(world.other)).id == 0
    offer.deadline_at = NOW
    world._add(offer)
    assert read(world, workbench.open_offer).id == 0


def test_the_next_job_says_when_to_leave_and_what_to_press(world: World) -> None:
    world.order(OrderStatus.ACCEPTED, at=NOW + timedelta(minutes=30))
    world.order(OrderStatus.ACCEPTED, at=NOW + timedelta(hours=5))
    shown = read(world, workbench.next_job)
    assert (shown.time, shown.action, shown.status_label) == ("10:30", "depart", "已接单")
    assert (shown.hint, shown.urgent) == ("19 分钟后出发", True)
    assert shown.place == "静安嘉里中心南区 12B 室 · 1.1km"
    assert shown.tel == "tel:+8619900000001"
    assert shown.map_url.startswith("https://uri.amap.com/marker?position=121.47")


def test_the_job_under_way_comes_before_the_next_one(world: World) -> None:
    world.order(OrderStatus.ACCEPTED, at=NOW + timedelta(minutes=30))
    running = world.order(OrderStatus.IN_SERVICE, at=NOW + timedelta(hours=1))
    shown = read(world, workbench.next_job)
    assert (shown.no, shown.action) == (running.no, "finish")


def test_the_hall_shows_what_i_may_take_nearest_first(world: World) -> None:
    far = in_hall(world, lat=31.28, at=NOW + timedelta(hours=3))
    near = in_hall(world, at=NOW + timedelta(hours=5), requirements=["pets", "bring_vacuum"])
    rows = read(world, hall.hall)
    assert [row.no for row in rows] == [near, far]
    assert (rows[0].take_home, rows[0].distance, rows[0].travel) == ("131.04", "1.1km", "骑行约 11 分钟")
    assert rows[0].facts == "家有宠物 · 需自带吸尘器"
    assert [row.no for row in read(world, hall.hall, sort="soon")] == [far, near]
    assert [row.no for row in read(world, hall.hall, within_m=3000)] == [near]
    assert [row.no for row in read(world, hall.hall, skill="massage")] == []
    assert [choice.text for choice in read(world, lambda s, a, *, now, locale: hall.skills(s, a, locale=locale))] == [
        "保洁"
    ]


def test_the_hall_hides_what_i_may_not_take(world: World) -> None:
    in_hall(world, lat=31.9)
    in_hall(world, gender=Gender.MALE)
    in_hall(world, service_item_id=world.massage.id)
    in_hall(world, at=NOW - timedelta(hours=1))
    in_hall(world, mode=OrderMode.DISPATCH)
    later = NOW + timedelta(hours=3)
    busy = world.order(OrderStatus.ACCEPTED, at=later)
    for cell in range(int(busy.start_at.timestamp()) // 900, int(busy.end_at.timestamp()) // 900):
        world._add(Occupancy(technician_id=world.technician.id, cell=cell, order_id=busy.id, kind=CellKind.JOB))
    in_hall(world, at=later)
    in_hall(world)
    assert read(world, hall.hall) == []
    free = in_hall(world, at=NOW + timedelta(hours=6))
    assert [row.no for row in read(world, hall.hall)] == [free]
    world._add(PairBlock(customer_id=world.customer.id, technician_id=world.technician.id))
    assert read(world, hall.hall) == []


def test_jobs_come_in_three_lists(world: World) -> None:
    now_on = world.order(OrderStatus.ACCEPTED).no
    early = world.order(OrderStatus.COMPLETED, at=shanghai("08:00")).no
    tomorrow = world.order(OrderStatus.ACCEPTED, at=NOW + timedelta(days=1)).no
    gone = world.order(OrderStatus.CANCELLED, at=NOW - timedelta(days=2)).no
    world.order(OrderStatus.ACCEPTED, technician_id=world.other.id)
    assert [row.no for row in read(world, jobs.jobs, "today")] == [early, now_on]
    assert [row.no for row in read(world, jobs.jobs, "upcoming")] == [tomorrow]
    assert [row.no for row in read(world, jobs.jobs, "done")] == [early, gone]
    assert [row.no for row in read(world, jobs.jobs, "anything")] == [early, now_on]


def test_a_day_has_jobs_ways_breaks_and_gaps(world: World) -> None:
    world.order(OrderStatus.AWAITING_CONFIRM, at=shanghai("08:00"), minutes=60)
    world.order(OrderStatus.ACCEPTED, at=shanghai("10:30"), minutes=60, lat=31.25)
    world.order(OrderStatus.ACCEPTED, at=shanghai("14:00"), minutes=120, lat=31.26)
    day = read(world, schedule.schedule)
    assert (day.day, day.is_today, day.now_minute, day.now_text) == ("2026-03-02", True, 600, "10:00")
    kinds = [(event.kind, event.start, event.end) for event in day.events]
    assert ("done", 480, 540) in kinds
    assert ("", 630, 690) in kinds
    assert ("trip", 720, 780) in kinds
    assert [(e.start, e.end, e.title) for e in day.events if e.kind == "free"] == [(990, 1200, "空档 3 小时 30 分钟")]
    assert [e.end for e in day.events if e.key.startswith("way-")] == [630, 840]
    assert (day.jobs, day.hours, day.income, day.free) == ("3 单", "4h", "¥393.12", "3.5h")
    assert [stop.time for stop in day.stops] == ["08:00", "10:30", "14:00"]
    assert [point["kind"] for point in json.loads(day.points)] == ["home", "order", "order", "order"]
    assert len(json.loads(day.line)) == 4
    assert [d.number for d in day.week] == ["2", "3", "4", "5", "6", "7", "8"]
    assert [d.busy for d in day.week] == [True] + [False] * 6


def test_other_hours_and_time_off_replace_the_plan(world: World) -> None:
    world._add(
        ShiftException(
            technician_id=world.technician.id,
            on=shanghai("00:00").date() + timedelta(days=1),
            start_minute=600,
            end_minute=900,
        )
    )
    world._add(
        TimeOff(
            technician_id=world.technician.id,
            start_at=shanghai("13:00") + timedelta(days=1),
            end_at=shanghai("20:00") + timedelta(days=1),
        )
    )
    day = read(world, schedule.schedule, "2026-03-03")
    assert [(e.kind, e.start, e.end) for e in day.events] == [("free", 600, 780), ("off", 780, 1200)]
    assert (day.is_today, day.now_minute) == (False, -1)


@pytest.mark.parametrize("text", ["", "x", "9999-12-31", "2026-03-02"])
def test_any_other_day_is_today(world: World, text: str) -> None:
    assert read(world, schedule.schedule, text).day == "2026-03-02"


OPEN = ["accepted", "en_route", "arrived", "in_service", "awaiting_balance", "awaiting_confirm"]


@pytest.mark.parametrize("status", [s for s in OrderStatus if s not in ("pending_payment", "matching", "expired")])
def test_door_contact_and_call_are_open_only_during_the_job(world: World, status: OrderStatus) -> None:
    shown = read(world, job.job, world.order(status).no)
    private = ("12B 室" in shown.address, shown.contact, shown.tel, shown.note)
    is_open = status in OPEN
    assert private == ((True, "陈女士", "tel:+8619900000001", "请轻声敲门") if is_open else (False, "", "", ""))
    assert shown.contact_open is is_open
    assert "4321" not in str(shown)


@pytest.mark.parametrize(
    ("status", "step", "phase"),
    [
        ("accepted", "depart", 0),
        ("en_route", "arrive", 1),
        ("arrived", "start", 2),
        ("in_service", "finish", 3),
        ("awaiting_confirm", "wait", 4),
        ("completed", "", 4),
    ],
)
def test_the_next_step_comes_from_the_machine(world: World, status: str, step: str, phase: int) -> None:
    shown = read(world, job.job, world.order(OrderStatus(status)).no)
    assert (shown.step, shown.phase) == (step, phase)
    assert shown.may_cancel is (status in ("accepted", "en_route"))


def test_somebody_elses_job_is_not_found(world: World) -> None:
    order = world.order()
    assert read(world, job.job, order.no, who=world.acting(world.other)).no == ""
    assert read(world, job.job, "no such order").no == ""


def test_photos_checklist_and_waiting_are_told(world: World) -> None:
    order = world.order(
        OrderStatus.IN_SERVICE, started_at=NOW - timedelta(minutes=38), checklist_done=["floor"], start_code_tries=2
    )
    world._add(OrderPhoto(order_id=order.id, kind="before", key="k1", uploaded_by=world.actor.user_id, at=NOW))
    shown = read(world, job.job, order.no)
    assert (shown.timer_up, shown.timer_s, shown.tries_left) == (True, 2280, 3)
    assert [(line.text, line.done) for line in shown.checklist] == [("地面", True), ("卫生间", False)]
    assert (shown.checklist_left, [photo.url for photo in shown.before], shown.after) == (1, ["/api/photos/k1"], ())
    waiting = world.order(OrderStatus.ARRIVED, at=NOW - timedelta(minutes=10), arrived_at=NOW - timedelta(minutes=5))
    shown = read(world, job.job, waiting.no)
    assert (shown.may_no_show, shown.wait_left_s) == (True, 600)


def test_the_log_begins_when_the_job_became_mine(world: World) -> None:
    order = world.order()
    for event, minutes in (("created", 60), ("dispatch", 50), ("decline", 45), ("dispatch", 40), ("accept", 39)):
        row = OrderLog(
            order_id=order.id,
            at=NOW - timedelta(minutes=minutes),
            event=event,
            target=order.status,
            actor_role="system",
        )
        world._add(row)
    assert [line.title for line in read(world, job.job, order.no).log] == ["你已接单", "派单给你"]


def test_the_plan_shows_week_special_days_and_time_off(world: World) -> None:
    technicians.set_exception(world.session, world.actor, (NOW + timedelta(days=3)).date(), [], now=NOW)
    technicians.add_time_off(
        world.session, world.actor, NOW + timedelta(days=5), NOW + timedelta(days=5, hours=3), "看牙", now=NOW
    )
    shown = read(world, plan.plan)
    assert len(shown.days) == 7
    monday = shown.days[0]
    assert (monday.name, monday.summary, monday.hours, monday.more) == (
        "周一",
        "08:00–20:00",
        "11 小时",
        "休息 12:00–13:00",
    )
    assert (monday.start, monday.end, monday.break_start, monday.break_end) == ("08:00", "20:00", "12:00", "13:00")
    assert shown.week_hours == "77 小时"
    assert [(day.day, day.hours) for day in shown.special] == [("3月5日 周四", "休息日")]
    assert [(row.when, row.reason) for row in shown.absences] == [("3月7日 周六 10:00–13:00", "看牙")]
    assert len(plan.windows(world.session, world.actor)) == 14


def test_jobs_in_the_way_are_named_if_they_are_mine(world: World) -> None:
    mine, other = world.order(), world.order(technician_id=world.other.id)
    named = read(world, plan.jobs_inside, [mine.no, other.no])
    assert [(row.no, row.when) for row in named] == [(mine.no, "今天 12:00–14:00")]


def test_me_shows_level_papers_and_messages(world: World) -> None:
    world.technician.rating_sum, world.technician.rating_count = 489, 100
    world._add(world.technician)
    notices.send(
        world.session, world.actor.user_id, "offer", key="o", now=NOW - timedelta(minutes=5), link="/technician/"
    )
    shown = read(world, profile.profile)
    assert (shown.level, shown.rating, shown.phone) == ("金牌技师", "4.89", "199****0002")
    assert [chip.text for chip in shown.level_gives] == ["抽成 22%", "2 天后可用"]
    assert [(paper.name, paper.state, paper.tone) for paper in shown.papers] == [("健康证", "还有 10 天", "w")]
    assert [(m.title, m.when, m.unread) for m in shown.messages] == [("新派单", "5 分钟前", True)]
    assert shown.unread == 1
