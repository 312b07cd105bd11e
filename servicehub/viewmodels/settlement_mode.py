"""What the operators' page about the settlement mode shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One instruction to a channel."""

    no: str
    order_no: str
    kind: str
    amount: str
    channel: str
    state_label: str
    tone: str
    note: str
    """Why it was refused, or when it arrived."""
    may_retry: bool


@dataclass(frozen=True, slots=True)
class ModePage:
    """The mode in force, what is set up for it, and the shares."""

    mode: str = "self_operated"
    accounts: tuple[tuple[str, str], ...] = ()
    """Channel and who receives the platform's share there."""
    faults: tuple[str, ...] = ()
    """What has to be set up before the partner mode works."""
    counts: tuple[tuple[str, str], ...] = ()
    """Open orders of each mode, money of technicians, frozen payments."""
    rates: str = ""
    """Commission rates above the most that a share may be; empty when there are none."""
    rows: tuple[ShareRow, ...] = ()
    refused: int = 0
