"""What a customer has chosen so far, as the browser and the server pass it between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


def instant(text: object) -> datetime | None:
    """An aware instant from its ISO text, or None."""
    try:
        found = datetime.fromisoformat(str(text)[:40])
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


@dataclass(frozen=True, slots=True)
class Draft:
    """What the customer has chosen so far. `start` is an ISO instant, "now", or "" for not yet."""

    service: str = ""
    quantity: int = 0
    """0: the least that the service allows."""
    add_ons: tuple[tuple[str, int], ...] = ()
    further: tuple[tuple[str, int], ...] = ()
    """Other services of the same visit."""
    start: str = ""
    flexible: int = 0
    """Minutes by which the visit may begin later."""
    technician: int = 0
    """0: the platform matches."""
    gender: str = ""
    requirements: tuple[str, ...] = ()
    coupon: str = "best"
    """best, none, or a grant's id."""
    address: int = 0
    """0: the default one."""
    guarantee: str = ""
    """What secures a payment after the service: wechat, alipay, or "" for none."""
    n: int = 0
    """How many drafts came before it: of two copies the one with the larger number is the later."""

    def start_at(self) -> datetime | None:
        """The chosen instant; None for "now" and for not yet."""
        return instant(self.start)
