"""Choices made by people: a technician grabs an order from the hall, an operator assigns or reassigns one."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from servicehub import matching
from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.order import OrderEvent, OrderMode, OrderStatus
from servicehub.domain.technician import CellKind
from servicehub.errors import (
    NotCertified,
    NotFound,
    OrderChanged,
    OrderTaken,
    ReasonMissing,
    SlotUnavailable,
    TransitionRefused,
)
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.services import audits, notices, roster, scheduling, settlements, transitions
from servicehub.services.dispatching import offers
from servicehub.services.dispatching.rounds import Placed, explain, place

_CERTIFICATE_RULES = frozenset({"skill", "certificate"})


def grab(session: Session, actor: Actor, no: str, *, now: datetime) -> None:
    """Take an order from the hall: the status is compared and swapped first, so of any number of claims one wins.

    Raises: OrderTaken, NotCertified, SlotUnavailable(reason=first failed rule), SlotTaken, NotFound.
    """
    order = in_hall(session, actor, no)
    situation = roster.situation(
        session, order, now=now, technician_ids=[actor.technician_id], by_hand=actor.technician_id
    )
    ranking = situation.ranking()
    refuse_unfit(ranking, actor.technician_id)
    technician = session.get_one(Technician, actor.technician_id)
    split = settlements.take_home(session, order, technician)
    try:
        transitions.advance(
            session, order, OrderEvent.GRAB, actor, now=now, technician_id=technician.id, accepted_at=now,
            dispatch_at=None, commission=split.as_document(),
        )  # fmt: skip
    except (TransitionRefused, OrderChanged) as error:
        raise OrderTaken(no) from error
    scheduling.claim(session, technician_id=technician.id or 0, order=order, kind=CellKind.JOB, now=now)
    explain(session, order, ranking, situation.policy, technician.id, "grab", actor, now=now)
    notices.tell_customer(session, order, "accepted", now=now, technician=technician.name)


def in_hall(session: Session, actor: Actor, no: str) -> Order:
    """An order of the technician's city that anybody may still take. Raises: NotAllowed, NotFound, OrderTaken."""
    actor.require_role(Role.TECHNICIAN)
    order = session.exec(select(Order).where(Order.no == no, Order.city_id == actor.city_id)).first()
    if order is None:
        raise NotFound(f"order {no}")
    if order.status is not OrderStatus.MATCHING or order.mode is not OrderMode.GRAB:
        raise OrderTaken(no)
    return order


def assign(session: Session, actor: Actor, no: str, technician_id: int, *, reason: str = "", now: datetime) -> None:
    """Give the order to a technician by hand; once somebody has it, this is a reassignment and needs a reason. Audited.

    The hard rules hold here too. Raises: NotAllowed, ReasonMissing, NotCertified, SlotUnavailable, SlotTaken, TransitionRefused.
    """
    actor.require(Permission.DISPATCH_ASSIGN)
    order = transitions.load(session, actor, no)
    again = order.status is not OrderStatus.MATCHING
    if again and not reason.strip():
        raise ReasonMissing(no)
    if again and technician_id == order.technician_id:
        raise TransitionRefused(no, state=order.status.value, event="reassign")
    situation = roster.situation(session, order, now=now, by_hand=technician_id)
    ranking = situation.ranking()
    choice = refuse_unfit(ranking, technician_id)
    former = order.technician_id
    offers.void(session, order, now=now)
    scheduling.release(session, order.id or 0)
    scheduling.claim(session, technician_id=technician_id, order=order, kind=CellKind.JOB, now=now)
    event = OrderEvent.REASSIGN if again else OrderEvent.DISPATCH
    place(
        session, Placed(order, ranking, situation.policy, choice), actor, event, "reassign" if again else "manual",
        open_for=offers.ANSWER_BY_HAND, now=now, reason=reason.strip(),
    )  # fmt: skip
    audits.record(
        session,
        actor,
        "order.reassign" if again else "order.assign",
        f"order:{no}",
        reason.strip(),
        {"from": former, "to": technician_id},
        now=now,
    )
    if former is not None:
        user_id = session.exec(select(Technician.user_id).where(col(Technician.id) == former)).one()
        notices.send(
            session, user_id, "reassigned_away", key=f"away:{no}:{order.version}", now=now, link="/technician/"
        )


def refuse_unfit(ranking: matching.Ranking, technician_id: int) -> matching.Assessment:
    """The assessment of somebody who may have it. Raises: NotFound, NotCertified, SlotUnavailable(reason=first failed rule)."""
    candidate = ranking.of(technician_id)
    if candidate is None:
        raise NotFound(f"technician {technician_id}")
    if not candidate.failed:
        return candidate
    if _CERTIFICATE_RULES & set(candidate.failed):
        raise NotCertified(f"technician {technician_id}")
    raise SlotUnavailable(f"technician {technician_id}: {candidate.failed}", reason=candidate.failed[0])
