"""Payment platforms: the simulated ones on a port of this machine, and whether the real ones are set up."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from rich.console import Console

from servicehub.adapters import gateway, guarantee
from servicehub.cli.problems import Problem
from servicehub.gateway_sim import serving
from servicehub.gateway_sim.keys import Keys, environment
from servicehub.settings import Settings, get_settings

FOLDER = "gateway-sim"
HERE = ("127.0.0.1", "localhost", "::1")
DEMO_CHANNELS = '["wechat", "alipay", "stripe", "simulator"]'
"""A visitor pays at the simulated platforms; those who live in the demo pay inside this process."""


def simulate(settings: Settings, port: int, console: Console) -> None:
    """Listen until told to stop, and say what the product's environment must hold.

    Raises: Problem in production.
    """
    if not settings.simulators_allowed:
        raise Problem("Simulated payment platforms do not belong into production: unset SERVICEHUB_ENV=production.")
    home = settings.data_dir / FOLDER
    variables = environment(Keys(home), f"http://{serving.HOST}:{port}")

    def ready() -> None:
        console.print(f"Simulated payment platforms on http://{serving.HOST}:{port}. For the product:", highlight=False)
        for name, value in {**variables, "SERVICEHUB_PAYMENT_CHANNELS": '["wechat","alipay","stripe"]'}.items():
            console.print(f"export {name}='{value}'", soft_wrap=True, highlight=False, markup=False)

    serving.serve(home, port, ready)


@contextlib.contextmanager
def simulated(settings: Settings) -> Iterator[Settings]:
    """The settings with simulated accounts beside this process, unless channels were chosen.

    Whoever looks from another machine could not reach their cashier: he pays at the simulator inside this process.
    """
    if "SERVICEHUB_PAYMENT_CHANNELS" in os.environ or urlsplit(settings.base_url).hostname not in HERE:
        yield settings
        return
    with serving.started(settings.data_dir / FOLDER) as running:
        added = running.environment() | {"SERVICEHUB_PAYMENT_CHANNELS": DEMO_CHANNELS}
        os.environ |= added
        try:
            yield _read_again()
        finally:
            for name in added:
                os.environ.pop(name, None)
            _read_again()


def _read_again() -> Settings:
    get_settings.cache_clear()
    gateway.forget()
    guarantee.forget()
    return get_settings()
