"""The trace of any number: the entries behind it, every account that they touched, what came before and what came afterwards.

A payment is followed through its whole visit, companions included: a share of it is settled under a companion's own order. Beyond
the account of what a technician may take out nothing can be followed, because money on one account is not marked; what was drawn
from the same account, or came to it, is shown as just that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.models.catalog import City
from servicehub.models.chargeback import Chargeback
from servicehub.models.ledger import Account, JournalEntry, Posting
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.models.reconciliation import Bill, BillRow, Difference
from servicehub.models.sharing import Share
from servicehub.models.withdrawal import Withdrawal
from servicehub.queries.entries import Links, entry_rows, yuan
from servicehub.texts import N_, Locale, money, say
from servicehub.viewmodels.books import Touched, Trace, TracePart
from servicehub.viewmodels.money import EntryRow, Ref

MOST_BESIDE = 20
"""Entries of one account that stand beside a trace."""
NEWEST = 50
MOST_REFS = 6
Which = sa.ColumnElement[bool]


def trace(session: Session, actor: Actor, query: str, *, locale: Locale) -> Trace:
    """What stands behind a number of ours or a channel's (order, payment, refund, share, withdrawal, chargeback), an entry's key,
    what entries refer to (`technician:7`), or an account. Raises: NotAllowed without ledger:read.
    """
    actor.require(Permission.LEDGER_READ)
    wanted = query.strip()[:80]
    reader = _Reader(session, actor, locale)
    order = _order_behind(session, wanted)
    if order is not None:
        return reader.of_order(wanted, order)
    made = session.exec(select(Withdrawal).where(Withdrawal.no == wanted)).first()
    if made is not None:
        return reader.of_withdrawal(wanted, made)
    if wanted and session.get(Account, wanted) is not None:
        return reader.of_account(wanted)
    return reader.of_entries(
        wanted, col(JournalEntry.ref).in_((wanted, f"deposit:{wanted}")) | (col(JournalEntry.key) == wanted)
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    session: Session
    actor: Actor
    locale: Locale

    @property
    def tz(self) -> str:
        return self.session.get_one(City, self.actor.city_id).timezone

    def of_order(self, wanted: str, order: Order) -> Trace:
        """The visit's entries; afterwards its maturing, withdrawals from the same accounts, and the channels' bills."""
        lead = order.lead_id or order.id
        visit = list(
            self.session.exec(
                select(Order).where(sa.or_(Order.id == lead, Order.lead_id == lead)).order_by(col(Order.seat))
            )
        )
        ids = [one.id or 0 for one in visit]
        about = col(JournalEntry.ref).in_([f"order:{one}" for one in ids])
        matures = sa.and_(about, col(JournalEntry.kind) == "mature")
        links = Links(self.session, self.actor, self.locale, refs=[f"order:{one}" for one in ids])
        title = say(self.locale, N_("Matured: now the technician may take it out"))
        matured = TracePart("matured", title, "", self._rows(matures))
        parts = (matured, *self._drawn(about), *self._billed(self._numbers(ids)))
        return self._trace(
            wanted, sa.and_(about, col(JournalEntry.kind) != "mature"), about,
            order_no=order.no, refs=tuple(ref for one in ids for ref in links.of_ref(f"order:{one}")),
            parts=tuple(part for part in parts if part.entries or part.note),
        )  # fmt: skip

    def of_withdrawal(self, wanted: str, made: Withdrawal) -> Trace:
        """Its entries, what had come to the account before, and the channel's bill."""
        which = col(JournalEntry.ref) == f"withdrawal:{made.no}"
        ref = f"technician:{made.technician_id}"
        links = Links(self.session, self.actor, self.locale, refs=[ref])
        parts = (*self._received(made), *self._billed([made.no]))
        return self._trace(wanted, which, which, refs=links.of_ref(ref), parts=parts)

    def of_account(self, code: str) -> Trace:
        """Its newest entries; all of them are in its statement."""
        on_account = col(JournalEntry.id).in_(sa.select(col(Posting.entry_id)).where(col(Posting.account) == code))
        total = self.session.scalar(sa.select(sa.func.count()).where(col(Posting.account) == code)) or 0
        rows = entry_rows(
            self.session, self.actor, on_account, self.tz, self.locale, newest_first=True, limit=NEWEST
        )  # fmt: skip
        return Trace(
            code, refs=Links(self.session, self.actor, self.locale, accounts=[code]).of_account(code), account=code,
            entries=rows, more=self._left_out(len(rows), total),
        )  # fmt: skip

    def of_entries(self, wanted: str, which: Which) -> Trace:
        """Entries with that key or about that."""
        found = self._trace(wanted, which, which)
        if not found.entries:
            return Trace(wanted)
        about = dict.fromkeys(ref for entry in found.entries for ref in entry.refs)
        return replace(found, refs=tuple(about)[:MOST_REFS])

    def _trace(
        self,
        wanted: str,
        which: Which,
        touching: Which,
        *,
        order_no: str = "",
        refs: tuple[Ref, ...] = (),
        parts: tuple[TracePart, ...] = (),
    ) -> Trace:
        rows = self._rows(which)
        total = self.session.scalar(sa.select(sa.func.count()).select_from(JournalEntry).where(which)) or 0
        touched, left = self._touched(touching)
        return Trace(wanted, order_no, refs, "", rows, self._left_out(len(rows), total), yuan(left), touched, parts)

    def _rows(self, which: Which) -> tuple[EntryRow, ...]:
        return entry_rows(self.session, self.actor, which, self.tz, self.locale)

    def _left_out(self, shown: int, total: int) -> str:
        text = N_("{shown} of {total} entries are shown.")
        return say(self.locale, text, shown=shown, total=total) if total > shown else ""

    def _touched(self, which: Which) -> tuple[tuple[Touched, ...], int]:
        """Every account of the entries with what they did to it, and what they add up to, which is nothing."""
        account, fen = col(Posting.account), col(Posting.amount_fen)
        rows = self.session.execute(
            sa.select(
                account, sa.func.sum(sa.case((fen > 0, fen), else_=0)), sa.func.sum(sa.case((fen < 0, -fen), else_=0))
            )
            .join(JournalEntry, sa.and_(col(JournalEntry.id) == col(Posting.entry_id), which))
            .group_by(account)
            .order_by(sa.func.min(col(Posting.entry_id)), account)
        ).all()
        touched = tuple(
            Touched(
                code, money.account_name(self.locale, code), yuan(int(debit)) if debit else "", yuan(int(credit)) if credit else "",
                yuan(int(debit) - int(credit)),
            )
            for code, debit, credit in rows
        )  # fmt: skip
        return touched, sum(int(debit) - int(credit) for _code, debit, credit in rows)

    def _drawn(self, about: Which) -> list[TracePart]:
        """For each account of what may be taken out that got something: the withdrawals that drew on it since then."""
        came = self.session.execute(
            sa.select(col(Posting.account), sa.func.min(col(Posting.entry_id)))
            .join(JournalEntry, sa.and_(col(JournalEntry.id) == col(Posting.entry_id), about))
            .where(col(Posting.account).like("t\\_avail:%", escape="\\"), col(Posting.amount_fen) < 0)
            .group_by(col(Posting.account))
            .order_by(col(Posting.account))
        )
        return [self._drawn_from(account, int(first)) for account, first in came]

    def _drawn_from(self, account: str, since: int) -> TracePart:
        """Withdrawals after entry `since` until as much was drawn as was there then; those that came back are left out."""
        held = self._balance(account, until=since)
        drawn: Counter[str] = Counter()
        entries: dict[str, list[int]] = {}
        moved = self._withdrawn(account).where(col(Posting.entry_id) > since).order_by(col(Posting.entry_id))
        for ref, entry_id, fen in self.session.execute(moved.limit(5 * MOST_BESIDE)):
            drawn[ref] += fen
            entries.setdefault(ref, []).append(entry_id)
        shown, left = [], held
        for ref, fen in drawn.items():
            if fen > 0 and left > 0:
                shown.append(ref)
                left -= fen
        which = sa.and_(col(JournalEntry.ref).in_(shown), col(JournalEntry.id) > since)
        text = N_(
            "{account} held {amount} when it arrived. These withdrawals drew on the same account; money there is not marked, "
            "so nobody can say which yuan left with which of them."
        )
        if not shown:
            text = N_(
                "{account} held {amount} when it arrived. Nothing has been withdrawn from the same account since."
            )
        note = say(self.locale, text, account=account, amount=yuan(held))
        title = say(self.locale, N_("Withdrawn from the same account"))
        return TracePart(f"drawn-{account}", title, note, self._rows(which) if shown else ())

    def _received(self, made: Withdrawal) -> list[TracePart]:
        """What had come to the account before a withdrawal, newest first, until it explains what was there."""
        account = f"t_avail:{made.technician_id}"
        froze = self.session.exec(select(JournalEntry.id).where(JournalEntry.key == f"wd:{made.no}:freeze")).first()
        if froze is None:
            return []
        held = left = self._balance(account, until=froze - 1)
        earlier = (
            sa.select(col(Posting.entry_id), -col(Posting.amount_fen))
            .where(col(Posting.account) == account, col(Posting.entry_id) < froze, col(Posting.amount_fen) < 0)
            .order_by(col(Posting.entry_id).desc())
            .limit(MOST_BESIDE)
        )
        shown = []
        for entry_id, fen in self.session.execute(earlier):
            if left > 0:
                shown.append(entry_id)
                left -= fen
        text = N_(
            "{account} held {amount} before it. This had come to the same account last; money there is not marked, "
            "so nobody can say which yuan left with the withdrawal."
        )
        note = say(self.locale, text, account=account, amount=yuan(held))
        title = say(self.locale, N_("Had come to the same account"))
        rows = entry_rows(
            self.session, self.actor, col(JournalEntry.id).in_(shown), self.tz, self.locale, newest_first=True
        )  # fmt: skip
        return [TracePart("received", title, note, rows)]

    def _withdrawn(self, account: str) -> sa.Select[str, int, int]:
        return (
            sa.select(col(JournalEntry.ref), col(Posting.entry_id), col(Posting.amount_fen))
            .join(Posting, col(Posting.entry_id) == col(JournalEntry.id))
            .where(col(Posting.account) == account, col(JournalEntry.kind) == "withdrawal")
        )

    def _balance(self, account: str, *, until: int) -> int:
        """What was on a liability's account after entry `until`, positive."""
        fen = sa.select(sa.func.sum(col(Posting.amount_fen)))
        found = self.session.scalar(fen.where(col(Posting.account) == account, col(Posting.entry_id) <= until))
        return -int(found or 0)

    def _numbers(self, order_ids: Collection[int]) -> list[str]:
        """Under which numbers bills may have something of these orders."""
        found: list[str] = []
        for table in (Payment, Refund, Share, Chargeback):
            found += self.session.scalars(sa.select(table.no).where(col(table.order_id).in_(order_ids)))
        return found

    def _billed(self, numbers: Collection[str]) -> list[TracePart]:
        """What was booked from the bills that have lines of these numbers: the day's fee, and what differed."""
        rows = self.session.execute(
            sa.select(col(Bill.channel), col(Bill.day), sa.func.sum(col(BillRow.fee_fen)))
            .join(BillRow, col(BillRow.bill_id) == col(Bill.id))
            .where(col(BillRow.no).in_(numbers))
            .group_by(col(Bill.channel), col(Bill.day))
        ).all()
        fees = col(JournalEntry.ref).in_([f"bill:{channel}:{day}" for channel, day, _fee in rows])
        differing = self.session.scalars(sa.select(col(Difference.id)).where(col(Difference.no).in_(numbers)))
        corrected = col(JournalEntry.key).in_([f"recon:{one}" for one in differing])
        which = sa.or_(sa.and_(fees, col(JournalEntry.kind) == "channel_fee"), corrected)
        entries = self._rows(which)
        if not rows and not entries:
            return []
        text = N_("A channel bills the fees of a whole day together. Of them, these numbers cost {amount}.")
        note = say(self.locale, text, amount=yuan(sum(int(fee or 0) for _channel, _day, fee in rows)))
        return [TracePart("billed", say(self.locale, N_("The channel's bills")), note, entries)]


def _order_behind(session: Session, number: str) -> Order | None:
    """The order of that number, or of a payment, a refund, a share or a chargeback with it."""
    if not number:
        return None
    ids: sa.CompoundSelect[int] = sa.union_all(
        sa.select(col(Order.id)).where(col(Order.no) == number),
        sa.select(col(Payment.order_id)).where(sa.or_(col(Payment.no) == number, col(Payment.channel_no) == number)),
        *(sa.select(col(table.order_id)).where(col(table.no) == number) for table in (Refund, Share, Chargeback)),
    )
    return session.exec(select(Order).where(col(Order.id).in_(ids)).limit(1)).first()
