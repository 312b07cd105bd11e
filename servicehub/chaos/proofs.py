"""What has to hold when the storm is over: the books, the rows and the platforms tell one story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.adapters.stripe_names import PAYMENT, REFUND, named
from servicehub.domain.guarantee import GuaranteeStatus
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.payment import OURS, WALLET, PaymentStatus, PlanItem, RefundStatus
from servicehub.domain.proposal import ProposalStatus
from servicehub.domain.withdrawal import WithdrawalStatus
from servicehub.gateway_sim.platform import Platform
from servicehub.models.chargeback import Chargeback
from servicehub.models.deposit import load_deposit_policies
from servicehub.models.dispatch import Occupancy
from servicehub.models.guarantee import Guarantee
from servicehub.models.ledger import Account, JournalEntry, Posting
from servicehub.models.order import Order, OrderLine, OrderLog
from servicehub.models.payment import Earning, Payment, Refund
from servicehub.models.proposal import Proposal
from servicehub.models.technician import Technician
from servicehub.models.withdrawal import Withdrawal
from servicehub.services import deposits, ledger, points, settlement_batches

BOOKED = (PaymentStatus.KEPT, PaymentStatus.EXTRA, PaymentStatus.LATE)
DEAD = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
SETTLED = (OrderStatus.COMPLETED, OrderStatus.CLOSED)


@dataclass(frozen=True, slots=True)
class Money:
    """What the platforms have done, by our numbers, in fen."""

    paid: dict[str, dict[str, int]]
    """Channel -> payment -> fen."""
    refunded: dict[str, dict[str, tuple[str, int]]]
    """Channel -> refund -> (payment, fen)."""
    paid_out: dict[str, dict[str, int]]
    """Channel -> withdrawal -> fen."""
    taken_back: dict[str, tuple[int, bool]]
    """What banks took of cards' payments: dispute -> (fen, whether it came back)."""
    secured: frozenset[str]
    """Guarantees of which something may still be taken."""

    @property
    def payments(self) -> dict[str, int]:
        return {no: fen for paid in self.paid.values() for no, fen in paid.items()}

    @property
    def refunds(self) -> dict[str, tuple[str, int]]:
        return {no: refund for refunded in self.refunded.values() for no, refund in refunded.items()}

    def held(self, channel: str) -> int:
        """What a platform holds of ours."""
        gone = sum(fen for _payment, fen in self.refunded[channel].values())
        lost = sum(fen for fen, came_back in self.taken_back.values() if channel == "stripe" and not came_back)
        return sum(self.paid[channel].values()) - gone - sum(self.paid_out.get(channel, {}).values()) - lost


def money_of(platform: Platform) -> Money:
    """Read all platforms' books."""
    wechat = {no: d["total"] for no, d in platform.numbered("wechat") if "transaction_id" in d}
    alipay = {no: d["fen"] for no, d in platform.numbered("alipay") if "paid_at" in d}
    back = {no: (d["out_trade_no"], d["amount"]["refund"]) for no, d in platform.numbered("wechat-refund")}
    paid_back = {no.partition("/")[2]: (no.partition("/")[0], d["fen"]) for no, d in platform.numbered("alipay-refund")}
    out = {
        "alipay": {no: d["fen"] for no, d in platform.numbered("alipay-transfer")},
        "wechat": {no: d["fen"] for no, d in platform.numbered("wechat-transfer") if d["state"] == "SUCCESS"},
    }
    disputes = {d["id"]: (d["amount"], d["status"] == "won") for d in platform.every("stripe-dispute")}
    intents = {d["id"]: d for d in platform.every("stripe-intent") if d["status"] == "succeeded"}
    stripe = {named(d)[PAYMENT]: d["amount_received"] for d in intents.values()}
    card_back = {
        named(d)[REFUND]: (named(intents[d["payment_intent"]])[PAYMENT], d["amount"])
        for d in platform.every("stripe-refund")
        if REFUND in named(d)  # else what a guarantee was not taken of, which was never ours
    }
    scored = {no for no, d in platform.numbered("payscore") if d["state"] == "DOING"}
    frozen = {no for no, d in platform.numbered("freeze") if d["state"] == "AUTHORIZED"}
    authorised = {named(d)[PAYMENT] for d in platform.every("stripe-intent") if d["status"] == "requires_capture"}
    paid = {"wechat": wechat, "alipay": alipay, "stripe": stripe}
    returned = {"wechat": back, "alipay": paid_back, "stripe": card_back}
    return Money(paid, returned, out, disputes, frozenset(scored | frozen | authorised))


def violations(session: Session, money: Money, left: dict[str, Any]) -> list[str]:
    """Every invariant that does not hold, with what was found; `left` is what the application says that it still has to do."""
    return _broken((*ALWAYS, *AT_REST), session, money, left)


def torn(session: Session) -> list[str]:
    """What does not hold of our own rows, at any moment."""
    return _broken(ALWAYS, session, Money({}, {}, {}, {}, frozenset()), {})


def _broken(proofs: Iterable[Proof], session: Session, money: Money, left: dict[str, Any]) -> list[str]:
    found = []
    for proof in proofs:
        said = list(proof(session, money, left))
        if said:
            found.append(f"{(proof.__doc__ or '').strip()} {said[:3]}")
    return found


Proof = Callable[[Session, Money, dict[str, Any]], Iterable[object]]


def _books(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """The books prove themselves: every entry sums to zero, every kept balance is its postings' sum, points are their lots'."""
    yield from ledger.verify(session)
    yield from points.problems(session)
    yield from deposits.problems(session)


def _guarded(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """No guarded account is below zero."""
    below = col(Account.guarded) == 1, col(Account.balance_fen) < 0
    yield from session.exec(select(Account.code).where(*below))


def _cash(session: Session, money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """Our cash, with the fees that were taken of it, is what each platform holds of ours."""
    for channel in money.paid:
        ours = sum(ledger.balance(session, of(channel)) for of in (ledger.cash, ledger.channel_fees))
        if ours != (theirs := money.held(channel)):
            yield channel, ours, theirs


def _each_payment(session: Session, money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """Whatever was paid at a platform is booked, and nothing else."""
    rows = session.exec(select(Payment).where(col(Payment.status).in_(BOOKED), col(Payment.channel).not_in(OURS)))
    yield from sorted(set(money.payments.items()) ^ {(row.no, row.amount_fen) for row in rows})


def _one_kept(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """An order keeps one payment of each kind, and one part of it from each tender of ours."""
    own = sa.case((col(Payment.channel).in_(OURS), col(Payment.channel)), else_="")
    rows = session.exec(select(Payment.order_id, Payment.item, own).where(Payment.status == PaymentStatus.KEPT))
    yield from (pair for pair, times in Counter(rows).items() if times > 1)


def _each_refund(session: Session, money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """Whatever a platform returned is a refund of ours that succeeded, and the other way round."""
    rows = select(Refund, Payment.no).join(Payment, col(Payment.id) == col(Refund.payment_id))
    done = col(Payment.channel).not_in(OURS), Refund.status == RefundStatus.SUCCEEDED
    ours = {(r.no, (payment, r.amount_fen)) for r, payment in session.exec(rows.where(*done))}
    yield from sorted(set(money.refunds.items()) ^ ours)


def _unwanted_back(session: Session, money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """Money that came too late or twice went back whole."""
    back = _back(money)
    unwanted = col(Payment.status).in_((PaymentStatus.EXTRA, PaymentStatus.LATE))
    for row in session.exec(select(Payment).where(unwanted, col(Payment.channel).not_in(OURS))):
        if back[row.no] != row.amount_fen:
            yield row.no, row.amount_fen, back[row.no]


def _never_more_back(_session: Session, money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """No payment was refunded beyond itself."""
    yield from (no for no, fen in _back(money).items() if fen > money.payments.get(no, 0))


def _dead_hold_nothing(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """An order that ended without a visit holds no money and no time."""
    dead = list(session.exec(select(Order.id).where(col(Order.status).in_(DEAD))))
    for order_id in dead:
        if held := ledger.balance(session, ledger.escrow(order_id or 0)):
            yield order_id, held
    yield from session.exec(select(Occupancy.order_id).where(col(Occupancy.order_id).in_(dead)))


def _living_hold_all(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """An order that waits for its visit holds exactly what was kept for it."""
    waits = col(Order.status).in_((OrderStatus.MATCHING, OrderStatus.ASSIGNED, OrderStatus.ACCEPTED))
    for order in session.exec(select(Order).where(waits)):
        kept = sa.select(sa.func.sum(col(Payment.amount_fen))).where(
            col(Payment.order_id) == order.id, col(Payment.status) == PaymentStatus.KEPT
        )
        paid = int(session.scalar(kept) or 0)
        due = 0 if order.payment_plan is PaymentPlan.AFTER else order.total_fen
        if paid != due or paid != ledger.balance(session, ledger.escrow(order.id or 0)):
            yield order.no, due, paid


def _secured(session: Session, money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """A platform holds a guarantee exactly for each order that still waits for its visit, to the whole amount."""
    rows = session.exec(select(Guarantee).where(Guarantee.status == GuaranteeStatus.HELD)).all()
    yield from sorted(money.secured ^ {row.no for row in rows})
    waits = col(Order.status).in_((OrderStatus.MATCHING, OrderStatus.ASSIGNED, OrderStatus.ACCEPTED))
    later = session.exec(select(Order.id, Order.total_fen).where(waits, Order.payment_plan == PaymentPlan.AFTER))
    yield from sorted(set(later) ^ {(row.order_id, row.amount_fen) for row in rows})


def _captured(session: Session, money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """What was taken of a guarantee is what its platform took, never more than it promised."""
    for row in session.exec(select(Guarantee).where(Guarantee.status == GuaranteeStatus.CAPTURED)):
        if money.payments.get(row.no) != row.captured_fen or row.captured_fen > row.amount_fen:
            yield row.no, money.payments.get(row.no), row.captured_fen


def _balances(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """A balance is what was given, less what it paid, plus what of that came back."""
    account = col(Account.code).startswith("wallet:")
    held = int(session.scalar(sa.select(sa.func.sum(col(Account.balance_fen))).where(account)) or 0)
    given = -sum(
        session.exec(
            select(Posting.amount_fen)
            .join(JournalEntry, col(JournalEntry.id) == col(Posting.entry_id))
            .where(JournalEntry.kind == "credit", Posting.account.startswith("wallet:"))
        )
    )
    own = Payment.channel == WALLET
    paid = sum(session.exec(select(Payment.amount_fen).where(own, col(Payment.status).in_(BOOKED))))
    back = select(Refund.amount_fen).join(Payment, col(Payment.id) == col(Refund.payment_id))
    returned = sum(session.exec(back.where(own, Refund.status == RefundStatus.SUCCEEDED)))
    if held != given - paid + returned:
        yield held, given, paid, returned


def _added(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """What was added to a visit is part of it exactly when its money was kept, and every price is the sum of its lines."""
    paid = set(session.exec(select(Payment.proposal_id).where(Payment.status == PaymentStatus.KEPT)))
    for row in session.exec(select(Proposal).where(col(Proposal.at_once))):
        if (row.id in paid) != (row.status is ProposalStatus.ADDED):
            yield row.order_id, row.status
    lines = sa.func.coalesce(sa.func.sum(col(OrderLine.amount_fen)), 0)
    sums = sa.select(col(OrderLine.order_id), lines).group_by(col(OrderLine.order_id))
    priced = select(Order.id, Order.total_fen).where(col(Order.lead_id).is_(None))
    yield from sorted(set(session.exec(priced)) ^ {(row[0], int(row[1])) for row in session.execute(sums)})


def _thanked(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """Whoever was thanked has all of it."""
    tips = select(Payment.no, Payment.amount_fen).where(
        Payment.item == PlanItem.TIP, Payment.status == PaymentStatus.KEPT
    )
    for no, fen in session.exec(tips):
        had = -sum(part for code, part in ledger.lines_of(session, f"pay:{no}").items() if code.startswith("t_avail:"))
        if had != fen:
            yield no, fen, had


def _taken_back(session: Session, money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """What banks took of payments, and what of it came back, is booked so."""
    rows = session.exec(select(Chargeback).where(col(Chargeback.taken_at).is_not(None)))
    ours = {(row.no, (row.amount_fen, row.returned_at is not None)) for row in rows}
    yield from sorted(set(money.taken_back.items()) ^ ours)


def _settled_once(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """A finished order was settled once, and nothing of it is left in escrow."""
    for order in session.exec(select(Order).where(col(Order.status).in_(SETTLED))):
        earnings = session.exec(select(Earning.id).where(Earning.order_id == order.id)).all()
        if len(earnings) != 1 or ledger.balance(session, ledger.escrow(order.id or 0)):
            yield order.no, len(earnings)


def _divided_as_shown(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """What an earning says of commission, tax and net is what its entry posted, and the net is what was shown at acceptance."""
    rows = session.exec(
        select(Earning, Order).join(Order, col(Order.id) == col(Earning.order_id)).where(Earning.kind == "service")
    )
    for earning, order in rows:
        lines = ledger.lines_of(session, f"settle:{order.id}")
        pending = ledger.pending(earning.technician_id, earning.order_id)
        posted = [-lines.get(account, 0) for account in (ledger.COMMISSION, ledger.TAX, pending)]
        whole = lines.get(ledger.escrow(order.id or 0), 0) == order.total_fen
        shown = order.commission.get("net_fen", earning.net_fen) if whole else earning.net_fen
        if posted != [earning.commission_fen, earning.tax_fen, earning.net_fen] or shown != earning.net_fen:
            yield order.no, posted, shown


def _deposits(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """What matured repaid debts, went to the deposit or became available, and no deposit is above its target."""
    for earning in session.exec(select(Earning).where(col(Earning.matured_at).is_not(None))):
        who, lines = earning.technician_id, ledger.lines_of(session, f"mature:{earning.order_id}")
        parts = {ledger.debt(who), ledger.deposit(who), ledger.available(who)}
        pending = lines.pop(ledger.pending(who, earning.order_id), 0)
        if set(lines) - parts or sum(lines.values()) != -pending or max(lines.values(), default=0) > 0:
            yield earning.order_id, lines
    people = [technician_id or 0 for technician_id in session.exec(select(Technician.id))]
    for who, rules in load_deposit_policies(session, people).items():
        if (held := ledger.balance(session, ledger.deposit(who))) > rules.target_fen:
            yield who, held


def _batches(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """Whatever matured is in one batch, and every batch is closed and the sum of its entries."""
    matured = select(Earning.order_id).where(col(Earning.matured_at).is_not(None), col(Earning.batch_id).is_(None))
    yield from session.exec(matured)
    yield from settlement_batches.problems(session)


def _payouts(session: Session, money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """Whatever was paid out is a withdrawal that is done, and nothing stays frozen."""
    rows = session.exec(select(Withdrawal).where(Withdrawal.status == WithdrawalStatus.DONE))
    theirs = {(channel, no, fen) for channel, paid in money.paid_out.items() for no, fen in paid.items()}
    yield from sorted(theirs ^ {(row.channel, row.no, row.amount_fen - row.fee_fen) for row in rows})
    frozen = col(Account.code).startswith("t_withdraw:"), col(Account.balance_fen) != 0
    yield from session.exec(select(Account.code).where(*frozen))


def _promised_back(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """Nothing that was promised back is still owed."""
    owed = col(Account.code).startswith("refund_due:"), col(Account.balance_fen) != 0
    yield from session.exec(select(Account.code).where(*owed))


def _no_step_twice(session: Session, _money: Money, _left: dict[str, Any]) -> Iterable[object]:
    """No order was paid, confirmed or cancelled twice."""
    once = col(OrderLog.event).in_(("pay", "pay_chosen", "confirm", "cancel"))
    rows = session.exec(select(OrderLog.order_id, OrderLog.event).where(once))
    yield from (pair for pair, times in Counter(rows).items() if times > 1)


def _nothing_left(_session: Session, _money: Money, left: dict[str, Any]) -> Iterable[object]:
    """The application has nothing left to do, and gave nothing up."""
    yield from ((name, what) for name, what in left.items() if what)


ALWAYS: tuple[Proof, ...] = (
    _books, _guarded, _one_kept, _dead_hold_nothing, _living_hold_all, _balances, _added, _thanked, _settled_once,
    _divided_as_shown, _deposits, _batches, _no_step_twice,
)  # fmt: skip
"""What no death may interrupt: it holds whenever nothing is being written, and is about our own rows alone."""
AT_REST: tuple[Proof, ...] = (
    _cash, _each_payment, _each_refund, _unwanted_back, _never_more_back, _secured, _captured, _taken_back, _payouts,
    _promised_back, _nothing_left,
)  # fmt: skip
"""What the platforms have done and we have heard of."""


def _back(money: Money) -> Counter[str]:
    back: Counter[str] = Counter()
    for payment, fen in money.refunds.values():
        back[payment] += fen
    return back
