"""The one writer of an order's status, and the object-level door to orders.

Owns: loading an order for an actor, moving it one step along `domain.order.ORDER` (compare-and-swap, log row, timer, hints).
Refuses to own what a step means: cells, money and offers are moved by the services that call `advance`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.access import SYSTEM, Actor, Role
from servicehub.domain.order import ORDER, OrderEvent, OrderStatus
from servicehub.errors import NotFound, OrderChanged
from servicehub.models.catalog import ServiceItem
from servicehub.models.order import Order, OrderLog, was_sold
from servicehub.services import order_numbers
from servicehub.settings import get_settings

NO_SHOW_AFTER = timedelta(minutes=20)
"""Past the planned start without arrival."""
START_ALARM = timedelta(minutes=60)
CONFIRM_AFTER = timedelta(hours=24)
BALANCE_AFTER = timedelta(days=7)
DISPUTE_SLA = timedelta(hours=72)
NUMBER_TRIES = 5
REPEAT_ALARM = timedelta(hours=24)


def load(session: Session, actor: Actor, no: str) -> Order:
    """The order `no`, if it is this actor's business: the customer's own, the technician's assigned, the operator's city.

    Raises: NotFound otherwise, whether or not such an order exists.
    """
    query = select(Order).where(Order.no == no)
    if actor.role is Role.CUSTOMER:
        query = query.where(Order.customer_id == actor.user_id, was_sold())
    elif actor.role is Role.TECHNICIAN:
        query = query.where(Order.technician_id == actor.technician_id)
    elif actor.role is Role.OPERATOR:
        query = query.where(Order.city_id == actor.city_id)
        if actor.district_ids:
            query = query.where(col(Order.district_id).in_(actor.district_ids))
    order = session.exec(query).first()
    if order is None or (actor.role is not Role.SYSTEM and not actor.user_id):
        raise NotFound(f"order {no}")
    return order


def create(session: Session, order: Order, actor: Actor, *, now: datetime) -> None:
    """Store a new order with the first row of its log."""
    order.deadline_at = timer(session, order, order.status, now, (order.start_at, order.end_at))
    _insert(session, order)
    _log(session, order, "created", None, actor, now, "", {})
    hint(session, order)


def advance(
    session: Session,
    order: Order,
    event: OrderEvent,
    actor: Actor,
    *,
    now: datetime,
    reason: str = "",
    data: dict[str, Any] | None = None,
    **values: Any,
) -> None:
    """Fire `event`: one conditional UPDATE (status and version as read), one log row, the new status's timer.

    `values` are further columns written in the same UPDATE; `deadline_at` among them overrides the usual timer.

    Raises: TransitionRefused, NotAllowed (the table), OrderChanged (another writer was first).
    """
    advance_all(session, [Step(order, values, reason, data or {})], event, actor, now=now)


@dataclass(frozen=True, slots=True)
class Step:
    """One order of many that take the same step; `values` as for `advance`."""

    order: Order
    values: dict[str, Any]
    reason: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def advance_all(session: Session, steps: Sequence[Step], event: OrderEvent, actor: Actor, *, now: datetime) -> None:
    """`advance` for many orders in one statement, all or none; their `values` name the same columns.

    Raises: as `advance`, whichever order it is about.
    """
    before = [(step.order.status, step.order.technician_id) for step in steps]
    rows = []
    for step, (source, _former) in zip(steps, before, strict=True):
        order, values = step.order, step.values
        target = ORDER.next(source, event, actor.role)
        window = (values.get("start_at", order.start_at), values.get("end_at", order.end_at))
        values.setdefault("deadline_at", timer(session, order, target, now, window, again=source is target))
        rows.append((order, {"status": target, **values}))
    _write(session, rows)
    for step, (source, former) in zip(steps, before, strict=True):
        _log(session, step.order, event.value, source, actor, now, step.reason, step.data)
        hint(session, step.order, former)


def amend(session: Session, order: Order, **values: Any) -> None:
    """Write columns that are no step of the machine (rounds, code tries, ticks), under the same version check.

    Raises: OrderChanged.
    """
    _write(session, [(order, values)])
    hint(session, order)


def note(
    session: Session, order: Order, event: str, actor: Actor = SYSTEM, *, now: datetime, data: dict[str, Any]
) -> None:
    """A row of the order's log about what was done to it, which is no step of the machine."""
    _log(session, order, event, order.status, actor, now, "", data)
    hint(session, order)


def timer(
    session: Session,
    order: Order,
    status: OrderStatus,
    now: datetime,
    window: tuple[datetime, datetime],
    *,
    again: bool = False,
) -> datetime | None:
    """When the timer of `status` fires for an order planned in `window`; None in a final status.

    ASSIGNED has none here: its timer is the offer's deadline, which whoever makes the offer passes along.
    """
    start_at, end_at = window
    match status:
        case OrderStatus.PENDING_PAYMENT:
            return now + timedelta(minutes=get_settings().hold_minutes)
        case OrderStatus.MATCHING:
            grace = timedelta(minutes=15)
            return now + grace if order.is_immediate else max(now + grace, start_at - timedelta(minutes=60))
        case OrderStatus.ACCEPTED | OrderStatus.EN_ROUTE:
            return max(start_at, now) + NO_SHOW_AFTER
        case OrderStatus.ARRIVED:
            return now + (REPEAT_ALARM if again else START_ALARM)
        case OrderStatus.IN_SERVICE:
            return now + (REPEAT_ALARM if again else 2 * (end_at - start_at) + timedelta(hours=1))
        case OrderStatus.AWAITING_BALANCE:
            return now + BALANCE_AFTER
        case OrderStatus.AWAITING_CONFIRM:
            return now + CONFIRM_AFTER
        case OrderStatus.COMPLETED:
            item = session.get_one(ServiceItem, order.service_item_id)
            return now + timedelta(days=item.warranty_days)
        case OrderStatus.DISPUTED:
            return now + DISPUTE_SLA
        case _:
            return None


def hint(session: Session, order: Order, former_technician_id: int | None = None) -> None:
    """Tell everybody who may be looking at this order, after the commit."""
    topics = [
        bus.order(order.no),
        bus.customer(order.customer_id),
        bus.dispatch(str(order.city_id)),
        bus.overview(str(order.city_id)),
    ]
    topics += [bus.technician(t) for t in {order.technician_id, former_technician_id} if t]
    if order.lead_id is not None:
        topics.append(bus.order(session.get_one(Order, order.lead_id).no))
    bus.publish(session, *topics)


def _insert(session: Session, order: Order) -> None:
    """Store the row; a number that another order of the same minute drew first is drawn again."""
    for left in reversed(range(NUMBER_TRIES)):
        try:
            with session.begin_nested():
                session.add(order)
                session.flush()
        except sa.exc.IntegrityError:
            if not left:
                raise
            order.no = order_numbers.redrawn(order.no)
        else:
            return


def _write(session: Session, rows: Sequence[tuple[Order, dict[str, Any]]]) -> None:
    """Write the same columns of each order, if all have the status and version that were read."""
    session.flush()
    read = sa.and_(*(col(getattr(Order, name)) == sa.bindparam(f"read_{name}") for name in ("id", "version", "status")))
    wanted = [values | {"version": order.version + 1} for order, values in rows]
    moved = session.connection().execute(
        sa.update(Order.__table__)  # type: ignore[attr-defined]
        .where(read)
        .values({name: sa.bindparam(f"new_{name}") for name in wanted[0]}),
        [
            {"read_id": order.id, "read_version": order.version, "read_status": order.status}
            | {f"new_{name}": value for name, value in values.items()}
            for (order, _values), values in zip(rows, wanted, strict=True)
        ],
    )
    if moved.rowcount != len(rows):
        raise OrderChanged(", ".join(f"order {order.no}" for order, _values in rows))
    for (order, _values), values in zip(rows, wanted, strict=True):
        for name, value in values.items():
            set_committed_value(order, name, value)


def _log(
    session: Session,
    order: Order,
    event: str,
    source: OrderStatus | None,
    actor: Actor,
    now: datetime,
    reason: str,
    data: dict[str, Any],
) -> None:
    session.add(
        OrderLog(
            order_id=order.id,
            at=now,
            event=event,
            source=source,
            target=order.status,
            actor_role=actor.role,
            actor_id=actor.user_id,
            reason=reason[:200],
            data=data,
        )
    )
