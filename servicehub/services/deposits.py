"""Technicians' guarantee deposits: put aside from earnings or by hand, drawn on before a debt, given back when people say so.

    a share of an earning  t_pending -> t_deposit            mature:<order>      `settlements`, in the entry of all of it
    put aside by hand      t_avail -> t_deposit              deposit:<technician>:<key>
    drawn on               t_deposit -> who is owed          `adjustments` and `refund_plans`, in the entries of what is taken
    given back             t_deposit -> tech_debt, t_avail   deposit:<no>:back   what he owes is repaid first

Owns the wishes to have one back. Who puts aside locks the technician's row, so that two at once do not pass the target.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.deposit import GIVEN_BACK, PUT_ASIDE, DepositStatus
from servicehub.domain.sharing import SettlementMode
from servicehub.errors import (
    Conflict,
    DepositChanged,
    DepositHeld,
    DepositLimit,
    DepositOpen,
    Invalid,
    NotEnough,
    NotFound,
    PartnerPays,
    ReasonMissing,
)
from servicehub.models.deposit import DepositRequest, load_deposit_policies, load_deposit_policy, load_standings
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.technician import Technician
from servicehub.services import audits, ledger, notices
from servicehub.settings import get_settings

PAGE = "/technician/deposit/"
_KEY = re.compile(r"[0-9a-f]{16}")


def put_aside(session: Session, actor: Actor, amount_fen: int, *, key: str, now: datetime) -> bool:
    """Put `amount_fen` of what is available aside; False when this `key` (16 hexadecimal digits, one a wish) was booked before.

    Raises: PartnerPays where companies are paid, Invalid for a key, DepositLimit beyond what is missing to the target,
    DepositOpen while the deposit is asked back, NotEnough.
    """
    actor.require_role(Role.TECHNICIAN)
    if SettlementMode(get_settings().settlement_mode) is SettlementMode.PARTNER:
        raise PartnerPays(str(actor.technician_id))
    if not _KEY.fullmatch(key):
        raise Invalid("key")
    who = lock(session, actor.technician_id)
    entry = f"{PUT_ASIDE}:{who.id}:{key}"
    if ledger.lines_of(session, entry):
        return False
    available, deposit = ledger.available(actor.technician_id), ledger.deposit(actor.technician_id)
    held = ledger.locked_balances(session, (available, deposit))
    room = load_deposit_policy(session, who.city_id).room(held[deposit])
    if not 0 < amount_fen <= room:
        raise DepositLimit(str(amount_fen), most_fen=room)
    if _is_asked_back(session, actor.technician_id):
        raise DepositOpen(str(actor.technician_id))
    if held[available] < amount_fen:
        raise NotEnough(str(amount_fen))
    lines = {available: amount_fen, deposit: -amount_fen}
    _id, is_new = ledger.post(session, entry, PUT_ASIDE, f"technician:{who.id}", lines, now=now)
    bus.publish(session, bus.technician(actor.technician_id))
    return is_new


def ask_back(session: Session, actor: Actor, *, now: datetime) -> str:
    """Ask for the whole deposit; returns the number. Raises: NotEnough when there is none, DepositOpen when it was asked for."""
    actor.require_role(Role.TECHNICIAN)
    deposit = ledger.deposit(actor.technician_id)
    held = ledger.locked_balances(session, [deposit])[deposit]
    if not held:
        raise NotEnough(str(actor.technician_id))
    wish = DepositRequest(
        no=f"D{secrets.token_hex(15)}", technician_id=actor.technician_id,
        city_id=session.get_one(Technician, actor.technician_id).city_id, asked_fen=held, status=DepositStatus.OPEN, created_at=now,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(wish)
            session.flush()
    except sa.exc.IntegrityError as error:  # another press, or another tab
        raise DepositOpen(str(actor.technician_id)) from error
    _hint(session, wish)
    return wish.no


def cancel(session: Session, actor: Actor, no: str, *, now: datetime) -> None:
    """Take the wish back. Raises: NotFound for somebody else's, Conflict when it was decided."""
    actor.require_role(Role.TECHNICIAN)
    wish = _locked(session, no)
    if wish is None or wish.technician_id != actor.technician_id:
        raise NotFound(f"deposit {no}")
    _end(session, wish, DepositStatus.CANCELLED, now)


def give_back(session: Session, actor: Actor, no: str, shown_fen: int, *, now: datetime) -> int:
    """Give the whole deposit back, which `shown_fen` has to be; what the technician owes is repaid of it. Audited.

    Returns what is available to him now.

    Raises: NotAllowed without withdrawal:review, NotFound, Conflict when it was decided, DepositHeld (`reason`: one of
    `domain.deposit`) while something keeps it, DepositChanged when it holds another amount than was shown, NotEnough when nothing.
    """
    wish = _open(session, actor, no)
    who = wish.technician_id
    rules = load_deposit_policy(session, wish.city_id)
    if found := rules.obstacles(load_standings(session, [who])[who], now):
        raise DepositHeld(no, reason=found[0])
    deposit, debt = ledger.deposit(who), ledger.debt(who)
    balances = ledger.locked_balances(session, (ledger.available(who), deposit, debt))
    held = balances[deposit]
    if not held:
        raise NotEnough(no)
    if held != shown_fen:
        raise DepositChanged(no, held_fen=held)
    repaid = min(held, balances[debt])
    _end(session, wish, DepositStatus.RETURNED, now, returned_fen=held, decided_by=actor.user_id)
    lines = {deposit: held, debt: -repaid, ledger.available(who): repaid - held}
    ledger.post(session, f"deposit:{no}:back", GIVEN_BACK, _ref(wish), lines, now=now)
    _tell(session, wish, "deposit_returned", now, amount_fen=held - repaid)
    data = {"no": no, "fen": held, "repaid_fen": repaid}
    audits.record(session, actor, "deposit.return", f"technician:{who}", data=data, now=now)
    return held - repaid


def refuse(session: Session, actor: Actor, no: str, *, reason: str, now: datetime) -> None:
    """Keep it, with a reason that the technician reads. Audited.

    Raises: NotAllowed without withdrawal:review, ReasonMissing, NotFound, Conflict when it was decided.
    """
    wish = _open(session, actor, no)
    if not reason.strip():
        raise ReasonMissing(no)
    why = reason.strip()[:200]
    _end(session, wish, DepositStatus.REFUSED, now, reason=why, decided_by=actor.user_id)
    _tell(session, wish, "deposit_refused", now, reason=why)
    audits.record(session, actor, "deposit.refuse", f"technician:{wish.technician_id}", why, {"no": no}, now=now)


def lock(session: Session, technician_id: int) -> Technician:
    """The technician's row, so that nobody else puts aside for him until the transaction ends; others may refer to it."""
    query = select(Technician).where(Technician.id == technician_id).with_for_update(key_share=True)
    return session.exec(query).one()


def covering(session: Session, technician_ids: set[int]) -> frozenset[int]:
    """Of these, whose deposit is drawn on before a debt: those whose city has a target."""
    return frozenset(who for who, rules in load_deposit_policies(session, technician_ids).items() if rules.target_fen)


def problems(session: Session) -> list[str]:
    """Sentences about wishes that were granted without their entry, or with another amount; empty when all fit."""
    key = sa.literal("deposit:").concat(col(DepositRequest.no)).concat(":back")
    account = sa.literal("t_deposit:").concat(sa.cast(col(DepositRequest.technician_id), sa.String))
    posted = sa.func.coalesce(sa.func.sum(col(Posting.amount_fen)), 0)
    rows = session.execute(
        sa.select(col(DepositRequest.no), col(DepositRequest.returned_fen), posted)
        .outerjoin(JournalEntry, col(JournalEntry.key) == key)
        .outerjoin(Posting, sa.and_(col(Posting.entry_id) == col(JournalEntry.id), col(Posting.account) == account))
        .group_by(col(DepositRequest.no), col(DepositRequest.returned_fen))
        .having(posted != col(DepositRequest.returned_fen))
    )
    return [f"deposit {no} says {fen}, its entry {found}" for no, fen, found in rows]


def _is_asked_back(session: Session, technician_id: int) -> bool:
    mine = DepositRequest.technician_id == technician_id, DepositRequest.status == DepositStatus.OPEN
    return session.exec(select(DepositRequest.id).where(*mine)).first() is not None


def _open(session: Session, actor: Actor, no: str) -> DepositRequest:
    actor.require(Permission.WITHDRAWAL_REVIEW)
    wish = _locked(session, no)
    if wish is None or wish.city_id != actor.city_id:
        raise NotFound(f"deposit {no}")
    if wish.status is not DepositStatus.OPEN:
        raise Conflict(f"deposit {no} is {wish.status}")
    return wish


def _end(session: Session, wish: DepositRequest, status: DepositStatus, now: datetime, **values: Any) -> None:
    moved = session.execute(
        sa.update(DepositRequest)
        .where(col(DepositRequest.id) == wish.id, col(DepositRequest.status) == DepositStatus.OPEN)
        .values(status=status, done_at=now, **values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(f"deposit {wish.no} was decided")
    session.refresh(wish)
    _hint(session, wish)


def _locked(session: Session, no: str) -> DepositRequest | None:
    query = select(DepositRequest).where(DepositRequest.no == no).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).first()


def _tell(session: Session, wish: DepositRequest, kind: str, now: datetime, **params: Any) -> None:
    user_id = session.get_one(Technician, wish.technician_id).user_id
    notices.send(session, user_id, kind, key=f"deposit:{wish.no}", now=now, link=PAGE, **params)


def _ref(wish: DepositRequest) -> str:
    return f"deposit:{wish.no}"


def _hint(session: Session, wish: DepositRequest) -> None:
    bus.publish(session, bus.technician(wish.technician_id), bus.overview(str(wish.city_id)))
