"""Settlement batches: what one run made available to a city's technicians, and what the ledger says of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from servicehub.domain.settlement import BatchStatus
from servicehub.models.base import BIG, among, at, fk, pk, stored_as_value
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.payment import Earning


class SettlementBatch(SQLModel, table=True):
    """One run of one city. `Earning.batch_id` names the batch of each earning; its amounts are those of their entries."""

    __tablename__ = "sh_settlement_batch"
    __table_args__ = (
        sa.CheckConstraint("repaid_fen >= 0 AND aside_fen >= 0 AND repaid_fen + aside_fen <= net_fen", name="parts"),
        sa.CheckConstraint("held >= 0 AND held_fen >= 0", name="held"),
        sa.CheckConstraint("(closed_at IS NULL) = (status = 'open')", name="closed"),
        sa.CheckConstraint("(earnings > 0) = (status = 'closed')", name="never_empty"),
        sa.Index("ix_sh_settlement_batch_city_id_cut_off", "city_id", "cut_off"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    no: str = Field(max_length=32, unique=True)
    status: BatchStatus = Field(
        default=BatchStatus.OPEN, sa_column=sa.Column(stored_as_value(BatchStatus), nullable=False)
    )
    """Open only inside of the transaction that makes it."""
    cut_off: datetime = Field(sa_column=at())
    """What was due then and was not held is in it, or in one before."""
    created_at: datetime = Field(sa_column=at())
    closed_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    earnings: int = 0
    net_fen: int = Field(default=0, sa_column=sa.Column(BIG, nullable=False))
    """All that matured: available, debts and deposits."""
    repaid_fen: int = Field(default=0, sa_column=sa.Column(BIG, nullable=False))
    aside_fen: int = Field(default=0, sa_column=sa.Column(BIG, nullable=False))
    """What went to deposits."""
    held: int = 0
    """Earnings that were due and left out, because a dispute or a chargeback holds them."""
    held_fen: int = Field(default=0, sa_column=sa.Column(BIG, nullable=False))

    @property
    def available_fen(self) -> int:
        return self.net_fen - self.repaid_fen - self.aside_fen


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """What a batch is made of; `available` is what could be withdrawn from then on."""

    earnings: int = 0
    net_fen: int = 0
    repaid_fen: int = 0
    aside_fen: int = 0
    available_fen: int = 0


def figures_of(batch: SettlementBatch) -> BatchFigures:
    """What the batch says of itself."""
    return BatchFigures(batch.earnings, batch.net_fen, batch.repaid_fen, batch.aside_fen, batch.available_fen)


def load_posted(session: Session, batch_ids: Collection[int] | None = None) -> dict[int, BatchFigures]:
    """Batch -> what its earnings and their entries (`mature:<order>`) come to; of every batch that has any without `batch_ids`."""
    key = sa.literal("mature:").concat(sa.cast(col(Earning.order_id), sa.String))
    account, fen = col(Posting.account), col(Posting.amount_fen)

    def on(group: str, sign: int) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((account.startswith(f"{group}:"), sign * fen), else_=0)), 0)

    query = (
        sa.select(
            col(Earning.batch_id),
            sa.func.count(sa.distinct(col(Earning.id))),
            on("t_pending", 1), on("tech_debt", -1), on("t_deposit", -1), on("t_avail", -1),
        )
        .outerjoin(JournalEntry, col(JournalEntry.key) == key)
        .outerjoin(Posting, col(Posting.entry_id) == col(JournalEntry.id))
        .where(col(Earning.batch_id).is_not(None))
        .group_by(col(Earning.batch_id))
    )  # fmt: skip
    if batch_ids is not None:
        query = query.where(among(col(Earning.batch_id), batch_ids))
    return {batch_id: BatchFigures(*(int(value) for value in values)) for batch_id, *values in session.execute(query)}
