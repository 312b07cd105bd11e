"""Time taken, kept, moved and given back: the only writer of occupancy cells and of the technician-day lock.

A claim locks the days it could disturb, decides again with `domain.availability` over what is committed, and inserts its cells in
one statement; the cells' primary key is the last word.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from servicehub.domain.availability import LONGEST_WAY, Decider, Verdict, WhyNot
from servicehub.domain.technician import CELL_MINUTES, CellKind
from servicehub.domain.timewindow import LocalTime, Window, cells_of, minute_of
from servicehub.errors import SlotTaken, SlotUnavailable
from servicehub.models.base import among
from servicehub.models.dispatch import Occupancy, TechnicianDay
from servicehub.models.order import Order, sold
from servicehub.models.supply import Service, load_kept_apart, load_named_people, load_service, load_services
from servicehub.services.scheduling.visits import Visit, block_of, calendars_of, person_for


def claim(
    session: Session,
    *,
    technician_id: int,
    order: Order,
    kind: CellKind,
    now: datetime,
    start_at: datetime | None = None,
    end_at: datetime | None = None,
    limited: bool | None = None,
    waived: frozenset[WhyNot] = frozenset(),
) -> Verdict:
    """Take the technician's time for the stored `order`: its own window, or the given one.

    `limited`: whether the service's notice and horizon bind; by default they do for a HOLD (a customer is booking). `waived` are
    rules that an operator overrules. When refused, this transaction is as before and stays usable.

    Raises: SlotTaken (somebody has the time), SlotUnavailable(reason, earliest_at), NotFound.
    """
    session.flush()
    visit = Visit.of(order, start_at=start_at, end_at=end_at)
    service = load_service(session, *visit.sold)
    bound = kind is CellKind.HOLD if limited is None else limited
    terms = visit.terms(service, now=now, limited=bound, waived=waived)
    block = block_of(visit, service)
    person = person_for(session, visit, service, technician_id)
    lock_days(session, [technician_id], block, service.clock)
    (calendar,) = calendars_of(session, [person], visit.window, service, now=now)
    verdict = Decider(calendar, terms).verdict(visit.window.start)
    if verdict.why is WhyNot.BUSY:
        raise SlotTaken(f"technician {technician_id}", technician_id=technician_id)
    if verdict.why is not None:
        raise SlotUnavailable(
            f"technician {technician_id}: {verdict.why}", reason=verdict.why.value, earliest_at=verdict.earliest_at
        )
    _insert_cells(session, technician_id, visit, block, kind)
    return verdict


def release(
    session: Session,
    order_id: int,
    *,
    from_at: datetime | None = None,
    from_cell: int | None = None,
    kept_for: int | None = None,
) -> int:
    """Give the order's time back: all of it, or what is not begun at `from_at` (or from cell `from_cell` on).

    `kept_for`: a technician whose time stays taken. Returns the number of freed cells.
    """
    query = sa.delete(Occupancy).where(col(Occupancy.order_id) == order_id)
    if from_at is not None:
        from_cell = -(-minute_of(from_at) // CELL_MINUTES)
    if kept_for is not None:
        query = query.where(col(Occupancy.technician_id) != kept_for)
    if from_cell is not None:
        query = query.where(col(Occupancy.cell) >= from_cell)
    return _rowcount(session, query)


def prolong(session: Session, order: Order, end_at: datetime) -> int:
    """Take more of the technician's time for a visit under way, up to what somebody else has; nobody is moved.

    Returns the number of further cells.
    """
    session.flush()
    order_id, technician_id = order.id or 0, order.technician_id or 0
    visit = Visit.of(order, end_at=end_at)
    service = load_service(session, *visit.sold)
    block = block_of(visit, service)
    lock_days(session, [technician_id], block, service.clock)
    theirs = sa.select(col(Occupancy.cell), col(Occupancy.order_id)).where(
        col(Occupancy.technician_id) == technician_id, col(Occupancy.cell).in_(list(cells_of(block)))
    )
    taken: dict[int, int] = dict(session.execute(theirs).all())
    mine = [cell for cell, other in taken.items() if other == order_id]
    if not mine:
        return 0
    rows = [row for row in _cells(technician_id, visit, block, CellKind.JOB) if row["cell"] > max(mine)]
    free = list(itertools.takewhile(lambda row: row["cell"] not in taken, rows))
    if free:
        session.connection().execute(sa.insert(Occupancy), free)
    served = cells_of(visit.window)
    mine_served = col(Occupancy.order_id) == order_id, col(Occupancy.cell).between(served[0], served[-1])
    session.connection().execute(sa.update(Occupancy).where(*mine_served).values(kind=CellKind.JOB))
    return len(free)


def promote(session: Session, order_id: int, kind: CellKind = CellKind.JOB) -> int:
    """Turn the order's held cells into `kind`. Returns how many were held: 0 says that the hold is lost."""
    return _rowcount(
        session,
        sa.update(Occupancy)
        .where(col(Occupancy.order_id) == order_id, col(Occupancy.kind) == CellKind.HOLD)
        .values(kind=kind),
    )


def holder(session: Session, order_id: int) -> int | None:
    """Whose time the order has, if it has any."""
    query = sa.select(col(Occupancy.technician_id)).where(col(Occupancy.order_id) == order_id).limit(1)
    return session.connection().execute(query).scalar()


def holders(session: Session, order_ids: Collection[int]) -> dict[int, int]:
    """Order -> whose time it has, for those that have any."""
    query = sa.select(col(Occupancy.order_id), col(Occupancy.technician_id)).where(
        among(col(Occupancy.order_id), order_ids)
    )
    return {row[0]: row[1] for row in session.connection().execute(query.distinct())}


def swap(
    session: Session,
    order: Order,
    *,
    technician_id: int,
    now: datetime,
    start_at: datetime | None = None,
    end_at: datetime | None = None,
    kind: CellKind = CellKind.JOB,
    limited: bool = True,
    waived: frozenset[WhyNot] = frozenset(),
) -> Verdict:
    """Exchange the order's cells for another technician or window in one step; its own booking is no obstacle.

    When refused, the former cells are still there. The order's columns are the caller's to write.

    Raises: SlotTaken, SlotUnavailable, NotFound.
    """
    with session.begin_nested():
        release(session, order.id or 0)
        return claim(
            session,
            technician_id=technician_id,
            order=order,
            kind=kind,
            now=now,
            start_at=start_at,
            end_at=end_at,
            limited=limited,
            waived=waived,
        )


def swap_many(
    session: Session,
    pairs: Sequence[tuple[Order, int]],
    *,
    now: datetime,
    kind: CellKind = CellKind.JOB,
    moving: Collection[int] = (),
) -> set[int]:
    """Exchange the cells of many orders, each for its technician, nobody twice; returns the orders whose time was taken.

    Decides as `swap` does for the platform (notice and horizon do not bind), in as many statements for a hundred orders of a
    service as for one. An order that is left out keeps what it had. The time of the orders `moving` is no obstacle: they all move.
    """
    session.flush()
    services = load_services(session, {sold(order) for order, _technician in pairs})
    visits = {order.id or 0: (Visit.of(order), technician_id) for order, technician_id in pairs}
    _lock(
        session,
        {
            (technician_id, day)
            for visit, technician_id in visits.values()
            for day in _disturbed(block_of(visit, services[visit.sold]), services[visit.sold].clock)
        },
    )
    taken: list[tuple[Visit, int]] = []
    for what, service in services.items():
        wishes = [(v, t) for v, t in visits.values() if v.sold == what]
        taken += _still_free(session, service, wishes, frozenset(moving), now=now)
    cells = [row for visit, t in taken for row in _cells(t, visit, block_of(visit, services[visit.sold]), kind)]
    ids = {visit.order_id for visit, _technician in taken}
    try:
        with session.begin_nested():
            connection = session.connection()
            connection.execute(sa.delete(Occupancy).where(among(col(Occupancy.order_id), ids)))
            if cells:
                connection.execute(sa.insert(Occupancy), cells)
    except IntegrityError:
        return set()
    return ids


def exchange(session: Session, pairs: Sequence[tuple[Order, int]], *, now: datetime) -> bool:
    """Give held visits to other technicians all at once, some perhaps to each other: all of them, or none at all.

    Decided as if none of them were held; then once more among themselves, over what is written.
    """
    ids = {order.id or 0 for order, _technician in pairs}
    try:
        with session.begin_nested():
            moved = swap_many(session, pairs, now=now, kind=CellKind.HOLD, moving=ids)
            if moved != ids or swap_many(session, pairs, now=now, kind=CellKind.HOLD) != ids:
                raise SlotTaken(f"{len(pairs)} visits")
    except SlotTaken:
        return False
    return True


def _still_free(
    session: Session,
    service: Service,
    wishes: Sequence[tuple[Visit, int]],
    moving: frozenset[int],
    *,
    now: datetime,
) -> list[tuple[Visit, int]]:
    """Of visits of one service and whose time they want: those that are possible over what is committed now."""
    technician_ids = [technician_id for _visit, technician_id in wishes]
    people = {p.id: p for p in load_named_people(session, service, technician_ids)}
    apart = load_kept_apart(session, technician_ids)
    within = Window(min(v.window.start for v, _t in wishes), max(v.window.end for v, _t in wishes))
    calendars = {c.technician_id: c for c in calendars_of(session, people.values(), within, service, now=now)}
    found = []
    for visit, technician_id in wishes:
        person = people.get(technician_id)
        if person is None or visit.gender not in (None, person.gender) or (technician_id, visit.customer_id) in apart:
            continue
        terms = visit.terms(service, now=now, limited=False)
        calendar = calendars[technician_id].without(visit.order_id, *moving)
        if Decider(calendar, terms).refusal(visit.window.start) is None:
            found.append((visit, technician_id))
    return found


def lock_days(session: Session, technician_ids: Iterable[int], block: Window, clock: LocalTime) -> None:
    """Serialise with everybody who commits time that could disturb `block`: bump the versions of its local days.

    One statement in ascending order, so two bookings never wait for each other. Rows appear when missing.
    """
    days = _disturbed(block, clock)
    _lock(session, {(technician_id, day) for technician_id in technician_ids for day in days})


def _disturbed(block: Window, clock: LocalTime) -> list[date]:
    """Local days whose other jobs could be disturbed."""
    return clock.days(block.grown(LONGEST_WAY // 2, LONGEST_WAY // 2))


def _lock(session: Session, days: Collection[tuple[int, date]]) -> None:
    rows = [{"technician_id": technician_id, "day": day, "version": 1} for technician_id, day in sorted(days)]
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    query = insert(TechnicianDay).values(rows)
    query = query.on_conflict_do_update(
        index_elements=["technician_id", "day"], set_={"version": col(TechnicianDay.version) + 1}
    )
    session.connection().execute(query)


def _insert_cells(session: Session, technician_id: int, visit: Visit, block: Window, kind: CellKind) -> None:
    try:
        with session.begin_nested():
            session.connection().execute(sa.insert(Occupancy).values(_cells(technician_id, visit, block, kind)))
    except IntegrityError as error:
        raise SlotTaken(f"technician {technician_id}", technician_id=technician_id) from error


def _cells(technician_id: int, visit: Visit, block: Window, kind: CellKind) -> list[dict[str, Any]]:
    """The rows of a visit; what lies around the visit itself is buffer."""
    served = cells_of(visit.window)
    return [
        {
            "technician_id": technician_id,
            "cell": cell,
            "order_id": visit.order_id,
            "kind": kind if cell in served else CellKind.BUFFER,
        }
        for cell in cells_of(block)
    ]


def _rowcount(session: Session, query: Any) -> int:
    session.flush()
    return int(session.connection().execute(query).rowcount)
