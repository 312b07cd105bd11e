"""Taking over finished orders of the past: what a company brings along from elsewhere, or a demo city's history.

The fast path of the same rules: prices by `domain.pricing`, fees by `domain.cancellation`, shares by `domain.settlement`, the log as
the machine would have written it, every amount posted to the ledger; only written in bulk. Nothing here touches a live order, and
no occupancy is taken: the past needs none. The caller promises that no two visits of a technician overlap (`overlaps` checks).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from servicehub import crypto
from servicehub.domain import cancellation, pricing, settlement
from servicehub.domain.access import Actor, Role
from servicehub.domain.geo import Point, distance_m
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import OrderEvent, OrderMode, OrderStatus, PaymentPlan
from servicehub.domain.payment import PaymentStatus, PlanItem, RefundStatus
from servicehub.domain.policy import OrderPolicy
from servicehub.models.catalog import AddOn, Category, City, District, ServiceItem
from servicehub.models.customer import Address
from servicehub.models.dispatch import Offer
from servicehub.models.order import Order, OrderLine, OrderLog, Review
from servicehub.models.payment import Earning, Payment, Refund
from servicehub.models.technician import Technician
from servicehub.services import ledger, order_numbers, policies
from servicehub.services.pricing import FEE_NAMES, add_on_terms, item_terms

Outcome = Literal["finished", "cancelled_free", "cancelled_late", "expired", "no_show"]
CHANNEL = "simulator"


@dataclass(frozen=True, slots=True)
class PastReview:
    stars: int
    tags: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class PastOrder:
    """One order of the past. `late_minutes` after the planned start the technician arrived (negative: before)."""

    customer_id: int
    address_id: int
    item_id: int
    technician_id: int | None
    created_at: datetime
    start_at: datetime
    outcome: Outcome
    quantity: int = 1
    add_ons: tuple[tuple[str, int], ...] = ()
    late_minutes: int = -4
    travel_minutes: int = 18
    review: PastReview | None = None


@dataclass(slots=True)
class Rows:
    """What one order becomes, before ids are known."""

    order: dict[str, Any]
    lines: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    payments: list[dict[str, Any]] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=list)
    earning: dict[str, Any] | None = None
    review: dict[str, Any] | None = None
    entries: list[tuple[str, str, datetime, dict[str, int]]] = field(default_factory=list)
    """(key, kind, at, lines); `{o}` in keys and accounts stands for the order's id."""


@dataclass(frozen=True, slots=True)
class Books:
    """What pricing and settling need to know, read once."""

    city: City
    zone: ZoneInfo
    policy_id: int
    policy: OrderPolicy
    items: dict[int, ServiceItem]
    add_ons: dict[tuple[int, str], AddOn]
    categories: dict[int, str]
    districts: dict[int, Point]
    addresses: dict[int, Address]
    technicians: dict[int, Technician]


def import_orders(
    session: Session, actor: Actor, city_id: int, past: Sequence[PastOrder], *, now: datetime, seed: int = 0
) -> int:
    """Write the past orders of a city in bulk; returns how many. Only the platform itself may."""
    actor.require_role(Role.SYSTEM)
    books = _read(session, city_id, past, now)
    random = Random(seed)
    numbers = order_numbers.many(random, books.city, [p.created_at for p in past])
    written = [_compose(books, p, no, now) for p, no in zip(past, numbers, strict=True)]
    _store(session, written)
    _count(session, books, past)
    return len(written)


def overlaps(windows: Iterable[tuple[int, datetime, datetime]]) -> list[tuple[int, datetime]]:
    """Visits (technician, start, end) that begin before the same technician's previous one ended."""
    ordered = sorted(windows)
    return [(b[0], b[1]) for a, b in pairwise(ordered) if a[0] == b[0] and b[1] < a[2]]


def _read(session: Session, city_id: int, past: Sequence[PastOrder], now: datetime) -> Books:
    city = session.get_one(City, city_id)
    policy_id, policy = policies.order_policy(session, city_id, now)
    items = session.exec(select(ServiceItem).where(ServiceItem.city_id == city_id)).all()
    add_ons = session.exec(select(AddOn).where(col(AddOn.service_item_id).in_([i.id for i in items]))).all()
    wanted = {p.address_id for p in past}
    return Books(
        city,
        ZoneInfo(city.timezone),
        policy_id,
        policy,
        {i.id or 0: i for i in items},
        {(a.service_item_id, a.slug): a for a in add_ons},
        {c.id or 0: c.slug for c in session.exec(select(Category).where(Category.city_id == city_id))},
        {d.id or 0: Point(d.lat, d.lng) for d in session.exec(select(District).where(District.city_id == city_id))},
        {a.id or 0: a for a in session.exec(select(Address).where(Address.city_id == city_id)) if a.id in wanted},
        {t.id or 0: t for t in session.exec(select(Technician).where(Technician.city_id == city_id))},
    )


def _compose(books: Books, past: PastOrder, no: str, now: datetime) -> Rows:
    item, address = books.items[past.item_id], books.addresses[past.address_id]
    quoted = pricing.renamed(
        pricing.quote(
            item_terms(item),
            past.quantity,
            [(add_on_terms(books.add_ons[past.item_id, slug]), count) for slug, count in past.add_ons],
            start_local=past.start_at.astimezone(books.zone),
            distance_m=round(distance_m(books.districts[address.district_id], Point(address.lat, address.lng))),
            is_immediate=False,
            policy=books.policy.fees,
        ),
        FEE_NAMES,
    )
    order = _order_row(books, past, no, item, address, quoted)
    rows = Rows(order)
    rows.lines = [
        {
            "kind": line.kind, "ref": line.ref, "name_zh": line.name_zh, "name_en": line.name_en,
            "quantity": line.quantity, "unit_fen": line.unit_fen, "amount_fen": line.amount_fen,
        }
        for line in quoted.lines
    ]  # fmt: skip
    _Story(books, past, rows, quoted, now).tell()
    return rows


def _order_row(
    books: Books, past: PastOrder, no: str, item: ServiceItem, address: Address, quoted: pricing.Quote
) -> dict[str, Any]:
    return {
        "city_id": books.city.id, "no": no, "district_id": address.district_id, "customer_id": past.customer_id,
        "service_item_id": item.id, "category_id": item.category_id, "technician_id": past.technician_id,
        "requested_technician_id": None, "version": 1, "deadline_at": None, "mode": OrderMode.DISPATCH, "is_immediate": False,
        "round": 1, "dispatch_at": None, "priority": 0, "quantity": past.quantity, "start_at": past.start_at,
        "end_at": past.start_at + timedelta(minutes=quoted.duration_minutes), "gender": None, "requirements": [], "note_enc": "",
        "reschedules": 0, "area": address.area, "detail_enc": _copied(address.detail_enc, "detail"),
        "contact_enc": _copied(address.contact_enc, "contact"), "phone_enc": _copied(address.phone_enc, "phone"),
        "lat": address.lat, "lng": address.lng, "payment_plan": item.payment_plan, "total_fen": quoted.total_fen,
        "first_due_fen": quoted.first_due_fen, "coupon_grant_id": None, "policy_id": books.policy_id, "commission": {},
        "start_code_enc": "", "start_code_tries": 0, "checklist_done": [line["key"] for line in item.checklist],
        "created_at": past.created_at, "paid_at": None, "accepted_at": None, "departed_at": None, "arrived_at": None,
        "started_at": None, "finished_at": None, "completed_at": None, "cancelled_at": None, "settled_at": None,
    }  # fmt: skip


def _copied(token: str, name: str) -> str:
    return crypto.encrypt(crypto.decrypt(token, f"address.{name}"), f"order.{name}")


class _Story:
    """One past order from its creation to its end, told as log rows, payments and ledger entries."""

    def __init__(self, books: Books, past: PastOrder, rows: Rows, quoted: pricing.Quote, now: datetime) -> None:
        self.books, self.past, self.rows, self.quoted, self.now = books, past, rows, quoted, now
        self.order = rows.order
        self.status: OrderStatus | None = None
        self.paid_fen = 0

    def tell(self) -> None:
        """Fill the rows."""
        past, plan = self.past, self.order["payment_plan"]
        self.step(
            "created",
            OrderStatus.MATCHING if plan is PaymentPlan.AFTER else OrderStatus.PENDING_PAYMENT,
            past.created_at,
            Role.CUSTOMER,
        )
        if past.outcome == "expired" and plan is not PaymentPlan.AFTER:
            self.step(OrderEvent.PAY_TIMEOUT, OrderStatus.EXPIRED, past.created_at + timedelta(minutes=15), Role.SYSTEM)
            self.order["cancelled_at"] = past.created_at + timedelta(minutes=15)
            self.order["technician_id"] = None
            return
        paid_at = past.created_at + timedelta(seconds=70)
        if plan is not PaymentPlan.AFTER:
            self.pay(
                PlanItem.FULL if plan is PaymentPlan.FULL else PlanItem.DEPOSIT, self.quoted.first_due_fen, paid_at
            )
            self.step(OrderEvent.PAY, OrderStatus.MATCHING, paid_at, Role.SYSTEM)
        if past.outcome in ("cancelled_free", "expired"):
            self.cancel(paid_at + timedelta(minutes=3))
            self.order["technician_id"] = None
            return
        self.accept(paid_at)
        if past.outcome == "cancelled_late":
            self.cancel(max(past.start_at - timedelta(minutes=70), paid_at + timedelta(minutes=9)))
            return
        self.visit()

    def step(self, event: OrderEvent | str, target: OrderStatus, at: datetime, role: Role, **data: Any) -> None:
        """One row of the log; the order's status follows."""
        actor = {Role.CUSTOMER: self.past.customer_id, Role.TECHNICIAN: 0, Role.SYSTEM: 0, Role.OPERATOR: 0}[role]
        if role is Role.TECHNICIAN and self.past.technician_id:
            actor = self.books.technicians[self.past.technician_id].user_id
        name = event.value if isinstance(event, OrderEvent) else event
        row = {
            "at": at,
            "event": name,
            "source": self.status,
            "target": target,
            "actor_role": role,
            "actor_id": actor,
            "reason": "",
            "data": data,
        }
        self.rows.log.append(row)
        self.status = self.order["status"] = target
        self.order["version"] = len(self.rows.log)

    def pay(self, item: PlanItem, amount_fen: int, at: datetime) -> None:
        """Money arrives."""
        if amount_fen <= 0:
            return
        no = f"P{self.order['no']}{item.value[0].upper()}"
        self.rows.payments.append({
            "no": no, "item": item, "channel": CHANNEL, "method": "wechat" if int(self.order["no"][-1]) < 7 else "alipay",
            "amount_fen": amount_fen, "status": PaymentStatus.KEPT, "channel_no": f"S{no}", "created_at": at - timedelta(seconds=25),
            "expires_at": at + timedelta(minutes=14), "paid_at": at,
        })  # fmt: skip
        self.rows.entries.append(
            (f"pay:{no}", "payment", at, {f"cash:{CHANNEL}": amount_fen, "escrow:{o}": -amount_fen})
        )
        self.paid_fen += amount_fen
        self.order["paid_at"] = self.order["paid_at"] or at

    def accept(self, paid_at: datetime) -> None:
        """Dispatched, offered and accepted."""
        technician = self.books.technicians[self.past.technician_id or 0]
        rate = self.books.policy.commission.rate(technician.level, self.books.policy.version)
        take_home = settlement.take_home(
            self.quoted.lines, rate=rate, pass_through=self.books.policy.commission.pass_through
        )
        offered, accepted = (
            paid_at + timedelta(seconds=2),
            paid_at + timedelta(seconds=8 + int(self.order["no"][-2:]) // 3),
        )
        self.step(OrderEvent.DISPATCH, OrderStatus.ASSIGNED, offered, Role.SYSTEM, technician_id=technician.id)
        self.step(OrderEvent.ACCEPT, OrderStatus.ACCEPTED, accepted, Role.TECHNICIAN)
        self.order["accepted_at"] = accepted
        self.order["commission"] = {"rule": rate.rule, "rate_bp": rate.bp, "net_fen": take_home}
        metres = round(
            distance_m(Point(technician.home_lat, technician.home_lng), Point(self.order["lat"], self.order["lng"]))
        )
        self.rows.offers.append({
            "technician_id": technician.id, "round": 1, "status": OfferStatus.ACCEPTED, "created_at": offered,
            "deadline_at": offered + timedelta(seconds=45), "answered_at": accepted, "decline_reason": None, "take_home_fen": take_home,
            "distance_m": metres, "travel_minutes": self.past.travel_minutes, "reasons": ["nearest"],
        })  # fmt: skip

    def cancel(self, at: datetime) -> None:
        """The customer cancels; the fee by the policy."""
        self.end(OrderEvent.CANCEL, Role.CUSTOMER, at)

    def end(self, event: OrderEvent, by: Role, at: datetime) -> None:
        """Cancelled with its money sent where it belongs."""
        quote = cancellation.fee(
            self.books.policy.cancellation, status=self.status or OrderStatus.MATCHING, paid_fen=self.paid_fen, total_fen=self.quoted.total_fen,
            paid_at=self.order["paid_at"], start_at=self.past.start_at, now=at, travel_fee_fen=self.quoted.of_kind("travel"), by=by,
        )  # fmt: skip
        self.step(
            event, OrderStatus.CANCELLED, at, by, fee_fen=quote.fee_fen, refund_fen=quote.refund_fen, rule=quote.rule
        )
        self.order["cancelled_at"] = at
        if quote.fee_fen:
            self.earn(
                "cancellation_fee",
                at,
                at + timedelta(days=self.books.policy.settlement.cancellation_days),
                quote.technician_fen,
                quote.platform_fen,
            )
        left = quote.refund_fen
        for number, payment in enumerate(self.rows.payments):
            part = min(left, payment["amount_fen"])
            if part:
                self.refund(payment, number, part, at)
                left -= part

    def refund(self, payment: dict[str, Any], number: int, amount_fen: int, at: datetime) -> None:
        """Promised, sent, confirmed."""
        no, done = f"R{self.order['no']}{number}", at + timedelta(minutes=2)
        self.rows.refunds.append({
            "no": no, "payment": number, "amount_fen": amount_fen, "reason": "cancelled", "status": RefundStatus.SUCCEEDED,
            "tries": 1, "created_at": at, "done_at": done,
        })  # fmt: skip
        self.rows.entries.append(
            (f"refund-due:{no}", "refund_due", at, {"escrow:{o}": amount_fen, "refund_due:{o}": -amount_fen})
        )
        self.rows.entries.append(
            (f"refund:{no}", "refund", done, {"refund_due:{o}": amount_fen, f"cash:{payment['channel']}": -amount_fen})
        )

    def visit(self) -> None:
        """Depart, arrive, serve, pay the rest, confirm, settle; or find nobody at home."""
        past, order = self.past, self.order
        arrived = past.start_at + timedelta(minutes=past.late_minutes)
        departed = arrived - timedelta(minutes=past.travel_minutes)
        self.step(OrderEvent.DEPART, OrderStatus.EN_ROUTE, departed, Role.TECHNICIAN)
        self.step(OrderEvent.ARRIVE, OrderStatus.ARRIVED, arrived, Role.TECHNICIAN, distance_m=25)
        order |= {"departed_at": departed, "arrived_at": arrived}
        if past.outcome == "no_show":
            self.end(OrderEvent.CUSTOMER_NO_SHOW, Role.TECHNICIAN, max(arrived, past.start_at) + timedelta(minutes=16))
            return
        started, finished = (
            arrived + timedelta(minutes=2),
            order["end_at"] + timedelta(minutes=max(past.late_minutes, -3)),
        )
        self.step(OrderEvent.START, OrderStatus.IN_SERVICE, started, Role.TECHNICIAN)
        due = self.quoted.total_fen - self.paid_fen
        order |= {"started_at": started, "finished_at": finished}
        if due > 0:
            self.step(OrderEvent.FINISH_DUE, OrderStatus.AWAITING_BALANCE, finished, Role.TECHNICIAN)
            item = PlanItem.FULL if order["payment_plan"] is PaymentPlan.AFTER else PlanItem.BALANCE
            self.pay(item, due, finished + timedelta(minutes=2))
            self.step(
                OrderEvent.PAY_BALANCE, OrderStatus.AWAITING_CONFIRM, finished + timedelta(minutes=2), Role.SYSTEM
            )
        else:
            self.step(OrderEvent.FINISH_PAID, OrderStatus.AWAITING_CONFIRM, finished, Role.TECHNICIAN)
        self.complete(finished + timedelta(minutes=22))

    def complete(self, at: datetime) -> None:
        """Confirmed and settled; matured and closed where the time has come; reviewed."""
        policy, order = self.books.policy, self.order
        technician = self.books.technicians[self.past.technician_id or 0]
        item = self.books.items[self.past.item_id]
        self.step(OrderEvent.CONFIRM, OrderStatus.COMPLETED, at, Role.CUSTOMER)
        order |= {"completed_at": at, "settled_at": at}
        rate = policy.commission.rate(technician.level, policy.version)
        shares = settlement.settle(self.quoted.lines, rate=rate, pass_through=policy.commission.pass_through)
        matures = policy.settlement.matures_at(technician.level, self.books.categories[item.category_id], at)
        self.earn("service", at, matures, shares.net_fen, shares.commission_fen, shares)
        closes = at + timedelta(days=item.warranty_days)
        if closes <= self.now:
            self.step(OrderEvent.AFTERSALE_END, OrderStatus.CLOSED, closes, Role.SYSTEM)
        else:
            order["deadline_at"] = closes
        if (review := self.past.review) is not None:
            self.rows.review = {
                "customer_id": self.past.customer_id, "technician_id": technician.id, "service_item_id": item.id, "stars": review.stars,
                "tags": list(review.tags), "text": review.text, "created_at": at + timedelta(minutes=40),
            }  # fmt: skip

    def earn(
        self,
        kind: str,
        at: datetime,
        matures_at: datetime,
        net_fen: int,
        platform_fen: int,
        shares: settlement.Split | None = None,
    ) -> None:
        """The technician's part, pending or matured, and the platform's, out of the escrow."""
        technician_id = self.past.technician_id or 0
        matured = matures_at if matures_at <= self.now else None
        self.rows.earning = {
            "technician_id": technician_id, "kind": kind, "labour_fen": shares.labour_fen if shares else net_fen,
            "pass_through_fen": shares.pass_through_fen if shares else 0, "coupon_share_fen": 0, "commission_fen": platform_fen if shares else 0,
            "rule": shares.rule if shares else "cancellation", "net_fen": net_fen, "created_at": at, "matures_at": matures_at,
            "matured_at": matured, "frozen": False,
        }  # fmt: skip
        income = ledger.COMMISSION if shares else ledger.CANCELLATION_INCOME
        pending = f"t_pending:{technician_id}:{{o}}"
        key = "settle" if shares else "cancel"
        self.rows.entries.append(
            (
                f"{key}:{{o}}",
                "settlement" if shares else "cancellation",
                at,
                {"escrow:{o}": net_fen + platform_fen, income: -platform_fen, pending: -net_fen},
            )
        )
        if matured is not None:
            self.rows.entries.append(
                ("mature:{o}", "mature", matured, {pending: net_fen, f"t_avail:{technician_id}": -net_fen})
            )


def _store(session: Session, written: list[Rows]) -> None:
    ids = _insert(session, Order, [rows.order for rows in written])
    payment_ids = iter(
        _insert(session, Payment, [p | {"order_id": i} for i, r in zip(ids, written, strict=True) for p in r.payments])
    )
    lines, log, offers, refunds, earnings, reviews, entries = [], [], [], [], [], [], []
    for order_id, rows in zip(ids, written, strict=True):
        of = {"order_id": order_id}
        lines += [row | of for row in rows.lines]
        log += [row | of for row in rows.log]
        offers += [row | of for row in rows.offers]
        paid = [next(payment_ids) for _ in rows.payments]
        refunds += [
            {k: v for k, v in row.items() if k != "payment"} | of | {"payment_id": paid[row["payment"]]}
            for row in rows.refunds
        ]
        earnings += [rows.earning | of] if rows.earning else []
        reviews += [rows.review | of] if rows.review else []
        entries += [
            ledger.Entry(
                key.replace("{o}", str(order_id)),
                kind,
                f"order:{order_id}",
                {a.replace("{o}", str(order_id)): v for a, v in amounts.items() if v},
                at,
            )
            for key, kind, at, amounts in rows.entries
        ]
    for table, values in (
        (OrderLine, lines),
        (OrderLog, log),
        (Offer, offers),
        (Refund, refunds),
        (Earning, earnings),
        (Review, reviews),
    ):
        if values:
            session.execute(sa.insert(table), values)
    ledger.post_many(session, entries)


def _insert(session: Session, table: type[SQLModel], values: list[dict[str, Any]]) -> list[int]:
    if not values:
        return []
    key = sa.inspect(table).primary_key[0]
    return list(session.scalars(sa.insert(table).returning(key, sort_by_parameter_order=True), values))


def _count(session: Session, books: Books, past: Sequence[PastOrder]) -> None:
    """The counters that live work keeps: done, on time, offers, ratings, sold."""
    for technician in books.technicians.values():
        own = [p for p in past if p.technician_id == technician.id and p.outcome not in ("cancelled_free", "expired")]
        visited = [p for p in own if p.outcome in ("finished", "no_show")]
        stars = [p.review.stars for p in own if p.review is not None and p.outcome == "finished"]
        technician.done_count += sum(p.outcome == "finished" for p in own)
        technician.offers_feasible += len(own) + len(own) // 9
        technician.offers_accepted += len(own)
        technician.arrived_count += len(visited)
        technician.on_time_count += sum(p.late_minutes <= 10 for p in visited)
        technician.rating_sum += sum(stars)
        technician.rating_count += len(stars)
        session.add(technician)
    for item in books.items.values():
        own = [p for p in past if p.item_id == item.id and p.outcome == "finished"]
        stars = [p.review.stars for p in own if p.review is not None]
        item.sold_count += len(own)
        item.rating_sum += sum(stars)
        item.rating_count += len(stars)
        session.add(item)
    session.flush()
