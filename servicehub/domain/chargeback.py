"""Chargebacks: what a customer's bank asks about a payment, takes back from us, and sometimes gives back again.

Owns the statuses and their order. Nobody here decides anything: people answer at the channel, the bank decides. (`disputed` is
another word in this product: an order that is in after-sales.)
"""

from __future__ import annotations

from enum import StrEnum


class ChargebackStatus(StrEnum):
    INQUIRY = "inquiry"
    """The bank asks; nothing was taken yet."""
    OPEN = "open"
    """The channel has taken the amount; the bank has not decided."""
    WON = "won"
    """The amount was given back."""
    LOST = "lost"
    DROPPED = "dropped"
    """An inquiry that came to nothing: nothing was ever taken."""


_S = ChargebackStatus
WAITS = (_S.INQUIRY, _S.OPEN)
"""Somebody has to answer the bank."""
GONE = (_S.OPEN, _S.LOST)
"""The amount is not here now."""
TAKEN = (_S.OPEN, _S.WON, _S.LOST)
"""The amount was taken, at least for a while."""
_NEXT: dict[ChargebackStatus, frozenset[ChargebackStatus]] = {
    _S.INQUIRY: frozenset({_S.OPEN, _S.WON, _S.LOST, _S.DROPPED}),
    _S.DROPPED: frozenset({_S.OPEN, _S.WON, _S.LOST}),
    _S.OPEN: frozenset({_S.WON, _S.LOST}),
    _S.LOST: frozenset({_S.WON}),
    _S.WON: frozenset(),
}


def is_news(known: ChargebackStatus, told: ChargebackStatus) -> bool:
    """Whether what is told comes after what is known: messages arrive in any order, and more than once."""
    return told in _NEXT[known]
