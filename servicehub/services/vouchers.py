"""Vouchers: one person says what was paid by hand and why, a second one agrees, and it is booked; never more than there is.

Owns vouchers and their entries. What may be booked at all is `domain.voucher`'s.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.access import Actor, Permission
from servicehub.domain.voucher import VoucherKind, VoucherStatus, accounts, fits, lines, room
from servicehub.errors import Conflict, Invalid, NotFound, ReasonMissing, SecondPersonNeeded
from servicehub.models.ledger import Account, load_signed
from servicehub.models.voucher import Voucher
from servicehub.services import audits, ledger

LONGEST_REASON = 200


class NoRoom(Conflict):
    """The accounts do not have so much. `most_fen` says what they have."""

    code = "no_room"


def propose(
    session: Session, actor: Actor, kind: VoucherKind, channel: str, amount_fen: int, *, reason: str, now: datetime
) -> int:
    """Say what happened and why; returns the voucher's id. Audited. The amount is positive, whatever its side.

    Raises: NotAllowed, ReasonMissing, Invalid for another kind of amount or channel, NoRoom.
    """
    actor.require(Permission.RECONCILE)
    if not reason.strip():
        raise ReasonMissing(kind.value)
    if amount_fen <= 0 or bool(channel) != kind.of_channel or len(channel) > 16:
        raise Invalid(f"{kind} {channel!r} {amount_fen}", field="amount")
    most_fen = _room(session, kind, channel)
    signed = -amount_fen if most_fen < 0 else amount_fen
    if not fits(signed, most_fen):
        raise NoRoom(kind.value, most_fen=abs(most_fen))
    made = Voucher(
        kind=kind, channel=channel, amount_fen=signed, reason=reason.strip()[:LONGEST_REASON],
        status=VoucherStatus.PROPOSED, first_by=actor.user_id, created_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audits.record(session, actor, "voucher.propose", f"voucher:{made.id}", made.reason, _facts(made), now=now)
    bus.publish(session, bus.overview(str(actor.city_id)))
    return made.id or 0


def agree(session: Session, actor: Actor, voucher_id: int, *, now: datetime) -> None:
    """Agree as the second person: it is booked, if there still is room. Audited.

    Raises: NotAllowed, NotFound, Conflict when it does not wait any more, SecondPersonNeeded for who proposed it, NoRoom.
    """
    found = _waiting(session, actor, voucher_id)
    if found.first_by == actor.user_id:
        raise SecondPersonNeeded(str(voucher_id))
    most_fen = _room(session, found.kind, found.channel)
    if not fits(found.amount_fen, most_fen):
        raise NoRoom(str(voucher_id), most_fen=abs(most_fen))
    _end(session, found, VoucherStatus.BOOKED, second_by=actor.user_id, done_at=now)
    booked = lines(found.kind, found.channel, found.amount_fen)
    ledger.post(session, f"voucher:{voucher_id}", "voucher", f"voucher:{voucher_id}", booked, now=now)
    audits.record(session, actor, "voucher.agree", f"voucher:{voucher_id}", found.reason, _facts(found), now=now)


def drop(session: Session, actor: Actor, voucher_id: int, *, reason: str, now: datetime) -> None:
    """Take it back, or refuse it; nothing is booked. Audited. Raises: NotAllowed, NotFound, ReasonMissing, Conflict."""
    found = _waiting(session, actor, voucher_id)
    if not reason.strip():
        raise ReasonMissing(str(voucher_id))
    _end(session, found, VoucherStatus.DROPPED, done_at=now)
    audits.record(session, actor, "voucher.drop", f"voucher:{voucher_id}", reason, _facts(found), now=now)


def _room(session: Session, kind: VoucherKind, channel: str) -> int:
    """With the accounts locked, so that two vouchers never share what is there."""
    wanted = sorted(accounts(kind, channel))
    session.execute(
        sa.select(col(Account.code)).where(col(Account.code).in_(wanted)).order_by(col(Account.code)).with_for_update()
    ).all()
    return room(kind, channel, load_signed(session, wanted))


def _facts(found: Voucher) -> dict[str, Any]:
    return {"kind": found.kind.value, "channel": found.channel, "amount_fen": found.amount_fen}


def _waiting(session: Session, actor: Actor, voucher_id: int) -> Voucher:
    actor.require(Permission.RECONCILE)
    query = select(Voucher).where(Voucher.id == voucher_id).with_for_update()
    found = session.exec(query.execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(f"voucher {voucher_id}")
    if found.status is not VoucherStatus.PROPOSED:
        raise Conflict(f"voucher {voucher_id} is {found.status}")
    bus.publish(session, bus.overview(str(actor.city_id)))
    return found


def _end(session: Session, found: Voucher, status: VoucherStatus, **values: Any) -> None:
    moved = session.execute(
        sa.update(Voucher)
        .where(col(Voucher.id) == found.id, col(Voucher.status) == VoucherStatus.PROPOSED)
        .values(status=status, **values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(f"voucher {found.id} was decided")
    session.refresh(found)
