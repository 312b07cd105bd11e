"""The books: the chart of accounts, posting, balances and proofs. Every amount of the product passes through `post`.

Owns entries and postings. Amounts are integer fen, + debit / − credit. The database itself refuses what is unbalanced, unsealed or
drawn below zero (`models.ledger`); this module asks before it writes, so that a refusal has a reason. What an event means in
accounts is said where the event happens (`payments`, `refunds`, `settlements`).

    cash:<channel>                  asset      money at the channel
    escrow:<order>                  liability  customers' money of an open order                              guarded
    refund_due:<order>              liability  refunds promised and not yet confirmed                         guarded
    wallet:<customer>               liability  a customer's balance: refunds of what it paid, and credits           guarded
    points:<customer>               liability  a customer's points, one fen each: earned, and worth no cash                 guarded
    t_pending:<technician>:<order>  liability  earned, not matured                                            guarded
    t_avail:<technician>            liability  may be withdrawn                                               guarded
    t_withdraw:<technician>         liability  frozen in a withdrawal                                         guarded
    t_deposit:<technician>          liability  put aside as a guarantee, drawn on before a debt               guarded
    tech_debt:<technician>          asset      clawed back beyond what was there; repaid first at maturing    guarded
    tax_payable:iit                 liability  income tax withheld from technicians, owed to the tax office
    vat_payable:output              liability  value-added tax of what was sold (vat:output, an expense), owed there, too
    commission:service  fee_income:<cancellation, withdrawal, unexplained>  penalty_income:technician         income
    mirror:<channel>                asset      where a company is paid: the money in its account there…
    mirror:company:<order>          asset      …and the company's own part of it, a credit
    mirror:fees:<channel>           asset      what the channel kept of it, which the company bears
    suspense:<channel>              asset      differences to a channel's bill that two people accepted
    cash:bank                       asset      the company's bank account, as far as vouchers say
    subsidy:coupon  comp:<goodwill, dispute, bonus, credit, points, unexplained>  gw_fee:<channel>            expense
    chargeback:<channel>            expense    what banks took back through a channel and have not given back
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from servicehub.errors import LedgerRefused
from servicehub.models.ledger import Account, JournalEntry, Posting

COMMISSION = "commission:service"
TAX = "tax_payable:iit"
CANCELLATION_INCOME = "fee_income:cancellation"
WITHDRAWAL_INCOME = "fee_income:withdrawal"
SUBSIDY = "subsidy:coupon"
GOODWILL = "comp:goodwill"
DISPUTE_COST = "comp:dispute"
BONUS = "comp:bonus"
CREDIT = "comp:credit"
POINTS_COST = "comp:points"
PENALTY_INCOME = "penalty_income:technician"
CHART: dict[str, tuple[str, int]] = {
    "cash": ("asset", 0),
    "mirror": ("asset", 0),
    "escrow": ("liability", 1),
    "refund_due": ("liability", 1),
    "wallet": ("liability", 1),
    "points": ("liability", 1),
    "t_pending": ("liability", 1),
    "t_avail": ("liability", 1),
    "t_withdraw": ("liability", 1),
    "t_deposit": ("liability", 1),
    "tech_debt": ("asset", 1),
    "tax_payable": ("liability", 0),
    "vat_payable": ("liability", 0),
    "commission": ("income", 0),
    "fee_income": ("income", 0),
    "penalty_income": ("income", 0),
    "subsidy": ("expense", 0),
    "comp": ("expense", 0),
    "gw_fee": ("expense", 0),
    "chargeback": ("expense", 0),
    "vat": ("expense", 0),
    "suspense": ("asset", 0),
}
"""First part of an account's code -> (kind, guarded)."""
DEBIT_KINDS = ("asset", "expense")
_CHUNK = 400


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal entry to be posted: `lines` maps accounts to fen and sums to zero."""

    key: str
    kind: str
    ref: str
    lines: Mapping[str, int]
    at: datetime
    reverses_id: int | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """Every account's balance, + debit / − credit, and their sum, which is zero."""

    total_fen: int
    by_account: dict[str, int]


def cash(channel: str) -> str:
    return f"cash:{channel}"


def mirror(channel: str) -> str:
    return f"mirror:{channel}"


def mirror_fees(channel: str) -> str:
    return f"mirror:fees:{channel}"


def company(order_id: int) -> str:
    return f"mirror:company:{order_id}"


def escrow(order_id: int) -> str:
    return f"escrow:{order_id}"


def refund_due(order_id: int) -> str:
    return f"refund_due:{order_id}"


def wallet(customer_id: int) -> str:
    return f"wallet:{customer_id}"


def tender(name: str, customer_id: int) -> str:
    """The account of one of `domain.payment.OURS`."""
    return f"{name}:{customer_id}"


def pending(technician_id: int, order_id: int) -> str:
    return f"t_pending:{technician_id}:{order_id}"


def available(technician_id: int) -> str:
    return f"t_avail:{technician_id}"


def withdrawing(technician_id: int) -> str:
    return f"t_withdraw:{technician_id}"


def deposit(technician_id: int) -> str:
    return f"t_deposit:{technician_id}"


def suspense(channel: str) -> str:
    return f"suspense:{channel}"


def channel_fees(channel: str) -> str:
    return f"gw_fee:{channel}"


def chargebacks(channel: str) -> str:
    return f"chargeback:{channel}"


def debt(technician_id: int) -> str:
    return f"tech_debt:{technician_id}"


def order_ref(order_id: int) -> str:
    """What an entry about an order refers to."""
    return f"order:{order_id}"


def post(
    session: Session, key: str, kind: str, ref: str, lines: Mapping[str, int], *, now: datetime
) -> tuple[int, bool]:
    """Post one entry; returns (its id, whether it is new). The same `key` is posted once, whatever its lines say later.

    Lines of zero are left out; accounts are made when first used.

    Raises: LedgerRefused for lines that do not sum to zero, an unknown account, or a guarded account below zero.
    """
    return _post(session, Entry(key, kind, ref, lines, now))


def reverse(session: Session, entry_id: int, key: str, *, now: datetime) -> tuple[int, bool]:
    """Take an entry back by a contra entry, at most once.

    Raises: LedgerRefused when it does not exist, was reversed under another key, or its money has moved on.
    """
    entry = session.get(JournalEntry, entry_id)
    if entry is None:
        raise LedgerRefused(f"no entry {entry_id}")
    taken = session.exec(select(JournalEntry.key).where(JournalEntry.reverses_id == entry_id)).first()
    if taken is not None and taken != key:
        raise LedgerRefused(f"entry {entry_id} is reversed")
    lines = {account: -amount for account, amount in _postings(session, entry_id).items()}
    return _post(session, Entry(key, "reversal", entry.ref, lines, now, entry_id))


def post_many(session: Session, entries: Sequence[Entry]) -> int:
    """Post entries in their order, in bulk; returns how many were new. For imports; raises as `post` does."""
    created = 0
    for start in range(0, len(entries), _CHUNK):
        created += _post_chunk(session, entries[start : start + _CHUNK])
    return created


def balance(session: Session, account: str) -> int:
    """What is on the account, in its own direction (a liability's credit is positive); 0 for one never used."""
    row = session.execute(
        sa.select(col(Account.kind), col(Account.guarded), col(Account.balance_fen)).where(col(Account.code) == account)
    ).first()
    if row is None:
        return 0
    if row.guarded:
        return int(row.balance_fen)
    total = session.scalar(sa.select(sa.func.sum(col(Posting.amount_fen))).where(col(Posting.account) == account))
    return int(total or 0) * (1 if row.kind in DEBIT_KINDS else -1)


def locked_balances(session: Session, accounts: Iterable[str]) -> dict[str, int]:
    """Balances of guarded accounts, locked until the transaction ends; 0 for one never used."""
    wanted = sorted(set(accounts))
    rows = session.execute(
        sa.select(col(Account.code), col(Account.balance_fen))
        .where(col(Account.code).in_(wanted))
        .order_by(col(Account.code))
        .with_for_update()
    )
    found = {code: int(fen) for code, fen in rows}
    return {account: found.get(account, 0) for account in wanted}


def trial(session: Session) -> Trial:
    """The trial balance of everything that was ever posted."""
    rows = session.execute(
        sa.select(col(Posting.account), sa.func.sum(col(Posting.amount_fen))).group_by(col(Posting.account))
    )
    by_account = {account: int(fen) for account, fen in rows}
    return Trial(sum(by_account.values()), dict(sorted(by_account.items())))


def lines_of(session: Session, key: str) -> dict[str, int]:
    """The lines of the entry with `key`; empty when there is none."""
    entry_id = session.exec(select(JournalEntry.id).where(JournalEntry.key == key)).first()
    return _postings(session, entry_id) if entry_id else {}


def verify(session: Session) -> list[str]:
    """Sentences about what is wrong with the books; empty when they are sound."""
    problems = []
    if total := trial(session).total_fen:
        problems.append(f"all postings sum to {total}")
    by_entry = sa.select(col(Posting.entry_id)).group_by(col(Posting.entry_id))
    for (entry_id,) in session.execute(by_entry.having(sa.func.sum(col(Posting.amount_fen)) != 0)):
        problems.append(f"entry {entry_id} is unbalanced")
    for (key,) in session.execute(sa.select(col(JournalEntry.key)).where(col(JournalEntry.sealed) != 1)):
        problems.append(f"entry {key} is not sealed")
    return problems + _cache_problems(session)


def _cache_problems(session: Session) -> list[str]:
    signed = sa.case((col(Account.kind).in_(DEBIT_KINDS), 1), else_=-1) * sa.func.coalesce(
        sa.func.sum(col(Posting.amount_fen)), 0
    )
    rows = session.execute(
        sa.select(col(Account.code), col(Account.balance_fen), signed)
        .outerjoin(Posting, col(Posting.account) == col(Account.code))
        .where(col(Account.guarded) == 1)
        .group_by(col(Account.code), col(Account.balance_fen), col(Account.kind))
    )
    return [f"{code} shows {shown}, its postings say {real}" for code, shown, real in rows if shown != real]


def _post(session: Session, entry: Entry) -> tuple[int, bool]:
    lines = _checked(entry)
    connection = session.connection()
    post = _post_at_once if connection.dialect.name == "postgresql" else _post_in_steps
    try:
        entry_id = post(connection, entry, lines)
    except sa.exc.IntegrityError as error:
        raise LedgerRefused(f"{entry.key}: {error.orig}") from error
    if entry_id is None:
        return session.exec(select(JournalEntry.id).where(JournalEntry.key == entry.key)).one() or 0, False
    return entry_id, True


def _post_in_steps(connection: sa.Connection, entry: Entry, lines: Mapping[str, int]) -> int | None:
    """The entry's new id; None when its key is known."""
    values = {"key": entry.key, "kind": entry.kind, "ref": entry.ref, "at": entry.at, "reverses_id": entry.reverses_id}
    entry_id = connection.execute(_NEW_ENTRY, values).scalar()
    if entry_id is None:
        return None
    connection.execute(_NEW_ACCOUNTS, _accounts(lines))
    connection.execute(
        _NEW_POSTINGS,
        [{"entry_id": entry_id, "account": account, "amount_fen": fen} for account, fen in lines.items()],
    )
    connection.execute(_SEAL, {"sealed_id": entry_id})
    return int(entry_id)


def _post_at_once(connection: sa.Connection, entry: Entry, lines: Mapping[str, int]) -> int | None:
    """`_post_in_steps` in one round trip: the function `sh_post` of the database."""
    made = _accounts(lines)
    return connection.execute(
        _POST_AT_ONCE,
        {
            "key": entry.key, "kind": entry.kind, "ref": entry.ref, "at": entry.at, "reverses": entry.reverses_id,
            "accounts": list(lines), "amounts": list(lines.values()), "kinds": [row["kind"] for row in made],
            "guarded": [row["guarded"] for row in made],
        },
    ).scalar()  # fmt: skip


def _accounts(codes: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of accounts as they begin."""
    kinds = ((code, CHART[code.partition(":")[0]]) for code in codes)
    return [{"code": code, "kind": kind, "guarded": guarded, "balance_fen": 0} for code, (kind, guarded) in kinds]


_NEW_ENTRY = (
    sqlite.insert(JournalEntry.__table__)  # type: ignore[attr-defined]
    .values({name: sa.bindparam(name) for name in ("key", "kind", "ref", "at", "reverses_id")})
    .on_conflict_do_nothing(index_elements=["key"])
    .returning(col(JournalEntry.id))
)
_NEW_ACCOUNTS = sqlite.insert(Account.__table__).on_conflict_do_nothing(index_elements=["code"])  # type: ignore[attr-defined]
_NEW_POSTINGS = sa.insert(Posting.__table__)  # type: ignore[attr-defined]
_SEAL = sa.update(JournalEntry.__table__).where(col(JournalEntry.id) == sa.bindparam("sealed_id")).values(sealed=1)  # type: ignore[attr-defined]
_POST_AT_ONCE = sa.text(
    "SELECT sh_post(:key, :kind, :ref, :at, :reverses, CAST(:accounts AS text[]), CAST(:kinds AS text[]), "
    "CAST(:guarded AS integer[]), CAST(:amounts AS bigint[]))"
)


def _post_chunk(session: Session, entries: Sequence[Entry]) -> int:
    checked = {entry.key: _checked(entry) for entry in entries}
    values = [{"key": e.key, "kind": e.kind, "ref": e.ref, "at": e.at, "reverses_id": e.reverses_id} for e in entries]
    inserted = session.execute(
        _insert(session, JournalEntry)
        .values(values)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(col(JournalEntry.id), col(JournalEntry.key))
    )
    ids = {key: entry_id for entry_id, key in inserted}
    fresh = [key for key in checked if key in ids]
    rows = [
        {"entry_id": ids[key], "account": account, "amount_fen": fen}
        for key in fresh
        for account, fen in checked[key].items()
    ]
    if rows:
        _write(session, "import", sorted({row["account"] for row in rows}), rows, list(ids.values()))
    return len(fresh)


def _checked(entry: Entry) -> dict[str, int]:
    """The lines without zeros, in the order of account codes, in which every transaction locks them."""
    lines = {account: fen for account, fen in sorted(entry.lines.items()) if fen}
    if not lines or sum(lines.values()) != 0:
        raise LedgerRefused(f"{entry.key} sums to {sum(lines.values())}")
    if unknown := [account for account in lines if account.partition(":")[0] not in CHART]:
        raise LedgerRefused(f"{entry.key} uses {unknown}")
    return lines


def _write(session: Session, key: str, accounts: list[str], rows: list[dict[str, Any]], entry_ids: list[int]) -> None:
    made = _accounts(accounts)
    try:
        session.execute(_insert(session, Account).values(made).on_conflict_do_nothing(index_elements=["code"]))
        session.execute(sa.insert(Posting).values(rows))
        session.execute(
            sa.update(JournalEntry)
            .where(col(JournalEntry.id).in_(entry_ids))
            .values(sealed=1)
            .execution_options(synchronize_session=False)
        )
    except sa.exc.IntegrityError as error:
        raise LedgerRefused(f"{key}: {error.orig}") from error


def _postings(session: Session, entry_id: int) -> dict[str, int]:
    rows = session.execute(
        sa.select(col(Posting.account), col(Posting.amount_fen)).where(col(Posting.entry_id) == entry_id)
    )
    return {account: int(fen) for account, fen in rows}


def _insert(session: Session, table: type) -> Any:
    """An INSERT that knows ON CONFLICT in the session's database."""
    return (postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert)(table)
