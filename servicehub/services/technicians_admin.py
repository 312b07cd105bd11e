"""What operators do to technicians: suspend and restore, with a reason that is audited.

A suspended technician is taken offline and gets no further work; jobs already accepted stay until somebody reassigns them.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from servicehub import bus
from servicehub.domain.access import Actor, Permission
from servicehub.domain.technician import TechnicianStatus
from servicehub.errors import Conflict, NotFound, ReasonMissing
from servicehub.models.technician import Technician
from servicehub.services import audits


def suspend(session: Session, actor: Actor, technician_id: int, *, reason: str, now: datetime) -> None:
    """Raises: NotAllowed without technician:review, ReasonMissing, NotFound, Conflict when not active."""
    technician = _open(session, actor, technician_id, TechnicianStatus.ACTIVE, reason)
    technician.status = TechnicianStatus.SUSPENDED
    technician.is_online, technician.online_at = False, None
    _finish(session, actor, technician, "technician.suspend", reason, now)


def restore(session: Session, actor: Actor, technician_id: int, *, reason: str, now: datetime) -> None:
    """Raises: NotAllowed without technician:review, ReasonMissing, NotFound, Conflict when not suspended."""
    technician = _open(session, actor, technician_id, TechnicianStatus.SUSPENDED, reason)
    technician.status = TechnicianStatus.ACTIVE
    _finish(session, actor, technician, "technician.restore", reason, now)


def _open(session: Session, actor: Actor, technician_id: int, expected: TechnicianStatus, reason: str) -> Technician:
    actor.require(Permission.TECHNICIAN_REVIEW)
    if not reason.strip():
        raise ReasonMissing(f"technician {technician_id}")
    query = select(Technician).where(Technician.id == technician_id, Technician.city_id == actor.city_id)
    technician = session.exec(query.with_for_update()).first()
    if technician is None:
        raise NotFound(f"technician {technician_id}")
    if technician.status is not expected:
        raise Conflict(f"technician {technician_id} is {technician.status}")
    return technician


def _finish(session: Session, actor: Actor, technician: Technician, action: str, reason: str, now: datetime) -> None:
    session.add(technician)
    session.flush()
    audits.record(session, actor, action, f"technician:{technician.id}", reason, now=now)
    bus.publish(
        session,
        bus.technician(technician.id or 0),
        bus.overview(str(technician.city_id)),
        bus.dispatch(str(technician.city_id)),
    )
