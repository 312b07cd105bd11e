"""Bonuses and penalties: money between the platform and a technician beside any order, with a reason that the technician reads.

Owns their entries. A bonus is available at once; a penalty is taken from what is available, then from the deposit where the city
has one, and the rest is a debt that earnings repay first when they mature.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlmodel import Session, select

from servicehub import bus
from servicehub.domain.access import Actor, Permission
from servicehub.errors import Invalid, NotFound, ReasonMissing
from servicehub.models.technician import Technician
from servicehub.services import audits, deposits, ledger, notices

MOST_FEN = 200_000
"""For one bonus or penalty."""
LONGEST_REASON = 200
_KEY = re.compile(r"[0-9a-f]{16}")


def bonus(
    session: Session, actor: Actor, technician_id: int, amount_fen: int, *, reason: str, key: str, now: datetime
) -> bool:
    """Give; returns False when this `key` (16 hexadecimal digits, new for each wish) was booked before. Audited.

    Raises: NotAllowed without technician:adjust, NotFound outside the actor's city, ReasonMissing, Invalid for an amount.
    """
    technician = _checked(session, actor, technician_id, amount_fen, reason, key)
    lines = {ledger.BONUS: amount_fen, ledger.available(technician_id): -amount_fen}
    return _book(session, actor, technician, "bonus", lines, amount_fen, reason.strip(), key, now)


def penalty(
    session: Session, actor: Actor, technician_id: int, amount_fen: int, *, reason: str, key: str, now: datetime
) -> bool:
    """Take; as `bonus`."""
    technician = _checked(session, actor, technician_id, amount_fen, reason, key)
    sources = [ledger.available(technician_id)]
    if deposits.covering(session, {technician_id}):
        sources.append(ledger.deposit(technician_id))
    held, left = ledger.locked_balances(session, sources), amount_fen
    lines = {ledger.PENALTY_INCOME: -amount_fen}
    for account in sources:
        lines[account] = min(held[account], left)
        left -= lines[account]
    lines[ledger.debt(technician_id)] = left
    return _book(session, actor, technician, "penalty", lines, amount_fen, reason.strip(), key, now)


def _checked(session: Session, actor: Actor, technician_id: int, amount_fen: int, reason: str, key: str) -> Technician:
    actor.require(Permission.TECHNICIAN_ADJUST)
    if not reason.strip():
        raise ReasonMissing(f"technician {technician_id}")
    if not 0 < amount_fen <= MOST_FEN or not _KEY.fullmatch(key):
        raise Invalid(f"{amount_fen} for technician {technician_id}", most=MOST_FEN)
    query = select(Technician).where(Technician.id == technician_id, Technician.city_id == actor.city_id)
    technician = session.exec(query.with_for_update()).first()
    if technician is None:
        raise NotFound(f"technician {technician_id}")
    return technician


def _book(
    session: Session,
    actor: Actor,
    technician: Technician,
    kind: str,
    lines: dict[str, int],
    amount_fen: int,
    reason: str,
    key: str,
    now: datetime,
) -> bool:
    ref = f"technician:{technician.id}"
    _entry_id, is_new = ledger.post(session, f"{kind}:{technician.id}:{key}", kind, ref, lines, now=now)
    if not is_new:
        return False
    told = reason[:LONGEST_REASON]
    audits.record(session, actor, f"technician.{kind}", ref, told, {"amount_fen": amount_fen}, now=now)
    link = "/technician/income/"
    notices.send(
        session, technician.user_id, kind, key=f"{kind}:{technician.id}:{key}", now=now, link=link,
        amount_fen=amount_fen, reason=told,
    )  # fmt: skip
    bus.publish(session, bus.technician(technician.id or 0))
    return True
