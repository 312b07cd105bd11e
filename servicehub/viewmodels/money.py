"""Money as operators and technicians see it: amounts are written, every row says which order and which entry it comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One line of an entry; exactly one of `debit` and `credit` is written."""

    account: str = ""
    name: str = ""
    debit: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True)
class Ref:
    """Something that an entry or an account is about. `link` leads there; "" where this reader has no page of it."""

    kind: str = ""
    """In words: order, payment, refund, withdrawal, bill, technician, …"""
    text: str = ""
    """Its number, shortened, or its name."""
    full: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A journal entry with its lines. `order_no` "" when it is about no order."""

    id: int = 0
    key: str = ""
    kind: str = ""
    title: str = ""
    at: str = ""
    order_no: str = ""
    refs: tuple[Ref, ...] = ()
    """For operators."""
    amount: str = ""
    """The sum of its debits."""
    lines: tuple[PostingLine, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentRow:
    no: str = ""
    item: str = ""
    channel: str = ""
    amount: str = ""
    status: str = ""
    status_label: str = ""
    at: str = ""
    channel_no: str = ""


@dataclass(frozen=True, slots=True)
class RefundRow:
    no: str = ""
    payment_no: str = ""
    amount: str = ""
    reason: str = ""
    status: str = ""
    status_label: str = ""
    at: str = ""
    done: str = ""
    tries: int = 0


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """Everything about one order's money."""

    no: str = ""
    total: str = ""
    paid: str = ""
    refunded: str = ""
    held: str = ""
    payments: tuple[PaymentRow, ...] = ()
    refunds: tuple[RefundRow, ...] = ()
    entries: tuple[EntryRow, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A group of accounts of the trial balance."""

    group: str = ""
    name: str = ""
    debit: str = ""
    credit: str = ""
    balance: str = ""
    postings: int = 0


@dataclass(frozen=True, slots=True)
class DayRow:
    """One local day: its entries, what was debited and credited, and their sum."""

    day: str = ""
    entries: int = 0
    debit: str = ""
    credit: str = ""
    sum: str = ""
    ok: bool = True


@dataclass(frozen=True, slots=True)
class LedgerHealth:
    """Whether the books are sound, at a glance and in detail."""

    ok: bool = True
    sum: str = ""
    proved: str = ""
    """When the whole books were proved last, and what came of it; empty before the first time."""
    is_proved: bool = True
    entries: int = 0
    unbalanced: int = 0
    unsealed: int = 0
    suspects: int = 0
    """Reports of channels that fit no payment of ours, and that nobody has looked at."""
    accounts: tuple[AccountRow, ...] = ()
    days: tuple[DayRow, ...] = ()
    latest: tuple[EntryRow, ...] = ()


@dataclass(frozen=True, slots=True)
class IncomeRow:
    """One order's earning, a tip, a bonus or a penalty."""

    id: str = ""
    no: str = ""
    """The order's; empty for what belongs to none."""
    tail: str = ""
    title: str = ""
    when: str = ""
    net: str = ""
    state: str = ""
    """pending, available or frozen."""
    state_label: str = ""


@dataclass(frozen=True, slots=True)
class IncomeDay:
    day: str = ""
    fen: int = 0
    net: str = ""


@dataclass(frozen=True, slots=True)
class Income:
    """A technician's earnings."""

    today: str = ""
    week: str = ""
    month: str = ""
    pending: str = ""
    available: str = ""
    debt: str = ""
    """"" when nothing is owed."""
    deposit: str = ""
    """Put aside; "" where none is asked for or held."""
    deposit_target: str = ""
    """"" where none is asked for."""
    days: tuple[IncomeDay, ...] = ()
    """The last seven local days, oldest first."""
    rows: tuple[IncomeRow, ...] = ()


@dataclass(frozen=True, slots=True)
class AmountRow:
    label: str = ""
    amount: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class IncomeDetail:
    """How one order's price became the technician's earning; `no` "" when there is none."""

    no: str = ""
    title: str = ""
    when: str = ""
    net: str = ""
    rate: str = ""
    rule: str = ""
    state: str = ""
    state_label: str = ""
    batch: str = ""
    """The settlement batch with which it became available, and when; empty before."""
    price: tuple[AmountRow, ...] = ()
    split: tuple[AmountRow, ...] = ()
    entries: tuple[EntryRow, ...] = ()
