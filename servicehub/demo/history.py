"""The demo city's past: a plan of finished orders drawn from one seed, in which nobody is in two places at once.

Owns the distributions (categories, weekdays, hours, outcomes, reviews). Prices, money and rows are `services.chronicle`'s.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from servicehub.domain.geo import Point, distance_m
from servicehub.domain.technician import Transport
from servicehub.domain.travel import OFFLINE
from servicehub.services.chronicle import Outcome, PastOrder, PastReview

SHARES: dict[str, float] = {
    "daily": 0.38,
    "appliance": 0.17,
    "massage": 0.19,
    "repair": 0.14,
    "deep": 0.08,
    "care": 0.04,
}
WEEKDAYS = (0.85, 0.9, 0.95, 1.0, 1.05, 1.45, 1.35)
HOURS: dict[str, tuple[int, ...]] = {
    "daily": (8, 9, 9, 9, 10, 10, 13, 14, 14, 14, 15, 15, 16, 17),
    "deep": (9, 9, 10, 13, 14),
    "appliance": (9, 10, 10, 11, 13, 14, 15, 16, 17),
    "care": (9, 10, 13, 14, 15, 16),
    "repair": (8, 9, 10, 11, 13, 14, 16, 17, 18, 19),
    "massage": (12, 13, 15, 17, 18, 19, 20, 20, 21, 21),
}
OUTCOMES: tuple[tuple[Outcome, float], ...] = (
    ("finished", 88.0),
    ("cancelled_free", 5.0),
    ("cancelled_late", 2.2),
    ("expired", 3.5),
    ("no_show", 0.7),
)
GOOD_TAGS, BAD_TAGS = (
    ("on_time", "careful", "friendly", "well_equipped"),
    ("late", "smell", "missed_corners", "price_talk"),
)
TEXTS: dict[int, tuple[str, ...]] = {
    5: (
        "提前几分钟到，干活利索，厨房角落都擦到了，走的时候把垃圾也带走了。",
        "师傅很专业，讲解清楚，做完还试了一遍，放心。",
        "已经是第三次约了，一如既往地好。",
        "手法很到位，肩颈轻松多了，下次还约。",
        "拆洗前后对比照片太明显了，空调没有异味了。",
        "态度好，工具齐全，价格和页面上一样，没有乱加价。",
        "阿姨特别细心，玻璃擦得能照人。",
        "准时上门，收费透明。",
    ),
    4: ("整体不错，就是比约定晚了几分钟。", "清洁效果可以，个别角落自己又补了一下。", "师傅人很好，时间稍微有点赶。"),
    3: ("一般般，有的地方没擦到，沟通后补做了。", "到得有点晚，不过活还可以。"),
    2: ("迟到半小时，也没有提前说。", "清洁剂味道有点大。"),
    1: ("遗漏了好几个角落，体验不好。",),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A customer's address."""

    customer_id: int
    address_id: int
    at: Point
    loyalty: float
    since: date


@dataclass(frozen=True, slots=True)
class Hand:
    """A technician, as far as the plan needs him. `week`: (weekday, start, end, is_break)."""

    technician_id: int
    home: Point
    transport: Transport
    skills: frozenset[str]
    week: tuple[tuple[int, int, int, bool], ...]
    punctuality: float
    since: date


@dataclass(frozen=True, slots=True)
class Product:
    """A service, as far as the plan needs it."""

    item_id: int
    category: str
    skill: str
    minutes: int
    least: int
    most: int
    extra_minutes: float
    add_ons: tuple[tuple[str, int], ...]
    """(slug, minutes)."""


@dataclass(slots=True)
class Diary:
    """The planned visits of one technician: (start, end, where), ascending."""

    visits: list[tuple[datetime, datetime, Point]] = field(default_factory=list)

    def fits(self, start: datetime, end: datetime, at: Point, transport: Transport) -> bool:
        """Whether a visit can be reached from the one before and left for the one after."""
        for other_start, other_end, place in self.visits:
            way = timedelta(minutes=OFFLINE.leg(place, at, transport).rush_minutes + 15)
            if start < other_end + way and other_start < end + way:
                return False
        return True


def plan(
    random: Random,
    *,
    places: list[Place],
    hands: list[Hand],
    products: list[Product],
    zone: ZoneInfo,
    now: datetime,
    days: int,
    orders: int,
) -> list[PastOrder]:
    """About `orders` past orders over `days` days until `now`, ascending by creation."""
    today = now.astimezone(zone).date()
    dates = [today - timedelta(days=back) for back in range(days, -1, -1)]
    weights = [WEEKDAYS[on.weekday()] for on in dates]
    diaries = {hand.technician_id: Diary() for hand in hands}
    by_category = {slug: [p for p in products if p.category == slug] for slug in SHARES}
    loyalty = [place.loyalty for place in places]
    past: list[PastOrder] = []
    for on, weight in zip(dates, weights, strict=True):
        for _ in range(round(orders * weight / sum(weights) + random.random() - 0.5)):
            category = random.choices(list(SHARES), list(SHARES.values()))[0]
            product = random.choice(by_category[category])
            place = random.choices(places, loyalty)[0]
            order = _place(random, on, product, place, hands, diaries, zone, now)
            if order is not None:
                past.append(order)
    return sorted(past, key=lambda p: p.created_at)


def _place(
    random: Random,
    on: date,
    product: Product,
    place: Place,
    hands: list[Hand],
    diaries: dict[int, Diary],
    zone: ZoneInfo,
    now: datetime,
) -> PastOrder | None:
    quantity = random.choice([product.least] * 3 + [min(product.least + 1, product.most)])
    add_ons = tuple((slug, 1) for slug, _ in product.add_ons if random.random() < 0.12)
    minutes = (
        product.minutes
        + (quantity - product.least) * product.extra_minutes
        + sum(m for s, m in product.add_ons if (s, 1) in add_ons)
    )
    length = timedelta(minutes=-(-minutes // 15) * 15)
    for _ in range(6):
        start = datetime.combine(on, time(random.choice(HOURS[product.category]), random.choice((0, 30))), zone)
        able = [
            h
            for h in hands
            if product.skill in h.skills and _works(h, start, length) and distance_m(h.home, place.at) < 11_000
        ]
        random.shuffle(able)
        able.sort(key=lambda h: len(diaries[h.technician_id].visits) / 40 + distance_m(h.home, place.at) / 5000)
        for hand in able[:6]:
            if (
                diaries[hand.technician_id].fits(start, start + length, place.at, hand.transport)
                and start + length + timedelta(minutes=45) < now
            ):
                return _order(
                    random, product, place, hand, diaries[hand.technician_id], start, length, quantity, add_ons
                )
    return None


def _order(
    random: Random,
    product: Product,
    place: Place,
    hand: Hand,
    diary: Diary,
    start: datetime,
    length: timedelta,
    quantity: int,
    add_ons: tuple[tuple[str, int], ...],
) -> PastOrder:
    outcome = random.choices([o for o, _ in OUTCOMES], [w for _, w in OUTCOMES])[0]
    if outcome in ("finished", "no_show", "cancelled_late"):
        insort(diary.visits, (start, start + length, place.at))
    on_time = random.random() < hand.punctuality
    lead = random.choice((130, 200, 420, 1260, 1500, 2700, 4300)) + random.randint(0, 55)
    return PastOrder(
        customer_id=place.customer_id,
        address_id=place.address_id,
        item_id=product.item_id,
        technician_id=hand.technician_id,
        created_at=_awake(start - timedelta(minutes=lead, seconds=random.randint(0, 59))),
        start_at=start,
        outcome=outcome,
        quantity=quantity,
        add_ons=add_ons,
        late_minutes=random.randint(-9, 6) if on_time else random.randint(12, 34),
        travel_minutes=random.randint(11, 32),
        review=_review(random, on_time=on_time) if random.random() < 0.62 else None,
    )


def _awake(ordered_at: datetime) -> datetime:
    """Nobody orders in the small hours: the evening before instead."""
    return ordered_at - timedelta(hours=ordered_at.hour + 4) if ordered_at.hour < 7 else ordered_at


def _works(hand: Hand, start: datetime, length: timedelta) -> bool:
    minute = start.hour * 60 + start.minute
    end = minute + length.seconds // 60 + length.days * 1440
    own = [row for row in hand.week if row[0] == start.weekday()]
    return any(s <= minute and end <= e for _, s, e, pause in own if not pause) and not any(
        minute < e and s < end for _, s, e, pause in own if pause
    )


def _review(random: Random, *, on_time: bool) -> PastReview:
    stars = random.choices([5, 4, 3, 2, 1], [83, 11, 4, 1.4, 0.6] if on_time else [45, 30, 15, 7, 3])[0]
    pool = GOOD_TAGS if stars >= 4 else BAD_TAGS
    tags = tuple(sorted(random.sample(pool, random.randint(1, 3 if stars >= 4 else 2))))
    text = random.choice(TEXTS[stars]) if random.random() < 0.7 else ""
    return PastReview(stars, tags, text)
