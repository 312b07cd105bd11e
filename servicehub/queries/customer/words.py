"""Labels of codes on the customers' screens, and the names of drawings. Owns no sentence of a page."""

from __future__ import annotations

from datetime import datetime

from servicehub.domain.order import OrderStatus
from servicehub.domain.technician import Level
from servicehub.models.catalog import ServiceItem
from servicehub.models.technician import Technician
from servicehub.texts import N_, Locale, formats, say

UNITS: dict[str, str] = {
    "visit": N_("visit"),
    "machine": N_("machine"),
    "sqm": N_("m²"),
    "seat": N_("seat"),
    "piece": N_("piece"),
    "outlet": N_("outlet"),
}
LEVELS: dict[Level, str] = {
    Level.TRAINEE: N_("Trainee"),
    Level.BRONZE: N_("Bronze"),
    Level.SILVER: N_("Silver"),
    Level.GOLD: N_("Gold"),
    Level.CHIEF: N_("Chief"),
}
SKILLS: dict[str, str] = {
    "cleaning": N_("Cleaning"),
    "deep": N_("Deep cleaning"),
    "appliance": N_("Appliance cleaning"),
    "care": N_("Home care"),
    "repair": N_("Repairs"),
    "massage": N_("Massage"),
}
CERTIFICATES: dict[str, str] = {
    "identity": N_("ID verified"),
    "health": N_("Health certificate"),
    "background": N_("Background check"),
    "electrician": N_("Electrician's licence"),
    "refrigeration": N_("Refrigeration licence"),
    "locksmith": N_("Registered locksmith"),
    "massage": N_("Massage therapist"),
    "insurance": N_("Accident insurance"),
}
REQUIREMENTS: dict[str, str] = {
    "pets": N_("Pets at home"),
    "bring_vacuum": N_("Bring a vacuum cleaner"),
    "shoe_covers": N_("Wear shoe covers"),
    "parking": N_("Parking available"),
    "stairs": N_("No lift, stairs only"),
    "elderly": N_("Elderly people at home"),
    "quiet": N_("Please be quiet"),
}
GENDERS: dict[str, str] = {"female": N_("Female technician"), "male": N_("Male technician")}
REVIEW_TAGS: dict[str, str] = {
    "on_time": N_("On time"),
    "careful": N_("Careful"),
    "friendly": N_("Friendly"),
    "well_equipped": N_("Well equipped"),
    "late": N_("Came late"),
    "smell": N_("Strong smell"),
    "missed_corners": N_("Missed corners"),
    "price_talk": N_("Asked for more money"),
}
MATCHED: dict[str, str] = {
    "requested": N_("The one you chose"),
    "regular": N_("Has served you before"),
    "nearest": N_("Nearest to you"),
    "on_route": N_("Already in your area"),
    "level": N_("Experienced"),
}
"""Reasons of a match that concern the customer."""
PLANS: dict[str, str] = {
    "full": N_("Paid in full when booking"),
    "deposit": N_("Deposit now, balance after the service"),
    "after": N_("Paid after the service"),
}
_S = OrderStatus
STATUSES: dict[OrderStatus, str] = {
    _S.PENDING_PAYMENT: N_("Awaiting payment"),
    _S.MATCHING: N_("Finding a pro"),
    _S.ASSIGNED: N_("Finding a pro"),
    _S.ACCEPTED: N_("Confirmed"),
    _S.EN_ROUTE: N_("On the way"),
    _S.ARRIVED: N_("Arrived"),
    _S.IN_SERVICE: N_("In service"),
    _S.AWAITING_BALANCE: N_("Balance due"),
    _S.AWAITING_CONFIRM: N_("Please confirm"),
    _S.COMPLETED: N_("Completed"),
    _S.CLOSED: N_("Completed"),
    _S.DISPUTED: N_("In after-sales"),
    _S.CANCELLED: N_("Cancelled"),
    _S.EXPIRED: N_("Closed"),
}


def unit(locale: Locale, item: ServiceItem) -> str:
    """The unit's word; "" for a plain visit."""
    return "" if item.unit == "visit" else say(locale, UNITS.get(item.unit, item.unit))


def amount(locale: Locale, quantity: int, word: str) -> str:
    """`2 台` / `2 × machine`."""
    return f"{quantity} × {word}" if locale == "en" else f"{quantity} {word}"


def suffix(locale: Locale, item: ServiceItem) -> str:
    """What follows a price: `/台`, "" for a plain visit."""
    word = unit(locale, item)
    return f"/{word}" if word else ""


def score_x100(total: int, count: int) -> int:
    """The average in hundredths; 0 without reviews."""
    return total * 100 // count if count else 0


def score(locale: Locale, total: int, count: int, *, digits: int = 1) -> str:
    """`4.9`, or `New` where nobody has judged yet."""
    return formats.rating(score_x100(total, count), digits=digits) if count else say(locale, N_("New"))


_DRAWN = (
    "ac-central ac-repair ac-stand ac-wall cleaning-2h cleaning-3h cleaning-4h deep-kitchen-bath "
    "deep-whole-home drain floor-wax foot fridge heater hood inspection lamp lock-core mattress move-in neck "
    "oil-spa pest socket sofa tap toilet tuina-60 tuina-90 unlock washer-drum washer-top windows"
)
DRAWN_ITEMS = frozenset(_DRAWN.split())
"""Slugs of the service items that have a picture of their own in `assets/art`."""


def service_art(category: str, item: str = "") -> str:
    """Address of the picture of a service: its own if one was drawn, else its category's."""
    return f"/art/svc-{item if item in DRAWN_ITEMS else category}.svg"


def visit(locale: Locale, minutes: int, people: int) -> str:
    """How long a visit takes, and how many come if more than one: `4 小时 · 2 位技师`."""
    return " · ".join(
        part for part in (formats.duration(minutes, locale=locale), formats.crew(people, locale=locale)) if part
    )


def portrait(technician: Technician) -> str:
    """Address of a technician's picture."""
    name = technician.portrait or "av-1"
    return name if name.startswith("/") else f"/art/{name}.svg"


def trade(locale: Locale, skills: list[str], years: int) -> str:
    """`保洁 · 6 年`."""
    names = [say(locale, SKILLS[skill]) for skill in sorted(skills) if skill in SKILLS][:2]
    return " · ".join([*names, say(locale, N_("{n} years"), n=years)])


def level(locale: Locale, value: Level) -> str:
    return say(locale, LEVELS[value])


def status(locale: Locale, value: OrderStatus) -> str:
    return say(locale, STATUSES[value])


def sold(locale: Locale, count: int) -> str:
    return say(locale, N_("{n} booked"), n=formats.big_count(count, locale=locale))


def done(locale: Locale, count: int) -> str:
    return say(locale, N_("{n} jobs"), n=formats.big_count(count, locale=locale))


def warranty(locale: Locale, days: int) -> str:
    return say(locale, N_("{n}-day warranty"), n=days) if days else ""


def master(locale: Locale, technician: Technician) -> str:
    """`周师傅` / the whole name in English."""
    return f"{technician.name[:1]}师傅" if locale == "zh" else technician.name


def soon(locale: Locale, at: datetime, now: datetime, tz: str) -> str:
    """`最早 今天 16:30`."""
    return formats.day_time(at, now, tz, locale=locale)
