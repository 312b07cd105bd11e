"""Who serves an order: offers, rounds, the hall, and an operator's hand.

`offers` owns one offer's life, `rounds` the automatic search, `claims` the hall, `hand` grabbing and manual assignment, `planning`
visits that are not firm yet, `repairs` visits that would be late. All choose through `matching` and take time through `scheduling`;
every choice is stored with its reasons.
"""

from servicehub.services.dispatching.claims import claim, settle_due
from servicehub.services.dispatching.hand import assign, grab
from servicehub.services.dispatching.offers import accept, decline, expire_due, make, void
from servicehub.services.dispatching.repairs import repair_due
from servicehub.services.dispatching.rounds import offer_requested, run_due, search

__all__ = [
    "accept",
    "assign",
    "claim",
    "decline",
    "expire_due",
    "grab",
    "make",
    "offer_requested",
    "repair_due",
    "run_due",
    "search",
    "settle_due",
    "void",
]
