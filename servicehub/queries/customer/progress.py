"""What an order's status means to its customer: the sentence at the top, the five steps, the timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from servicehub.domain.access import Role
from servicehub.domain.order import OrderStatus
from servicehub.models.order import Order, OrderLog, is_planned_ahead
from servicehub.models.technician import Technician
from servicehub.queries.customer import words
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.customer.orders import LogLine, StepMark

_S = OrderStatus
SENTENCES: dict[OrderStatus, str] = {
    _S.PENDING_PAYMENT: N_("Please pay, the time is held for you"),
    _S.MATCHING: N_("We are finding a pro for you"),
    _S.ASSIGNED: N_("We are waiting for the pro's answer"),
    _S.ACCEPTED: N_("{name} has confirmed"),
    _S.EN_ROUTE: N_("{name} is on the way"),
    _S.ARRIVED: N_("{name} has arrived, please show the service code"),
    _S.IN_SERVICE: N_("The service is under way"),
    _S.AWAITING_BALANCE: N_("The service is finished, please pay the balance"),
    _S.AWAITING_CONFIRM: N_("The service is finished, please confirm"),
    _S.COMPLETED: N_("The service is completed"),
    _S.CLOSED: N_("The order is completed"),
    _S.DISPUTED: N_("After-sales is looking into it"),
    _S.CANCELLED: N_("The order is cancelled"),
    _S.EXPIRED: N_("The order is closed"),
}
HINTS: dict[OrderStatus, str] = {
    _S.PENDING_PAYMENT: N_("Unpaid orders are closed when the time is up"),
    _S.MATCHING: N_("You can cancel free of charge until somebody accepts"),
    _S.ASSIGNED: N_("You can cancel free of charge until somebody accepts"),
    _S.ACCEPTED: N_("Visit time {when}"),
    _S.ARRIVED: N_("The service starts when the code is right"),
    _S.IN_SERVICE: N_("Planned until {end}"),
    _S.AWAITING_BALANCE: N_("Afterwards you confirm the service"),
    _S.AWAITING_CONFIRM: N_("Confirmed by itself after 24 hours"),
    _S.COMPLETED: N_("Tell us how it was"),
    _S.DISPUTED: N_("We answer within three days"),
    _S.CANCELLED: N_("Refunds go back the way they were paid"),
    _S.EXPIRED: N_("Payments that came are refunded in full"),
}
STEPS: tuple[tuple[str, frozenset[OrderStatus]], ...] = (
    (N_("Placed"), frozenset({_S.PENDING_PAYMENT, _S.MATCHING, _S.ASSIGNED})),
    (N_("Confirmed"), frozenset({_S.ACCEPTED})),
    (N_("On the way"), frozenset({_S.EN_ROUTE, _S.ARRIVED})),
    (N_("In service"), frozenset({_S.IN_SERVICE, _S.AWAITING_BALANCE, _S.AWAITING_CONFIRM})),
    (N_("Completed"), frozenset({_S.COMPLETED, _S.CLOSED, _S.DISPUTED})),
)
SECURED = (N_("Guarantee given"), "shield-check")
EVENTS: dict[str, tuple[str, str]] = {
    "created": (N_("Order placed"), "clipboard-list"),
    "pay": (N_("Payment received"), "wallet"),
    "pay_chosen": (N_("Payment received"), "wallet"),
    "pay_timeout": (N_("Not paid in time, order closed"), "clock"),
    "late_pay": (N_("Late payment, refunded"), "undo-2"),
    "revive": (N_("Late payment, order continues"), "wallet"),
    "cancel": (N_("Order cancelled"), "x"),
    "force_cancel": (N_("Cancelled by support"), "x"),
    "grab": (N_("{name} accepted"), "user-check"),
    "accept": (N_("{name} accepted"), "user-check"),
    "match_timeout": (N_("Nobody was free, order closed"), "clock"),
    "reschedule": (N_("Visit moved"), "calendar"),
    "reassign": (N_("Another pro was asked"), "users"),
    "depart": (N_("On the way"), "bike"),
    "technician_cancel": (N_("The pro cannot come, we find another"), "users"),
    "no_show": (N_("The pro did not come, we find another"), "users"),
    "arrive": (N_("Arrived"), "map-pin"),
    "customer_no_show": (N_("Nobody was met at the address"), "x"),
    "start": (N_("Service started"), "play"),
    "finish_due": (N_("Service finished"), "check"),
    "finish_paid": (N_("Service finished"), "check"),
    "pay_balance": (N_("Balance paid"), "wallet"),
    "balance_overdue": (N_("Balance overdue"), "clock"),
    "confirm": (N_("You confirmed the service"), "check"),
    "auto_confirm": (N_("Confirmed by itself"), "check"),
    "dispute": (N_("After-sales opened"), "headset"),
    "resolve_reject": (N_("After-sales closed without a refund"), "headset"),
    "resolve_refund": (N_("After-sales closed with a refund"), "undo-2"),
    "aftersale_end": (N_("After-sales period over"), "shield-check"),
}
"""Events that the customer sees, with an icon; dispatching in between stays inside."""
REASONS = frozenset({"cancel", "force_cancel", "resolve_reject", "resolve_refund", "dispute"})


def sentence(
    locale: Locale, order: Order, technician: Technician | None, now: datetime, *, is_overdue: bool = False
) -> str:
    """The page's heading. `is_overdue`: the case is about a balance that was not paid."""
    if is_overdue:
        return say(locale, N_("The balance is overdue, please pay it"))
    if is_planned_ahead(order, now):
        return say(locale, N_("Your time is reserved"))
    return say(locale, SENTENCES[order.status], name=_name(locale, technician))


def hint(locale: Locale, order: Order, way: str, now: datetime, tz: str) -> str:
    """The line under the heading: the way while somebody is on it."""
    if order.status is _S.EN_ROUTE:
        return way
    when = formats.span(order.start_at, order.end_at, now, tz, locale=locale)
    if is_planned_ahead(order, now) and order.dispatch_at:
        firm = formats.day_time(order.dispatch_at, now, tz, locale=locale)
        if order.window_from and order.window_until:
            first = formats.day_time(order.window_from, now, tz, locale=locale)
            last = formats.clock_time(order.window_until, tz)
            text = N_("Begins between {first} and {last} · time and technician are settled on {firm}")
            return say(locale, text, first=first, last=last, firm=firm)
        return say(locale, N_("{when} · who comes is settled on {firm}"), when=when, firm=firm)
    return say(locale, HINTS.get(order.status, ""), when=when, end=formats.clock_time(order.end_at, tz))


def steps(locale: Locale, order: Order) -> tuple[StepMark, ...]:
    """Five steps; none for orders that ended before they were served."""
    at = next((i for i, (_title, statuses) in enumerate(STEPS) if order.status in statuses), None)
    if at is None:
        return ()
    over = order.status in (_S.COMPLETED, _S.CLOSED)
    marks = ["ok" if i < at or over else "now" if i == at else "" for i in range(len(STEPS))]
    return tuple(StepMark(say(locale, title), mark) for (title, _of), mark in zip(STEPS, marks, strict=True))


def log(
    locale: Locale,
    rows: Sequence[OrderLog],
    people: Mapping[int, Technician],
    now: datetime,
    tz: str,
    *,
    secured: bool = False,
) -> tuple[LogLine, ...]:
    """The timeline, newest first. `people`: technicians by user id; who did a step is named, also when another came later.

    `secured`: the order went on with a guarantee instead of a payment.
    """
    shown = [row for row in rows if row.event in EVENTS]
    lines: list[LogLine] = []
    for row in reversed(shown):
        text, icon = SECURED if secured and row.event in ("pay", "pay_chosen") else EVENTS[row.event]
        when = formats.day_time(row.at, now, tz, locale=locale)
        said = f" · {row.reason}" if row.reason and _may_read(row) else ""
        title = say(locale, text, name=_name(locale, people.get(row.actor_id)))
        lines.append(LogLine(row.id or 0, title, when + said, "ok" if lines else "now", icon))
    return tuple(lines)


def _may_read(row: OrderLog) -> bool:
    """Reasons that the customer gave, or that were written for him."""
    return row.actor_role in (Role.CUSTOMER, Role.OPERATOR) and row.event in REASONS


def _name(locale: Locale, technician: Technician | None) -> str:
    return words.master(locale, technician) if technician else say(locale, N_("Your pro"))
