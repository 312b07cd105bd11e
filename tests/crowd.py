"""Many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from servicehub.errors import ServiceHubError


def at_once(count: int, work: Callable[[int], object], workers: int = 100) -> list[object]:
    """What `work(i)` returned or was refused with, for `count` calls that start together."""
    barrier = threading.Barrier(min(count, workers))

    def one(i: int) -> object:
        if i < barrier.parties:
            barrier.wait(30)
        try:
            return work(i)
        except ServiceHubError as refusal:
            return refusal

    with ThreadPoolExecutor(min(count, workers)) as pool:
        return list(pool.map(one, range(count)))
