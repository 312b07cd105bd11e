"""Add-ons with everybody at once, on both databases: paid once, and either part of the visit before it ends or sent back."""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.access import Actor
from servicehub.domain.channel import Report
from servicehub.domain.order import PaymentPlan
from servicehub.domain.payment import PaymentStatus, PlanItem
from servicehub.domain.proposal import ProposalStatus
from servicehub.errors import ProposalGone, ProposalOpen, ServiceHubError
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.models.proposal import Proposal
from servicehub.services import fulfilment, ledger, orders, payments, photos, proposals
from tests.crowd import at_once
from tests.journey import World
from tests.services.test_proposals import offering, pay, propose

_S = ProposalStatus


@pytest.mark.parametrize("count", [2, 40])
def test_two_payments_for_one_add_on_are_one_and_the_others_go_back(database: Database, count: int) -> None:
    def prepare(session: Session) -> tuple[World, list[Report]]:
        world = offering(session)
        order = world.in_service()
        proposal = propose(world, order)
        opened = [pay(world, order, proposal, f"m{i}") for i in range(count)]
        return world, [Report("simulator", f"a{p.no}", "payment", p.no, p.amount_fen, f"c{p.no}") for p in opened]

    world, reports = database.write_now(prepare)

    def hear(session: Session, report: Report) -> str:
        outcome = payments.record(session, report, now=world.now)
        orders.payment_recorded(session, outcome, now=world.now)
        return outcome.kind.value

    outcomes = at_once(count, lambda i: database.write_now(hear, reports[i]))

    assert Counter(outcomes) == {"paid": 1, "extra": count - 1}
    addon = select(Payment.status).where(Payment.item == PlanItem.ADDON)
    statuses = Counter(database.read_now(lambda s: list(s.exec(addon))))
    assert (statuses[PaymentStatus.KEPT], statuses[PaymentStatus.EXTRA]) == (1, count - 1)
    assert database.read_now(lambda s: s.exec(select(Order.total_fen)).one()) == 13_000
    assert database.read_now(lambda s: sum(s.exec(select(Refund.amount_fen)))) == 3_000 * (count - 1)
    assert database.read_now(ledger.verify) == []


def test_the_database_itself_keeps_one(database: Database) -> None:
    def twice(session: Session) -> None:
        world = offering(session)
        order = world.in_service()
        proposal = propose(world, order)
        first, second = pay(world, order, proposal), pay(world, order, proposal, "alipay")
        for payment in (first, second):
            payment.status = PaymentStatus.KEPT
            session.add(payment)
        with pytest.raises(sa.exc.IntegrityError, match=r"addon|proposal_id"):
            session.flush()
        raise _Enough

    with pytest.raises(_Enough):
        database.write_now(twice)


class _Enough(Exception):
    """Nothing of this is to be kept."""


def test_finishing_and_paying_at_once_end_one_way_or_the_other(database: Database) -> None:
    """Five visits: each payment is kept before the visit has ended, or it goes back."""

    def prepare(session: Session) -> tuple[World, list[tuple[Actor, str, Report]]]:
        world = offering(session, technicians=5)
        visits = []
        for i in range(5):
            start = world.town.local("2026-03-03 14:00")
            order = world.accepted(start_at=start, technician_id=world.technicians[i].technician_id)
            visits.append(order)
        found = []
        for order in visits:
            world.serve(order)
            actor = world.technician(order.technician_id)
            for kind in ("before", "after"):
                photos.attach(session, actor, order.no, kind, f"{kind}-{order.no}", now=world.now)
            p = pay(world, order, propose(world, order))
            found.append((actor, order.no, Report("simulator", p.no, "payment", p.no, p.amount_fen, f"c{p.no}")))
        return world, found

    world, visits = database.write_now(prepare)

    def hear(session: Session, report: Report) -> None:
        orders.payment_recorded(session, payments.record(session, report, now=world.now), now=world.now)

    def act(i: int) -> object:
        actor, no, report = visits[i // 2]
        if i % 2:
            return database.write_now(hear, report)
        return database.write_now(fulfilment.finish, actor, no, now=world.now)

    outcomes = at_once(10, act)

    assert {o.code for o in outcomes if isinstance(o, ServiceHubError)} <= {"order_changed"}
    for proposal, order, payment in database.read_now(_visits):
        kept = proposal is _S.ADDED
        assert payment is (PaymentStatus.KEPT if kept else PaymentStatus.LATE)
        assert order == (13_000 if kept else 10_000)
    assert database.read_now(ledger.verify) == []


def _visits(session: Session) -> list[tuple[ProposalStatus, int, PaymentStatus]]:
    query = (
        select(Proposal.status, Order.total_fen, Payment.status)
        .join(Order, col(Order.id) == col(Proposal.order_id))
        .join(Payment, col(Payment.proposal_id) == col(Proposal.id))
    )
    return list(session.exec(query).all())


def test_of_many_yeses_and_noes_one_counts(database: Database) -> None:
    """A balance is still to come, so a yes is all that is needed."""

    def prepare(session: Session) -> tuple[World, str, int]:
        world = offering(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=3_000)
        order = world.in_service()
        return world, order.no, propose(world, order).id or 0

    world, no, proposal_id = database.write_now(prepare)
    acts = (proposals.accept, proposals.decline)

    outcomes = at_once(20, lambda i: database.write_now(acts[i % 2], world.customer, no, proposal_id, now=world.now))

    assert Counter(type(outcome) for outcome in outcomes) == {type(None): 1, ProposalGone: 19}
    status = database.read_now(lambda s: s.exec(select(Proposal.status)).one())
    total = database.read_now(lambda s: s.exec(select(Order.total_fen)).one())
    assert (status, total) in ((_S.ADDED, 13_000), (_S.DECLINED, 10_000))


def test_of_many_proposals_one_waits(database: Database) -> None:
    def prepare(session: Session) -> tuple[World, Actor, str]:
        world = offering(session)
        order = world.in_service()
        return world, world.technician(order.technician_id), order.no

    world, actor, no = database.write_now(prepare)

    outcomes = at_once(20, lambda _i: database.write_now(proposals.propose, actor, no, (("oven", 1),), now=world.now))

    assert Counter(type(outcome) for outcome in outcomes) == {Proposal: 1, ProposalOpen: 19}
