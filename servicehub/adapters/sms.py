"""Short messages: the port, and the local simulator that keeps what it was given instead of sending it.

Owns delivery only: which message goes to whom is decided by workflows and jobs, its wording by `texts`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from functools import lru_cache
from typing import Protocol

from servicehub.errors import Unavailable
from servicehub.settings import get_settings


class SmsChannel(Protocol):
    """One way of sending a short message."""

    async def send(self, phone: str, text: str) -> None:
        """Hand `text` to the carrier for `phone` (E.164).

        Raises: Unavailable.
        """


class SimulatedSms:
    """Keeps the last message per phone in this process, for the demo's log-in page and for tests."""

    def __init__(self, kept: int = 500) -> None:
        self._kept = kept
        self._last: OrderedDict[str, str] = OrderedDict()
        self.fails = False
        """Set by a test that needs a carrier that is down."""

    async def send(self, phone: str, text: str) -> None:
        await asyncio.sleep(0)
        if self.fails:
            raise Unavailable("the simulated carrier is down")
        self._last.pop(phone, None)
        self._last[phone] = text
        while len(self._last) > self._kept:
            self._last.popitem(last=False)

    def last(self, phone: str) -> str:
        """The newest message to `phone`, or ""."""
        return self._last.get(phone, "")


@lru_cache(maxsize=1)
def simulator() -> SimulatedSms:
    """The process's simulated carrier."""
    return SimulatedSms()


def sms_channel() -> SmsChannel:
    """The configured channel; only the simulator exists so far, and settings refuse it in production."""
    if get_settings().sms_channel == "simulator":
        return simulator()
    raise Unavailable("no such channel")
