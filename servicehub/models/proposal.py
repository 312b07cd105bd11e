"""Add-ons that were proposed during visits, and what may be proposed."""

from collections import Counter
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from servicehub.domain.order import OrderStatus
from servicehub.domain.pricing import AddOnTerms
from servicehub.domain.proposal import LIVING, Extra, ProposalStatus
from servicehub.models.base import JSON, at, fk, pk, stored_as_value
from servicehub.models.catalog import AddOn, add_on_terms
from servicehub.models.order import Order, OrderLine

_LIVING = sa.text("status IN ('open', 'accepted')")


class Proposal(SQLModel, table=True):
    """What a technician would do more. Its lines, price and minutes never change: another wish is another proposal."""

    __tablename__ = "sh_proposal"
    __table_args__ = (
        sa.CheckConstraint("amount_fen >= 0 AND minutes >= 0", name="amounts"),
        sa.CheckConstraint("amount_fen > 0 OR NOT at_once", name="payable"),
        sa.CheckConstraint("(ended_at IS NULL) = (status IN ('open', 'accepted'))", name="ended"),
        sa.Index("uq_sh_proposal_one_living", "order_id", unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING),
    )

    id: int | None = Field(default=None, sa_column=pk())
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    technician_id: int = Field(sa_column=fk("sh_technician.id"))
    """Who proposed it."""
    status: ProposalStatus = Field(sa_column=sa.Column(stored_as_value(ProposalStatus), nullable=False))
    lines: list[dict[str, Any]] = Field(sa_column=sa.Column(JSON, nullable=False))
    """`domain.proposal.Extra` as documents."""
    amount_fen: int
    minutes: int
    """How much longer the visit will take."""
    at_once: bool
    """Paid by a payment of its own before it is done; else it joins the balance that is still to be paid."""
    created_at: datetime = Field(sa_column=at())
    ended_at: datetime | None = Field(default=None, sa_column=at(nullable=True))


def extras_of(proposal: Proposal) -> tuple[Extra, ...]:
    """What it is made of."""
    return tuple(Extra.of(document) for document in proposal.lines)


def load_proposals(session: Session, order: Order) -> list[Proposal]:
    """Of one order, oldest first; a companion's are his lead's."""
    query = select(Proposal).where(Proposal.order_id == (order.lead_id or order.id))
    return list(session.exec(query.order_by(col(Proposal.id))))


def load_living(session: Session, order: Order) -> Proposal | None:
    """What the customer has not answered, or not paid."""
    query = select(Proposal).where(Proposal.order_id == (order.lead_id or order.id), col(Proposal.status).in_(LIVING))
    return session.exec(query).first()


def load_had(session: Session, order: Order) -> Counter[str]:
    """How many of each add-on the order has."""
    had: Counter[str] = Counter()
    for line in session.exec(select(OrderLine).where(OrderLine.order_id == order.id, OrderLine.kind == "add_on")):
        had[line.ref] += line.quantity
    return had


def load_add_ons(session: Session, order: Order) -> dict[str, AddOnTerms]:
    """The add-ons of the order's service, as the catalogue has them."""
    query = select(AddOn).where(AddOn.service_item_id == order.service_item_id).order_by(col(AddOn.id))
    return {row.slug: add_on_terms(row) for row in session.exec(query)}


def may_propose(order: Order) -> bool:
    """Whether the visit is under way, and the order is the one that was sold."""
    return order.status is OrderStatus.IN_SERVICE and order.lead_id is None
