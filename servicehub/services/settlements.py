"""Settlement: a finished order's escrow becomes commission and the technician's earning, which matures after some days.

Of a visit of several people everybody who came has an equal part, with an entry and a commission rate of his own. Tax that is
withheld is a liability (`tax_payable:iit`) from the settlement on; cancellation fees and tips are paid without.

Owns earnings and their entries. The split is `domain.settlement`; its rule is the one that the technician saw before accepting.
The order row itself is not touched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain import settlement
from servicehub.domain.cancellation import CancelQuote
from servicehub.domain.commission import Rate
from servicehub.domain.deposit import DepositPolicy, Matured
from servicehub.domain.money import BP
from servicehub.domain.money import split as split_fen
from servicehub.domain.order import OrderStatus
from servicehub.domain.policy import OrderPolicy
from servicehub.domain.settlement import Split
from servicehub.domain.sharing import SettlementMode, of_partner
from servicehub.errors import LedgerRefused
from servicehub.models.base import among
from servicehub.models.catalog import Category
from servicehub.models.chargeback import is_contested
from servicehub.models.commissions import load_cases
from servicehub.models.customer import Coupon, CouponGrant
from servicehub.models.deposit import load_deposit_policy
from servicehub.models.order import Order, OrderLine, load_companions
from servicehub.models.payment import Earning
from servicehub.models.settlement import SettlementBatch
from servicehub.models.technician import Technician, load_homes
from servicehub.services import deposits, ledger, points, policies, settlement_batches, shares
from servicehub.services.due import each

CANCELLATION_RULE = "cancellation"


def take_home(session: Session, order: Order, technician: Technician) -> Split:
    """What `technician` would get for the order at its whole price; `as_document()` is what an acceptance freezes."""
    return take_homes(session, [(order, technician)])[0]


def take_homes(session: Session, pairs: Sequence[tuple[Order, Technician]]) -> list[Split]:
    """`take_home` for many; the lines of all orders in one statement."""
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    ids = {order.lead_id or order.id or 0 for order, _technician in pairs}
    for line in session.exec(select(OrderLine).where(among(col(OrderLine.order_id), ids)).order_by(col(OrderLine.id))):
        lines[line.order_id].append(line)
    rules: dict[int, OrderPolicy] = {}
    found = []
    for (order, _technician), case in zip(pairs, load_cases(session, pairs), strict=True):
        policy = rules.get(order.policy_id) or rules.setdefault(order.policy_id, policies.of_order(session, order))
        rate = policy.commission.choose(case, policy.version)
        part = (order.seat, order.crew_size)
        found.append(
            _split(session, _sold(session, order), policy, rate, None, lines[order.lead_id or order.id or 0], part)
        )
    return found


def promise(session: Session, order: Order) -> dict[str, Any]:
    """The rule that the order froze, with what it gives of the whole price as it is now; as it was where nothing was frozen."""
    if "rate_bp" not in order.commission:
        return order.commission
    sold = _sold(session, order)
    lines = session.exec(select(OrderLine).where(OrderLine.order_id == sold.id).order_by(col(OrderLine.id))).all()
    part = (order.seat, order.crew_size)
    whole = _split(session, sold, policies.of_order(session, order), Rate.frozen(order.commission), None, lines, part)
    return order.commission | whole.as_document()


def settle(session: Session, order: Order, *, now: datetime) -> Earning | None:
    """Divide what is held for the order among those who came; returns the earning of its own technician, who led the visit.

    Once: a repetition returns the first earning. None when nothing is held, unless a coupon paid the whole price: then everybody
    who came gets his part of what its funders pay.

    Raises: LedgerRefused for an order without a technician.
    """
    order_id = order.id or 0
    if known := of_order(session, order_id):
        return known
    paid = ledger.balance(session, ledger.escrow(order_id))
    if not paid and order.total_fen:
        return None
    policy = policies.of_order(session, order)
    priced = session.exec(select(OrderLine).where(OrderLine.order_id == order_id)).all()
    category = session.get_one(Category, order.category_id).slug
    came = [order, *(c for c in load_companions(session, [order_id])[order_id] if c.finished_at is not None)]
    is_partner = shares.mode_for(session, order_id) is SettlementMode.PARTNER
    paid_parts = shares.bases(session, order_id, paid) if is_partner else None
    people = len(came) if paid else order.crew_size
    room = split_fen(shares.room_of(paid_parts or ()), [1] * len(came))
    earned, claimed = [], 0
    for seat, member in enumerate(came):
        technician = _technician(session, member)
        rate = _frozen_rate(session, member, technician, policy)
        split = _split(session, order, policy, rate, paid, priced, (seat, people))
        member_id = member.id or 0
        if paid_parts is not None:
            split = of_partner(split, room[seat])
        earner = ledger.pending(technician.id or 0, member_id) if paid_parts is None else ledger.company(order_id)
        claimed += split.commission_fen - split.subsidy_fen
        lines = {
            ledger.escrow(order_id): split.paid_fen,
            ledger.SUBSIDY: split.subsidy_fen,
            ledger.COMMISSION: -split.commission_fen,
            ledger.TAX: -split.tax_fen,
            earner: -split.net_fen,
        }
        if any(lines.values()):
            ledger.post(session, f"settle:{member_id}", "settlement", ledger.order_ref(member_id), lines, now=now)
        matures_at = policy.settlement.matures_at(technician.level, category, now)
        earned.append(
            _earn(session, member_id, technician, "service", split, matures_at, now, by_company=paid_parts is not None)
        )
    if paid_parts is not None:
        shares.claim(session, claimed, paid_parts, now=now)
    if is_contested(session, order_id):
        freeze(session, order)
    points.earn(session, order, now=now)
    return earned[0]


def settle_cancellation(
    session: Session, order: Order, quote: CancelQuote, *, companions: Sequence[Order] = (), now: datetime
) -> Earning | None:
    """Share the cancellation fee; the rest stays in escrow for `refunds.request`. None when there is no fee.

    `companions` who had said yes have an equal part of what the technician gets.
    """
    if not quote.fee_fen:
        return None
    order_id = order.id or 0
    if known := of_order(session, order_id):
        return known
    matures_at = now + timedelta(days=policies.of_order(session, order).settlement.cancellation_days)
    members = [order, *companions]
    platform_fen, extra_fen = quote.platform_fen, 0
    paid_parts = shares.bases(session, order_id, quote.fee_fen) if shares.is_partner(session, order_id) else None
    if paid_parts is not None:
        platform_fen = min(platform_fen, shares.room_of(paid_parts))
        extra_fen = quote.platform_fen - platform_fen
        shares.claim(session, platform_fen, paid_parts, now=now)
    earned = []
    for member, part in zip(members, split_fen(quote.technician_fen + extra_fen, [1] * len(members)), strict=True):
        member_id, technician = member.id or 0, _technician(session, member)
        earner = ledger.pending(technician.id or 0, member_id) if paid_parts is None else ledger.company(order_id)
        lines = {
            ledger.escrow(order_id): part + platform_fen,
            ledger.CANCELLATION_INCOME: -platform_fen,
            earner: -part,
        }
        ledger.post(session, f"cancel:{member_id}", "cancellation", ledger.order_ref(member_id), lines, now=now)
        share = Split(part + platform_fen, 0, part, 0, 0, 0, part, Rate(CANCELLATION_RULE, 0))
        earned.append(
            _earn(
                session,
                member_id,
                technician,
                "cancellation_fee",
                share,
                matures_at,
                now,
                by_company=paid_parts is not None,
            )
        )
        platform_fen = 0
    return earned[0]


def mature_due(session: Session, now: datetime, *, limit: int = 200) -> int:
    """Make available what has matured (debts first, then a share for the deposit), a batch of each city; returns how many earnings.

    Idempotent, and safe in several processes: each takes what no other has locked, technician by technician.
    """
    due = session.exec(
        select(Earning)
        .where(col(Earning.matured_at).is_(None), col(Earning.matures_at) <= now, col(Earning.frozen).is_(False))
        .order_by(col(Earning.matures_at), col(Earning.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    homes = load_homes(session, {earning.technician_id for earning in due})
    cities: dict[int, list[Earning]] = defaultdict(list)
    for earning in sorted(due, key=lambda one: one.technician_id):
        cities[homes[earning.technician_id]].append(earning)
    return sum(_mature_together(session, city_id, cities[city_id], now) for city_id in sorted(cities))


def freeze(session: Session, order: Order) -> bool:
    """A dispute, or a bank that has taken the money, keeps the earnings from maturing; False when there is none to freeze."""
    return _set_frozen(session, order, frozen=True)


def unfreeze(session: Session, order: Order) -> bool:
    """The dispute is over, or the bank has decided. False while the other of the two still holds them."""
    if order.status is OrderStatus.DISPUTED or is_contested(session, order.id or 0):
        return False
    return _set_frozen(session, order, frozen=False)


def of_order(session: Session, order_id: int) -> Earning | None:
    """The order's earning, if it was settled."""
    return session.exec(select(Earning).where(Earning.order_id == order_id)).first()


def of_visit(session: Session, order: Order) -> list[Earning]:
    """The earnings of everybody who came, the lead's first."""
    visit = sa.select(col(Order.id)).where(sa.or_(col(Order.id) == order.id, col(Order.lead_id) == order.id))
    return list(session.exec(select(Earning).where(col(Earning.order_id).in_(visit)).order_by(col(Earning.id))))


def _sold(session: Session, order: Order) -> Order:
    """The order with the price."""
    return order if order.lead_id is None else session.get_one(Order, order.lead_id)


def _split(
    session: Session,
    order: Order,
    policy: OrderPolicy,
    rate: Rate,
    paid_fen: int | None,
    lines: Sequence[OrderLine],
    part: tuple[int, int],
) -> Split:
    seat, people = part
    return settlement.settle(
        lines,
        rate=rate,
        pass_through=policy.commission.pass_through,
        funder_platform_bp=_funder(session, order),
        paid_fen=paid_fen,
        seat=seat,
        people=people,
    )


def _frozen_rate(session: Session, order: Order, technician: Technician, policy: OrderPolicy) -> Rate:
    """The rate and tax shown at acceptance; those of today's level for an order that froze none."""
    if "rate_bp" in order.commission:
        return Rate.frozen(order.commission)
    return policy.commission.choose(load_cases(session, [(order, technician)])[0], policy.version)


def _funder(session: Session, order: Order) -> int:
    if order.coupon_grant_id is None:
        return BP
    query = select(Coupon.funder_platform_bp).join(CouponGrant, col(CouponGrant.coupon_id) == col(Coupon.id))
    found = session.exec(query.where(CouponGrant.id == order.coupon_grant_id)).first()
    return BP if found is None else found


def _technician(session: Session, order: Order) -> Technician:
    if order.technician_id is None:
        raise LedgerRefused(f"order {order.no} has no technician to settle with")
    return session.get_one(Technician, order.technician_id)


def _earn(
    session: Session,
    order_id: int,
    technician: Technician,
    kind: str,
    split: Split,
    matures_at: datetime,
    now: datetime,
    *,
    by_company: bool,
) -> Earning:
    earning = Earning(
        order_id=order_id,
        technician_id=technician.id or 0,
        kind=kind,
        labour_fen=split.labour_fen,
        pass_through_fen=split.pass_through_fen,
        coupon_share_fen=split.coupon_share_fen,
        commission_fen=split.commission_fen,
        tax_fen=split.tax_fen,
        rule=split.rule,
        net_fen=split.net_fen,
        created_at=now,
        matures_at=matures_at,
        by_company=by_company,
    )
    session.add(earning)
    session.flush()
    bus.publish(session, bus.technician(technician.id or 0))
    return earning


def _mature_together(session: Session, city_id: int, due: Sequence[Earning], now: datetime) -> int:
    """The batch of a city; what cannot be handled stays due and is in none."""
    rules = load_deposit_policy(session, city_id)
    batch = settlement_batches.begin(session, city_id, cut_off=now)
    matured: list[Matured] = []
    handled = each(session, due, lambda one: matured.append(_mature(session, one, rules, batch, now)))
    settlement_batches.end(session, batch, matured, now=now)
    return handled


def _mature(session: Session, earning: Earning, rules: DepositPolicy, batch: SettlementBatch, now: datetime) -> Matured:
    technician_id, order_id = earning.technician_id, earning.order_id
    if rules.target_fen:
        deposits.lock(session, technician_id)
    pending, debt, deposit = (
        ledger.pending(technician_id, order_id), ledger.debt(technician_id), ledger.deposit(technician_id),
    )  # fmt: skip
    balances = ledger.locked_balances(session, (pending, debt, deposit))
    left = balances[pending]
    key, available, lines, is_new = f"mature:{order_id}", ledger.available(technician_id), {}, False
    if left:
        parts = rules.matured(left, owed=balances[debt], held=balances[deposit])
        lines = {pending: left, debt: -parts.repaid, deposit: -parts.aside, available: -parts.available}
        _id, is_new = ledger.post(session, key, "mature", ledger.order_ref(order_id), lines, now=now)
    if not is_new:
        lines = ledger.lines_of(session, key)
    earning.matured_at, earning.batch_id = now, batch.id
    session.add(earning)
    session.flush()
    bus.publish(session, bus.technician(technician_id))
    return Matured(*(-lines.get(account, 0) for account in (debt, deposit, available)))


def _set_frozen(session: Session, order: Order, *, frozen: bool) -> bool:
    ids = [earning.id for earning in of_visit(session, order)]
    changed = session.execute(
        sa.update(Earning)
        .where(col(Earning.id).in_(ids), col(Earning.matured_at).is_(None))
        .values(frozen=frozen)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]
