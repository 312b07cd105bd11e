"""Profit sharing where a company is paid: the commission is claimed at the channel, the rest unfrozen, a refund's part returned.

Owns the rows of `sh_share`. The books mirror the company's account, which is not ours:

    paid           mirror:<channel> -> escrow                         pay:<no>
    settled        escrow -> commission, mirror:company:<order>       settle:<order>
    share arrived  cash:<channel> <- mirror:<channel>                 share:<no>          only now is it the platform's money
    returned       mirror:<channel> <- cash:<channel>                 share-return:<no>   then the refund is sent
    refunded       refund_due -> mirror:<channel>                     refund:<no>

The commission is capped when the order is settled (`domain.sharing.of_partner`), and a CHECK holds the ratio of each payment.
The channel is asked by `workflows.sharing`, outside any transaction. A lost answer leaves a row as it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, select

from servicehub import bus, outbox
from servicehub.domain.access import Actor, Permission
from servicehub.domain.sharing import (
    EARLIEST,
    OPEN,
    RETURNS_WITH_REFUND,
    SettlementMode,
    ShareAnswer,
    ShareKind,
    ShareRequest,
    ShareState,
    ShareStatus,
    allotted,
    most_share,
    part_returned,
)
from servicehub.errors import Conflict, NotFound
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund, load_mode, load_rooms
from servicehub.models.sharing import Share
from servicehub.services import audits, ledger
from servicehub.settings import get_settings

RETRY_FIRST_S, RETRY_LONGEST_S = 30, 3600
MARGIN = timedelta(seconds=5)
"""After the earliest moment: the channel's clock is another one."""


def mode_of(session: Session, order_id: int) -> SettlementMode | None:
    """The mode that the order froze when it was first paid; None before."""
    return load_mode(session, order_id)


def mode_for(session: Session, order_id: int) -> SettlementMode:
    """The mode of the order's next payment: the frozen one, else the installation's."""
    return mode_of(session, order_id) or SettlementMode(get_settings().settlement_mode)


def is_partner(session: Session, order_id: int) -> bool:
    """Whether a company was paid for the order."""
    return mode_of(session, order_id) is SettlementMode.PARTNER


def held_at(payment: Payment) -> str:
    """The account in which the money of a channel's payment is."""
    return (ledger.mirror if payment.mode is SettlementMode.PARTNER else ledger.cash)(payment.channel)


def bases(session: Session, order_id: int, settled_fen: int) -> list[tuple[Payment, int]]:
    """Which part of each payment is settled, when `settled_fen` are and the rest goes back, of the newest payment first."""
    found, left = [], settled_fen
    for payment, room in reversed(load_rooms(session, order_id)):
        found.append((payment, min(room, left)))
        left -= min(room, left)
    return found


def room_of(parts: Sequence[tuple[Payment, int]]) -> int:
    """The largest claim on these parts of payments."""
    return sum(most_share(base) for _payment, base in parts)


def claim(session: Session, claim_fen: int, parts: Sequence[tuple[Payment, int]], *, now: datetime) -> list[Share]:
    """Claim the platform's share of an order that is being settled, and unfreeze the rest; sent after the commit.

    `parts`: of `bases`. A payment is asked about a minute after it was made at the earliest.
    """
    made = []
    amounts = allotted(max(claim_fen, 0), [base for _payment, base in parts])
    for (payment, base), fen in zip(parts, amounts, strict=True):
        rest = _row(ShareKind.UNFREEZE, payment, base - fen, base, now)
        first = _row(ShareKind.SHARE, payment, fen, base, now) if fen else rest
        session.add_all({id(row): row for row in (first, rest)}.values())
        session.flush()
        wait = (payment.paid_at or now) + EARLIEST + MARGIN - now
        _send(session, first, max(wait // timedelta(seconds=1), 0))
        made.append(first)
    return made


def give_back(session: Session, payment: Payment, refund: Refund, room_fen: int, *, now: datetime) -> bool:
    """Return the refund's part of the share first; False when nothing is to be returned and the refund may go at once.

    `room_fen`: what was left of the payment before this refund. A share that the channel refused is claimed for less from now on.
    """
    share = _share_of(session, payment.id or 0)
    if share is None or share.status is ShareStatus.VOID:
        return False
    before = share.base_fen - room_fen
    fen = part_returned(share.amount_fen, share.base_fen, before, refund.amount_fen)
    if share.status is ShareStatus.FAILED:
        _lessen(session, share, fen, refund.amount_fen, now)
        return False
    if not fen:
        return False
    row = _row(ShareKind.RETURN, payment, fen, share.amount_fen, now)
    row.refund_id = refund.id
    session.add(row)
    session.flush()
    _send(session, row, 0)
    return True


def begin(session: Session, no: str, *, now: datetime) -> ShareRequest | None:
    """Count a try and say what to ask; None when nothing is to be asked now."""
    row = _locked(session, no)
    if row is None or row.status not in OPEN:
        return None
    payment = session.get_one(Payment, row.payment_id)
    share = _share_of(session, row.payment_id) if row.kind is not ShareKind.SHARE else None
    if row.kind is ShareKind.UNFREEZE and share and share.status not in (ShareStatus.SUCCEEDED, ShareStatus.VOID):
        return None  # nothing could be claimed any more
    row.tries += 1
    session.add(row)
    if row.kind is ShareKind.RETURN and share and not _may_return(session, row, share, payment, now):
        return None
    row.status = ShareStatus.SENT
    session.flush()
    return _asked(row, payment, share)


def asked(session: Session, no: str) -> ShareRequest | None:
    """What the channel was asked last, so that it can be asked what became of it; counts nothing. None without such a row."""
    row = session.exec(select(Share).where(Share.no == no)).first()
    if row is None:
        return None
    share = session.exec(select(Share).where(Share.payment_id == row.payment_id, Share.kind == ShareKind.SHARE)).first()
    return _asked(row, session.get_one(Payment, row.payment_id), share if row.kind is not ShareKind.SHARE else None)


def _asked(row: Share, payment: Payment, share: Share | None) -> ShareRequest:
    return ShareRequest(
        row.no, row.kind, payment.channel, payment.no, payment.channel_no or "", row.amount_fen, row.tries,
        share.no if share else "",
    )  # fmt: skip


def again(session: Session, no: str) -> int:
    """Ask again later; returns in how many seconds."""
    row = _locked(session, no)
    if row is None or row.status not in OPEN:
        return 0
    delay = min(RETRY_FIRST_S << min(max(row.tries - 1, 0), 10), RETRY_LONGEST_S)
    _send(session, row, delay)
    return delay


def record_result(session: Session, no: str, answer: ShareAnswer, *, now: datetime, is_billed: bool = False) -> bool:
    """What the channel said; an end is booked once, whatever is said later. What its bill has was not refused after all."""
    row = _locked(session, no)
    if row is None or row.status not in (*OPEN, *((ShareStatus.FAILED,) if is_billed else ())):
        return False
    if answer.state is ShareState.FAILED:
        row.status, row.reason = ShareStatus.FAILED, answer.reason[:64]
        session.add(row)
    elif answer.state is ShareState.SUCCEEDED:
        _succeeded(session, row, now)
        _follow(session, row)
    else:
        return False
    session.flush()
    _hint(session, row)
    return True


def returned_with(session: Session, refund: Refund, *, now: datetime) -> None:
    """The refund arrived, and with it what it names of the share, at a channel that returns shares with refunds."""
    row = _return_of(session, refund.id or 0)
    if row is not None and row.status in OPEN:
        _succeeded(session, row, now)


def carried_fen(session: Session, refund: Refund, channel: str) -> int:
    """What the refund's own request has to name as returned; 0 where a return is a request of its own."""
    row = _return_of(session, refund.id or 0) if channel in RETURNS_WITH_REFUND else None
    return row.amount_fen if row is not None and row.status is not ShareStatus.VOID else 0


def waits(session: Session, refund: Refund) -> bool:
    """Whether the refund may not be sent yet: its part of the share has not come back."""
    row = _return_of(session, refund.id or 0)
    if row is None or row.status in (ShareStatus.SUCCEEDED, ShareStatus.VOID):
        return False
    payment = session.get_one(Payment, row.payment_id)
    return payment.channel not in RETURNS_WITH_REFUND or row.status is not ShareStatus.SENT


def retry(session: Session, actor: Actor, no: str, *, now: datetime) -> str:
    """Try again what the channel refused, under a new number, which is returned. Audited.

    Raises: NotAllowed without reconciliation:resolve, NotFound, Conflict when it was not refused.
    """
    actor.require(Permission.RECONCILE)
    row = _locked(session, no)
    if row is None or session.get_one(Order, row.order_id).city_id != actor.city_id:
        raise NotFound(f"share {no}")
    if row.status is not ShareStatus.FAILED:
        raise Conflict(f"share {no} is {row.status}")
    row.no, row.status, row.reason, row.tries = _number(row.kind), ShareStatus.NEW, "", 0
    session.add(row)
    session.flush()
    _send(session, row, 0)
    data = {"kind": row.kind.value, "fen": row.amount_fen, "now": row.no}
    audits.record(session, actor, "share.retry", f"share:{no}", data=data, now=now)
    _hint(session, row)
    return row.no


def _may_return(session: Session, row: Share, share: Share, payment: Payment, now: datetime) -> bool:
    """Whether the return can be asked for: not while the share is under way, and no more when nothing was shared."""
    if share.status in OPEN:
        _send(session, row, RETRY_FIRST_S)
        return False
    if share.status is not ShareStatus.SUCCEEDED:
        refund = session.get_one(Refund, row.refund_id)
        _lessen(session, share, row.amount_fen, refund.amount_fen, now)
        row.status, row.done_at, row.amount_fen = ShareStatus.VOID, now, 0
        _follow(session, row)
        return False
    if payment.channel in RETURNS_WITH_REFUND:
        row.status = ShareStatus.SENT
        _follow(session, row)
        return False
    return True


def _lessen(session: Session, share: Share, fen: int, refunded_fen: int, now: datetime) -> None:
    """A refund came before the share: less is left to be claimed."""
    share.base_fen = max(share.base_fen - refunded_fen, 0)
    share.amount_fen = min(max(share.amount_fen - fen, 0), most_share(share.base_fen))
    if not share.amount_fen:
        share.status, share.done_at = ShareStatus.VOID, now
        _follow(session, share)
    session.add(share)
    session.flush()


def _succeeded(session: Session, row: Share, now: datetime) -> None:
    row.status, row.done_at, row.reason = ShareStatus.SUCCEEDED, now, ""
    session.add(row)
    session.flush()
    channel = session.get_one(Payment, row.payment_id).channel
    ref, sign = ledger.order_ref(row.order_id), 1 if row.kind is ShareKind.SHARE else -1
    if row.kind is not ShareKind.UNFREEZE:
        lines = {ledger.cash(channel): sign * row.amount_fen, ledger.mirror(channel): -sign * row.amount_fen}
        key, kind = ("share", "share") if sign > 0 else ("share-return", "share_return")
        ledger.post(session, f"{key}:{row.no}", kind, ref, lines, now=now)


def _follow(session: Session, row: Share) -> None:
    """What waited for the row: the unfreezing for a share, the refund for a return."""
    if row.kind is ShareKind.SHARE:
        rest = session.exec(
            select(Share).where(Share.payment_id == row.payment_id, Share.kind == ShareKind.UNFREEZE)
        ).first()
        if rest is None or rest.status not in OPEN:
            return
        rest.base_fen, rest.amount_fen = row.base_fen, row.base_fen - row.amount_fen
        if rest.base_fen:
            _send(session, rest, 0)
        else:
            rest.status = ShareStatus.VOID
        session.add(rest)
    elif row.kind is ShareKind.RETURN and row.refund_id:
        no = session.get_one(Refund, row.refund_id).no
        outbox.defer(session, "refund", {"no": no}, key=f"refund:{no}:returned")


def _row(kind: ShareKind, payment: Payment, fen: int, base_fen: int, now: datetime) -> Share:
    return Share(
        no=_number(kind), kind=kind, payment_id=payment.id or 0, order_id=payment.order_id, amount_fen=fen,
        base_fen=base_fen, status=ShareStatus.NEW, created_at=now,
    )  # fmt: skip


def _number(kind: ShareKind) -> str:
    return f"{'B' if kind is ShareKind.RETURN else 'S'}{secrets.token_hex(15)}"


def _send(session: Session, row: Share, delay_s: int) -> None:
    outbox.defer(session, "share", {"no": row.no}, key=f"share:{row.no}:{row.tries}", delay_s=delay_s)


def _share_of(session: Session, payment_id: int) -> Share | None:
    query = select(Share).where(Share.payment_id == payment_id, Share.kind == ShareKind.SHARE).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).first()


def _return_of(session: Session, refund_id: int) -> Share | None:
    return session.exec(select(Share).where(Share.refund_id == refund_id).with_for_update()).first()


def _locked(session: Session, no: str) -> Share | None:
    query = select(Share).where(Share.no == no).with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def _hint(session: Session, row: Share) -> None:
    order = session.get_one(Order, row.order_id)
    bus.publish(session, bus.order(order.no), bus.overview(str(order.city_id)))
