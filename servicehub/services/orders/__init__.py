"""Orders as commands: book, pay, change, end. Each is one function, one transaction, one or more steps of the machine.

`wishes` owns what is asked for and its price, `booking` creation, `paying` what a payment does to an order, `changes` the
customer's and the operator's commands, `ending` how an order ends with its time, offers, coupon and money, `timers` what the
platform does by itself.
"""

from servicehub.services.orders.booking import create, quote
from servicehub.services.orders.changes import (
    cancel,
    cancel_preview,
    confirm,
    dispute,
    events_for,
    force_cancel,
    refund,
    reschedule,
    resolve,
)
from servicehub.services.orders.paying import payment_recorded
from servicehub.services.orders.timers import expire, fire_due, to_ask_about
from servicehub.services.orders.wishes import FLEXIBLE, BookingQuote, BookingRequest

__all__ = [
    "FLEXIBLE",
    "BookingQuote",
    "BookingRequest",
    "cancel",
    "cancel_preview",
    "confirm",
    "create",
    "dispute",
    "events_for",
    "expire",
    "fire_due",
    "force_cancel",
    "payment_recorded",
    "quote",
    "refund",
    "reschedule",
    "resolve",
    "to_ask_about",
]
