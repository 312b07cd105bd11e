"""Add-ons that are sold during the visit: proposed by who leads it, answered by its customer, and then lines of the order.

How one is paid follows from the order. Where nothing of the price is left to be paid, the add-on is paid at once, by a payment of
its own (item `addon`), and belongs to the order only when the money is here: who has paid everything before is never sent a bill
afterwards. Where a balance is still to come (a deposit was paid, or the visit is paid afterwards, guaranteed or not) the add-on
joins it with the customer's yes: one payment at the end instead of two in an hour, no new promise that he has not given already,
and a guarantee takes its part of the sum while what goes beyond it is asked for as a balance.

Owns the rows of `sh_proposal` and the lines that they add. The lines that were sold are never touched. What is not answered, or not
paid, lapses with the visit; money that comes later goes back (`payments.mark_late`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import SYSTEM, Actor, Role
from servicehub.domain.channel import Scene
from servicehub.domain.order import OrderStatus
from servicehub.domain.proposal import LIVING, ProposalStatus, extras
from servicehub.errors import Invalid, NotFound, ProposalGone, ProposalOpen, TransitionRefused
from servicehub.models.order import Order, OrderLine
from servicehub.models.payment import Payment
from servicehub.models.proposal import Proposal, extras_of, load_add_ons, load_had, load_living, may_propose
from servicehub.models.technician import Technician
from servicehub.services import crews, notices, payments, scheduling, settlements, sums, transitions

_S = ProposalStatus
MOST_KINDS = 8
"""Different add-ons in one proposal."""


def propose(session: Session, actor: Actor, no: str, wanted: Sequence[tuple[str, int]], *, now: datetime) -> Proposal:
    """Offer the customer add-ons of the order's service: `wanted` are (slug, how many); the catalogue says the rest.

    Raises: NotFound for somebody else's job, TransitionRefused outside the service or for a companion, ProposalOpen while another
    one waits, Invalid for what the catalogue does not have, or not so often in one visit.
    """
    actor.require_role(Role.TECHNICIAN)
    order = _locked(session, actor, no)
    if not may_propose(order):
        raise TransitionRefused(no, state=order.status.value, event="addon")
    if load_living(session, order) is not None:
        raise ProposalOpen(no)
    known = load_add_ons(session, order)
    if len(wanted) > MOST_KINDS or any(slug not in known for slug, _count in wanted):
        raise Invalid(f"add-ons of {no}")
    more = extras([(known[slug], count) for slug, count in wanted], load_had(session, order))
    amount_fen = sum(extra.amount_fen for extra in more)
    proposal = Proposal(
        order_id=order.id or 0,
        technician_id=actor.technician_id,
        status=_S.OPEN,
        lines=[extra.document() for extra in more],
        amount_fen=amount_fen,
        minutes=sum(extra.minutes for extra in more),
        at_once=amount_fen > 0 and sums.balance_due(session, order) == 0,
        created_at=now,
    )
    session.add(proposal)
    session.flush()
    _note(session, order, proposal, "addon_proposed", actor, now)
    notices.tell_customer(session, order, "addon_proposed", key=f"addon:{proposal.id}", now=now, amount_fen=amount_fen)
    return proposal


def withdraw(session: Session, actor: Actor, no: str, proposal_id: int, *, now: datetime) -> None:
    """Take a proposal back that was not paid. Raises: NotFound for somebody else's job, ProposalGone."""
    actor.require_role(Role.TECHNICIAN)
    order = _locked(session, actor, no)
    _end(session, order, _living(session, order, proposal_id), _S.WITHDRAWN, actor, now)


def decline(session: Session, actor: Actor, no: str, proposal_id: int, *, now: datetime) -> None:
    """The customer does not want it, also after having gone to pay. Raises: NotFound for somebody else's order, ProposalGone."""
    actor.require_role(Role.CUSTOMER)
    order = _locked(session, actor, no)
    proposal = _living(session, order, proposal_id)
    _end(session, order, proposal, _S.DECLINED, actor, now)
    _tell_technician(session, order, proposal, "addon_declined", now)


def accept(session: Session, actor: Actor, no: str, proposal_id: int, *, now: datetime) -> None:
    """The customer wants what joins the balance: it is part of the order from now on.

    Raises: NotFound for somebody else's order, ProposalGone, Invalid for what has to be paid at once.
    """
    actor.require_role(Role.CUSTOMER)
    order = _locked(session, actor, no)
    proposal = _living(session, order, proposal_id)
    if proposal.at_once:
        raise Invalid(f"proposal {proposal_id} is paid at once")
    _add(session, order, proposal, actor, now)


def pay(
    session: Session,
    actor: Actor,
    order: Order,
    proposal_id: int,
    channel: str,
    method: str,
    *,
    now: datetime,
    ours: Collection[str] = (),
    scene: Scene = Scene.PHONE,
) -> Payment:
    """The customer wants what is paid at once: its payment, stored before the channel is asked.

    Raises: NotFound for somebody else's order, ProposalGone, Invalid for what joins the balance; as `payments.open_payment`.
    """
    if actor.role is not Role.CUSTOMER or actor.user_id != order.customer_id:
        raise NotFound(f"order {order.no}")
    payments.lock_order(session, order.id or 0)
    session.refresh(order)
    proposal = _living(session, order, proposal_id)
    if not proposal.at_once:
        raise Invalid(f"proposal {proposal_id} joins the balance")
    payment = payments.open_add_on(session, order, proposal, channel, method, ours=ours, scene=scene, now=now)
    if proposal.status is _S.OPEN:
        proposal.status = _S.ACCEPTED
        session.add(proposal)
        session.flush()
        transitions.hint(session, order)
    return payment


def paid(session: Session, order: Order, payment: Payment, *, now: datetime) -> None:
    """The money is here: the add-on becomes part of the order, or the money goes back if it has ended meanwhile.

    The caller has locked the order.
    """
    proposal = _of(session, order, payment.proposal_id or 0)
    told = {"key": f"addon:{payment.no}", "now": now, "amount_fen": payment.amount_fen}
    if proposal.status not in LIVING or not may_propose(order):
        payments.mark_late(session, payment, reason="addon_late", now=now)
        notices.tell_customer(session, order, "addon_late", **told)
        transitions.hint(session, order)
        return
    told["amount_fen"] = payments.keep(session, payment, now=now)
    _add(session, order, proposal, SYSTEM, now)
    payments.close_of(session, proposal.id or 0)  # what was opened at another channel
    notices.tell_customer(session, order, "addon_paid", **told)


def lapse(session: Session, order: Order, *, now: datetime) -> None:
    """The visit has ended: nothing more is added to it. The caller has moved the order."""
    if (proposal := load_living(session, order)) is not None:
        _end(session, order, proposal, _S.LAPSED, SYSTEM, now)


def _add(session: Session, order: Order, proposal: Proposal, actor: Actor, now: datetime) -> None:
    """New lines, a higher price, a later end; everybody of the crew is promised his part of it."""
    _move(session, proposal, _S.ADDED, now)
    session.add_all(
        OrderLine(
            order_id=order.id or 0,
            kind=extra.kind,
            ref=extra.slug,
            name_zh=extra.name_zh,
            name_en=extra.name_en,
            quantity=extra.quantity,
            unit_fen=extra.unit_fen,
            amount_fen=extra.amount_fen,
            proposal_id=proposal.id,
        )
        for extra in extras_of(proposal)
    )
    session.flush()
    longer = timedelta(minutes=proposal.minutes)
    for member in _crew(session, order):
        if longer and member.status is OrderStatus.IN_SERVICE:
            scheduling.prolong(session, member, member.end_at + longer)
        more = proposal.amount_fen if member is order else 0
        transitions.amend(
            session,
            member,
            total_fen=member.total_fen + more,
            end_at=member.end_at + longer,
            deadline_at=member.deadline_at + 2 * longer if member.deadline_at else None,
            commission=settlements.promise(session, member),
        )
    _note(session, order, proposal, "addon_added", actor, now)
    _tell_technician(session, order, proposal, "addon_added", now)


def _crew(session: Session, order: Order) -> list[Order]:
    """Everybody who is still in the visit, the lead first."""
    found = [order]
    for companion in crews.companions(session, order):
        session.refresh(companion, with_for_update=True)
        if companion.finished_at is None:
            found.append(companion)
    return found


def _locked(session: Session, actor: Actor, no: str) -> Order:
    """The actor's order, with its money locked. Raises: NotFound."""
    order = transitions.load(session, actor, no)
    payments.lock_order(session, order.id or 0)
    session.refresh(order)
    return order


def _of(session: Session, order: Order, proposal_id: int) -> Proposal:
    query = select(Proposal).where(Proposal.order_id == order.id, Proposal.id == proposal_id)
    found = session.exec(query.execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(f"proposal {proposal_id} of {order.no}")
    return found


def _living(session: Session, order: Order, proposal_id: int) -> Proposal:
    """Raises: NotFound, ProposalGone when it has ended."""
    found = _of(session, order, proposal_id)
    if found.status not in LIVING or not may_propose(order):
        raise ProposalGone(order.no)
    return found


def _end(
    session: Session, order: Order, proposal: Proposal, status: ProposalStatus, actor: Actor, now: datetime
) -> None:
    _move(session, proposal, status, now)
    payments.close_of(session, proposal.id or 0)
    _note(session, order, proposal, f"addon_{status.value}", actor, now)


def _move(session: Session, proposal: Proposal, status: ProposalStatus, now: datetime) -> None:
    """Raises: ProposalGone when it has ended."""
    moved = session.execute(
        sa.update(Proposal)
        .where(col(Proposal.id) == proposal.id, col(Proposal.status).in_(LIVING))
        .values(status=status, ended_at=now)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise ProposalGone(f"proposal {proposal.id}")
    session.refresh(proposal)


def _note(session: Session, order: Order, proposal: Proposal, event: str, actor: Actor, now: datetime) -> None:
    data = {"proposal": proposal.id, "amount_fen": proposal.amount_fen, "minutes": proposal.minutes}
    transitions.note(session, order, event, actor, now=now, data=data)


def _tell_technician(session: Session, order: Order, proposal: Proposal, kind: str, now: datetime) -> None:
    user_id = session.get_one(Technician, proposal.technician_id).user_id
    link, key = f"/technician/job/{order.no}/", f"{kind}:{proposal.id}"
    notices.send(session, user_id, kind, key=key, now=now, link=link, amount_fen=proposal.amount_fen)
