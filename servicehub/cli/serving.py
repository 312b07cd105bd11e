"""Serves the published application in this process until it is told to stop, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import logging
import logging.handlers
import os
import re
import signal
import sys
import webbrowser
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from rich.console import Console

from servicehub.cli.problems import project_root
from servicehub.settings import Settings

_SECRETS = re.compile(r"[0-9a-f]{64}|(?<=token=)[\w.-]+|(?<=sid=)[\w.-]+")


class _Redacted(logging.Formatter):
    """No session hash, client token or cookie reaches a log."""

    def format(self, record: logging.LogRecord) -> str:
        return _SECRETS.sub("…", super().format(record))


def set_up_logging(folder: Path) -> None:
    """Warnings on the console, more in `servicehub.log` of the data folder."""
    form = _Redacted("%(asctime)s %(levelname)s %(name)s: %(message)s")
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.WARNING)
    kept = logging.handlers.RotatingFileHandler(folder / "servicehub.log", maxBytes=5_000_000, backupCount=3)
    kept.setLevel(logging.INFO)
    for handler in (console, kept):
        handler.setFormatter(form)
    logging.basicConfig(level=logging.INFO, handlers=[console, kept], force=True)
    for noisy in ("httpx", "dbos", "alembic", "asyncio", "reflex"):
        logging.getLogger(noisy).setLevel(logging.WARNING if noisy != "reflex" else logging.ERROR)


def load_application(build: Path) -> Callable[..., Any]:
    """The ASGI application over the published front end."""
    root = project_root()
    os.chdir(root)  # Reflex reads rxconfig.py and the assets from where the process stands
    os.environ.update(
        {
            "REFLEX_ENV_MODE": "prod",
            "REFLEX_TELEMETRY_ENABLED": "false",
            "REFLEX_CHECK_LATEST_VERSION": "false",
            "REFLEX_WEB_WORKDIR": str(build),
            "__REFLEX_SKIP_COMPILE": "true",
            "SERVICEHUB_BUILD": str(build),
        }
    )
    application = import_module("servicehub.servicehub").app()
    import_module("servicehub.matching").warm_up()
    spare_what_stays()
    return application  # type: ignore[no-any-return]


def spare_what_stays() -> None:
    """Leave what a process made while starting out of garbage collection: half a million objects that never become garbage.

    A full collection walks them all and stops every thread: it made one grid of free times in twenty take twice as long.
    """
    gc.collect()
    gc.freeze()


def serve(application: Callable[..., Any], settings: Settings, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called once the port answers."""
    asyncio.run(_serve(application, settings, ready))


async def _serve(application: Callable[..., Any], settings: Settings, ready: Callable[[], None]) -> None:
    server = Server(
        application,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.error,
        websockets=True,
    )
    loop = asyncio.get_running_loop()
    for sig in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sig, _stop, server)
    serving = asyncio.create_task(server.serve())
    announcing = asyncio.create_task(_announce(settings, ready))
    await serving
    announcing.cancel()


def _stop(server: Server) -> None:
    """Stop serving. Pages that are still open lose their sockets, which is no error worth a traceback."""
    for handler in logging.getLogger("_granian").handlers:
        handler.setLevel(logging.CRITICAL)
    server.stop()  # type: ignore[no-untyped-call]


async def _announce(settings: Settings, ready: Callable[[], None]) -> None:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
    while True:
        try:
            _reader, writer = await asyncio.open_connection(host, settings.port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.close()
        ready()
        return


def open_browser(url: str, console: Console) -> None:
    """Show the first page, where there is somebody to see it."""
    if console.is_terminal and (os.environ.get("DISPLAY") or sys.platform in ("darwin", "win32")):
        webbrowser.open(url)
