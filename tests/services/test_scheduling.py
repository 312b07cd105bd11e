"""Time taken, kept, moved and given back: one winner, no overlap, reasons, and the caller's transaction survives a refusal."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.db.database import Database
from servicehub.domain.availability import Decider, WhyNot
from servicehub.domain.geo import Point
from servicehub.domain.order import ACTIVE, HOLDING, OrderStatus
from servicehub.domain.technician import CellKind, TechnicianStatus
from servicehub.errors import NobodyAvailable, NotFound, SlotTaken, SlotUnavailable
from servicehub.models.catalog import Blackout
from servicehub.models.dispatch import Occupancy, TechnicianDay
from servicehub.models.technician import PairBlock, TimeOff, WeeklyShift
from servicehub.services import scheduling
from servicehub.services.scheduling import Visit
from tests import city
from tests.city import CENTRE, NOW, add_item, add_order, add_technician, north

TUESDAY = "2026-03-03"


@pytest.fixture
def town(session: Session) -> city.Town:
    return city.build(session)


def cells(session: Session, order_id: int) -> list[tuple[int, CellKind]]:
    rows = session.exec(select(Occupancy).where(Occupancy.order_id == order_id).order_by(col(Occupancy.cell))).all()
    return [(row.cell, row.kind) for row in rows]


def book(
    session: Session,
    town: city.Town,
    technician_id: int,
    at: str,
    *,
    minutes: int = 60,
    kind: CellKind = CellKind.JOB,
    **order: object,
):
    stored = add_order(session, town, town.local(at), minutes=minutes, **order)
    return stored, scheduling.claim(session, technician_id=technician_id, order=stored, kind=kind, now=NOW)


def refused(session: Session, town: city.Town, technician_id: int, at: str, **order: object) -> str:
    with pytest.raises(SlotUnavailable) as caught:
        book(session, town, technician_id, at, **order)
    return str(caught.value.params["reason"])


def test_a_claim_takes_the_cells_of_the_visit_and_of_its_buffers(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    item = add_item(session, town, buffer_minutes=15)
    order, verdict = book(session, town, worker.id, f"{TUESDAY} 10:00", service_item_id=item.id)

    first = int(order.start_at.timestamp()) // 900
    assert cells(session, order.id) == [
        (first - 1, CellKind.BUFFER),
        *((first + n, CellKind.JOB) for n in range(4)),
        (first + 4, CellKind.BUFFER),
    ]
    assert verdict.is_feasible
    assert verdict.distance_m == 0


def test_thirteen_for_two_hours_and_half_past_thirteen_collide(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    book(session, town, worker.id, f"{TUESDAY} 13:00", minutes=120)

    with pytest.raises(SlotTaken):
        book(session, town, worker.id, f"{TUESDAY} 13:30")
    with pytest.raises(SlotTaken):
        book(session, town, worker.id, f"{TUESDAY} 12:30")
    book(session, town, worker.id, f"{TUESDAY} 15:00")


def test_the_primary_key_is_the_last_word_and_the_transaction_lives(
    session: Session, town: city.Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = add_technician(session, town)
    book(session, town, worker.id, f"{TUESDAY} 13:00")
    order = add_order(session, town, town.local(f"{TUESDAY} 13:30"))
    monkeypatch.setattr(Decider, "clash", lambda _self, _block: None)
    monkeypatch.setattr(Decider, "_refusal_of_travel", lambda *_args: None)

    with pytest.raises(SlotTaken):
        scheduling.claim(session, technician_id=worker.id, order=order, kind=CellKind.JOB, now=NOW)

    assert cells(session, order.id) == []
    assert session.get_one(type(order), order.id).area == "梧桐里花园"
    assert session.exec(select(sa.func.count()).select_from(Occupancy)).one() == 4


def test_two_visits_need_the_way_between_them(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town, radius_m=20_000)
    book(session, town, worker.id, f"{TUESDAY} 10:00", place=CENTRE)

    assert refused(session, town, worker.id, f"{TUESDAY} 11:15", place=north(6)) == "travel_before"
    assert refused(session, town, worker.id, f"{TUESDAY} 08:30", place=north(6)) == "travel_before"
    assert refused(session, town, worker.id, f"{TUESDAY} 08:45", place=north(6)) == "travel_after"
    book(session, town, worker.id, f"{TUESDAY} 11:45", place=north(6))


def test_a_refusal_says_from_when_it_would_be_possible(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town, radius_m=20_000)
    book(session, town, worker.id, f"{TUESDAY} 10:00", place=CENTRE)

    with pytest.raises(SlotUnavailable) as caught:
        book(session, town, worker.id, f"{TUESDAY} 11:15", place=north(6))

    assert caught.value.params["earliest_at"] == town.local(f"{TUESDAY} 11:33")


def test_every_rule_that_is_shown_is_enforced_at_the_commit(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town, daily_cap=1, takes_night_jobs=False, radius_m=5_000, shift=(8 * 60, 24 * 60))
    session.add(
        WeeklyShift(technician_id=worker.id, weekday=1, start_minute=12 * 60, end_minute=13 * 60, is_break=True)
    )
    session.add(
        TimeOff(technician_id=worker.id, start_at=town.local("2026-03-04 00:00"), end_at=town.local("2026-03-05 00:00"))
    )
    session.add(Blackout(city_id=town.city_id, on=date(2026, 3, 6)))
    session.flush()

    assert refused(session, town, worker.id, f"{TUESDAY} 07:00") == "off_shift"
    assert refused(session, town, worker.id, f"{TUESDAY} 12:30") == "break"
    assert refused(session, town, worker.id, "2026-03-04 10:00") == "time_off"
    assert refused(session, town, worker.id, "2026-03-06 10:00") == "blackout"
    assert refused(session, town, worker.id, f"{TUESDAY} 22:00") == "night"
    assert refused(session, town, worker.id, f"{TUESDAY} 10:00", place=north(6)) == "radius"
    book(session, town, worker.id, f"{TUESDAY} 10:00")
    assert refused(session, town, worker.id, f"{TUESDAY} 15:00") == "cap"


def test_notice_and_horizon_bind_the_customer_not_the_platform(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    item = add_item(session, town, min_notice_minutes=120, horizon_days=3)
    soon, late = "2026-03-02 11:00", "2026-03-06 10:00"

    assert refused(session, town, worker.id, soon, kind=CellKind.HOLD, service_item_id=item.id) == "notice"
    assert refused(session, town, worker.id, late, kind=CellKind.HOLD, service_item_id=item.id) == "horizon"
    book(session, town, worker.id, soon, service_item_id=item.id)
    book(session, town, worker.id, late, service_item_id=item.id)


def test_nobody_can_leave_before_now(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town, home=north(5))

    assert refused(session, town, worker.id, "2026-03-02 10:15") == "travel_before"
    book(session, town, worker.id, "2026-03-02 10:30")


def test_a_person_who_may_not_do_it_is_refused_with_the_reason(session: Session, town: city.Town) -> None:
    suspended = add_technician(session, town, status=TechnicianStatus.SUSPENDED)
    unskilled = add_technician(session, town, skills=("massage",))
    blocked = add_technician(session, town)
    session.add(PairBlock(customer_id=town.customer_id, technician_id=blocked.id))
    uncertified = add_technician(session, town)
    item = add_item(session, town, certificate="electrician")

    assert refused(session, town, suspended.id, f"{TUESDAY} 10:00") == "inactive"
    assert refused(session, town, unskilled.id, f"{TUESDAY} 10:00") == "skill"
    assert refused(session, town, blocked.id, f"{TUESDAY} 10:00") == "blocked"
    assert refused(session, town, uncertified.id, f"{TUESDAY} 10:00", service_item_id=item.id) == "certificate"
    with pytest.raises(NotFound):
        book(session, town, 10**6, f"{TUESDAY} 10:00")


def test_an_operator_may_waive_a_rule_but_never_an_overlap(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    book(session, town, worker.id, f"{TUESDAY} 17:00")
    early = add_order(session, town, town.local(f"{TUESDAY} 06:00"))
    clash = add_order(session, town, town.local(f"{TUESDAY} 17:30"))
    waived = frozenset({WhyNot.OFF_SHIFT, WhyNot.BUSY})

    scheduling.claim(session, technician_id=worker.id, order=early, kind=CellKind.JOB, now=NOW, waived=waived)
    with pytest.raises(SlotTaken):
        scheduling.claim(session, technician_id=worker.id, order=clash, kind=CellKind.JOB, now=NOW, waived=waived)


def test_a_hold_is_promoted_once(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    order, _verdict = book(session, town, worker.id, f"{TUESDAY} 10:00", kind=CellKind.HOLD)

    assert scheduling.promote(session, order.id) == 4
    assert {kind for _cell, kind in cells(session, order.id)} == {CellKind.JOB}
    assert scheduling.promote(session, order.id) == 0


def test_what_is_released_is_free_again(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    order, _verdict = book(session, town, worker.id, f"{TUESDAY} 10:00", minutes=120)

    assert scheduling.release(session, order.id, from_at=town.local(f"{TUESDAY} 10:50")) == 4
    assert len(cells(session, order.id)) == 4
    book(session, town, worker.id, f"{TUESDAY} 11:00")
    assert scheduling.release(session, order.id) == 4
    assert scheduling.release(session, order.id) == 0


def test_a_long_job_is_busy_to_its_last_minute(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    book(session, town, worker.id, f"{TUESDAY} 09:00", minutes=480)

    for at in ("09:30", "12:00", "16:45"):
        with pytest.raises(SlotTaken):
            book(session, town, worker.id, f"{TUESDAY} {at}")


def test_a_move_is_not_hindered_by_the_own_booking(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town, daily_cap=1)
    order, _verdict = book(session, town, worker.id, f"{TUESDAY} 10:00", minutes=120)
    start = town.local(f"{TUESDAY} 11:00")

    scheduling.swap(session, order, technician_id=worker.id, start_at=start, end_at=start + timedelta(hours=2), now=NOW)

    assert [cell for cell, _kind in cells(session, order.id)] == [int(start.timestamp()) // 900 + n for n in range(8)]


def test_a_refused_move_leaves_the_old_time(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    book(session, town, worker.id, f"{TUESDAY} 14:00")
    order, _verdict = book(session, town, worker.id, f"{TUESDAY} 10:00")
    before = cells(session, order.id)

    with pytest.raises(SlotTaken):
        scheduling.swap(
            session,
            order,
            technician_id=worker.id,
            start_at=town.local(f"{TUESDAY} 14:30"),
            end_at=town.local(f"{TUESDAY} 15:30"),
            now=NOW,
        )

    assert cells(session, order.id) == before


def test_a_swap_to_another_technician_frees_the_first(session: Session, town: city.Town) -> None:
    first, second = add_technician(session, town), add_technician(session, town)
    order, _verdict = book(session, town, first.id, f"{TUESDAY} 10:00")

    scheduling.swap(session, order, technician_id=second.id, now=NOW)

    owners = session.exec(select(Occupancy.technician_id).where(Occupancy.order_id == order.id)).all()
    assert set(owners) == {second.id}
    book(session, town, first.id, f"{TUESDAY} 10:00")


def test_alternatives_are_the_nearest_free_times_of_the_same_person(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    add_technician(session, town)
    taken, _verdict = book(session, town, worker.id, f"{TUESDAY} 10:00")
    visit = Visit((town.item_id,), city_point(), taken.start_at, taken.end_at)

    found = scheduling.alternatives(session, visit, technician_id=worker.id, now=NOW)

    assert [(a.start_at, a.technician_id) for a in found] == [
        (town.local(f"{TUESDAY} 11:00"), worker.id),
        (town.local(f"{TUESDAY} 09:00"), worker.id),
        (town.local(f"{TUESDAY} 11:30"), worker.id),
    ]


def city_point():
    return Point(*CENTRE)


def test_somebody_must_be_free(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    order = add_order(session, town, town.local(f"{TUESDAY} 10:00"))

    assert scheduling.require_somebody(session, order, now=NOW) == 1
    book(session, town, worker.id, f"{TUESDAY} 10:00")
    with pytest.raises(NobodyAvailable):
        scheduling.require_somebody(session, order, now=NOW)


def test_every_claim_bumps_the_local_days_it_could_disturb(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town, shift=(20 * 60, 26 * 60))
    book(session, town, worker.id, f"{TUESDAY} 23:30")
    book(session, town, worker.id, "2026-03-04 00:45")

    days = session.exec(select(TechnicianDay).order_by(col(TechnicianDay.day))).all()
    assert [(d.day, d.version) for d in days] == [(date(2026, 3, 3), 2), (date(2026, 3, 4), 2)]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin"])
def test_an_overnight_shift_holds_the_minutes_around_midnight(session: Session, zone: str) -> None:
    town = city.build(session, zone=zone)
    worker = add_technician(session, town, shift=(20 * 60, 26 * 60))

    book(session, town, worker.id, f"{TUESDAY} 23:30", minutes=30)
    with pytest.raises(SlotTaken):
        book(session, town, worker.id, f"{TUESDAY} 23:45", minutes=30)
    book(session, town, worker.id, "2026-03-04 00:15", minutes=45)
    assert refused(session, town, worker.id, "2026-03-04 01:30") == "off_shift"


def test_the_night_when_clocks_change_has_its_own_length(session: Session) -> None:
    town = city.build(session, zone="Europe/Berlin")
    worker = add_technician(session, town, shift=(20 * 60, 28 * 60))
    spring = NOW.replace(day=28, hour=12)
    order = add_order(session, town, town.local("2026-03-29 00:00"), minutes=180)

    scheduling.claim(session, technician_id=worker.id, order=order, kind=CellKind.JOB, now=spring)

    assert order.end_at == town.local("2026-03-29 04:00")
    with pytest.raises(SlotUnavailable):
        scheduling.swap(
            session,
            order,
            technician_id=worker.id,
            start_at=order.start_at,
            end_at=order.end_at + timedelta(minutes=15),
            now=spring,
        )


def test_the_leap_day_is_a_day(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    leap = town.local("2028-02-29 10:00")
    order = add_order(session, town, leap)

    scheduling.claim(session, technician_id=worker.id, order=order, kind=CellKind.JOB, now=leap - timedelta(days=1))

    assert session.exec(select(TechnicianDay.day)).all() == [date(2028, 2, 29)]


def test_what_owns_time_is_active() -> None:
    assert HOLDING < ACTIVE
    assert OrderStatus.MATCHING not in HOLDING


# --- races ----------------------------------------------------------------------------------------------------------


def test_of_two_hundred_attempts_on_one_slot_one_wins_and_the_others_see_three_alternatives(database: Database) -> None:
    town = database.write_now(city.build)
    worker_id = database.write_now(lambda s: add_technician(s, town).id)
    start = town.local(f"{TUESDAY} 10:00")
    barrier = threading.Barrier(200)
    outcomes: list[object] = []

    def attempt(session: Session) -> str:
        order = add_order(session, town, start, minutes=90)
        scheduling.claim(session, technician_id=worker_id, order=order, kind=CellKind.HOLD, now=NOW)
        return "won"

    def client() -> None:
        barrier.wait()
        try:
            outcomes.append(database.write_now(attempt))
        except SlotTaken:
            visit = Visit((town.item_id,), city_point(), start, start + timedelta(minutes=90))
            outcomes.append(database.read_now(scheduling.alternatives, visit, technician_id=worker_id, now=NOW))

    threads = [threading.Thread(target=client) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    losers = [o for o in outcomes if o != "won"]
    assert len(losers) == 199
    expected = [town.local(f"{TUESDAY} {at}") for at in ("11:30", "08:30", "12:00")]
    assert {tuple(a.start_at for a in found) for found in losers} == {tuple(expected)}
    assert database.read_now(lambda s: s.scalar(sa.select(sa.func.count()).select_from(Occupancy))) == 6


def test_visits_that_are_possible_alone_but_not_together_never_both_commit(database: Database) -> None:
    """Disjoint cells do not collide; only the day's lock makes the second one see the first."""
    town = database.write_now(city.build)
    workers = [database.write_now(lambda s: add_technician(s, town, radius_m=20_000).id) for _ in range(20)]
    plans = [(town.local(f"{TUESDAY} 10:00"), CENTRE), (town.local(f"{TUESDAY} 11:15"), north(6))]
    barrier = threading.Barrier(2 * len(workers))
    won: list[int] = []

    def attempt(session: Session, worker_id: int, plan: tuple) -> int:
        order = add_order(session, town, plan[0], place=plan[1])
        scheduling.claim(session, technician_id=worker_id, order=order, kind=CellKind.JOB, now=NOW)
        return worker_id

    def client(worker_id: int, plan: tuple) -> None:
        barrier.wait()
        with contextlib.suppress(SlotTaken, SlotUnavailable):
            won.append(database.write_now(attempt, worker_id, plan))

    threads = [threading.Thread(target=client, args=(w, p)) for w in workers for p in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == sorted(workers)


def test_utc_is_what_is_stored(session: Session, town: city.Town) -> None:
    assert town.local("2026-03-03 00:15").tzinfo is UTC
