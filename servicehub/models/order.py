"""Orders, their lines, log, photos and reviews."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from servicehub.domain.access import Role
from servicehub.domain.order import OrderMode, OrderStatus, PaymentPlan
from servicehub.domain.technician import Gender
from servicehub.models.base import BIG, JSON, among, at, fk, pk, stored_as_value
from servicehub.models.catalog import ServiceItem

_FILLED = "lead_id IS NOT NULL AND status NOT IN ('cancelled', 'expired')"
"""A companion that is looked for or found; the database allows one for each seat."""


class Order(SQLModel, table=True):
    __tablename__ = "sh_order"
    __table_args__ = (
        sa.CheckConstraint("end_at > start_at", name="window"),
        sa.CheckConstraint(
            "(window_from IS NULL AND window_until IS NULL) OR (window_from <= start_at AND start_at <= window_until)",
            name="start_window",
        ),
        sa.CheckConstraint("total_fen >= 0 AND first_due_fen >= 0 AND first_due_fen <= total_fen", name="money"),
        sa.Index("ix_sh_order_city_id_status_start_at", "city_id", "status", "start_at"),
        sa.Index("ix_sh_order_city_id_created_at", "city_id", "created_at"),
        sa.Index("ix_sh_order_customer_id_created_at", "customer_id", "created_at"),
        sa.Index("ix_sh_order_technician_id_start_at", "technician_id", "start_at"),
        sa.Index("ix_sh_order_status_deadline_at", "status", "deadline_at"),
        sa.CheckConstraint("crew_size >= 1 AND seat >= 0 AND (seat = 0) = (lead_id IS NULL)", name="crew"),
        sa.Index(
            "uq_sh_order_lead_id_seat",
            "lead_id",
            "seat",
            unique=True,
            sqlite_where=sa.text(_FILLED),
            postgresql_where=sa.text(_FILLED),
        ),
    )

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    no: str = Field(max_length=16, unique=True)
    """16 digits: yyMMddHHmm, two digits of the city, four random ones."""
    district_id: int = Field(sa_column=fk("sh_district.id"))
    customer_id: int = Field(sa_column=fk("sh_user.id"))
    service_item_id: int = Field(sa_column=fk("sh_service_item.id"))
    category_id: int = Field(sa_column=fk("sh_category.id"))
    further_ids: list[int] = Field(default_factory=list, sa_column=sa.Column(JSON, nullable=False))
    """Other service items that the same technician does in the same visit; the price and the name are those of the lines."""
    technician_id: int | None = Field(default=None, sa_column=fk("sh_technician.id", nullable=True))
    requested_technician_id: int | None = Field(default=None, sa_column=fk("sh_technician.id", nullable=True))
    """Whom the customer asked for; None: the platform matches."""

    crew_size: int = 1
    """How many technicians come."""
    lead_id: int | None = Field(default=None, sa_column=fk("sh_order.id", nullable=True))
    """Of a companion, who has an order of his own without a price: the order that was sold."""
    seat: int = 0
    """0: the lead, or a visit of one person; companions from 1."""

    status: OrderStatus = Field(sa_column=sa.Column(stored_as_value(OrderStatus), nullable=False))
    version: int = 1
    deadline_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    """When the timer of the current status fires."""
    mode: OrderMode = Field(sa_column=sa.Column(stored_as_value(OrderMode), nullable=False))
    is_immediate: bool = False
    round: int = 0
    """Offer rounds so far."""
    dispatch_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    """When the next dispatch round is due (MATCHING only)."""
    priority: int = 0
    """Higher is matched first; rescued orders get 1."""

    quantity: int = 1
    start_at: datetime = Field(sa_column=at())
    end_at: datetime = Field(sa_column=at())
    """The planned visit, half-open; buffers are outside."""
    window_from: datetime | None = Field(default=None, sa_column=at(nullable=True))
    window_until: datetime | None = Field(default=None, sa_column=at(nullable=True))
    """Between which instants the visit may begin while it is planned ahead; None: the customer wants his exact time."""
    gender: Gender | None = Field(default=None, sa_column=sa.Column(stored_as_value(Gender), nullable=True))
    """Asked gender of the technician."""
    requirements: list[str] = Field(default_factory=list, sa_column=sa.Column(JSON, nullable=False))
    """Keys such as pets, bring_vacuum, shoe_covers, parking."""
    note_enc: str = ""
    reschedules: int = 0

    area: str = Field(max_length=80)
    detail_enc: str
    contact_enc: str
    phone_enc: str
    lat: float
    lng: float
    """WGS-84; the address as it was when ordered."""

    payment_plan: PaymentPlan = Field(sa_column=sa.Column(stored_as_value(PaymentPlan), nullable=False))
    total_fen: int
    """What the customer pays in all, after the coupon."""
    first_due_fen: int
    """Due before matching: the whole, the deposit or nothing."""
    coupon_grant_id: int | None = Field(default=None, sa_column=sa.Column(BIG, nullable=True))
    policy_id: int = Field(sa_column=fk("sh_policy.id"))
    """The cancellation and fee policy frozen at creation."""
    commission: dict[str, Any] = Field(default_factory=dict, sa_column=sa.Column(JSON, nullable=False))
    """What the technician was shown, frozen at acceptance: `domain.commission.Rate` as a document, net_fen, tax_fen."""

    start_code_enc: str = ""
    start_code_tries: int = 0
    checklist_done: list[str] = Field(default_factory=list, sa_column=sa.Column(JSON, nullable=False))

    created_at: datetime = Field(sa_column=at())
    paid_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    accepted_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    departed_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    arrived_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    started_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    finished_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    completed_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    cancelled_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    settled_at: datetime | None = Field(default=None, sa_column=at(nullable=True))


def sold(order: Order) -> tuple[int, ...]:
    """The service items of the visit, the one that names it first."""
    return order.service_item_id, *order.further_ids


def load_checklist(session: Session, order: Order) -> list[dict[str, str]]:
    """What the technician ticks before finishing: [{"key", "zh", "en"}] of every service of the visit."""
    known = {item.id: item for item in session.exec(select(ServiceItem).where(col(ServiceItem.id).in_(sold(order))))}
    first, *further = (known[item_id] for item_id in sold(order))
    more = ({**line, "key": f"{item.slug}:{line['key']}"} for item in further for line in item.checklist)
    return [*first.checklist, *more]


def was_sold() -> Any:
    """Condition on `Order`: what a customer bought, no companion's part of a visit of several people."""
    return col(Order.lead_id).is_(None)


def load_companions(session: Session, lead_ids: Collection[int]) -> dict[int, list[Order]]:
    """Lead order -> its companions that were not given up, by seat."""
    found: dict[int, list[Order]] = {lead_id: [] for lead_id in lead_ids}
    gone = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    query = select(Order).where(among(col(Order.lead_id), lead_ids), col(Order.status).not_in(gone))
    for order in session.exec(query.order_by(col(Order.seat))) if lead_ids else ():
        found[order.lead_id or 0].append(order)
    return found


def names_technician() -> Any:
    """Condition on `Order`: its technician is more than one whose time is held while the customer pays for anybody."""
    return sa.or_(col(Order.status) != OrderStatus.PENDING_PAYMENT, col(Order.requested_technician_id).is_not(None))


class OrderLine(SQLModel, table=True):
    """One named line of the price. Lines sum to `total_fen`; a coupon's line is negative."""

    __tablename__ = "sh_order_line"

    id: int | None = Field(default=None, sa_column=pk())
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    kind: str = Field(max_length=16)
    """service, add_on, travel, night, holiday, rush, coupon, reschedule_fee."""
    ref: str = Field(default="", max_length=48)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=120)
    quantity: int = 1
    unit_fen: int
    amount_fen: int
    proposal_id: int | None = Field(default=None, sa_column=fk("sh_proposal.id", nullable=True))
    """Of a line that was added during the visit; the others are the price as it was sold, and are never changed."""


class OrderLog(SQLModel, table=True):
    """Append-only history: every transition with who fired it and when."""

    __tablename__ = "sh_order_log"
    __table_args__ = (sa.Index("ix_sh_order_log_order_id_id", "order_id", "id"),)

    id: int | None = Field(default=None, sa_column=pk())
    order_id: int = Field(sa_column=fk("sh_order.id"))
    at: datetime = Field(sa_column=at())
    event: str = Field(max_length=32)
    """`created`, an OrderEvent, or what moves nothing: `chargeback_` and a status of it, `addon_` and what became of a proposal."""
    source: OrderStatus | None = Field(
        default=None, sa_column=sa.Column(stored_as_value(OrderStatus, name="source"), nullable=True)
    )
    target: OrderStatus = Field(sa_column=sa.Column(stored_as_value(OrderStatus, name="target"), nullable=False))
    actor_role: Role = Field(sa_column=sa.Column(stored_as_value(Role), nullable=False))
    actor_id: int = 0
    reason: str = Field(default="", max_length=200)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=sa.Column(JSON, nullable=False))


class OrderPhoto(SQLModel, table=True):
    __tablename__ = "sh_order_photo"

    id: int | None = Field(default=None, sa_column=pk())
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    kind: str = Field(max_length=12)
    """before, after or review."""
    key: str = Field(max_length=64, unique=True)
    """Storage key; the bytes are private."""
    uploaded_by: int = Field(sa_column=fk("sh_user.id"))
    at: datetime = Field(sa_column=at())


class Review(SQLModel, table=True):
    __tablename__ = "sh_review"
    __table_args__ = (
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        sa.Index("ix_sh_review_technician_id_created_at", "technician_id", "created_at"),
        sa.Index("ix_sh_review_service_item_id_created_at", "service_item_id", "created_at"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    order_id: int = Field(sa_column=fk("sh_order.id", unique=True))
    customer_id: int = Field(sa_column=fk("sh_user.id"))
    technician_id: int = Field(sa_column=fk("sh_technician.id"))
    service_item_id: int = Field(sa_column=fk("sh_service_item.id"))
    stars: int
    tags: list[str] = Field(default_factory=list, sa_column=sa.Column(JSON, nullable=False))
    """Keys: on_time, careful, friendly, well_equipped, late, smell, missed_corners, price_talk."""
    text: str = Field(default="", max_length=500)
    created_at: datetime = Field(sa_column=at())


def is_planned_ahead(order: Order, now: datetime) -> bool:
    """`planned_ahead` of one row."""
    waits = order.status is OrderStatus.MATCHING and order.mode is OrderMode.DISPATCH
    return waits and order.dispatch_at is not None and order.dispatch_at > now


def planned_ahead(now: datetime) -> Any:
    """Condition: a scheduled visit for which somebody's time is held, and of which nobody was told yet."""
    return sa.and_(
        col(Order.status) == OrderStatus.MATCHING,
        col(Order.mode) == OrderMode.DISPATCH,
        col(Order.dispatch_at).is_not(None),
        col(Order.dispatch_at) > now,
    )
