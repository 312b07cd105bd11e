"""One past order from its creation to its end, told as log rows, payments and ledger entries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from servicehub import crypto
from servicehub.domain import cancellation, pricing, settlement
from servicehub.domain.access import Role
from servicehub.domain.commission import Case, Rate
from servicehub.domain.geo import Point, distance_m
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import OrderEvent, OrderMode, OrderStatus, PaymentPlan
from servicehub.domain.payment import PaymentStatus, PlanItem, RefundStatus
from servicehub.models.catalog import ServiceItem, add_on_terms, item_terms
from servicehub.models.customer import Address
from servicehub.services import ledger
from servicehub.services.chronicle.values import CHANNEL, Books, PastOrder, Rows
from servicehub.services.pricing import FEE_NAMES


def compose(books: Books, past: PastOrder, no: str, now: datetime) -> Rows:
    """What the past order becomes."""
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
            "kind": line.kind,
            "ref": line.ref,
            "name_zh": line.name_zh,
            "name_en": line.name_en,
            "quantity": line.quantity,
            "unit_fen": line.unit_fen,
            "amount_fen": line.amount_fen,
        }
        for line in quoted.lines
    ]
    _Story(books, past, rows, quoted, now).tell()
    return rows


def _order_row(
    books: Books, past: PastOrder, no: str, item: ServiceItem, address: Address, quoted: pricing.Quote
) -> dict[str, Any]:
    return {
        "city_id": books.city.id,
        "no": no,
        "district_id": address.district_id,
        "customer_id": past.customer_id,
        "service_item_id": item.id,
        "category_id": item.category_id,
        "technician_id": past.technician_id,
        "requested_technician_id": None,
        "version": 1,
        "deadline_at": None,
        "mode": OrderMode.DISPATCH,
        "is_immediate": False,
        "round": 1,
        "dispatch_at": None,
        "priority": 0,
        "quantity": past.quantity,
        "start_at": past.start_at,
        "end_at": past.start_at + timedelta(minutes=quoted.duration_minutes),
        "gender": None,
        "requirements": [],
        "note_enc": "",
        "reschedules": 0,
        "area": address.area,
        "detail_enc": _copied(address.detail_enc, "detail"),
        "contact_enc": _copied(address.contact_enc, "contact"),
        "phone_enc": _copied(address.phone_enc, "phone"),
        "lat": address.lat,
        "lng": address.lng,
        "payment_plan": item.payment_plan,
        "total_fen": quoted.total_fen,
        "first_due_fen": quoted.first_due_fen,
        "coupon_grant_id": None,
        "policy_id": books.policy_id,
        "commission": {},
        "start_code_enc": "",
        "start_code_tries": 0,
        "checklist_done": [line["key"] for line in item.checklist],
        "created_at": past.created_at,
        "paid_at": None,
        "accepted_at": None,
        "departed_at": None,
        "arrived_at": None,
        "started_at": None,
        "finished_at": None,
        "completed_at": None,
        "cancelled_at": None,
        "settled_at": None,
    }


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
        self.rows.payments.append(
            {
                "no": no,
                "item": item,
                "channel": CHANNEL,
                "method": "wechat" if int(self.order["no"][-1]) < 7 else "alipay",
                "amount_fen": amount_fen,
                "status": PaymentStatus.KEPT,
                "channel_no": f"S{no}",
                "created_at": at - timedelta(seconds=25),
                "expires_at": at + timedelta(minutes=14),
                "paid_at": at,
            }
        )
        self.rows.entries.append(
            (f"pay:{no}", "payment", at, {f"cash:{CHANNEL}": amount_fen, "escrow:{o}": -amount_fen})
        )
        self.paid_fen += amount_fen
        self.order["paid_at"] = self.order["paid_at"] or at

    def accept(self, paid_at: datetime) -> None:
        """Dispatched, offered and accepted."""
        technician = self.books.technicians[self.past.technician_id or 0]
        split = self.split()
        take_home = split.net_fen
        offered, accepted = (
            paid_at + timedelta(seconds=2),
            paid_at + timedelta(seconds=8 + int(self.order["no"][-2:]) // 3),
        )
        self.step(OrderEvent.DISPATCH, OrderStatus.ASSIGNED, offered, Role.SYSTEM, technician_id=technician.id)
        self.step(OrderEvent.ACCEPT, OrderStatus.ACCEPTED, accepted, Role.TECHNICIAN)
        self.order["accepted_at"] = accepted
        self.order["commission"] = split.as_document()
        metres = round(
            distance_m(Point(technician.home_lat, technician.home_lng), Point(self.order["lat"], self.order["lng"]))
        )
        self.rows.offers.append(
            {
                "technician_id": technician.id,
                "round": 1,
                "status": OfferStatus.ACCEPTED,
                "created_at": offered,
                "deadline_at": offered + timedelta(seconds=45),
                "answered_at": accepted,
                "decline_reason": None,
                "take_home_fen": take_home,
                "distance_m": metres,
                "travel_minutes": self.past.travel_minutes,
                "reasons": ["nearest"],
            }
        )

    def split(self) -> settlement.Split:
        """The price divided by the rule that wins for this visit, the same at acceptance and at settlement."""
        commission, item = self.books.policy.commission, self.books.items[self.past.item_id]
        technician = self.books.technicians[self.past.technician_id or 0]
        day = self.past.start_at.astimezone(self.books.zone).date()
        case = Case(self.books.categories[item.category_id], technician.level, technician.id or 0, day)
        rate: Rate = commission.choose(case, self.books.policy.version)
        return settlement.settle(self.quoted.lines, rate=rate, pass_through=commission.pass_through)

    def cancel(self, at: datetime) -> None:
        """The customer cancels; the fee by the policy."""
        self.end(OrderEvent.CANCEL, Role.CUSTOMER, at)

    def end(self, event: OrderEvent, by: Role, at: datetime) -> None:
        """Cancelled with its money sent where it belongs."""
        policy, free_left = self.books.cancelled_by(self.order, at)
        quote = cancellation.fee(
            policy,
            status=self.status or OrderStatus.MATCHING,
            paid_fen=self.paid_fen,
            total_fen=self.quoted.total_fen,
            paid_at=self.order["paid_at"],
            start_at=self.past.start_at,
            now=at,
            travel_fee_fen=self.quoted.of_kind("travel"),
            by=by,
            free_left=free_left,
        )
        if quote.rule == cancellation.LATE_FREE:
            self.rows.free = self.books.use_free(self.order, at)
        self.step(
            event, OrderStatus.CANCELLED, at, by, fee_fen=quote.fee_fen, refund_fen=quote.refund_fen, rule=quote.rule
        )
        self.order["cancelled_at"] = at
        if quote.fee_fen:
            matures_at = at + timedelta(days=self.books.policy.settlement.cancellation_days)
            self.earn("cancellation_fee", at, matures_at, quote.technician_fen, quote.platform_fen)
        left = quote.refund_fen
        for number, payment in enumerate(self.rows.payments):
            part = min(left, payment["amount_fen"])
            if part:
                self.refund(payment, number, part, at)
                left -= part

    def refund(self, payment: dict[str, Any], number: int, amount_fen: int, at: datetime) -> None:
        """Promised, sent, confirmed."""
        no, done = f"R{self.order['no']}{number}", at + timedelta(minutes=2)
        self.rows.refunds.append(
            {
                "no": no,
                "payment": number,
                "amount_fen": amount_fen,
                "reason": "cancelled",
                "status": RefundStatus.SUCCEEDED,
                "tries": 1,
                "created_at": at,
                "done_at": done,
            }
        )
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
        shares = self.split()
        matures = policy.settlement.matures_at(technician.level, self.books.categories[item.category_id], at)
        self.earn("service", at, matures, shares.net_fen, shares.commission_fen, shares)
        closes = at + timedelta(days=item.warranty_days)
        if closes <= self.now:
            self.step(OrderEvent.AFTERSALE_END, OrderStatus.CLOSED, closes, Role.SYSTEM)
        else:
            order["deadline_at"] = closes
        if (review := self.past.review) is not None:
            self.rows.review = {
                "customer_id": self.past.customer_id,
                "technician_id": technician.id,
                "service_item_id": item.id,
                "stars": review.stars,
                "tags": list(review.tags),
                "text": review.text,
                "created_at": at + timedelta(minutes=40),
            }

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
        technician_id, tax_fen = self.past.technician_id or 0, shares.tax_fen if shares else 0
        matured = matures_at if matures_at <= self.now else None
        self.rows.earning = {
            "technician_id": technician_id,
            "kind": kind,
            "labour_fen": shares.labour_fen if shares else net_fen,
            "pass_through_fen": shares.pass_through_fen if shares else 0,
            "coupon_share_fen": 0,
            "commission_fen": platform_fen if shares else 0,
            "tax_fen": tax_fen,
            "rule": shares.rule if shares else "cancellation",
            "net_fen": net_fen,
            "created_at": at,
            "matures_at": matures_at,
            "matured_at": matured,
            "frozen": False,
        }
        income = ledger.COMMISSION if shares else ledger.CANCELLATION_INCOME
        pending = f"t_pending:{technician_id}:{{o}}"
        key = "settle" if shares else "cancel"
        self.rows.entries.append(
            (
                f"{key}:{{o}}",
                "settlement" if shares else "cancellation",
                at,
                {
                    "escrow:{o}": net_fen + platform_fen + tax_fen,
                    income: -platform_fen,
                    ledger.TAX: -tax_fen,
                    pending: -net_fen,
                },
            )
        )
        if matured is not None:
            self.rows.entries.append(
                ("mature:{o}", "mature", matured, {pending: net_fen, f"t_avail:{technician_id}": -net_fen})
            )
