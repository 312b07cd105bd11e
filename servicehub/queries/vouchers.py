"""Vouchers on screen: what accounts hold that only people move, and every voucher with who said and who agreed."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.domain.voucher import BANK, TAXES, VoucherKind, VoucherStatus, room
from servicehub.models.account import User
from servicehub.models.ledger import Account, load_signed
from servicehub.models.voucher import Voucher
from servicehub.queries.operator.scope import city_of, guard
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.voucher import Position, VoucherRow, Vouchers

SHOWN = 60
KINDS: dict[VoucherKind, str] = {
    VoucherKind.TO_BANK: N_("Paid out to the bank"),
    VoucherKind.FROM_BANK: N_("Paid in from the bank"),
    VoucherKind.TAX_PAID: N_("Paid to the tax office"),
    VoucherKind.VAT_PAID: N_("VAT paid to the tax office"),
    VoucherKind.CLEARED: N_("Settled through the bank"),
    VoucherKind.WRITTEN_OFF: N_("Written off"),
}
_STATUSES: dict[VoucherStatus, tuple[str, str]] = {
    VoucherStatus.PROPOSED: (N_("Needs a second yes"), "b"),
    VoucherStatus.BOOKED: (N_("Booked"), "g"),
    VoucherStatus.DROPPED: (N_("Dropped"), ""),
}


def page(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> Vouchers:  # noqa: ARG001 - a page's signature
    """Positions and the newest vouchers, those that wait first. Raises: NotAllowed without reconciliation:resolve."""
    guard(actor, Permission.RECONCILE)
    tz = city_of(session, actor).timezone
    second = sa.orm.aliased(User)
    query = (
        select(Voucher, User.display_name, second.display_name)
        .join(User, col(User.id) == col(Voucher.first_by))
        .outerjoin(second, col(second.id) == col(Voucher.second_by))
        .order_by(sa.case((col(Voucher.status) == VoucherStatus.PROPOSED, 0), else_=1), col(Voucher.id).desc())
    )
    rows = tuple(
        _row(one, f"{by} + {other}" if other else by, actor, tz, locale)
        for one, by, other in session.exec(query.limit(SHOWN))
    )
    return Vouchers(_positions(session, locale), rows, sum(row.may_drop for row in rows))


def _positions(session: Session, locale: Locale) -> tuple[Position, ...]:
    """What there is room for, account by account."""
    mine = sa.or_(
        *(col(Account.code).startswith(prefix) for prefix in ("cash:", "suspense:")),
        col(Account.code).in_(TAXES.values()),
    )
    codes = session.exec(select(Account.code).where(mine).order_by(col(Account.code))).all()
    balances = load_signed(session, codes)
    channels = sorted({code.partition(":")[2] for code in codes if code not in (BANK, *TAXES.values())})
    found = [_position(kind, "", code, balances, locale) for kind, code in TAXES.items() if code in codes]
    groups = (
        ("suspense", (VoucherKind.CLEARED, VoucherKind.WRITTEN_OFF)),
        ("cash", (VoucherKind.TO_BANK, VoucherKind.FROM_BANK)),
    )
    found += [
        _position(kind, channel, f"{group}:{channel}", balances, locale)
        for group, kinds in groups
        for channel in channels
        for kind in kinds
    ]
    return tuple(position for position in found if position is not None)


def _position(kind: VoucherKind, channel: str, code: str, balances: dict[str, int], locale: Locale) -> Position | None:
    most = room(kind, channel, balances)
    if not most and not (kind in TAXES and balances.get(code)):
        return None
    return Position(
        key=f"{kind}-{channel}",
        name=_account(code, locale),
        code=code,
        amount=formats.yuan(balances.get(code, 0), always_decimals=True, signed=kind.of_suspense),
        kind=kind.value,
        channel=channel,
        action=say(locale, KINDS[kind]) if most else "",
        most=formats.plain(abs(most)),
    )


def _account(code: str, locale: Locale) -> str:
    group, _colon, channel = code.partition(":")
    name = money.of(locale, money.ACCOUNTS, group)
    return name if code in TAXES.values() else f"{name} · {money.of(locale, money.METHODS, channel)}"


def _row(one: Voucher, people: str, actor: Actor, tz: str, locale: Locale) -> VoucherRow:
    label, tone = _STATUSES[one.status]
    waits = one.status is VoucherStatus.PROPOSED
    about = f" · {money.of(locale, money.METHODS, one.channel)}" if one.channel else ""
    return VoucherRow(
        id=one.id or 0,
        title=say(locale, KINDS[one.kind]) + about,
        amount=formats.yuan(one.amount_fen, always_decimals=True, signed=one.kind.of_suspense),
        when=formats.stamp(one.done_at or one.created_at, tz),
        note=one.reason,
        people=people,
        state_label=say(locale, label),
        tone=tone,
        may_agree=waits and one.first_by != actor.user_id,
        may_drop=waits,
    )
