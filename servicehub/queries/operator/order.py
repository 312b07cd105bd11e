"""One order as operators see it: head, history, money, dispatch reasons, photos, audit rows, and what may be done with it.

Contact data is masked; `services.contacts` reveals it against a reason. Dispatch decisions are shown as they were stored.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.access import Actor, Permission
from servicehub.domain.chargeback import GONE
from servicehub.domain.order import ORDER, OrderEvent, OrderStatus
from servicehub.domain.payment import PRICE_ITEMS, PaymentStatus, RefundStatus
from servicehub.errors import NotFound
from servicehub.models.account import User
from servicehub.models.catalog import District, ServiceItem
from servicehub.models.chargeback import Chargeback
from servicehub.models.delay import Delay
from servicehub.models.order import Order, OrderLine, OrderPhoto, Review
from servicehub.models.payment import Payment, Refund
from servicehub.models.technician import Technician
from servicehub.queries import crew, guarantees, visit
from servicehub.queries.entries import short
from servicehub.queries.operator import order_history, words
from servicehub.queries.operator.division import division
from servicehub.queries.operator.orders import PHONE_CONTEXT, masked_phone
from servicehub.queries.operator.scope import city_of, guard, orders_of
from servicehub.texts import N_, Locale, formats, money, pick, say
from servicehub.viewmodels.operator import MoneyRow, OrderPage, OrderSheet, Person, PhotoRow, PriceRow

_E = OrderEvent
_PAY_TONES = {"kept": "done", "pending": "wait", "extra": "after", "late": "after", "closed": "cancel"}
_REFUND_TONES = {"new": "wait", "sent": "go", "succeeded": "done", "failed": "after", "balance": "done"}
_HOLD_TONES = {
    "waiting": "wait", "held": "go", "capturing": "go", "captured": "done", "releasing": "go", "released": "idle",
    "failed": "after",
}  # fmt: skip
_BANK_TONES = {"inquiry": "after", "open": "after", "won": "done", "lost": "cancel", "dropped": "idle"}
_NAMED = frozenset(OrderStatus)
"""Operators see everybody."""
_SCHEDULED = (OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.PENDING_PAYMENT)


def page(session: Session, actor: Actor, no: str, *, locale: Locale, now: datetime) -> OrderPage:
    """Raises: NotAllowed without order:read, NotFound outside the actor's city or districts."""
    guard(actor, Permission.ORDER_READ)
    found = session.execute(
        sa.select(Order, User, ServiceItem, District, Technician)
        .join(User, col(User.id) == Order.customer_id)
        .join(ServiceItem, col(ServiceItem.id) == Order.service_item_id)
        .join(District, col(District.id) == Order.district_id)
        .outerjoin(Technician, col(Technician.id) == Order.technician_id)
        .where(*orders_of(actor), col(Order.no) == no)
    ).first()
    if found is None:
        raise NotFound(f"order {no}")
    order: Order = found[0]
    tz, reads = city_of(session, actor).timezone, actor.may(Permission.LEDGER_READ)
    payments = session.exec(select(Payment).where(Payment.order_id == order.id).order_by(col(Payment.id))).all()
    refunds = session.exec(select(Refund).where(Refund.order_id == order.id).order_by(col(Refund.id))).all()
    moved = _money(list(payments), list(refunds), tz, locale) + _charged_back(session, order, tz, locale)
    moved = [replace(row, short=short(row.no), trace=row.no if reads else "") for row in moved]
    moved += _guaranteed(session, order, tz, locale)
    sheet = _Sheet(session, actor, order, tz, locale, now).make(found, list(payments), list(refunds))
    history = order_history.History(session, actor, order, tz, locale, now)
    return OrderPage(
        sheet=sheet,
        log=history.log(),
        money=tuple(sorted(moved, key=lambda row: row.when)),
        books=history.entries(),
        decisions=history.decisions(),
        offers=history.offers(),
        proposals=history.proposals(),
        photos=_photos(session, order, locale),
        audits=history.audits(),
    )


class _Sheet:
    """Builds the head of the page."""

    def __init__(self, session: Session, actor: Actor, order: Order, tz: str, locale: Locale, now: datetime) -> None:
        self.session, self.actor, self.order = session, actor, order
        self.tz, self.locale, self.now = tz, locale, now

    def make(self, found: Any, payments: list[Payment], refunds: list[Refund]) -> OrderSheet:
        order, customer, item, district, technician = found
        kept = [p for p in payments if p.status is PaymentStatus.KEPT and p.item in PRICE_ITEMS]
        paid = sum(p.amount_fen for p in kept)
        back = sum(
            r.amount_fen
            for r in refunds
            if r.status is not RefundStatus.FAILED and r.payment_id in {p.id for p in kept}
        )
        left = round((order.deadline_at - self.now).total_seconds()) if order.deadline_at else 0
        review = self.session.exec(select(Review).where(Review.order_id == order.id)).first()
        dead = order.status in _SCHEDULED
        return OrderSheet(
            no=order.no,
            service=visit.title(self.locale, item, order),
            facts=self._facts(),
            status=order.status.value,
            status_text=self._word(words.STATUS, order.status.value),
            sla_s=left,
            has_sla=order.deadline_at is not None and left < 86_400,
            visit=formats.span(order.start_at, order.end_at, self.now, self.tz, locale=self.locale),
            placed=formats.stamp(order.created_at, self.tz),
            mode=self._word(words.MODE, order.mode.value),
            plan=self._word(words.PLAN, order.payment_plan.value),
            area=order.area,
            district=pick(self.locale, district.name_zh, district.name_en),
            contact=_masked_contact(order),
            phone=masked_phone(order),
            requirements=", ".join(self._word(words.REQUIREMENT, r) for r in order.requirements),
            customer=self._customer(customer),
            technician=self._technician(technician),
            crew=crew.mates(
                self.session,
                order,
                locale=self.locale,
                says=lambda status: self._word(words.STATUS, status.value),
                named=_NAMED,
                link=lambda member, _person: f"/operator/orders/{member.no}/",
            ),
            has_technician=technician is not None,
            lines=self._lines(),
            total=formats.amount(order.total_fen, always_decimals=True),
            paid=formats.yuan(paid, always_decimals=True),
            refunded=formats.yuan(back, always_decimals=True),
            due=formats.yuan(0 if dead else max(0, order.total_fen - paid), always_decimals=True),
            actions=_actions(order, self.actor, paid - back),
            review=review.text if review else "",
            stars=str(review.stars) if review else "",
            lat=order.lat,
            lng=order.lng,
            late=self._late(),
            division=division(self.session, order, locale=self.locale),
        )

    def _late(self) -> str:
        delay = self.session.get(Delay, self.order.id)
        if delay is None or self.order.status not in (OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE):
            return ""
        behind = self.session.get(Order, delay.behind_id) if delay.behind_id else None
        text = (
            N_(
                "Expected to begin at {time}, {minutes} min late: the visit before it, {no}, ends too late. "
                "Somebody else may be asked."
            )
            if behind
            else N_("Expected to begin at {time}, {minutes} min late: the way is too long. Somebody else may be asked.")
        )
        time = formats.clock_time(delay.begins_at, self.tz)
        return say(
            self.locale, text, time=time, minutes=delay.minutes, no=formats.order_tail(behind.no) if behind else ""
        )

    def _word(self, table: dict[str, str], key: str) -> str:
        return words.word(self.locale, table, key)

    def _facts(self) -> str:
        order = self.order
        minutes = int((order.end_at - order.start_at).total_seconds()) // 60
        parts = [f"× {order.quantity}"] if order.quantity > 1 else []
        parts.append(formats.duration(minutes, locale=self.locale))
        parts += [people] if (people := formats.crew(order.crew_size, locale=self.locale)) else []
        parts.append(
            say(self.locale, "As soon as possible") if order.is_immediate else self._word(words.MODE, order.mode.value)
        )
        return " · ".join(parts)

    def _customer(self, user: User) -> Person:
        name = user.display_name or say(self.locale, "Customer")
        return Person(
            id=user.id or 0,
            name=name,
            note=say(self.locale, "Customer"),
            portrait="cu-1",
            phone=masked_phone(self.order),
            link="",
        )

    def _technician(self, technician: Technician | None) -> Person:
        if technician is None:
            return Person(id=0, name="", note="", portrait="", phone="", link="")
        level = self._word(words.LEVEL, technician.level.value)
        return Person(
            id=technician.id or 0, name=technician.name, note=level, portrait=technician.portrait, phone="",
            link=f"/operator/technicians/{technician.id}/",
        )  # fmt: skip

    def _lines(self) -> tuple[PriceRow, ...]:
        lines = self.session.exec(
            select(OrderLine).where(OrderLine.order_id == self.order.id).order_by(col(OrderLine.id))
        ).all()
        return tuple(
            PriceRow(
                name=pick(self.locale, line.name_zh, line.name_en),
                note=" · ".join(
                    part
                    for part in (
                        f"{formats.yuan(line.unit_fen)} × {line.quantity}" if line.quantity > 1 else "",
                        say(self.locale, N_("Added during the visit")) if line.proposal_id else "",
                    )
                    if part
                ),
                amount=formats.yuan(line.amount_fen, always_decimals=True),
                is_discount=line.amount_fen < 0,
            )
            for line in lines
        )


def _actions(order: Order, actor: Actor, refundable_fen: int) -> tuple[str, ...]:
    """What the machine allows an operator from here, narrowed by the role's permissions; services check both again."""
    events = set(ORDER.events(order.status, actor.role))
    may = actor.may
    found = []
    if _E.DISPATCH in events and may(Permission.DISPATCH_ASSIGN):
        found.append("assign")
    if _E.REASSIGN in events and may(Permission.DISPATCH_ASSIGN):
        found.append("reassign")
    if _E.FORCE_CANCEL in events and may(Permission.ORDER_CANCEL):
        found.append("cancel")
    if {_E.RESOLVE_REFUND, _E.RESOLVE_REJECT} & events and may(Permission.ORDER_REFUND):
        found.append("resolve")
    if refundable_fen > 0 and order.status is not OrderStatus.DISPUTED and may(Permission.ORDER_REFUND):
        found.append("refund")
    if order.lead_id is None and may(Permission.WALLET_CREDIT):
        found.append("credit")
    if may(Permission.CONTACT_REVEAL):
        found.append("reveal")
    return tuple(found)


def _masked_contact(order: Order) -> str:
    try:
        return formats.mask_name(crypto.decrypt(order.contact_enc, CONTACT_CONTEXT))
    except crypto.Undecipherable:
        return "**"


CONTACT_CONTEXT = PHONE_CONTEXT.replace("phone", "contact")


def _money(payments: list[Payment], refunds: list[Refund], tz: str, locale: Locale) -> list[MoneyRow]:
    def word(table: dict[str, str], key: str) -> str:
        return words.word(locale, table, key)

    rows = [
        MoneyRow(
            no=p.no, title=word(money.PLAN_ITEMS, p.item.value), note=word(money.METHODS, p.method or p.channel),
            when=formats.stamp(p.paid_at or p.created_at, tz), amount=formats.yuan(p.amount_fen, always_decimals=True),
            tone=_PAY_TONES[p.status.value], state=word(money.PAYMENT_STATUSES, p.status.value),
        )
        for p in payments
    ]  # fmt: skip
    rows += [
        MoneyRow(
            no=r.no, title=say(locale, "Refund"), note=word(money.REFUND_REASONS, r.reason),
            when=formats.stamp(r.done_at or r.created_at, tz), amount=formats.yuan(-r.amount_fen, always_decimals=True),
            tone=_REFUND_TONES[r.status.value], state=word(money.REFUND_STATUSES, r.status.value),
        )
        for r in refunds
    ]  # fmt: skip
    return rows


def _guaranteed(session: Session, order: Order, tz: str, locale: Locale) -> list[MoneyRow]:
    """Guarantees: what a channel holds for the order, which is no money of ours."""
    return [
        MoneyRow(
            no=f"{row.no}-held", title=say(locale, guarantees.NAMES[row.channel]), note=row.no,
            when=formats.stamp(row.ended_at or row.capture_at or row.held_at or row.created_at, tz),
            amount=formats.yuan(row.amount_fen, always_decimals=True),
            tone=_HOLD_TONES[row.status.value], state=guarantees.state(row, locale),
        )
        for row in guarantees.of_order(session, order)
    ]  # fmt: skip


def _charged_back(session: Session, order: Order, tz: str, locale: Locale) -> list[MoneyRow]:
    """What banks asked about or took back; an amount where it was taken and is gone."""
    rows = session.exec(select(Chargeback).where(Chargeback.order_id == order.id).order_by(col(Chargeback.id)))
    return [
        MoneyRow(
            no=row.no, title=say(locale, N_("Chargeback")), note="",
            when=formats.stamp(row.returned_at or row.taken_at or row.created_at, tz),
            amount=formats.yuan(-row.amount_fen if row.status in GONE else 0, always_decimals=True),
            tone=_BANK_TONES[row.status.value], state=words.word(locale, money.CHARGEBACKS, row.status.value),
        )
        for row in rows
    ]  # fmt: skip


def _photos(session: Session, order: Order, locale: Locale) -> tuple[PhotoRow, ...]:
    kinds = {
        "before": say(locale, "Before photo"),
        "after": say(locale, "After photo"),
        "review": say(locale, "Review photo"),
    }
    rows = session.exec(select(OrderPhoto).where(OrderPhoto.order_id == order.id).order_by(col(OrderPhoto.id))).all()
    return tuple(PhotoRow(src=f"/api/photos/{row.key}", alt=kinds.get(row.kind, row.kind)) for row in rows)
