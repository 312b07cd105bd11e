"""The terms of a cancellation, written out for the customer. The amounts come from the computation that will charge them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlmodel import Session

from servicehub.domain.access import Actor
from servicehub.domain.cancellation import LATE_FREE, CancelQuote
from servicehub.domain.payment import HERE, OURS, POINTS, WALLET
from servicehub.models.cancellation import load_free_left, load_terms
from servicehub.models.catalog import ServiceItem
from servicehub.models.order import Order
from servicehub.models.payment import drawn, load_rooms
from servicehub.queries import guarantees as holds
from servicehub.queries import visit
from servicehub.queries.customer.orders import own
from servicehub.queries.customer.places import city_of
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.customer.orders import CancelPreview


def preview(
    session: Session, actor: Actor, no: str, terms: CancelQuote, *, locale: Locale, now: datetime
) -> CancelPreview:
    """The page that asks whether to cancel. Raises: NotFound."""
    order = own(session, actor, no)
    item = session.get_one(ServiceItem, order.service_item_id)
    tz = city_of(session, actor).timezone
    back = Counter[str]()
    for payment, _room, fen in drawn(load_rooms(session, order.id or 0), terms.refund_fen):
        back[payment.channel if payment.channel in OURS else WALLET if payment.channel in HERE else ""] += fen
    return CancelPreview(
        no=no,
        title=visit.title(locale, item, order),
        when=formats.span(order.start_at, order.end_at, now, tz, locale=locale),
        fee=formats.yuan(terms.fee_fen),
        refund=formats.yuan(terms.refund_fen),
        to_points=formats.yuan(back[POINTS]) if back[POINTS] else "",
        to_balance=formats.yuan(back[WALLET]) if back[WALLET] else "",
        paid=formats.yuan(terms.fee_fen + terms.refund_fen),
        refund_fen=terms.refund_fen,
        is_free=terms.fee_fen == 0,
        is_secured=terms.fee_fen + terms.refund_fen > 0 and holds.is_held(session, order),
        rule=money.of(locale, money.RULE_NAMES, terms.rule),
        rule_key=terms.rule,
        allowance=_allowance(session, order, terms, locale, now),
    )


def _allowance(session: Session, order: Order, terms: CancelQuote, locale: Locale, now: datetime) -> str:
    """Of the month's free cancellations at short notice: that this is one and how many are left, or that they are gone."""
    policy = load_terms(session, order)
    if terms.rule == LATE_FREE:
        left = load_free_left(session, order, now) - 1
        if left:
            return say(locale, N_("It counts: after it, {n} more at short notice are free this month."), n=left)
        share, cap = formats.rate(policy.late_bp), formats.yuan(policy.late_cap_fen)
        text = N_("It counts: the next one at short notice this month costs {share} for such an order, at most {cap}.")
        return say(locale, text, share=share, cap=cap)
    if terms.rule == "late" and terms.fee_fen and policy.free_per_month:
        return say(locale, N_("You have used the free ones at short notice of this month."))
    return ""
