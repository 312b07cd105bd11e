"""The live city: simulated customers and technicians who act through the real services, so that all three faces have company.

Owns what they decide and how fast (`speed`: how many times faster than real a ride and a visit pass). It never acts for the log-ins
that a visitor may use, and decides from the database alone: stopped and started again, it goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlmodel import Session, col, select

from servicehub import clock, crypto
from servicehub.adapters.pictures import PictureStore
from servicehub.db import Database
from servicehub.demo import pictures
from servicehub.demo.people import VISITOR_CUSTOMER, VISITOR_TECHNICIAN
from servicehub.domain.access import Actor, Role
from servicehub.domain.geo import Point
from servicehub.domain.offer import DeclineReason, OfferStatus
from servicehub.domain.order import OrderMode, OrderStatus
from servicehub.errors import ServiceHubError
from servicehub.models.account import User
from servicehub.models.catalog import AddOn, City, ServiceItem
from servicehub.models.customer import Address
from servicehub.models.dispatch import Offer
from servicehub.models.order import Order, OrderPhoto, Review, load_checklist, planned_ahead
from servicehub.models.technician import Technician
from servicehub.queries.customer import catalog
from servicehub.services import dispatching, fulfilment, orders, photos, reviews, technicians
from servicehub.settings import Settings
from servicehub.workflows import checkout

STEP_S = 1.0
MOST_OPEN = 60
"""Simulated orders that may be alive at once."""
ENOUGH = 16
"""With so many a city looks lived in; until then orders come quickly."""
VISITORS_PATIENCE = 45
"""Most minutes, before they are sped up, that a simulated technician works at the visitor's."""
_log = logging.getLogger(__name__)
_S = OrderStatus


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is simulated."""

    city: City
    technicians: dict[int, Actor]
    """By technician id, the visitor's left out."""
    customers: dict[int, Actor]
    """By user id, the visitor's left out."""
    visitor_customer: int
    visitor_technician: int


_CUSTOMERS_TURN = (_S.AWAITING_BALANCE, _S.AWAITING_CONFIRM, _S.COMPLETED, _S.PENDING_PAYMENT)


class LiveCity:
    """One step looks at everything that is due and acts; steps never overlap."""

    def __init__(self, database: Database, settings: Settings, *, speed: float = 60, seed: int = 7) -> None:
        self.database, self.settings, self.speed = database, settings, max(speed, 1.0)
        self.random = Random(seed)
        self.pictures = PictureStore(settings.data_dir / "media")
        self.cast = database.read_now(_cast, settings.city)
        self.next_order_at = clock.now()

    async def run(self) -> None:
        """Act until cancelled."""
        await self._do(self._open_day)
        while True:
            try:
                await self.step(clock.now())
            except Exception:  # noqa: BLE001 - a stumble of one step must not end the city
                _log.exception("the live city stumbled")
            await asyncio.sleep(STEP_S)

    async def step(self, now: datetime) -> None:
        """Let everybody act who has a reason to at `now`."""
        await asyncio.to_thread(self._offers, now)
        await asyncio.to_thread(self._hall, now)
        for order in await self.database.read(_in_play, self.cast):
            await self._act(order, now)
        await self._shop(now)

    # -- technicians ------------------------------------------------------------------------------------------------------

    def _open_day(self) -> None:
        """Simulated technicians go online; the plan still decides when they get work."""
        for actor in self.cast.technicians.values():
            self._try(technicians.set_online, actor, on=True, now=clock.now())

    def _offers(self, now: datetime) -> None:
        for offer in self.database.read_now(_open_offers, self.cast):
            draw = Random(offer.id)
            if now < offer.created_at + timedelta(seconds=draw.uniform(3, 9)):
                continue
            actor = self.cast.technicians[offer.technician_id]
            if draw.random() < 0.1:
                self._try(dispatching.decline, actor, offer.id, draw.choice(list(DeclineReason)).value, now=now)
            else:
                self._try(dispatching.accept, actor, offer.id, now=now)

    def _hall(self, now: datetime) -> None:
        """Somebody takes what has hung in the hall for a while, so that a visitor has the first chance."""
        for no in self.database.read_now(_hanging, self.cast, now - timedelta(seconds=75)):
            some = self.random.sample(sorted(self.cast.technicians), min(6, len(self.cast.technicians)))
            for technician_id in some:
                if self._try(dispatching.grab, self.cast.technicians[technician_id], no, now=now):
                    break

    async def _act(self, order: Order, now: datetime) -> None:
        technician = self.cast.technicians.get(order.technician_id or 0)
        customer = self.cast.customers.get(order.customer_id)
        if technician is not None and order.status in (_S.ACCEPTED, _S.EN_ROUTE, _S.ARRIVED, _S.IN_SERVICE):
            await asyncio.to_thread(self._work, order, technician, now)
        elif customer is not None and order.lead_id is None and order.status in _CUSTOMERS_TURN:
            await self._finish(order, customer, now)

    def _work(self, order: Order, actor: Actor, now: datetime) -> None:
        """The next step of a visit, once enough (sped-up) time passed."""
        draw = Random(order.id)
        if order.status is _S.ACCEPTED and now >= self._leaves_at(order):
            self._try(fulfilment.depart, actor, order.no, now=now)
        elif order.status is _S.EN_ROUTE:
            self._ride(order, actor, now, max(18.0, draw.uniform(12, 26) * 60 / self.speed))
        elif order.lead_id is not None:
            return  # who leads the visit starts and finishes it
        elif order.status is _S.ARRIVED and now >= (order.arrived_at or now) + timedelta(seconds=5):
            code = crypto.decrypt(order.start_code_enc, "order.start_code")
            self._try(fulfilment.start, actor, order.no, code, now=now)
        elif order.status is _S.IN_SERVICE and now >= self._ends_at(order):
            self._wrap_up(order, actor, now)

    def _ends_at(self, order: Order) -> datetime:
        """A visit takes its time, sped up; a visitor's own is never so long that he would not wait for its end."""
        minutes = (order.end_at - order.start_at).total_seconds() / 60
        if order.customer_id == self.cast.visitor_customer:
            minutes = min(minutes, VISITORS_PATIENCE)
        return (order.started_at or clock.now()) + timedelta(seconds=max(20.0, minutes * 60 / self.speed))

    def _leaves_at(self, order: Order) -> datetime:
        """A visitor does not have to wait for the day of the visit; everybody else rides when it is time."""
        accepted = (order.accepted_at or order.created_at) + timedelta(seconds=8)
        if order.customer_id == self.cast.visitor_customer or order.is_immediate:
            return accepted
        return max(accepted, order.start_at - timedelta(minutes=22))

    def _ride(self, order: Order, actor: Actor, now: datetime, seconds: float) -> None:
        technician = self.database.read_now(_technician, actor.technician_id)
        begin = Point(technician.home_lat, technician.home_lng)
        share = min(1.0, (now - (order.departed_at or now)).total_seconds() / seconds)
        begin = _towards(Point(order.lat, order.lng), begin, most_m=4000)
        at = Point(begin.lat + (order.lat - begin.lat) * share, begin.lng + (order.lng - begin.lng) * share)
        self._try(technicians.report_position, actor, at.lat, at.lng, now=now)
        if share >= 1.0:
            self._try(fulfilment.arrive, actor, order.no, order.lat, order.lng, now=now)

    def _wrap_up(self, order: Order, actor: Actor, now: datetime) -> None:
        kinds = self.database.read_now(_photo_kinds, order.id or 0)
        for kind in ("before", "after"):
            if kind not in kinds:
                key = self.pictures.put(pictures.photo(order.id or 0, kind))
                self._try(photos.attach, actor, order.no, kind, key, now=now)
        for key in self.database.read_now(_open_checks, order.id or 0):
            self._try(fulfilment.tick, actor, order.no, key, done=True, now=now)
        self._try(fulfilment.finish, actor, order.no, now=now)

    # -- customers --------------------------------------------------------------------------------------------------------

    async def _finish(self, order: Order, actor: Actor, now: datetime) -> None:
        draw = Random(order.id)
        since = now - (order.finished_at or order.created_at)
        if order.status in (_S.PENDING_PAYMENT, _S.AWAITING_BALANCE):
            if timedelta(seconds=4) < since and (draw.random() < 0.95 or order.status is _S.AWAITING_BALANCE):
                await self._pay(actor, order.no)
        elif order.status is _S.AWAITING_CONFIRM and since > timedelta(seconds=draw.uniform(8, 30)):
            await self._do(self._try, orders.confirm, actor, order.no, now=now)
        elif order.status is _S.COMPLETED and draw.random() < 0.7 and since > timedelta(seconds=40):
            stars = draw.choices([5, 4, 3], [84, 12, 4])[0]
            tags = (
                draw.sample(["on_time", "careful", "friendly", "well_equipped"], 2) if stars > 3 else ["missed_corners"]
            )
            text = draw.choice(("很满意，下次还约。", "准时上门，收费透明。", "")) if stars > 3 else ""
            await self._do(self._try, reviews.create, actor, order.no, stars, tags, text, now=now)

    async def _pay(self, actor: Actor, no: str) -> None:
        try:
            await checkout.pay_in_simulator(self.database, actor, no, method=self.random.choice(("wechat", "alipay")))
        except ServiceHubError as refusal:
            _log.debug("payment of %s: %s", no, refusal)

    async def _shop(self, now: datetime) -> None:
        """New orders: quickly at first, then about two a minute; one for the visitor's technician when he waits."""
        idle = await self.database.read(_visitor_idle, self.cast, now)
        if now < self.next_order_at and not idle:
            return
        alive = await self.database.read(_alive, self.cast)
        pace = 4.0 if alive < ENOUGH else 25.0
        self.next_order_at = now + timedelta(seconds=self.random.uniform(0.6, 1.4) * pace)
        if alive < MOST_OPEN or idle:
            await self._book(now, for_visitor=idle)

    async def _book(self, now: datetime, *, for_visitor: bool) -> None:
        request = await self.database.read(_wish, self.cast, self.random, now, for_visitor=for_visitor)
        if request is None:
            return
        customer_id, wish = request
        actor = self.cast.customers[customer_id]
        try:
            no = await self.database.write(orders.create, actor, wish, now=now)
        except ServiceHubError as refusal:
            _log.debug("no booking: %s", refusal)
            return
        await self._pay(actor, no)

    # -- plumbing ---------------------------------------------------------------------------------------------------------

    def _try(self, command: Callable[..., Any], actor: Actor, *args: Any, **kw: Any) -> bool:
        """One command in its own transaction; a refusal is what happens to people too."""
        try:
            self.database.write_now(command, actor, *args, **kw)
        except ServiceHubError as refusal:
            _log.debug("%s: %s", command.__name__, refusal)
            return False
        return True

    @staticmethod
    async def _do(fn: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        return await asyncio.to_thread(fn, *args, **kw)


async def run(database: Database, settings: Settings, *, speed: float = 60) -> None:
    """Let the city live until cancelled."""
    city = await asyncio.to_thread(lambda: LiveCity(database, settings, speed=speed))
    await city.run()


def _towards(goal: Point, origin: Point, *, most_m: float) -> Point:
    """`origin`, pulled towards `goal` until it is at most about `most_m` away."""
    from_goal = max(abs(origin.lat - goal.lat) * 111_320, abs(origin.lng - goal.lng) * 95_400, 1.0)
    share = min(1.0, most_m / from_goal)
    return Point(goal.lat + (origin.lat - goal.lat) * share, goal.lng + (origin.lng - goal.lng) * share)


def _cast(session: Session, slug: str) -> Cast:
    city = session.exec(select(City).where(City.slug == slug)).one()
    users = session.exec(select(User).where(User.city_id == city.id)).all()
    by_phone = {crypto.blind_index("phone", crypto.phone_e164(p)): p for p in (VISITOR_CUSTOMER, VISITOR_TECHNICIAN)}
    visitors = {by_phone[u.phone_index]: u.id for u in users if u.phone_index in by_phone}
    team = {t.user_id: t.id or 0 for t in session.exec(select(Technician).where(Technician.city_id == city.id))}
    city_id = city.id or 0
    return Cast(
        city=city,
        technicians={
            team[u.id or 0]: Actor(
                user_id=u.id or 0, role=Role.TECHNICIAN, city_id=city_id, technician_id=team[u.id or 0]
            )
            for u in users
            if u.role is Role.TECHNICIAN and u.id != visitors.get(VISITOR_TECHNICIAN)
        },
        customers={
            u.id: Actor(user_id=u.id, role=Role.CUSTOMER, city_id=city_id)
            for u in users
            if u.role is Role.CUSTOMER and u.id and u.id != visitors.get(VISITOR_CUSTOMER)
        },
        visitor_customer=visitors.get(VISITOR_CUSTOMER) or 0,
        visitor_technician=team.get(visitors.get(VISITOR_TECHNICIAN), 0),
    )


def _open_offers(session: Session, cast: Cast) -> list[Offer]:
    found = session.exec(select(Offer).where(Offer.status == OfferStatus.OPEN)).all()
    return [offer for offer in found if offer.technician_id in cast.technicians]


def _hanging(session: Session, cast: Cast, before: datetime) -> list[str]:
    query = select(Order.no).where(
        Order.city_id == cast.city.id,
        Order.status == OrderStatus.MATCHING,
        Order.mode == OrderMode.GRAB,
        col(Order.created_at) < before,
    )
    return list(session.exec(query.limit(3)))


def _in_play(session: Session, cast: Cast) -> list[Order]:
    """Orders in which somebody simulated may have something to do; reviewed ones are left alone."""
    live = (
        _S.PENDING_PAYMENT,
        _S.ACCEPTED,
        _S.EN_ROUTE,
        _S.ARRIVED,
        _S.IN_SERVICE,
        _S.AWAITING_BALANCE,
        _S.AWAITING_CONFIRM,
    )
    acting = session.exec(select(Order).where(Order.city_id == cast.city.id, col(Order.status).in_(live))).all()
    recent = clock.now() - timedelta(minutes=5)
    done = session.exec(
        select(Order)
        .where(Order.city_id == cast.city.id, Order.status == _S.COMPLETED, col(Order.completed_at) > recent)
        .where(col(Order.id).not_in(select(Review.order_id)))
    ).all()
    return [*acting, *done]


def _technician(session: Session, technician_id: int) -> Technician:
    return session.get_one(Technician, technician_id)


def _photo_kinds(session: Session, order_id: int) -> set[str]:
    return set(session.exec(select(OrderPhoto.kind).where(OrderPhoto.order_id == order_id)))


def _open_checks(session: Session, order_id: int) -> list[str]:
    order = session.get_one(Order, order_id)
    return [line["key"] for line in load_checklist(session, order) if line["key"] not in order.checklist_done]


def _alive(session: Session, cast: Cast) -> int:
    live = (_S.PENDING_PAYMENT, _S.MATCHING, _S.ASSIGNED, _S.ACCEPTED, _S.EN_ROUTE, _S.ARRIVED, _S.IN_SERVICE)
    here = (Order.city_id == cast.city.id, col(Order.status).in_(live), ~planned_ahead(clock.now()))
    found = session.exec(select(Order.customer_id).where(*here)).all()
    return sum(customer_id in cast.customers for customer_id in found)


def _visitor_idle(session: Session, cast: Cast, now: datetime) -> bool:
    """Whether the visitor's technician waits for work: online for some seconds, nothing offered, nothing to do."""
    technician = session.get(Technician, cast.visitor_technician)
    if technician is None or not technician.is_online or (technician.online_at or now) > now - timedelta(seconds=6):
        return False
    recent = now - timedelta(seconds=60)
    offered = session.exec(
        select(Offer.id).where(Offer.technician_id == technician.id, col(Offer.created_at) > recent).limit(1)
    ).first()
    live = (_S.PENDING_PAYMENT, _S.MATCHING, _S.ASSIGNED, _S.ACCEPTED, _S.EN_ROUTE, _S.ARRIVED, _S.IN_SERVICE)
    busy = session.exec(
        select(Order.id)
        .where(col(Order.status).in_(live))
        .where((col(Order.technician_id) == technician.id) | (col(Order.requested_technician_id) == technician.id))
        .limit(1)
    ).first()
    return offered is None and busy is None


def _wish(
    session: Session, cast: Cast, random: Random, now: datetime, *, for_visitor: bool
) -> tuple[int, orders.BookingRequest] | None:
    """What a simulated customer wants next."""
    items = session.exec(
        select(ServiceItem).where(ServiceItem.city_id == cast.city.id, col(ServiceItem.published))
    ).all()
    picked = random.choice([i for i in items if i.skill == "cleaning"] if for_visitor else list(items))
    addresses = session.exec(
        select(Address).where(Address.city_id == cast.city.id, col(Address.removed_at).is_(None))
    ).all()
    able = [a for a in addresses if a.customer_id in cast.customers]
    if for_visitor:
        technician = session.get_one(Technician, cast.visitor_technician)
        able.sort(key=lambda a: abs(a.lat - technician.home_lat) + abs(a.lng - technician.home_lng))
        able = able[:12]
    if not able:
        return None
    address = random.choice(able)
    add_ons = session.exec(select(AddOn).where(AddOn.service_item_id == picked.id)).all()
    immediate = random.random() < 0.45 or for_visitor
    ahead = timedelta(days=random.choice((0, 1, 1, 2, 3)), minutes=30 * random.randint(4, 16))
    begins = (now + ahead).replace(second=0, microsecond=0)
    start = None if immediate else begins - timedelta(minutes=begins.minute % 30)
    beside = [] if for_visitor or random.random() > 0.2 else catalog.further(session, picked)[:4]
    return address.customer_id, orders.BookingRequest(
        service_slug=picked.slug,
        further=tuple((other.slug, other.min_quantity) for other in beside[random.randrange(4) :][:1]),
        quantity=picked.min_quantity,
        add_ons=tuple((a.slug, 1) for a in add_ons if random.random() < 0.15),
        address_id=address.id or 0,
        start_at=start,
        technician_id=cast.visitor_technician if for_visitor else None,
        gender=None,
        requirements=tuple(k for k in ("pets", "shoe_covers", "parking") if random.random() < 0.15),
        note="",
        coupon="none",
        price_hash=None,
        flexible_minutes=random.choice((0, 0, 60, 120)) if start is not None else 0,
        mode="grab" if random.random() < 0.18 and not for_visitor else "dispatch",
    )
