"""An order's way through the services, as short commands for tests. Built on `tests.city`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.channel import Report
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import OrderStatus
from servicehub.domain.policy import DEFAULT_POLICIES
from servicehub.models.catalog import Policy
from servicehub.models.customer import Address
from servicehub.models.dispatch import Offer
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.order import Order, is_planned_ahead
from servicehub.models.payment import Payment
from servicehub.models.technician import Technician
from servicehub.services import dispatching, fulfilment, orders, payments, photos
from servicehub.services.orders import BookingRequest
from servicehub.services.payments import Outcome
from tests import city
from tests.city import CENTRE, NOW, Town


@dataclass
class World:
    """A town with an address for its customer and technicians who are online. `now` moves only when told."""

    session: Session
    town: Town
    customer: Actor
    address_id: int
    technicians: list[Actor]
    now: datetime = NOW
    events: int = field(default=0)

    def later(self, **by: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(**by)
        return self.now

    def request(self, **changes: Any) -> BookingRequest:
        """A wish for the town's service tomorrow at two."""
        slug = self.session.get_one(city.ServiceItem, self.town.item_id).slug
        values: dict[str, Any] = {
            "service_slug": slug, "quantity": 1, "add_ons": (), "address_id": self.address_id,
            "start_at": self.town.local("2026-03-03 14:00"),
        }  # fmt: skip
        return BookingRequest(**{**values, **changes})

    def book(self, **changes: Any) -> Order:
        """A placed order."""
        no = orders.create(self.session, self.customer, self.request(**changes), now=self.now)
        return self.order(no)

    def order(self, no: str) -> Order:
        return self.session.exec(select(Order).where(Order.no == no)).one()

    def open_payment(self, order: Order) -> Payment:
        item, _ = payments.due(self.session, order)
        return payments.open_payment(self.session, self.customer, order, item, "simulator", "wechat", now=self.now)

    def report(self, payment: Payment, amount_fen: int | None = None) -> Outcome:
        """The channel says that it was paid."""
        self.events += 1
        report = Report(
            "simulator",
            f"event-{self.events}",
            "payment",
            payment.no,
            amount_fen or payment.amount_fen,
            f"c{self.events}-{payment.no}"[:64],
        )
        outcome = payments.record(self.session, report, now=self.now)
        orders.payment_recorded(self.session, outcome, now=self.now)
        return outcome

    def pay(self, order: Order) -> Outcome:
        return self.report(self.open_payment(order))

    def dispatch(self) -> int:
        """One look at what is due."""
        return dispatching.run_due(self.session, self.now)

    def offer(self, order: Order) -> Offer:
        """The order's open offer."""
        return self.session.exec(
            select(Offer).where(Offer.order_id == order.id, Offer.status == OfferStatus.OPEN)
        ).one()

    def technician(self, technician_id: int | None) -> Actor:
        return next(a for a in self.technicians if a.technician_id == technician_id)

    def firm(self, order: Order) -> None:
        """Let time pass until the order's technician is asked."""
        if is_planned_ahead(order, self.now) and order.dispatch_at:
            self.now = order.dispatch_at
            self.dispatch()

    def accepted(self, **changes: Any) -> Order:
        """An order that somebody accepted."""
        order = self.book(**changes)
        if order.status is OrderStatus.PENDING_PAYMENT:
            self.pay(order)
        self.take(order)
        return order

    def take(self, order: Order) -> None:
        """Somebody is found and accepts."""
        self.later(seconds=1)
        self.dispatch()
        self.firm(order)
        offer = self.offer(order)
        dispatching.accept(self.session, self.technician(offer.technician_id), offer.id or 0, now=self.now)

    def in_service(self, **changes: Any) -> Order:
        """An order whose visit has begun, on time."""
        order = self.accepted(**changes)
        self.serve(order)
        return order

    def serve(self, order: Order) -> None:
        """The visit begins, on time."""
        actor = self.technician(order.technician_id)
        self.now = max(self.now, order.start_at - timedelta(minutes=30))
        fulfilment.depart(self.session, actor, order.no, now=self.now)
        self.now = max(self.now, order.start_at)
        fulfilment.arrive(self.session, actor, order.no, order.lat, order.lng, now=self.now)
        self.start(order)

    def start(self, order: Order) -> None:
        """The customer shows the code."""
        code = crypto.decrypt(order.start_code_enc, "order.start_code")
        assert fulfilment.start(self.session, self.technician(order.technician_id), order.no, code, now=self.now)

    def finish(self, order: Order) -> None:
        """The planned end, with photos."""
        actor = self.technician(order.technician_id)
        for kind in ("before", "after"):
            photos.attach(self.session, actor, order.no, kind, f"{kind}-{order.no}", now=self.now)
        self.now = order.end_at
        fulfilment.finish(self.session, actor, order.no, now=self.now)

    def finished(self, **changes: Any) -> Order:
        """An order whose visit has ended."""
        order = self.in_service(**changes)
        self.finish(order)
        return order

    def completed(self, **changes: Any) -> Order:
        """A finished, paid and confirmed order."""
        order = self.finished(**changes)
        if order.status is OrderStatus.AWAITING_BALANCE:
            self.pay(order)
        orders.confirm(self.session, self.customer, order.no, now=self.now)
        return order


def build(session: Session, *, technicians: int = 2, **item: Any) -> World:
    """A world with `technicians` online technicians near the centre."""
    town = city.build(session, **item)
    policy = session.get_one(Policy, town.policy_id)
    policy.document = DEFAULT_POLICIES["order"]
    session.add(policy)
    address = Address(
        city_id=town.city_id, customer_id=town.customer_id, district_id=town.district_id, area="梧桐里花园",
        detail_enc=crypto.encrypt("3 号 502 室", "address.detail"), contact_enc=crypto.encrypt("林女士", "address.contact"),
        phone_enc=crypto.encrypt("+8619900000001", "address.phone"), lat=CENTRE[0], lng=CENTRE[1], is_default=True, created_at=NOW,
    )  # fmt: skip
    session.add(address)
    session.flush()
    team = [
        city.add_technician(session, town, home=city.north(0.5 + i * 0.2), is_online=True) for i in range(technicians)
    ]
    return World(
        session,
        town,
        Actor(user_id=town.customer_id, role=Role.CUSTOMER, city_id=town.city_id),
        address.id or 0,
        [actor_of(t) for t in team],
    )


def without_free(world: World) -> World:
    """The world with a fee for every late cancellation, the first one of a month too."""
    policy = world.session.get_one(Policy, world.town.policy_id)
    terms = policy.document["cancellation"] | {"free_per_month": 0}
    policy.document = policy.document | {"cancellation": terms}
    world.session.add(policy)
    world.session.flush()
    return world


def actor_of(technician: Technician) -> Actor:
    return Actor(
        user_id=technician.user_id, role=Role.TECHNICIAN, city_id=technician.city_id, technician_id=technician.id or 0
    )


def operator(world: World, role: OperatorRole = OperatorRole.ADMIN) -> Actor:
    """An operator of the world's city, with a user row (the audit trail refers to it)."""
    n = len(world.session.exec(select(col(city.User.id))).all())
    user = city.User(
        city_id=world.town.city_id,
        role=Role.OPERATOR,
        phone_enc="x",
        phone_index=f"operator-{n}",
        operator_role=role,
        created_at=NOW,
    )
    world.session.add(user)
    world.session.flush()
    return Actor(user_id=user.id or 0, role=Role.OPERATOR, city_id=world.town.city_id, operator_role=role)


def entries_of(session: Session, ref: str) -> list[tuple[JournalEntry, dict[str, int]]]:
    """The entries about `ref` with their lines, in order of posting."""
    entries = session.exec(select(JournalEntry).where(JournalEntry.ref == ref).order_by(col(JournalEntry.id))).all()
    lines: dict[int, dict[str, int]] = {entry.id or 0: {} for entry in entries}
    query = select(Posting).where(col(Posting.entry_id).in_(lines)).order_by(col(Posting.account))
    for posting in session.exec(query):
        lines[posting.entry_id][posting.account] = posting.amount_fen
    return [(entry, lines[entry.id or 0]) for entry in entries]
