"""Settlement batches of a city: the list, one with its earnings, and the same as a table to keep.

The amounts of a batch are what it says of itself, those of its earnings are their entries' postings.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.errors import NotFound
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.order import Order
from servicehub.models.payment import Earning
from servicehub.models.settlement import SettlementBatch, figures_of, load_posted
from servicehub.models.technician import Technician
from servicehub.queries.operator.scope import city_of, guard
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.settlement import BatchFile, BatchLine, BatchRow, BatchSheet
from servicehub.viewmodels.statement import StatementSum

ROWS_SHOWN, LINES_SHOWN = 60, 200
Parts = dict[int, tuple[int, int, int]]
"""Order -> what became available, what repaid a debt, and what was put aside."""
NONE = (0, 0, 0)


def batch_rows(session: Session, actor: Actor, until: datetime, tz: str) -> tuple[BatchRow, ...]:
    """The newest batches of the actor's city with a cut-off before `until`; the caller has checked the permission."""
    query = (
        select(SettlementBatch)
        .where(SettlementBatch.city_id == actor.city_id, col(SettlementBatch.cut_off) < until)
        .order_by(col(SettlementBatch.cut_off).desc(), col(SettlementBatch.id).desc())
        .limit(ROWS_SHOWN)
    )
    return tuple(_row(batch, tz) for batch in session.exec(query))


def batch_sheet(session: Session, actor: Actor, no: str) -> BatchSheet:
    """A batch of the actor's city with its first earnings; an empty one for any other number.

    Raises: NotAllowed without ledger:read.
    """
    guard(actor, Permission.LEDGER_READ)
    batch = _batch(session, actor, no)
    if batch is None:
        return BatchSheet()
    tz = city_of(session, actor).timezone
    posted = load_posted(session, [batch.id or 0]).get(batch.id or 0)
    closed = formats.stamp(batch.closed_at, tz)[:16] if batch.closed_at else ""
    return BatchSheet(_row(batch, tz), closed, posted == figures_of(batch), _lines(session, batch, LINES_SHOWN))


def batch_file(session: Session, actor: Actor, no: str, *, locale: Locale, now: datetime) -> BatchFile:
    """The batch with all its earnings. Raises: NotAllowed without ledger:read, NotFound outside the actor's city."""
    guard(actor, Permission.LEDGER_READ)
    batch = _batch(session, actor, no)
    if batch is None:
        raise NotFound(f"batch {no}")
    tz = city_of(session, actor).timezone
    heads = (
        N_("Order no."), N_("Professional"), N_("Available"), N_("Repaid a debt"), N_("Put aside"), N_("Sum"),
    )  # fmt: skip
    sums = (
        (N_("Available"), batch.available_fen),
        (N_("Repaid a debt"), batch.repaid_fen),
        (N_("Put aside"), batch.aside_fen),
        (N_("Sum"), batch.net_fen),
        (N_("Left out: held"), batch.held_fen),
    )
    return BatchFile(
        no=batch.no,
        title=say(locale, N_("Settlement batch {no}, cut-off {at}"), no=batch.no, at=formats.stamp(batch.cut_off, tz)),
        made=say(locale, N_("Made {at} from the books; every amount is an entry."), at=formats.stamp(now, tz)),
        heads=tuple(say(locale, head) for head in heads),
        lines=_lines(session, batch),
        sums=tuple(StatementSum(say(locale, name), fen, _yuan(fen)) for name, fen in sums),
    )


def parts_of(session: Session, order_ids: Sequence[int]) -> Parts:
    """By the entries' own lines."""
    keys = {f"mature:{order_id}": order_id for order_id in order_ids}
    account, fen = col(Posting.account), -col(Posting.amount_fen)
    query = (
        sa.select(
            col(JournalEntry.key),
            sa.func.sum(sa.case((account.like("t_avail:%"), fen), else_=0)),
            sa.func.sum(sa.case((account.like("tech_debt:%"), fen), else_=0)),
            sa.func.sum(sa.case((account.like("t_deposit:%"), fen), else_=0)),
        )
        .join(Posting, col(Posting.entry_id) == col(JournalEntry.id))
        .where(col(JournalEntry.key).in_(keys))
        .group_by(col(JournalEntry.key))
    )
    return {
        keys[key]: (int(available), int(repaid), int(aside)) for key, available, repaid, aside in session.execute(query)
    }


def _batch(session: Session, actor: Actor, no: str) -> SettlementBatch | None:
    mine = SettlementBatch.no == no, SettlementBatch.city_id == actor.city_id
    return session.exec(select(SettlementBatch).where(*mine)).first()


def _row(batch: SettlementBatch, tz: str) -> BatchRow:
    return BatchRow(
        no=batch.no,
        cut_off=formats.stamp(batch.cut_off, tz)[:16],
        earnings=batch.earnings,
        available=_yuan(batch.available_fen),
        repaid=_some(batch.repaid_fen),
        aside=_some(batch.aside_fen),
        total=_yuan(batch.net_fen),
        held=batch.held,
        held_sum=_some(batch.held_fen),
    )


def _lines(session: Session, batch: SettlementBatch, limit: int | None = None) -> tuple[BatchLine, ...]:
    query = (
        sa.select(col(Earning.order_id), col(Order.no), col(Technician.id), col(Technician.name))
        .join(Order, col(Order.id) == col(Earning.order_id))
        .join(Technician, col(Technician.id) == col(Earning.technician_id))
        .where(col(Earning.batch_id) == batch.id)
        .order_by(col(Technician.id), col(Earning.id))
        .limit(limit)
    )
    rows = session.execute(query).all()
    parts = parts_of(session, [order_id for order_id, *_rest in rows])
    found = []
    for order_id, no, technician_id, name in rows:
        available, repaid, aside = parts.get(order_id, NONE)
        total = available + repaid + aside
        found.append(
            BatchLine(
                no, technician_id, name, _yuan(available), _some(repaid), _some(aside), _yuan(total),
                (available, repaid, aside, total),
            )
        )  # fmt: skip
    return tuple(found)


def _some(fen: int) -> str:
    return _yuan(fen) if fen else ""


def _yuan(fen: int) -> str:
    return formats.yuan(fen, always_decimals=True)
