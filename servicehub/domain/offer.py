"""Offers of an order to a technician: statuses and reasons to decline."""

from __future__ import annotations

from enum import StrEnum


class OfferStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    VOID = "void"
    """Withdrawn: the order was cancelled, reassigned or grabbed by somebody else."""


class DeclineReason(StrEnum):
    TIME_CLASH = "time_clash"
    TOO_FAR = "too_far"
    NOT_MY_SKILL = "not_my_skill"
    UNWELL = "unwell"
    OTHER = "other"
