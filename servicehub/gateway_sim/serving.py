"""Runs the simulator on a port of this machine: alone, or in a thread beside the product or a test."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from starlette.applications import Starlette

from servicehub.gateway_sim.alipay_freeze import AlipayFreeze
from servicehub.gateway_sim.app import make
from servicehub.gateway_sim.keys import environment
from servicehub.gateway_sim.platform import RETRY_AFTER_S, Platform
from servicehub.gateway_sim.stripe_disputes import StripeDisputes
from servicehub.gateway_sim.wechat_payscore import WechatPayScore

HOST = "127.0.0.1"
START_S = 20.0
LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Running:
    """A simulator that listens."""

    address: str
    platform: Platform
    wechat: WechatPayScore
    alipay: AlipayFreeze
    stripe: StripeDisputes
    loop: asyncio.AbstractEventLoop

    def environment(self) -> dict[str, str]:
        """The product's variables for all accounts."""
        return environment(self.platform.keys, self.address)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def serve(home: Path, port: int, ready: Callable[[], None]) -> None:
    """Listen until the process is told to stop; `ready` is called once the port answers."""
    app = make(home)
    try:
        asyncio.run(_serve(app, port, lambda _server: ready()))
    finally:
        app.state.platform.close()


@contextlib.contextmanager
def started(home: Path, *, port: int = 0, retry_after_s: tuple[float, ...] = RETRY_AFTER_S) -> Iterator[Running]:
    """A simulator in a thread of its own while the block runs.

    Raises: RuntimeError when its port does not answer.
    """
    app, chosen = make(home, retry_after_s=retry_after_s), port or free_port()
    up, loop, servers = threading.Event(), asyncio.new_event_loop(), list[Server]()

    def announce(server: Server) -> None:
        servers.append(server)
        up.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(_serve(app, chosen, announce))
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="gateway-sim", daemon=True)
    thread.start()
    if not up.wait(START_S):
        raise RuntimeError(f"the simulated payment platforms do not answer on port {chosen}")
    state = app.state
    try:
        yield Running(f"http://{HOST}:{chosen}", state.platform, state.wechat, state.alipay, state.stripe, loop)
    finally:
        loop.call_soon_threadsafe(servers[0].stop)
        thread.join(START_S)
        state.platform.close()


async def _serve(app: Starlette, port: int, up: Callable[[Server], None]) -> None:
    server = Server(app, address=HOST, port=port, interface=Interfaces.ASGI, log_level=LogLevels.error)
    serving = asyncio.create_task(server.serve())
    while not serving.done():
        try:
            _reader, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(LOOK_S)
            continue
        writer.close()
        up(server)
        break
    await serving
