"""The application object: pages, guard, HTTP side and the life of the process. Imported by Reflex, built and served by `cli`.

Owns the order in which things start and stop. Nothing is opened at import.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import reflex as rx

from servicehub.api.app import transformers
from servicehub.components.head import STYLESHEETS, app_wraps, head_components
from servicehub.db import database
from servicehub.jobs import runtime
from servicehub.pages import loading
from servicehub.pages.register import register
from servicehub.settings import Settings, get_settings
from servicehub.state.guard import Guard, note_failure
from servicehub.state.reflex_internals import keep_token_on_reconnect

_log = logging.getLogger(__name__)
BUILD_VARIABLE = "SERVICEHUB_BUILD"
"""Set by the CLI: the folder of the published front end that this process serves; empty: only routes and the socket."""
SPEED_VARIABLE = "SERVICEHUB_DEMO_SPEED"
"""Set by `servicehub demo`: how fast the simulated city lives; empty: it does not."""


@contextlib.asynccontextmanager
async def life() -> AsyncIterator[None]:
    """Database, live updates and background work; in a demo also the city."""
    settings = get_settings()
    async with runtime.lifespan(settings), contextlib.AsyncExitStack() as stack:
        speed = os.environ.get(SPEED_VARIABLE, "")
        if settings.env == "demo" and speed:
            await stack.enter_async_context(_living_city(settings, float(speed)))
        yield


@contextlib.asynccontextmanager
async def _living_city(settings: Settings, speed: float) -> AsyncIterator[None]:
    live = import_module("servicehub.demo.live")  # an installation that is no demo never loads it
    city: asyncio.Task[None] = asyncio.create_task(live.run(database(), settings, speed=speed), name="city")
    city.add_done_callback(_report)
    try:
        yield
    finally:
        city.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await asyncio.wait_for(city, 3)


def _report(city: asyncio.Task[None]) -> None:
    if not city.cancelled() and (error := city.exception()) is not None:
        _log.error("the simulated city stopped", exc_info=error)


def make_app() -> rx.App:
    """The application with everything registered."""
    settings = get_settings()
    made = rx.App(
        html_lang="zh-CN",
        toaster=None,
        stylesheets=STYLESHEETS,
        app_wraps=app_wraps(),
        head_components=head_components(settings),
        backend_exception_handler=note_failure,
        hydrate_fallback=loading.view,
    )
    build = os.environ.get(BUILD_VARIABLE, "")
    made.api_transformer = transformers(Path(build) if build else None, lambda path: made.router(path))  # noqa: PLW0108 - known after the pages
    made.add_middleware(Guard(), index=0)
    keep_token_on_reconnect(made)
    made.register_lifespan_task(life)
    register(made)
    return made


app = make_app()
