"""Withdrawals: frozen when asked for, decided by people, paid out under a number that never changes, booked once.

    asked for     t_avail -> t_withdraw                    wd:<no>:freeze
    paid out      t_withdraw -> cash, and the fee          wd:<no>:end
    anything else t_withdraw -> t_avail                    wd:<no>:end      the same key: only one end can ever be booked

The channel is asked by `workflows.payouts`, outside any transaction. A lost answer leaves a withdrawal as it is. Where the payee
has to say yes at the channel, the withdrawal waits for him a day, with its money frozen; then it is taken back there first.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus, crypto, outbox
from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.channel import PayoutRequest, PayoutState, Report
from servicehub.domain.sharing import SettlementMode
from servicehub.domain.withdrawal import (
    CONFIRM_WITHIN,
    ON_ITS_WAY,
    OPEN,
    WECHAT,
    WithdrawalStatus,
    account_of,
    masked,
)
from servicehub.errors import (
    Conflict,
    Invalid,
    NotEnough,
    NotFound,
    PartnerPays,
    PayeeUnknown,
    ReasonMissing,
    SecondPersonNeeded,
    WithdrawalLimit,
    WithdrawalOpen,
)
from servicehub.models.technician import Technician
from servicehub.models.withdrawal import ACCOUNT_CONTEXT, Withdrawal, load_limits
from servicehub.services import audits, identities, ledger, notices
from servicehub.services.refunds import RETRY_FIRST_S, RETRY_LONGEST_S
from servicehub.settings import get_settings

DAY = timedelta(hours=24)
_ENDS = {
    PayoutState.SUCCEEDED: WithdrawalStatus.DONE,
    PayoutState.FAILED: WithdrawalStatus.FAILED,
    PayoutState.UNCONFIRMED: WithdrawalStatus.EXPIRED,
}
CONFIRM_PAGE = "/technician/withdraw/confirm/"
"""Where a technician says yes; `no` names the withdrawal."""
_DECIDED: tuple[WithdrawalStatus, ...] = (WithdrawalStatus.DONE, *OPEN)


def last_account(session: Session, technician_id: int) -> str:
    """The account that the technician typed for his newest withdrawal; "" before the first."""
    mine = (Withdrawal.technician_id == technician_id, Withdrawal.channel != WECHAT)
    query = select(Withdrawal.account).where(*mine)
    sealed = session.exec(query.order_by(col(Withdrawal.id).desc()).limit(1)).first()
    return crypto.decrypt(sealed, ACCOUNT_CONTEXT) if sealed else ""


def request(session: Session, actor: Actor, amount_fen: int, account: str, channel: str, *, now: datetime) -> str:
    """Freeze `amount_fen` of what is available and ask for its payout; returns the number.

    `account`: a mobile number or mail address at the channel; empty takes the last one. At WeChat it is whoever logged in there.

    Raises: PartnerPays where companies are paid, Invalid for what is no account, PayeeUnknown where nobody has logged in,
    WithdrawalLimit, WithdrawalOpen while another one is open, NotEnough.
    """
    actor.require_role(Role.TECHNICIAN)
    if SettlementMode(get_settings().settlement_mode) is SettlementMode.PARTNER:
        raise PartnerPays(str(actor.technician_id))
    technician = session.get_one(Technician, actor.technician_id)
    wanted = _account(session, actor, account, channel)
    limits = load_limits(session, technician.city_id, now)
    if not limits.least_fen <= amount_fen <= limits.most_fen:
        raise WithdrawalLimit(str(amount_fen), least_fen=limits.least_fen, most_fen=limits.most_fen)
    available = ledger.available(actor.technician_id)
    if ledger.locked_balances(session, [available])[available] < amount_fen:
        raise NotEnough(str(amount_fen))
    recent = _recent(session, actor.technician_id, now)
    if set(recent) & set(OPEN):
        raise WithdrawalOpen(str(actor.technician_id))
    if len(recent) >= limits.a_day:
        raise WithdrawalLimit("a day", a_day=limits.a_day)
    made = Withdrawal(
        no=f"W{secrets.token_hex(15)}",
        technician_id=actor.technician_id,
        city_id=technician.city_id,
        amount_fen=amount_fen,
        fee_fen=limits.fee_fen(amount_fen),
        channel=channel,
        account=crypto.encrypt(wanted, ACCOUNT_CONTEXT),
        account_mask=masked(wanted, channel),
        payee=technician.name,
        status=WithdrawalStatus.REVIEW,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except sa.exc.IntegrityError as error:  # another press, or another tab
        raise WithdrawalOpen(str(actor.technician_id)) from error
    lines = {available: amount_fen, ledger.withdrawing(actor.technician_id): -amount_fen}
    ledger.post(session, f"wd:{made.no}:freeze", "withdrawal", _ref(made), lines, now=now)
    _hint(session, made)
    return made.no


def cancel(session: Session, actor: Actor, no: str, *, now: datetime) -> None:
    """Take back a withdrawal that nobody has decided about. Raises: NotFound, Conflict when it is too late."""
    actor.require_role(Role.TECHNICIAN)
    made = _locked(session, no)
    if made is None or made.technician_id != actor.technician_id:
        raise NotFound(f"withdrawal {no}")
    if made.first_by is not None:
        raise Conflict(f"withdrawal {no} is being decided")
    _end(session, made, WithdrawalStatus.CANCELLED, now, expected=WithdrawalStatus.REVIEW)


def approve(session: Session, actor: Actor, no: str, *, now: datetime) -> bool:
    """Say yes; returns whether it is sent now, or waits for a second person. Audited.

    Raises: NotAllowed without withdrawal:review, NotFound, Conflict when it was decided, SecondPersonNeeded for the first one.
    """
    made = _open(session, actor, no)
    if made.first_by is not None and made.first_by == actor.user_id:
        raise SecondPersonNeeded(no)
    goes = made.first_by is not None or not load_limits(session, made.city_id, now).needs_two(made.amount_fen)
    by = {"second_by" if made.first_by is not None else "first_by": actor.user_id}
    _move(session, made, WithdrawalStatus.SENDING if goes else WithdrawalStatus.REVIEW, **by)
    if goes:
        outbox.defer(session, "payout", {"no": no}, key=f"payout:{no}:0")
    audits.record(session, actor, "withdrawal.approve", f"withdrawal:{no}", data={"fen": made.amount_fen}, now=now)
    return goes


def reject(session: Session, actor: Actor, no: str, *, reason: str, now: datetime) -> None:
    """Say no, with a reason that the technician reads; the money is available again. Audited.

    Raises: NotAllowed without withdrawal:review, ReasonMissing, NotFound, Conflict when it was decided.
    """
    made = _open(session, actor, no)
    if not reason.strip():
        raise ReasonMissing(no)
    why = reason.strip()[:200]
    _end(session, made, WithdrawalStatus.REJECTED, now, expected=WithdrawalStatus.REVIEW, reason=why)
    audits.record(session, actor, "withdrawal.reject", f"withdrawal:{no}", reason, now=now)


def begin(session: Session, no: str) -> PayoutRequest | None:
    """Count a try and say what to send; None when nothing is to be sent any more."""
    made = _locked(session, no)
    if made is None or made.status not in ON_ITS_WAY:
        return None
    made.tries += 1
    session.add(made)
    session.flush()
    return _request(made)


def waiting(session: Session, actor: Actor, no: str) -> PayoutRequest | None:
    """What the technician's own withdrawal asks of its channel while it waits for him; None when it does not.

    Raises: NotFound for somebody else's.
    """
    actor.require_role(Role.TECHNICIAN)
    made = session.exec(select(Withdrawal).where(Withdrawal.no == no)).first()
    if made is None or made.technician_id != actor.technician_id:
        raise NotFound(f"withdrawal {no}")
    return _request(made) if made.status is WithdrawalStatus.CONFIRMING else None


def wait_for_payee(session: Session, no: str, *, now: datetime) -> bool:
    """The channel waits for the payee, who is told so once; returns whether his time is over."""
    made = _locked(session, no)
    if made is None or made.status not in ON_ITS_WAY:
        return False
    if made.status is WithdrawalStatus.CONFIRMING:
        return made.confirm_until is not None and made.confirm_until <= now
    until = now + CONFIRM_WITHIN
    _move(session, made, WithdrawalStatus.CONFIRMING, expected=WithdrawalStatus.SENDING, confirm_until=until)
    _tell(session, made, "withdrawal_confirm", f"{CONFIRM_PAGE}?no={no}", key=f"wd:{no}:confirm", now=now)
    return False


def again(session: Session, no: str) -> int:
    """Ask again later; returns in how many seconds."""
    made = _locked(session, no)
    if made is None or made.status not in ON_ITS_WAY:
        return 0
    delay = min(RETRY_FIRST_S << min(max(made.tries - 1, 0), 10), RETRY_LONGEST_S)
    outbox.defer(session, "payout", {"no": no}, key=f"payout:{no}:{made.tries}", delay_s=delay)
    return delay


def record_result(session: Session, no: str, state: PayoutState, *, now: datetime) -> bool:
    """What the channel said; an end is booked once, whatever is said later."""
    made = _locked(session, no)
    if made is None or made.status not in ON_ITS_WAY or state not in _ENDS:
        return False
    _end(session, made, _ENDS[state], now, expected=made.status)
    return True


def reported(session: Session, report: Report, *, now: datetime) -> bool | None:
    """Book what a channel's message says of a payout; None for one that is not ours, or of another amount."""
    made = _locked(session, report.no)
    if made is None or (made.channel, made.amount_fen - made.fee_fen) != (report.channel, report.amount_fen):
        return None
    return record_result(session, report.no, report.payout_state, now=now)


def _account(session: Session, actor: Actor, typed: str, channel: str) -> str:
    if channel == WECHAT:
        known = identities.openid_of(session, actor.user_id)
        if not known:
            raise PayeeUnknown(str(actor.technician_id))
        return known
    wanted = account_of(typed) if typed.strip() else last_account(session, actor.technician_id)
    if not wanted:
        raise Invalid("account")
    return wanted


def _request(made: Withdrawal) -> PayoutRequest:
    account = crypto.decrypt(made.account, ACCOUNT_CONTEXT)
    known = made.status is WithdrawalStatus.CONFIRMING
    return PayoutRequest(made.no, made.channel, made.amount_fen - made.fee_fen, account, made.payee, made.tries, known)


def _recent(session: Session, technician_id: int, now: datetime) -> list[WithdrawalStatus]:
    """Of the last 24 hours, those that count."""
    query = select(Withdrawal.status).where(
        col(Withdrawal.technician_id) == technician_id,
        col(Withdrawal.created_at) > now - DAY,
        col(Withdrawal.status).in_(_DECIDED),
    )
    return list(session.exec(query))


def _open(session: Session, actor: Actor, no: str) -> Withdrawal:
    actor.require(Permission.WITHDRAWAL_REVIEW)
    made = _locked(session, no)
    if made is None or made.city_id != actor.city_id:
        raise NotFound(f"withdrawal {no}")
    if made.status is not WithdrawalStatus.REVIEW:
        raise Conflict(f"withdrawal {no} is {made.status}")
    return made


def _end(
    session: Session,
    made: Withdrawal,
    status: WithdrawalStatus,
    now: datetime,
    *,
    expected: WithdrawalStatus,
    **values: Any,
) -> None:
    _move(session, made, status, expected=expected, done_at=now, **values)
    frozen = ledger.withdrawing(made.technician_id)
    if status is WithdrawalStatus.DONE:
        paid = {ledger.cash(made.channel): made.fee_fen - made.amount_fen, ledger.WITHDRAWAL_INCOME: -made.fee_fen}
    else:
        paid = {ledger.available(made.technician_id): -made.amount_fen}
    ledger.post(session, f"wd:{made.no}:end", "withdrawal", _ref(made), {frozen: made.amount_fen, **paid}, now=now)
    if status is not WithdrawalStatus.CANCELLED:
        kind = "withdrawn" if status is WithdrawalStatus.DONE else f"withdrawal_{status.value}"
        _tell(session, made, kind, "/technician/withdraw/", key=f"wd:{made.no}", now=now)


def _tell(session: Session, made: Withdrawal, kind: str, link: str, *, key: str, now: datetime) -> None:
    user_id = session.exec(select(Technician.user_id).where(Technician.id == made.technician_id)).one()
    notices.send(session, user_id, kind, key=key, now=now, link=link, amount_fen=made.amount_fen)


def _move(
    session: Session,
    made: Withdrawal,
    status: WithdrawalStatus,
    *,
    expected: WithdrawalStatus = WithdrawalStatus.REVIEW,
    **values: Any,
) -> None:
    moved = session.execute(
        sa.update(Withdrawal)
        .where(col(Withdrawal.id) == made.id, col(Withdrawal.status) == expected)
        .where(col(Withdrawal.first_by).is_not_distinct_from(made.first_by))
        .values(status=status, **values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(f"withdrawal {made.no} was decided")
    session.refresh(made)
    _hint(session, made)


def _locked(session: Session, no: str) -> Withdrawal | None:
    query = select(Withdrawal).where(Withdrawal.no == no).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).first()


def _ref(made: Withdrawal) -> str:
    return f"withdrawal:{made.no}"


def _hint(session: Session, made: Withdrawal) -> None:
    bus.publish(session, bus.technician(made.technician_id), bus.overview(str(made.city_id)))
