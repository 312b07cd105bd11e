"""Withdrawals: what becomes of one, and within which limits technicians may ask for one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from servicehub.errors import Invalid

WITHDRAWAL_KIND = "withdrawal"
"""`models.catalog.Policy.kind` of the document of limits."""
WECHAT = "wechat"
"""The channel whose accounts are openids, which nobody types."""
_ACCOUNT = re.compile(r"1\d{10}|[\w.+-]{1,40}@[\w-]{1,40}(\.[\w-]{1,20})+", re.ASCII)


class WithdrawalStatus(StrEnum):
    REVIEW = "review"
    """The money is frozen; somebody has to say yes, two people from a limit on."""
    SENDING = "sending"
    """Said yes; the channel is asked until it answers."""
    CONFIRMING = "confirming"
    """The channel waits for the payee, who has to say yes there."""
    DONE = "done"
    FAILED = "failed"
    """The channel could not pay it out; the money is available again."""
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    """Taken back by the technician before anybody decided."""
    EXPIRED = "expired"
    """The payee did not say yes in time; the money is available again."""


ON_ITS_WAY = (WithdrawalStatus.SENDING, WithdrawalStatus.CONFIRMING)
"""The channel may know of it."""
OPEN = (WithdrawalStatus.REVIEW, *ON_ITS_WAY)
CONFIRM_WITHIN = timedelta(hours=24)
"""How long a payee has to say yes."""


@dataclass(frozen=True, slots=True)
class WithdrawalPolicy:
    """Limits in fen."""

    least_fen: int = 1_000
    most_fen: int = 2_000_000
    """For one withdrawal."""
    a_day: int = 3
    """Withdrawals in 24 hours; those that came to nothing do not count."""
    fee_bp: int = 0
    least_fee_fen: int = 0
    second_from_fen: int = 200_000
    """From this amount on two people have to say yes."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The policy of a stored document; what it lacks keeps its default."""
        known = {name: int(document[name]) for name in cls.__slots__ if name in document}
        return cls(**known)

    @classmethod
    def checked(cls, document: Mapping[str, Any]) -> Self:
        """The policy of a document that somebody typed. Raises: Invalid naming the field that is out of its range."""
        policy = cls.of(document)
        ranges = {
            "least_fen": (10, policy.most_fen),
            "most_fen": (policy.least_fen, 10_000_000),
            "a_day": (1, 20),
            "fee_bp": (0, 1_000),
            "least_fee_fen": (0, policy.least_fen - 1),
            "second_from_fen": (1, 10_000_000),
        }
        for name, (low, high) in ranges.items():
            if not low <= getattr(policy, name) <= high:
                raise Invalid(name, field=name, least=low, most=high)
        return policy

    def fee_fen(self, amount_fen: int) -> int:
        """What the platform keeps of a withdrawal, half up, never all of it."""
        if not self.fee_bp and not self.least_fee_fen:
            return 0
        return min(max((amount_fen * self.fee_bp + 5_000) // 10_000, self.least_fee_fen), amount_fen - 1)

    def needs_two(self, amount_fen: int) -> bool:
        """Whether a second person has to say yes."""
        return amount_fen >= self.second_from_fen


def account_of(text: str) -> str:
    """The account that a technician typed, in its normal form; "" for what is none: a mobile number or a mail address."""
    plain = re.sub(r"[\s-]", "", text) if "@" not in text else text.strip().lower()
    return plain if _ACCOUNT.fullmatch(plain) else ""


def masked(account: str, channel: str = "") -> str:
    """Enough of an account to know it again: 199****0002, a***@example.com, ****x3Kf of an openid."""
    if channel == WECHAT:
        return f"****{account[-4:]}"
    name, at, host = account.partition("@")
    return f"{name[:1]}***@{host}" if at else f"{account[:3]}****{account[-4:]}"
