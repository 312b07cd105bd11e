"""Showing an order's contact data to an operator who says why. Every look is audited; nothing is shown without a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from servicehub import crypto
from servicehub.domain.access import Actor, Permission
from servicehub.errors import ReasonMissing
from servicehub.services import audits, transitions


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    phone: str
    """E.164."""
    address: str


def reveal(session: Session, actor: Actor, no: str, *, reason: str, now: datetime) -> Contact:
    """The customer's contact for the order `no`, in clear.

    Raises: NotAllowed without contact:reveal, ReasonMissing, NotFound.
    """
    actor.require(Permission.CONTACT_REVEAL)
    if not reason.strip():
        raise ReasonMissing(no)
    order = transitions.load(session, actor, no)
    audits.record(session, actor, "contact.reveal", f"order:{no}", reason, now=now)
    return Contact(
        name=crypto.decrypt(order.contact_enc, "order.contact"),
        phone=crypto.decrypt(order.phone_enc, "order.phone"),
        address=f"{order.area} {crypto.decrypt(order.detail_enc, 'order.detail')}",
    )
