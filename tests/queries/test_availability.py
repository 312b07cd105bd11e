"""The grid of free times, the soonest start of many services, the next times of many technicians: right, and in few statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from servicehub.domain.access import ANONYMOUS, Actor, Role
from servicehub.domain.geo import Point
from servicehub.domain.technician import CellKind, CertificateStatus, Gender
from servicehub.errors import Invalid, NotFound, SlotTaken, SlotUnavailable
from servicehub.models.catalog import Blackout
from servicehub.models.technician import Certificate, PairBlock
from servicehub.queries import availability
from servicehub.queries.availability import SlotRequest
from servicehub.services import scheduling
from servicehub.viewmodels.availability import SlotGrid, SlotState
from tests import city
from tests.city import CENTRE, NOW, add_item, add_order, add_technician, north

HERE = Point(*CENTRE)
TUESDAY = date(2026, 3, 3)


@pytest.fixture
def town(session: Session) -> city.Town:
    return city.build(session)


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    connection = session.connection()
    sa.event.listen(connection, "before_cursor_execute", hear)
    yield said
    sa.event.remove(connection, "before_cursor_execute", hear)


def book(session: Session, town: city.Town, technician_id: int, at: str, minutes: int = 60, **order: object) -> int:
    stored = add_order(session, town, town.local(at), minutes=minutes, **order)
    scheduling.claim(session, technician_id=technician_id, order=stored, kind=CellKind.JOB, now=NOW)
    return stored.id


def grid(session: Session, town: city.Town, actor: Actor = ANONYMOUS, **request: object) -> SlotGrid:
    asked = SlotRequest(**{"sold": (town.item_id,), "place": HERE, "first_on": TUESDAY, "days": 1, **request})
    return availability.slots(session, actor, asked, now=NOW)


def states(found: SlotGrid) -> dict[str, tuple[SlotState, int]]:
    return {slot.time: (slot.state, slot.free) for day in found.days for slot in day.slots}


def test_the_grid_counts_who_is_free(session: Session, town: city.Town) -> None:
    workers = [add_technician(session, town) for _ in range(3)]
    add_technician(session, town, skills=("massage",))
    for worker in workers[:2]:
        book(session, town, worker.id, "2026-03-03 10:00")
    book(session, town, workers[2].id, "2026-03-03 10:30")

    found = states(grid(session, town))

    assert list(found)[0::19] == ["08:00"]
    assert list(found)[-1] == "17:00"
    assert found["08:30"] == (SlotState.FREE, 3)
    assert found["09:00"] == (SlotState.FREE, 3)
    assert found["09:30"] == (SlotState.FEW, 1)
    assert found["10:00"] == (SlotState.FULL, 0)
    assert found["11:00"] == (SlotState.FEW, 2)


def test_a_chosen_technician_is_free_or_full_with_the_reason(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town, radius_m=20_000)
    book(session, town, worker.id, "2026-03-03 10:00", place=north(6))

    slots = {s.time: s for s in grid(session, town, technician_id=worker.id).days[0].slots}

    assert (slots["08:00"].state, slots["08:00"].why_not) == (SlotState.FREE, "")
    assert (slots["10:30"].state, slots["10:30"].why_not) == (SlotState.FULL, "busy")
    assert slots["10:30"].earliest_at == town.local("2026-03-03 11:00")
    assert (slots["09:00"].why_not, slots["11:30"].why_not) == ("travel_after", "travel_before")
    assert slots["11:30"].earliest_at == town.local("2026-03-03 11:33")
    assert slots["12:00"].state is SlotState.FREE


def test_another_address_changes_the_grid(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town, radius_m=20_000)
    book(session, town, worker.id, "2026-03-03 10:00")

    near, far = states(grid(session, town)), states(grid(session, town, place=Point(*north(8))))

    assert near["11:00"] == (SlotState.FEW, 1)
    assert far["11:00"] == (SlotState.FULL, 0)


def test_out_of_reach_is_told_for_a_chosen_person_only(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town, radius_m=2_000)
    far = Point(*north(5))

    assert grid(session, town, place=far).days[0].slots == ()
    assert {s.why_not for s in grid(session, town, place=far, technician_id=worker.id).days[0].slots} == {"radius"}


def test_gender_and_blocked_pairs_narrow_who_counts(session: Session, town: city.Town) -> None:
    add_technician(session, town, gender=Gender.MALE)
    kept_apart = add_technician(session, town, gender=Gender.FEMALE)
    session.add(PairBlock(customer_id=town.customer_id, technician_id=kept_apart.id))
    session.flush()
    customer = Actor(user_id=town.customer_id, role=Role.CUSTOMER, city_id=town.city_id)

    assert grid(session, town).technicians == 2
    assert grid(session, town, gender=Gender.MALE).technicians == 1
    assert grid(session, town, customer).technicians == 1
    assert grid(session, town, customer, gender=Gender.FEMALE).technicians == 0


def test_a_certificate_ends_the_days_on_which_somebody_counts(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    item = add_item(session, town, certificate="health")
    session.add(
        Certificate(
            technician_id=worker.id,
            kind="health",
            status=CertificateStatus.APPROVED,
            issued_on=TUESDAY,
            expires_on=TUESDAY,
        )
    )
    session.flush()

    days = grid(session, town, sold=(item.id,), days=2).days

    assert [day.free_slots for day in days] == [19, 0]


def test_a_day_of_rest_has_no_free_slot(session: Session, town: city.Town) -> None:
    add_technician(session, town)
    session.add(Blackout(city_id=town.city_id, on=TUESDAY, category_id=town.category_id))
    session.flush()

    assert [day.free_slots for day in grid(session, town, days=2).days] == [0, 19]


def test_today_begins_after_the_notice(session: Session, town: city.Town) -> None:
    add_technician(session, town)
    item = add_item(session, town, min_notice_minutes=120)

    found = states(grid(session, town, sold=(item.id,), first_on=None))

    assert found["11:30"] == (SlotState.FULL, 0)
    assert found["12:00"] == (SlotState.FEW, 1)
    assert "09:30" not in found


def test_the_own_booking_is_no_obstacle_to_its_move(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town)
    order_id = book(session, town, worker.id, "2026-03-03 10:00")

    assert states(grid(session, town))["10:30"][1] == 0
    assert states(grid(session, town, order_id=order_id))["10:30"][1] == 1


def test_the_shortest_way_is_recommended_first(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town, home=north(5))
    book(session, town, worker.id, "2026-03-03 10:00")

    found = grid(session, town)
    marked = [s.start_at for day in found.days for s in day.slots if s.is_recommended]

    assert found.best[0] == town.local("2026-03-03 11:00")
    assert sorted(found.best) == marked
    assert found.earliest == town.local("2026-03-03 08:30"), "half an hour from home after the shift begins at eight"


def test_a_price_hook_marks_the_starts_that_cost_more(session: Session, town: city.Town) -> None:
    add_technician(session, town, shift=(20 * 60, 24 * 60))
    request = SlotRequest((town.item_id,), HERE, first_on=TUESDAY, days=1)

    found = availability.slots(
        session, ANONYMOUS, request, now=NOW, surcharge=lambda at: 3000 if at >= town.local("2026-03-03 22:00") else 0
    )

    assert {s.time: s.surcharge_fen for s in found.days[0].slots}["22:00"] == 3000
    assert found.days[0].slots[0].surcharge_fen == 0


def test_the_evening_of_one_day_and_the_small_hours_of_the_next(session: Session, town: city.Town) -> None:
    add_technician(session, town, shift=(20 * 60, 26 * 60))

    days = grid(session, town, days=2).days

    assert [s.time for s in days[0].slots][-1] == "23:30"
    assert [s.time for s in days[1].slots][:3] == ["00:00", "00:30", "01:00"]


def test_a_longer_visit_has_fewer_starts(session: Session, town: city.Town) -> None:
    add_technician(session, town)
    item = add_item(session, town, base_minutes=60, minutes_per_extra_unit=60, max_quantity=5)

    assert grid(session, town, sold=(item.id,), quantity=4).minutes == 240
    assert grid(session, town, sold=(item.id,), quantity=4).days[0].free_slots == 13


def test_the_grid_takes_at_most_six_statements_for_any_number_of_people(session: Session, town: city.Town) -> None:
    for _ in range(12):
        worker = add_technician(session, town)
        book(session, town, worker.id, "2026-03-04 10:00")

    with statements(session) as said:
        grid(session, town, first_on=None, days=14)
    assert len(said) == 5


def test_the_grid_and_the_commit_agree_on_every_start(session: Session, town: city.Town) -> None:
    workers = [add_technician(session, town, radius_m=15_000, home=north(km)) for km in (0, 3, 6)]
    for worker, at in zip(workers, ("09:00", "11:30", "15:00"), strict=True):
        book(session, town, worker.id, f"2026-03-03 {at}", place=north(2))

    for worker in workers:
        for slot in grid(session, town, technician_id=worker.id).days[0].slots:
            with session.begin_nested() as undone:
                try:
                    stored = add_order(session, town, slot.start_at)
                    scheduling.claim(session, technician_id=worker.id, order=stored, kind=CellKind.HOLD, now=NOW)
                    why = ""
                except SlotTaken:
                    why = "busy"
                except SlotUnavailable as refusal:
                    why = str(refusal.params["reason"])
                undone.rollback()
            assert why == slot.why_not
            assert (slot.free == 1) == (why == "")


def test_nonsense_is_refused(session: Session, town: city.Town) -> None:
    with pytest.raises(NotFound):
        grid(session, town, sold=(10**6,))
    with pytest.raises(Invalid):
        grid(session, town, days=0)
    with pytest.raises(Invalid):
        grid(session, town, days=99)


def test_the_soonest_start_of_many_services_in_seven_statements(session: Session, town: city.Town) -> None:
    worker = add_technician(session, town, skills=("cleaning", "repair"))
    repair = add_item(session, town, skill="repair", min_notice_minutes=180)
    licensed = add_item(session, town, skill="repair", certificate="electrician")
    massage = add_item(session, town, skill="massage")
    book(session, town, worker.id, "2026-03-02 10:30")
    items = [town.item_id, repair.id, licensed.id, massage.id, 10**6]

    with statements(session) as said:
        found = availability.earliest(session, ANONYMOUS, items, HERE, now=NOW)

    assert found == {
        town.item_id: town.local("2026-03-02 11:30"),
        repair.id: town.local("2026-03-02 13:00"),
        licensed.id: None,
        massage.id: None,
    }
    assert len(said) == 7
    assert availability.earliest(session, ANONYMOUS, [], HERE, now=NOW) == {}


def test_a_category_at_rest_is_not_free_soonest(session: Session, town: city.Town) -> None:
    add_technician(session, town)
    session.add(Blackout(city_id=town.city_id, on=date(2026, 3, 2), category_id=town.category_id))
    session.flush()

    assert availability.earliest(session, ANONYMOUS, [town.item_id], HERE, now=NOW) == {
        town.item_id: town.local("2026-03-03 08:00")
    }


def test_the_next_times_of_several_technicians(session: Session, town: city.Town) -> None:
    early, late = add_technician(session, town), add_technician(session, town, shift=(14 * 60, 20 * 60))
    book(session, town, early.id, "2026-03-02 10:30")

    with statements(session) as said:
        found = availability.next_free_times(session, ANONYMOUS, [early.id, late.id], town.item_id, HERE, 2, now=NOW)

    assert found == {
        early.id: [town.local("2026-03-02 11:30"), town.local("2026-03-02 12:00")],
        late.id: [town.local("2026-03-02 14:00"), town.local("2026-03-02 14:30")],
    }
    assert len(said) == 5


@pytest.mark.parametrize("zone", ["Asia/Urumqi", "Europe/Berlin"])
def test_the_grid_speaks_the_citys_time(session: Session, zone: str) -> None:
    town = city.build(session, zone=zone)
    add_technician(session, town)

    slots = grid(session, town).days[0].slots

    assert (slots[0].time, slots[0].start_at) == ("08:00", town.local("2026-03-03 08:00"))


def test_the_day_when_clocks_change_keeps_its_wall_clock(session: Session) -> None:
    town = city.build(session, zone="Europe/Berlin")
    add_technician(session, town, shift=(0, 6 * 60))
    spring = date(2026, 3, 29)
    now = town.local("2026-03-28 12:00")

    request = SlotRequest((town.item_id,), HERE, first_on=spring, days=1)
    times = [s.time for s in availability.slots(session, ANONYMOUS, request, now=now).days[0].slots]

    assert times == ["00:00", "00:30", "01:00", "01:30", "03:00", "03:30", "04:00", "04:30", "05:00"]
    assert town.local("2026-03-29 06:00") - town.local("2026-03-29 00:00") == timedelta(hours=5)
