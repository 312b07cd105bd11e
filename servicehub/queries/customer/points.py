"""A customer's points: how many there are, which expire next, how they are earned and used, and what moved them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from servicehub.domain.access import Actor, Role
from servicehub.domain.payment import POINTS
from servicehub.domain.points import PointsPolicy, living
from servicehub.models.order import Order
from servicehub.models.payment import load_reserved
from servicehub.models.points import load_lots, load_points_policy, load_usable
from servicehub.queries.customer.places import city_of
from servicehub.queries.customer.wallet import moves
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.customer.wallet import Points

TITLES: dict[str, str] = {
    "points": N_("Earned with an order"),
    "payment": N_("Paid with points"),
    "refund": N_("Points given back"),
    "points_back": N_("Taken back after a refund"),
    "points_expired": N_("Expired"),
}


def points(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> Points:
    """The actor's own, newest movement first. Raises: NotAllowed."""
    actor.require_role(Role.CUSTOMER)
    city = city_of(session, actor)
    lots = sorted(load_lots(session, actor.user_id), key=lambda lot: lot.expires_at)
    alive = [lot for lot in lots if lot.expires_at > now]
    taken = load_reserved(session, POINTS, actor.user_id, now=now)
    total, expires = sum(lot.left for lot in alive), ""
    if alive:
        zone = ZoneInfo(city.timezone)
        first = alive[0].expires_at.astimezone(zone).date()
        count = sum(lot.left for lot in alive if lot.expires_at.astimezone(zone).date() == first)
        day = formats.full_day(first, locale=locale)
        expires = say(locale, N_("{n} points expire on {day}"), n=f"{count:,}", day=day)
    return Points(
        balance=f"{total:,}",
        worth=formats.yuan(total, always_decimals=True),
        reserved=f"{taken:,}" if taken else "",
        expires=expires,
        rules=_rules(load_points_policy(session, city.id or 0, now), locale),
        moves=moves(session, actor, POINTS, TITLES, signed, locale=locale, now=now),
    )


def signed(points: int) -> str:
    """With its sign: +99, −1,000."""
    return f"+{points:,}" if points > 0 else f"\N{MINUS SIGN}{-points:,}"


def free_points(session: Session, actor: Actor, *, besides: int = 0, now: datetime) -> int:
    """How many the actor may spend; what is reserved for the order `besides` counts as free."""
    taken = load_reserved(session, POINTS, actor.user_id, besides_order=besides, now=now)
    return max(0, living(load_lots(session, actor.user_id), now) - taken)


def usable_points(session: Session, actor: Actor, order: Order, due_fen: int, *, now: datetime) -> int:
    """How many would pay of what is due for the actor's order."""
    free = free_points(session, actor, besides=order.id or 0, now=now)
    return load_usable(session, order, due_fen, free, now=now)


def _rules(policy: PointsPolicy, locale: Locale) -> tuple[str, ...]:
    earning = N_("Each whole yuan that you pay earns {n}, when the order is completed")
    share = formats.percent(policy.most_bp, digits=0)
    return (
        say(locale, earning, n=policy.per_yuan),
        say(
            locale, N_("100 points pay ¥1: up to {share} of an order, from {n} points on"), share=share, n=policy.least
        ),
        say(locale, N_("They expire after {n} months, the oldest are used first"), n=policy.months),
        say(
            locale,
            N_("A refund gives used points back and takes those that its order earned; points are never paid out"),
        ),
    )
