"""A process that only works in the background: no pages, no socket. For installations on PostgreSQL."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from servicehub.jobs.runtime import lifespan
from servicehub.settings import Settings


def work(settings: Settings, started: Callable[[str], None]) -> None:
    """Run background work until SIGTERM or SIGINT; `started` is told the worker's name."""
    asyncio.run(_work(settings, started))


async def _work(settings: Settings, started: Callable[[str], None]) -> None:
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, told_to_stop.set)
    async with lifespan(settings) as runtime:
        started(runtime.id)
        await told_to_stop.wait()
