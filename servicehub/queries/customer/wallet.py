"""A customer's balance: what it holds, what is reserved, and its movements, read from the books."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Role
from servicehub.domain.payment import WALLET
from servicehub.models.customer import Notice
from servicehub.models.ledger import Account, JournalEntry, Posting
from servicehub.models.order import Order
from servicehub.models.payment import load_reserved
from servicehub.queries.customer.places import city_of
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.customer.wallet import Wallet, WalletMove

SHOWN = 100
TITLES: dict[str, str] = {
    "payment": N_("Paid with your balance"),
    "refund": N_("Back to your balance"),
    "credit": N_("Credit from us"),
}


def wallet(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> Wallet:
    """The actor's own, newest movement first. Raises: NotAllowed."""
    actor.require_role(Role.CUSTOMER)
    taken = load_reserved(session, WALLET, actor.user_id, now=now)
    return Wallet(
        balance=formats.amount(held_of(session, actor, WALLET), always_decimals=True),
        reserved=formats.yuan(taken) if taken else "",
        moves=moves(session, actor, WALLET, TITLES, _signed, locale=locale, now=now),
    )


def _signed(fen: int) -> str:
    return formats.yuan(fen, always_decimals=True, signed=True)


def moves(
    session: Session,
    actor: Actor,
    tender: str,
    titles: Mapping[str, str],
    written: Callable[[int], str],
    *,
    locale: Locale,
    now: datetime,
) -> tuple[WalletMove, ...]:
    """What moved one of the actor's tenders of ours, newest first; `titles` by kind of entry, `written` for amounts."""
    tz = city_of(session, actor).timezone
    rows = session.execute(
        sa.select(JournalEntry, -col(Posting.amount_fen))
        .join(Posting, col(Posting.entry_id) == col(JournalEntry.id))
        .where(col(Posting.account) == f"{tender}:{actor.user_id}")
        .order_by(col(JournalEntry.id).desc())
        .limit(SHOWN)
    ).all()
    numbers = _order_numbers(session, [entry.ref for entry, _fen in rows])
    reasons = _reasons(session, actor, [entry.key for entry, _fen in rows if entry.kind == "credit"])
    return tuple(
        WalletMove(
            id=entry.id or 0,
            title=say(locale, titles.get(entry.kind, N_("Correction"))),
            when=formats.day_time(entry.at, now, tz, locale=locale),
            amount=written(fen),
            note=reasons.get(entry.key, ""),
            is_in=fen > 0,
            order_no=numbers.get(entry.ref, ""),
        )
        for entry, fen in rows
    )


def _order_numbers(session: Session, refs: Sequence[str]) -> dict[str, str]:
    ids = {int(ref.removeprefix("order:")) for ref in refs if ref.startswith("order:")}
    rows = session.execute(sa.select(col(Order.id), col(Order.no)).where(col(Order.id).in_(ids)))
    return {f"order:{order_id}": no for order_id, no in rows}


def _reasons(session: Session, actor: Actor, keys: Sequence[str]) -> dict[str, str]:
    """Entry's key -> what the customer was told."""
    once = col(Notice.dedupe_key)
    query = sa.select(once, col(Notice.params)).where(col(Notice.user_id) == actor.user_id, once.in_(keys))
    return {key: str(params.get("reason", "")) for key, params in session.execute(query)}


def free_fen(session: Session, actor: Actor, *, besides: int = 0, now: datetime) -> int:
    """What the actor may spend, in fen; what is reserved for the order `besides` counts as free."""
    taken = load_reserved(session, WALLET, actor.user_id, besides_order=besides, now=now)
    return max(0, held_of(session, actor, WALLET) - taken)


def held_of(session: Session, actor: Actor, tender: str) -> int:
    """What one of the actor's tenders of ours holds, in fen."""
    account = f"{tender}:{actor.user_id}"
    return int(session.scalar(sa.select(col(Account.balance_fen)).where(col(Account.code) == account)) or 0)
