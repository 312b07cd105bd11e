"""Technicians' guarantee deposits: wishes to have one back, the rules of a city, and what keeps a deposit where it is."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col

from servicehub.domain.deposit import DEPOSIT_KIND, DepositPolicy, DepositStatus, Standing
from servicehub.domain.order import ACTIVE, OrderStatus
from servicehub.models.base import among, at, fk, pk, stored_as_value
from servicehub.models.catalog import Policy
from servicehub.models.order import Order
from servicehub.models.technician import load_homes

_OPEN = sa.text("status = 'open'")


class DepositRequest(SQLModel, table=True):
    """A technician asks for his whole deposit. The database allows one open wish of each."""

    __tablename__ = "sh_deposit_request"
    __table_args__ = (
        sa.CheckConstraint("asked_fen > 0 AND returned_fen >= 0", name="amounts"),
        sa.CheckConstraint("(returned_fen > 0) = (status = 'returned')", name="returned"),
        sa.CheckConstraint("(done_at IS NULL) = (status = 'open')", name="done"),
        sa.Index(
            "uq_sh_deposit_request_one_open", "technician_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
        sa.Index("ix_sh_deposit_request_city_id_status", "city_id", "status"),
        sa.Index("ix_sh_deposit_request_technician_id", "technician_id"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    no: str = Field(max_length=32, unique=True)
    technician_id: int = Field(sa_column=fk("sh_technician.id"))
    city_id: int = Field(sa_column=fk("sh_city.id"))
    asked_fen: int
    """What the deposit held then."""
    returned_fen: int = 0
    """What it held when it was given back."""
    status: DepositStatus = Field(sa_column=sa.Column(stored_as_value(DepositStatus), nullable=False))
    decided_by: int | None = Field(default=None, sa_column=fk("sh_user.id", nullable=True))
    reason: str = Field(default="", max_length=200)
    """Why it was refused."""
    created_at: datetime = Field(sa_column=at())
    done_at: datetime | None = Field(default=None, sa_column=at(nullable=True))


def load_deposit_policy(session: Session, city_id: int) -> DepositPolicy:
    """The city's newest rules, which are in force since they were adopted; the defaults where none were."""
    query = sa.select(col(Policy.document)).where(col(Policy.city_id) == city_id, col(Policy.kind) == DEPOSIT_KIND)
    return DepositPolicy.of(session.scalar(query.order_by(col(Policy.version).desc()).limit(1)) or {})


def load_deposit_policies(session: Session, technician_ids: Iterable[int]) -> dict[int, DepositPolicy]:
    """Technician -> the rules of his city."""
    cities = load_homes(session, set(technician_ids))
    rules = {city_id: load_deposit_policy(session, city_id) for city_id in set(cities.values())}
    return {technician_id: rules[city_id] for technician_id, city_id in cities.items()}


def load_standings(session: Session, technician_ids: Iterable[int]) -> dict[int, Standing]:
    """Technician -> what is still open about him."""
    wanted = set(technician_ids)
    mine = among(col(Order.technician_id), wanted)
    running, disputed = col(Order.status).in_(ACTIVE), col(Order.status) == OrderStatus.DISPUTED
    lead = aliased(Order)
    rows = session.execute(
        sa.select(
            col(Order.technician_id),
            sa.func.sum(sa.case((running, 1), else_=0)),
            sa.func.sum(sa.case((sa.or_(disputed, col(lead.status) == OrderStatus.DISPUTED), 1), else_=0)),
            sa.func.max(col(Order.finished_at)),
        )
        .outerjoin(lead, col(lead.id) == col(Order.lead_id))
        .where(mine)
        .group_by(col(Order.technician_id))
    )
    found = {int(who): Standing(int(runs), int(cases), last) for who, runs, cases, last in rows}
    return {technician_id: found.get(technician_id, Standing()) for technician_id in wanted}
