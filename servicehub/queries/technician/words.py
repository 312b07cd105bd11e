"""Labels of codes on the technician's screens. Owns no sentence of a page."""

from __future__ import annotations

from collections.abc import Sequence

from servicehub.domain.order import OrderStatus
from servicehub.domain.technician import Level, Transport
from servicehub.texts import N_, Locale, say
from servicehub.viewmodels.technician import Chip

_S = OrderStatus
STATUS: dict[OrderStatus, str] = {
    _S.PENDING_PAYMENT: N_("Awaiting payment"),
    _S.MATCHING: N_("Finding a pro"),
    _S.ASSIGNED: N_("Waiting for your answer"),
    _S.ACCEPTED: N_("Accepted"),
    _S.EN_ROUTE: N_("On the way"),
    _S.ARRIVED: N_("Arrived"),
    _S.IN_SERVICE: N_("In service"),
    _S.AWAITING_BALANCE: N_("Customer to pay"),
    _S.AWAITING_CONFIRM: N_("Customer to confirm"),
    _S.COMPLETED: N_("Completed"),
    _S.CLOSED: N_("Completed"),
    _S.DISPUTED: N_("In after-sales"),
    _S.CANCELLED: N_("Cancelled"),
    _S.EXPIRED: N_("Closed"),
}
LEVEL: dict[Level, str] = {
    Level.TRAINEE: N_("Trainee technician"),
    Level.BRONZE: N_("Bronze technician"),
    Level.SILVER: N_("Silver technician"),
    Level.GOLD: N_("Gold technician"),
    Level.CHIEF: N_("Chief technician"),
}
SKILL: dict[str, str] = {
    "cleaning": N_("Cleaning"),
    "deep": N_("Deep cleaning"),
    "appliance": N_("Appliance cleaning"),
    "care": N_("Home care"),
    "repair": N_("Repairs"),
    "massage": N_("Massage"),
}
UNIT: dict[str, str] = {
    "machine": N_("{n} machines"),
    "sqm": N_("{n} m²"),
    "seat": N_("{n} seats"),
    "piece": N_("{n} pieces"),
    "outlet": N_("{n} outlets"),
}
REQUIREMENT: dict[str, str] = {
    "pets": N_("Pets at home"),
    "bring_vacuum": N_("Bring a vacuum cleaner"),
    "shoe_covers": N_("Wear shoe covers"),
    "parking": N_("Parking available"),
    "stairs": N_("No lift, stairs only"),
}
REASON: dict[str, tuple[str, str]] = {
    "nearest": (N_("You are the nearest"), "b"),
    "regular": (N_("Regular customer"), "a"),
    "on_route": (N_("On your way"), "b"),
    "level": (N_("Fits your level"), "v"),
    "fair_share": (N_("Your turn"), "i"),
    "requested": (N_("The customer asked for you"), "a"),
}
"""Why this technician: sentence and tone."""
CERTIFICATE: dict[str, str] = {
    "identity": N_("ID verified"),
    "health": N_("Health certificate"),
    "background": N_("Background check"),
    "electrician": N_("Electrician's licence"),
    "refrigeration": N_("Refrigeration licence"),
    "locksmith": N_("Registered locksmith"),
    "massage": N_("Massage therapist"),
    "insurance": N_("Accident insurance"),
}
TRANSPORT: dict[Transport, tuple[str, str, str]] = {
    Transport.EBIKE: (N_("E-bike"), N_("about {n} min by e-bike"), "bike"),
    Transport.TRANSIT: (N_("Metro and bus"), N_("about {n} min by metro or bus"), "route"),
    Transport.CAR: (N_("Car"), N_("about {n} min by car"), "car"),
}
"""Name, way, icon."""
EVENT: dict[str, tuple[str, str]] = {
    "accept": (N_("You accepted"), "check"),
    "grab": (N_("You claimed the job"), "zap"),
    "dispatch": (N_("Offered to you"), "route"),
    "reassign": (N_("Reassigned"), "user-plus"),
    "reschedule": (N_("Visit moved"), "calendar-days"),
    "depart": (N_("You departed"), "navigation"),
    "arrive": (N_("You arrived"), "map-pin"),
    "start": (N_("Service started"), "play"),
    "addon_proposed": (N_("You proposed an add-on"), "plus"),
    "addon_added": (N_("Add-on agreed"), "circle-check"),
    "addon_declined": (N_("Add-on declined"), "x"),
    "addon_withdrawn": (N_("You took the add-on back"), "undo-2"),
    "addon_lapsed": (N_("Add-on not answered in time"), "clock"),
    "finish_due": (N_("Service finished, balance asked"), "check"),
    "finish_paid": (N_("Service finished"), "check"),
    "pay_balance": (N_("Balance paid"), "banknote"),
    "confirm": (N_("Confirmed by the customer"), "check"),
    "auto_confirm": (N_("Confirmed automatically"), "check"),
    "dispute": (N_("After-sales opened"), "life-buoy"),
    "resolve_reject": (N_("After-sales decided for you"), "check"),
    "resolve_refund": (N_("After-sales decided with a refund"), "banknote"),
    "cancel": (N_("Cancelled by the customer"), "x"),
    "force_cancel": (N_("Cancelled by operations"), "x"),
    "customer_no_show": (N_("The customer was not there"), "x"),
    "lead_ended": (N_("The visit ended or moved"), "x"),
}
"""Steps of a job that its technician is told of."""


def status(locale: Locale, value: OrderStatus) -> str:
    return say(locale, STATUS[value])


def level(locale: Locale, value: Level) -> str:
    return say(locale, LEVEL[value])


def skill(locale: Locale, key: str) -> str:
    return say(locale, SKILL[key]) if key in SKILL else key


def requirement(locale: Locale, key: str) -> str:
    return say(locale, REQUIREMENT[key]) if key in REQUIREMENT else key


def quantity(locale: Locale, unit: str, n: int) -> str:
    """`2 台`; "" where a unit is a plain visit."""
    return say(locale, UNIT[unit], n=n) if unit in UNIT else ""


def way(locale: Locale, transport: Transport, minutes: int) -> str:
    """`骑行约 12 分钟`."""
    return say(locale, TRANSPORT[transport][1], n=minutes)


def reasons(keys: Sequence[str], locale: Locale) -> tuple[Chip, ...]:
    """Why an offer came, as small words."""
    known = [(key, *REASON[key]) for key in keys if key in REASON]
    return tuple(Chip(key, say(locale, text), tone) for key, text, tone in known)
