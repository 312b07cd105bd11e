"""Journal entries as rows of a screen: their lines, and what they are about, with the way there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from urllib.parse import quote

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission, Role
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.order import Order
from servicehub.models.reconciliation import Bill
from servicehub.models.technician import Technician
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.money import EntryRow, PostingLine, Ref

LIMIT = 200
HEAD, TAIL = 7, 4
"""What is shown of a long number."""
NUMBERED: dict[str, str] = {
    "pay": N_("Payment"),
    "refund-due": N_("Refund"),
    "refund": N_("Refund"),
    "share": N_("Share"),
    "share-return": N_("Share"),
    "chargeback": N_("Chargeback"),
    "chargeback_won": N_("Chargeback"),
}
"""First part of an entry's key -> what its last part numbers."""
OF_ORDERS = ("escrow", "refund_due", "t_pending")
OF_TECHNICIANS = ("t_pending", "t_avail", "t_withdraw", "t_deposit", "tech_debt")
"""Groups of accounts whose codes end with an order, and begin with a technician."""


def entry_rows(
    session: Session,
    actor: Actor,
    which: sa.ColumnElement[bool],
    tz: str,
    locale: Locale,
    *,
    newest_first: bool = False,
    limit: int = LIMIT,
) -> tuple[EntryRow, ...]:
    """Entries with their lines: debits first, in order of posting. What they are about is for operators."""
    key = col(JournalEntry.id)
    entries = session.exec(
        select(JournalEntry).where(which).order_by(key.desc() if newest_first else key).limit(limit)
    ).all()
    lines: dict[int, list[Posting]] = {entry.id or 0: [] for entry in entries}
    found = select(Posting).where(col(Posting.entry_id).in_(lines)).order_by(col(Posting.amount_fen).desc())
    for posting in session.exec(found):
        lines[posting.entry_id].append(posting)
    about = Links(session, actor, locale, refs=[entry.ref for entry in entries])
    return tuple(_entry(e, lines[e.id or 0], about, tz, locale) for e in entries)


class Links:
    """Leads from what entries and accounts name to its page or its trace, all read at once.

    `refs` are of entries, `accounts` codes. Pages of another city, or of districts that are not the reader's, are not linked.
    """

    def __init__(
        self,
        session: Session,
        actor: Actor,
        locale: Locale,
        *,
        refs: Collection[str] = (),
        accounts: Collection[str] = (),
    ) -> None:
        self.actor, self.locale = actor, locale
        codes = [code.split(":") for code in accounts]
        orders = {_id(ref[6:]) for ref in refs if ref.startswith("order:")}
        orders |= {_id(part[-1]) for part in codes if part[0] in OF_ORDERS}
        orders |= {_id(part[-1]) for part in codes if part[:2] == ["mirror", "company"]}
        people = {_id(ref[11:]) for ref in refs if ref.startswith("technician:")}
        people |= {_id(part[1]) for part in codes if part[0] in OF_TECHNICIANS and len(part) > 1}
        self.orders = {order.id: order for order in session.exec(select(Order).where(col(Order.id).in_(orders)))}
        found = select(Technician).where(col(Technician.id).in_(people))
        self.people = {who.id: who for who in session.exec(found)}
        days = {day for ref in refs if ref.startswith("bill:") and (day := _day(ref.rpartition(":")[2]))}
        bills = sa.select(col(Bill.channel), col(Bill.day), col(Bill.id)).where(col(Bill.day).in_(days))
        self.bills = {f"bill:{channel}:{day}": bill for channel, day, bill in session.execute(bills)} if days else {}

    def order_no(self, ref: str) -> str:
        """The number of the order that an entry refers to; "" when it refers to none."""
        order = self.orders.get(_id(ref[6:])) if ref.startswith("order:") else None
        return order.no if order else ""

    def of_entry(self, entry: JournalEntry) -> tuple[Ref, ...]:
        """What the entry refers to, and what its key numbers."""
        if self.actor.role is not Role.OPERATOR:
            return ()
        head, _sep, rest = entry.key.partition(":")
        number = (self.traced(NUMBERED[head], rest.rpartition(":")[2]),) if head in NUMBERED and rest else ()
        return (*self.of_ref(entry.ref), *number)

    def of_ref(self, ref: str) -> tuple[Ref, ...]:
        """One of `refs`; nothing when it names nothing of ours."""
        kind, _sep, name = ref.partition(":")
        match kind:
            case "order":
                found = self._order(name)
            case "technician":
                found = self._technician(name)
            case "withdrawal":
                found = self.traced(N_("Withdrawal"), name)
            case "deposit":
                found = self.traced(N_("Deposit"), name)
            case "voucher":
                found = Ref(say(self.locale, N_("Voucher")), f"#{name}", ref, self._page("vouchers"))
            case "bill":
                found = self._bill(ref)
            case _:
                found = None
        return (found,) if found is not None else ()

    def of_account(self, code: str) -> tuple[Ref, ...]:
        """Whose account it is."""
        kind, *names = code.split(":")
        if kind in ("cash", "gw_fee", "suspense", "chargeback") and names:
            channel = money.of(self.locale, money.METHODS, names[0])
            return (Ref(say(self.locale, N_("Channel")), channel, channel, self._bills_page()),)
        if kind in ("wallet", "points") and names:
            return (Ref(say(self.locale, N_("Customer")), f"#{names[0]}", names[0]),)
        who = self._technician(names[0]) if kind in OF_TECHNICIANS and names else None
        order = self._order(names[-1]) if kind in OF_ORDERS or names[:1] == ["company"] else None
        return tuple(one for one in (who, order) if one is not None)

    def traced(self, kind: str, no: str) -> Ref:
        """A number that the ledger's own page follows."""
        return Ref(say(self.locale, kind), short(no), no, f"/operator/ledger/?q={quote(no, safe=':')}")

    def _order(self, name: str) -> Ref | None:
        order = self.orders.get(_id(name))
        if order is None:
            return None
        mine = order.city_id == self.actor.city_id
        mine = mine and (not self.actor.district_ids or order.district_id in self.actor.district_ids)
        to = f"/operator/orders/{order.no}/" if mine else f"/operator/ledger/?q={order.no}"
        return Ref(say(self.locale, N_("Order")), order.no, order.no, to)

    def _technician(self, name: str) -> Ref | None:
        who = self.people.get(_id(name))
        mine = who is not None and who.city_id == self.actor.city_id
        shown = who.name if who is not None and mine else f"#{_id(name)}"
        to = f"/operator/technicians/{_id(name)}/" if mine else ""
        return Ref(say(self.locale, N_("Technician")), shown, name, to)

    def _bill(self, ref: str) -> Ref:
        _kind, channel, day = f"{ref}::".split(":")[:3]
        text = f"{money.of(self.locale, money.METHODS, channel)} {day}"
        bill = self.bills.get(ref, 0) if self._bills_page() else 0
        to = f"/operator/reconciliation/?bill={bill}" if bill else f"/operator/ledger/?q={quote(ref, safe=':')}"
        return Ref(say(self.locale, N_("Bill")), text, ref, to)

    def _bills_page(self) -> str:
        return self._page("reconciliation")

    def _page(self, name: str) -> str:
        return f"/operator/{name}/" if self.actor.may(Permission.RECONCILE) else ""


def short(no: str) -> str:
    """A long number's beginning and end."""
    return no if len(no) <= HEAD + TAIL + 5 else f"{no[:HEAD]}…{no[-TAIL:]}"


def yuan(fen: int) -> str:
    """An amount as the books' pages write it."""
    return formats.yuan(fen, always_decimals=True)


def _entry(entry: JournalEntry, lines: Sequence[Posting], about: Links, tz: str, locale: Locale) -> EntryRow:
    return EntryRow(
        id=entry.id or 0,
        key=entry.key,
        kind=entry.kind,
        title=money.of(locale, money.ENTRIES, entry.kind),
        at=formats.stamp(entry.at, tz),
        order_no=about.order_no(entry.ref),
        refs=about.of_entry(entry),
        amount=yuan(sum(line.amount_fen for line in lines if line.amount_fen > 0)),
        lines=tuple(
            PostingLine(
                account=line.account,
                name=money.account_name(locale, line.account),
                debit=yuan(line.amount_fen) if line.amount_fen > 0 else "",
                credit=yuan(-line.amount_fen) if line.amount_fen < 0 else "",
            )
            for line in lines
        ),
    )


def _id(text: str) -> int:
    """The id in a code; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
