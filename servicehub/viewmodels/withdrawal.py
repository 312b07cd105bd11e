"""What the pages about withdrawals show, to a technician and to operators."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WithdrawalRow:
    """One of a technician's own withdrawals."""

    no: str
    amount: str
    line: str
    """When, where to, and the fee if there is one."""
    state: str
    state_label: str
    tone: str
    note: str
    """What happens next, or why it came to nothing."""
    may_cancel: bool
    waits: bool = False
    """The channel waits for the technician's yes."""


@dataclass(frozen=True, slots=True)
class Confirming:
    """A withdrawal that the channel asks its payee about."""

    no: str = ""
    """Empty when there is none."""
    amount: str = ""
    """What arrives, without the sign."""
    until: str = ""
    state_label: str = ""
    tone: str = ""
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawing:
    """What a technician may take out, and what became of earlier withdrawals."""

    available: str = ""
    most: str = ""
    """The largest amount now, as it is typed; empty when nothing may be withdrawn."""
    payee: str = ""
    account: str = ""
    """The last account that was typed, masked; empty before the first one."""
    channel: str = ""
    """Where the last withdrawal went; empty before the first one."""
    in_wechat: bool = False
    """Whether the technician has logged in at WeChat, which finds his wallet."""
    rules: tuple[str, ...] = ()
    by_company: bool = False
    """The company is paid by customers, and pays its technicians: nothing is withdrawn here."""
    is_waiting: bool = False
    """Another one is still open."""
    rows: tuple[WithdrawalRow, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One withdrawal as operators see it."""

    no: str
    technician_id: int
    name: str
    portrait: str
    amount: str
    sub: str
    """Fee, and how many people have to say yes."""
    account: str
    channel: str
    asked: str
    state: str
    state_label: str
    tone: str
    note: str
    may_decide: bool
    """Waits for this operator."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force, as they are typed: yuan, and the fee in percent."""

    version: int = 0
    least: str = ""
    most: str = ""
    a_day: str = ""
    fee: str = ""
    least_fee: str = ""
    second_from: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """The list of withdrawals of a city."""

    rows: tuple[ReviewRow, ...] = ()
    waiting: int = 0
    waiting_sum: str = ""
    sending: int = 0
    paid_today: str = ""
    limits: Limits | None = None
    may_limit: bool = False
