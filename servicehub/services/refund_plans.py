"""What a refund does before it is done: to which payments the money goes, out of which accounts, and which lines it is for.

Owns the decision and the rows of refunded lines. `services.refunds` carries a plan out; operators are shown the same plan before
they agree to it, and its `digest` binds what is done to what was shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.money import BP, scaled, share_bp
from servicehub.domain.money import split as divided
from servicehub.domain.payment import OURS
from servicehub.domain.refund import PricedLine, paid_for
from servicehub.errors import LedgerRefused, RefundTooLarge
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.order import Order, OrderLine
from servicehub.models.payment import Earning, Payment, RefundLine, drawn, load_rooms
from servicehub.services import deposits, ledger, settlements, shares


@dataclass(frozen=True, slots=True)
class Part:
    """What goes back to one payment, and out of which accounts it comes: account -> fen, which sum up to it."""

    payment: Payment
    room_fen: int
    """What could go back to it."""
    amount_fen: int
    sources: Mapping[str, int]
    is_clawed: bool
    """Out of what was settled, not out of what is held."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole refund: channels first, then tenders of ours."""

    amount_fen: int
    parts: tuple[Part, ...]

    @property
    def digest(self) -> str:
        """Names exactly this refund: another amount, payment or source has another one, and so has the same refund once more."""
        said = [[part.payment.no, part.room_fen, part.amount_fen, sorted(part.sources.items())] for part in self.parts]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]

    def sources(self) -> dict[str, int]:
        """Account -> what it gives in all; accounts that give nothing are left out."""
        found: dict[str, int] = {}
        for part in self.parts:
            for account, fen in part.sources.items():
                found[account] = found.get(account, 0) + fen
        return {account: fen for account, fen in found.items() if fen}


def plan(session: Session, order: Order, amount_fen: int, *, technician_bp: int = BP, locked: bool = False) -> Plan:
    """What refunding `amount_fen` of the order's price would do now, or is about to do (`locked`: balances stay as they are).

    `technician_bp`: after settlement, how much of the technician's part the technician gives back; the platform bears the rest.

    Raises: RefundTooLarge beyond what was paid and not yet promised back.
    """
    if locked:
        ledger.locked_balances(session, [ledger.tender(name, order.customer_id) for name in OURS])
    rooms = load_rooms(session, order.id or 0)
    most = sum(room for _payment, room in rooms)
    if not 0 < amount_fen <= most:
        raise RefundTooLarge(order.no, limit_fen=most)
    books = _Books(session, order, technician_bp, locked=locked)
    parts = []
    for payment, room, fen in drawn(rooms, amount_fen):
        sources, is_clawed = books.take(fen)
        parts.append(Part(payment, room, fen, sources, is_clawed))
    return Plan(amount_fen, tuple(parts))


@dataclass(slots=True)
class _Books:
    """The accounts that a refund may draw on, as they will be after each part of it."""

    session: Session
    order: Order
    technician_bp: int
    locked: bool
    earned: Sequence[Earning] = field(init=False)
    covering: frozenset[int] = field(init=False)
    """Technicians whose deposit is drawn on before a debt."""
    held: dict[str, int] = field(init=False)
    before: int = field(init=False)
    """What was clawed back before."""

    def __post_init__(self) -> None:
        self.earned = settlements.of_visit(self.session, self.order)
        self.covering = deposits.covering(self.session, {earning.technician_id for earning in self.earned})
        accounts = [ledger.escrow(self.order.id or 0)]
        for earning in self.earned:
            accounts += self._accounts_of(earning)
        self.held = (
            ledger.locked_balances(self.session, accounts)
            if self.locked
            else {account: ledger.balance(self.session, account) for account in accounts}
        )
        self.before = _clawed_before(self.session, self.order.id or 0)

    def take(self, amount: int) -> tuple[dict[str, int], bool]:
        """Where `amount` comes from: the escrow, or those who got it; and whether from those."""
        escrow = ledger.escrow(self.order.id or 0)
        if self.held[escrow] >= amount:
            self.held[escrow] -= amount
            return {escrow: amount}, False
        sources = self._clawed(amount)
        self.before += amount
        return sources, True

    def _clawed(self, amount: int) -> dict[str, int]:
        """Who gives back `amount` of a settled order: every component of its split in proportion, summing up exactly in the end.

        Tax is owed less for what the technician gives back, and still for what the platform bears in his place: that stays his
        income.
        """
        order_id, split = self.order.id or 0, self._split()
        paid = split.get(ledger.escrow(order_id), 0)
        if self.before + amount > paid:
            raise LedgerRefused(f"order {self.order.no}: {amount} is neither in escrow nor settled")
        commission = _part(-split.get(ledger.COMMISSION, 0), self.before, amount, paid)
        subsidy = _part(split.get(ledger.SUBSIDY, 0), self.before, amount, paid)
        technician = amount + subsidy - commission
        if technician < 0:
            commission, technician = commission + technician, 0
        if shares.is_partner(self.session, order_id):
            parts = {ledger.company(order_id): technician, ledger.COMMISSION: commission}
            return parts | {ledger.SUBSIDY: -subsidy}
        tax = _tax_part(split, self.before, amount, paid)
        borne, untaxed = share_bp(technician - tax, self.technician_bp), share_bp(tax, self.technician_bp)
        weights = [earning.net_fen for earning in self.earned]
        taken: dict[str, int] = {}
        for earning, part in zip(
            self.earned, divided(borne, weights if any(weights) else [1] * len(weights)), strict=True
        ):
            taken |= self._taken(earning, part)
        return taken | {
            ledger.COMMISSION: commission,
            ledger.SUBSIDY: -subsidy,
            ledger.TAX: untaxed,
            ledger.DISPUTE_COST: technician - borne - untaxed,
        }

    def _split(self) -> dict[str, int]:
        """How the order was settled, over everybody who came."""
        split: dict[str, int] = {}
        for earning in self.earned:
            for account, fen in ledger.lines_of(self.session, f"settle:{earning.order_id}").items():
                split[account] = split.get(account, 0) + fen
        return split

    def _taken(self, earning: Earning, amount: int) -> dict[str, int]:
        """`amount` from the technician: this order's pending earning, what is available, his deposit, then as a debt."""
        lines = {}
        for account in self._accounts_of(earning):
            lines[account] = min(self.held[account], amount)
            self.held[account] -= lines[account]
            amount -= lines[account]
        return lines | {ledger.debt(earning.technician_id): amount}

    def _accounts_of(self, earning: Earning) -> list[str]:
        """What he gives from, in this order."""
        who = earning.technician_id
        covered = [ledger.deposit(who)] if who in self.covering else []
        return [ledger.pending(who, earning.order_id), ledger.available(who), *covered]


def _part(whole: int, before: int, amount: int, paid: int) -> int:
    return scaled(whole, before + amount, paid) - scaled(whole, before, paid)


def _tax_part(split: Mapping[str, int], before: int, amount: int, paid: int) -> int:
    """The tax of the technicians' part: in proportion to that part, so that it is never more and adds up to the whole."""
    tax = -split.get(ledger.TAX, 0)
    if not tax:
        return 0
    subsidy, commission = split.get(ledger.SUBSIDY, 0), -split.get(ledger.COMMISSION, 0)
    whole, first, last = (
        fen + scaled(subsidy, fen, paid) - scaled(commission, fen, paid) for fen in (paid, before, before + amount)
    )
    return max(scaled(tax, last, whole) - scaled(tax, first, whole), 0)


def _clawed_before(session: Session, order_id: int) -> int:
    query = (
        sa.select(sa.func.sum(col(Posting.amount_fen)))
        .join(JournalEntry, col(JournalEntry.id) == col(Posting.entry_id))
        .where(col(JournalEntry.ref) == ledger.order_ref(order_id), col(JournalEntry.kind) == "clawback")
        .where(col(Posting.account) == ledger.refund_due(order_id))
    )
    return -int(session.scalar(query) or 0)


# -- by line ----------------------------------------------------------------------------------------------------------------------


def line_rooms(session: Session, order: Order) -> dict[int, int]:
    """Line -> what may still go back for it, in fen: what was paid for it after discounts, less what went back for it."""
    lines = session.exec(select(OrderLine).where(OrderLine.order_id == order.id).order_by(col(OrderLine.id)))
    paid = paid_for([PricedLine(line.id or 0, line.kind, line.amount_fen) for line in lines])
    gone = session.exec(
        select(RefundLine.line_id, sa.func.sum(col(RefundLine.amount_fen)))
        .where(RefundLine.order_id == order.id)
        .group_by(col(RefundLine.line_id))
    )
    returned = {line_id: int(fen) for line_id, fen in gone}
    return {line_id: fen - returned.get(line_id, 0) for line_id, fen in paid.items()}


def for_lines(session: Session, order: Order, line_ids: Iterable[int]) -> dict[int, int]:
    """What goes back when these lines do. Raises: RefundTooLarge for a line of which nothing is left, or that is not there."""
    rooms = line_rooms(session, order)
    chosen = {line_id: rooms.get(line_id, 0) for line_id in line_ids}
    if not chosen or min(chosen.values()) <= 0:
        raise RefundTooLarge(order.no, limit_fen=0)
    return chosen


def note_lines(session: Session, order: Order, lines: Mapping[int, int], *, now: datetime) -> None:
    """Remember what went back for which line. The caller has locked the order."""
    session.add_all(
        RefundLine(order_id=order.id or 0, line_id=line_id, amount_fen=fen, created_at=now)
        for line_id, fen in lines.items()
    )
    session.flush()
