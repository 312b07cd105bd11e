"""Who comes to a visit of several people: the lead, the companions, and the seats that nobody was found for."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlmodel import Session, col, select

from servicehub.domain.order import OrderStatus
from servicehub.models.order import Order, load_companions
from servicehub.models.technician import Technician
from servicehub.texts import N_, Locale, say
from servicehub.viewmodels.crew import Mate

_UNFILLED = (OrderStatus.PENDING_PAYMENT,)


def mates(
    session: Session,
    order: Order,
    *,
    locale: Locale,
    says: Callable[[OrderStatus], str],
    named: Collection[OrderStatus],
    link: Callable[[Order, Technician | None], str] = lambda _order, _technician: "",
) -> tuple[Mate, ...]:
    """Everybody of the order's visit, the lead first; nobody for a visit of one person or one that is not paid.

    `says` words a status; a technician is named in the statuses `named`.
    """
    if order.crew_size == 1 or order.status in _UNFILLED:
        return ()
    lead = order if order.lead_id is None else session.get_one(Order, order.lead_id)
    members = [lead, *load_companions(session, [lead.id or 0])[lead.id or 0]]
    ids = [member.technician_id for member in members if member.technician_id is not None]
    people = {t.id: t for t in session.exec(select(Technician).where(col(Technician.id).in_(ids)))}
    found = [_mate(member, people.get(member.technician_id), locale, says, named, link) for member in members]
    short = Mate(role=say(locale, N_("Companion")), state="missing", state_text=say(locale, N_("Nobody found")))
    empty = set(range(1, lead.crew_size)) - {member.seat for member in members}
    return (*found, *(_keyed(short, f"{lead.no}-{seat}") for seat in sorted(empty)))


def _mate(
    member: Order,
    technician: Technician | None,
    locale: Locale,
    says: Callable[[OrderStatus], str],
    named: Collection[OrderStatus],
    link: Callable[[Order, Technician | None], str],
) -> Mate:
    known = technician if member.status in named else None
    return Mate(
        key=member.no,
        name=known.name if known else "",
        art=known.portrait if known else "",
        role=say(locale, N_("Leads the visit") if member.lead_id is None else N_("Companion")),
        state=member.status.value,
        state_text=says(member.status),
        link=link(member, known),
    )


def _keyed(mate: Mate, key: str) -> Mate:
    return Mate(key, mate.name, mate.art, mate.role, mate.state, mate.state_text, mate.link)
