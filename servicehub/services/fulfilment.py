"""The visit itself, as the technician works it: depart, arrive, start with the customer's code, check, finish.

Owns the guards of these steps. Money moves only through `settlements` and `refunds`; time only through `scheduling`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.access import Actor, Role
from servicehub.domain.geo import Point, distance_m
from servicehub.domain.order import OrderEvent, OrderStatus
from servicehub.errors import (
    ChecklistOpen,
    Invalid,
    PhotosMissing,
    ReasonMissing,
    TooEarly,
    TooFar,
    TooManyTries,
    TransitionRefused,
    WrongStartCode,
)
from servicehub.models.cancellation import load_terms
from servicehub.models.order import Order, OrderPhoto, load_checklist
from servicehub.models.technician import Technician
from servicehub.services import capturing, crews, ending, notices, proposals, scheduling, sums, transitions
from servicehub.settings import get_settings

CODE_TRIES = 5
ON_TIME_GRACE = timedelta(minutes=10)


def depart(session: Session, actor: Actor, no: str, *, now: datetime) -> None:
    """Set out. Raises: TooEarly before the depart window."""
    order = _own(session, actor, no)
    earliest = order.start_at - timedelta(minutes=get_settings().depart_early_minutes)
    if now < earliest:
        raise TooEarly(f"depart {no}", at=earliest)
    transitions.advance(session, order, OrderEvent.DEPART, actor, now=now, departed_at=now)
    notices.tell_customer(session, order, "departed", now=now)


def arrive(session: Session, actor: Actor, no: str, lat: float, lng: float, *, now: datetime) -> None:
    """Be there. Raises: TooFar when the reported position is outside the arrival radius."""
    order = _own(session, actor, no)
    away = round(distance_m(_point(lat, lng), Point(order.lat, order.lng)))
    if away > get_settings().arrive_radius_m:
        raise TooFar(f"{away} m from {no}", distance_m=away, radius_m=get_settings().arrive_radius_m)
    _arrived(session, order, actor, now=now, data={"distance_m": away}, last_lat=lat, last_lng=lng, last_seen_at=now)


def arrive_without_position(session: Session, actor: Actor, no: str, *, reason: str, now: datetime) -> None:
    """Be there with a phone that cannot tell where it is: allowed with a reason, and flagged in the order's log.

    Raises: ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing(no)
    order = _own(session, actor, no)
    _arrived(session, order, actor, now=now, reason=reason.strip(), data={"unverified": True})


def _lead(order: Order, step: str) -> Order:
    """The order, if it leads its visit. Raises: TransitionRefused for a companion, whose lead does this for everybody."""
    if order.lead_id is not None:
        raise TransitionRefused(order.no, state=order.status.value, event=step)
    return order


def _arrived(
    session: Session, order: Order, actor: Actor, *, now: datetime, data: dict[str, Any], reason: str = "", **seen: Any
) -> None:
    """The step itself; `seen` are the technician's columns that the position fills."""
    transitions.advance(session, order, OrderEvent.ARRIVE, actor, now=now, reason=reason, arrived_at=now, data=data)
    on_time = int(now <= order.start_at + ON_TIME_GRACE)
    session.execute(
        sa.update(Technician)
        .where(col(Technician.id) == order.technician_id)
        .values(arrived_count=Technician.arrived_count + 1, on_time_count=Technician.on_time_count + on_time, **seen)
        .execution_options(synchronize_session=False)
    )
    notices.tell_customer(session, order, "arrived", now=now)
    lead = crews.lead_of(session, order)
    if lead is not order and lead.status is OrderStatus.IN_SERVICE:
        crews.start(session, lead, actor, now=now)


def start(session: Session, actor: Actor, no: str, code: str, *, now: datetime) -> bool:
    """Begin with the code that the customer shows, for the whole crew. A wrong code is counted (so it must commit): False.

    Raises: TooManyTries after five wrong codes (an operator may help), WrongStartCode for what is no code at all.
    """
    order = _lead(_own(session, actor, no), "start")
    if not (code.isascii() and code.isdigit() and len(code) == 4):
        raise WrongStartCode(no)
    if order.start_code_tries >= CODE_TRIES:
        raise TooManyTries(no)
    if not crypto.same(crypto.decrypt(order.start_code_enc, "order.start_code"), code):
        transitions.amend(session, order, start_code_tries=order.start_code_tries + 1)
        return False
    transitions.advance(session, order, OrderEvent.START, actor, now=now, started_at=now)
    crews.start(session, order, actor, now=now)
    return True


def tick(session: Session, actor: Actor, no: str, key: str, *, done: bool, now: datetime) -> None:
    """Tick or untick one line of the checklist. Raises: Invalid for an unknown key or outside the service."""
    order = _own(session, actor, no)
    keys = {line["key"] for line in load_checklist(session, order)}
    if order.status is not OrderStatus.IN_SERVICE or key not in keys:
        raise Invalid(f"checklist {key} of {no} at {now}")
    ticked = [k for k in order.checklist_done if k != key] + ([key] if done else [])
    transitions.amend(session, order, checklist_done=ticked)


def finish(session: Session, actor: Actor, no: str, *, now: datetime) -> None:
    """End the visit for the whole crew: photos before and after and every checklist line are required; unused time is given back.

    Who of the crew never came is let go; an add-on that was not agreed to, or not paid, lapses. Raises: PhotosMissing,
    ChecklistOpen.
    """
    order = _lead(_own(session, actor, no), "finish")
    _require_proof(session, order)
    due_fen = sums.balance_due(session, order)
    _done(session, order, OrderEvent.FINISH_DUE if due_fen > 0 else OrderEvent.FINISH_PAID, actor, now)
    for companion in crews.companions(session, order):
        if companion.status is OrderStatus.IN_SERVICE:
            _done(session, companion, OrderEvent.FINISH_PAID, actor, now)
    crews.disband(session, order, now=now, reason="not_there")
    proposals.lapse(session, order, now=now)
    captured_fen = capturing.intend(session, order, now=now)
    kind = "finished" if captured_fen >= due_fen else "balance_due"
    notices.tell_customer(session, order, kind, key=f"finished:{no}", now=now)


def _done(session: Session, order: Order, event: OrderEvent, actor: Actor, now: datetime) -> None:
    transitions.advance(session, order, event, actor, now=now, finished_at=now)
    scheduling.release(session, order.id or 0, from_at=now)
    session.execute(
        sa.update(Technician)
        .where(col(Technician.id) == order.technician_id)
        .values(done_count=Technician.done_count + 1)
        .execution_options(synchronize_session=False)
    )


def technician_cancel(session: Session, actor: Actor, no: str, *, reason: str, now: datetime) -> None:
    """Give the job back, with a reason: it is matched again at once, ahead of others; never cancelled silently."""
    if not reason.strip():
        raise ReasonMissing(no)
    order = _own(session, actor, no)
    ending.back_to_matching(session, order, OrderEvent.TECHNICIAN_CANCEL, actor, now=now, reason=reason.strip())


def customer_no_show(session: Session, actor: Actor, no: str, *, now: datetime) -> None:
    """Leave after waiting at the door. Raises: TooEarly before the minutes that the order's policy asks for."""
    order = _lead(_own(session, actor, no), "customer_no_show")
    due = max(order.arrived_at or now, order.start_at) + timedelta(minutes=load_terms(session, order).wait_minutes)
    if order.status is OrderStatus.ARRIVED and now < due:
        raise TooEarly(f"no-show {no}", at=due)
    quote = ending.terms(session, order, by=Role.TECHNICIAN, now=now)
    ending.end_with_fee(session, order, OrderEvent.CUSTOMER_NO_SHOW, actor, quote, now=now, reason="customer_no_show")


def _own(session: Session, actor: Actor, no: str) -> Order:
    actor.require_role(Role.TECHNICIAN)
    return transitions.load(session, actor, no)


def _point(lat: float, lng: float) -> Point:
    if not (-90 <= lat <= 90 and -180 <= lng <= 180):
        raise Invalid("position")
    return Point(lat, lng)


def _require_proof(session: Session, order: Order) -> None:
    kinds = set(
        session.exec(select(OrderPhoto.kind).where(OrderPhoto.order_id == order.id).group_by(OrderPhoto.kind)).all()
    )
    if missing := sorted({"before", "after"} - kinds):
        raise PhotosMissing(order.no, kinds=missing)
    if still := [line["key"] for line in load_checklist(session, order) if line["key"] not in order.checklist_done]:
        raise ChecklistOpen(order.no, keys=still)
