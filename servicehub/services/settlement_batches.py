"""Settlement batches: one run of the maturing makes one of each city in which something became available, and none that is empty.

Owns the batches' rows. A batch is opened, filled and closed in the transaction that posts its entries (`mature:<order>`), so that
both are there or neither is; an earning is in one batch at most, the one that matured it. What is in it is `settlements`'.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.deposit import Matured
from servicehub.domain.settlement import BatchStatus
from servicehub.models.base import among
from servicehub.models.catalog import City
from servicehub.models.ledger import Account
from servicehub.models.payment import Earning
from servicehub.models.settlement import BatchFigures, SettlementBatch, figures_of, load_posted
from servicehub.models.technician import Technician


def begin(session: Session, city_id: int, *, cut_off: datetime) -> SettlementBatch:
    """An open batch, for the earnings to name; `end` has to follow in this transaction."""
    batch = SettlementBatch(city_id=city_id, no=_number(session, city_id, cut_off), cut_off=cut_off, created_at=cut_off)
    session.add(batch)
    session.flush()
    return batch


def end(session: Session, batch: SettlementBatch, matured: Sequence[Matured], *, now: datetime) -> None:
    """Close the batch with what matured in it, and what was due but is held; one in which nothing matured is not kept."""
    if not matured:
        session.delete(batch)
        session.flush()
        return
    repaid, aside, available = (sum(column) for column in zip(*map(_parts, matured), strict=True))
    batch.held, batch.held_fen = _held(session, batch.city_id, batch.cut_off)
    _close(session, batch, BatchFigures(len(matured), repaid + aside + available, repaid, aside, available), now)
    bus.publish(session, bus.overview(str(batch.city_id)))


def adopt(session: Session, city_id: int) -> int:
    """Make batches, one for each day, of what matured in the city without one: imported history. Returns how many."""
    zone = ZoneInfo(session.get_one(City, city_id).timezone)
    rows = session.execute(
        sa.select(col(Earning.id), col(Earning.matured_at))
        .join(Technician, col(Technician.id) == col(Earning.technician_id))
        .where(
            col(Earning.batch_id).is_(None), col(Earning.matured_at).is_not(None), col(Technician.city_id) == city_id
        )
        .order_by(col(Earning.matured_at), col(Earning.id))
    ).all()
    made = 0
    for _day, group in groupby(rows, lambda row: row[1].astimezone(zone).date()):
        found = list(group)
        last = found[-1][1]
        batch = begin(session, city_id, cut_off=last)
        batch_id = batch.id or 0
        session.execute(
            sa.update(Earning)
            .where(among(col(Earning.id), [earning_id for earning_id, _at in found]))
            .values(batch_id=batch_id)
            .execution_options(synchronize_session=False)
        )
        _close(session, batch, load_posted(session, [batch_id])[batch_id], last)
        made += 1
    return made


def problems(session: Session) -> list[str]:
    """Sentences about batches that are open, or that say something else than their entries; empty when all fit."""
    posted = load_posted(session)
    found = []
    for batch in session.exec(select(SettlementBatch).order_by(col(SettlementBatch.id))):
        if batch.status is not BatchStatus.CLOSED:
            found.append(f"batch {batch.no} is {batch.status}")
        says, real = figures_of(batch), posted.get(batch.id or 0, BatchFigures())
        if says != real:
            found.append(f"batch {batch.no} says {_words(says)}, its entries {_words(real)}")
    return found


def _words(figures: BatchFigures) -> str:
    return (
        f"{figures.earnings} earnings of {figures.net_fen}: {figures.available_fen} available, "
        f"{figures.repaid_fen} repaid, {figures.aside_fen} aside"
    )


def _parts(matured: Matured) -> tuple[int, int, int]:
    return matured.repaid, matured.aside, matured.available


def _close(session: Session, batch: SettlementBatch, figures: BatchFigures, now: datetime) -> None:
    batch.earnings, batch.net_fen = figures.earnings, figures.net_fen
    batch.repaid_fen, batch.aside_fen = figures.repaid_fen, figures.aside_fen
    batch.status, batch.closed_at = BatchStatus.CLOSED, now
    session.add(batch)
    session.flush()


def _held(session: Session, city_id: int, cut_off: datetime) -> tuple[int, int]:
    """How many earnings of the city were due and are held, and what their accounts hold."""
    code = sa.literal("t_pending:").concat(sa.cast(col(Earning.technician_id), sa.String))
    code = code.concat(":").concat(sa.cast(col(Earning.order_id), sa.String))
    row = session.execute(
        sa.select(sa.func.count(col(Earning.id)), sa.func.coalesce(sa.func.sum(col(Account.balance_fen)), 0))
        .join(Technician, col(Technician.id) == col(Earning.technician_id))
        .outerjoin(Account, col(Account.code) == code)
        .where(
            col(Earning.matured_at).is_(None), col(Earning.matures_at) <= cut_off, col(Earning.frozen).is_(True),
            col(Technician.city_id) == city_id,
        )
    ).one()  # fmt: skip
    return int(row[0]), int(row[1])


def _number(session: Session, city_id: int, at: datetime) -> str:
    city = session.get_one(City, city_id)
    return f"SB{at.astimezone(ZoneInfo(city.timezone)):%y%m%d}{city.code}{secrets.token_hex(4).upper()}"
