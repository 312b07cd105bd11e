"""The simulated payment platforms, listening for the tests of one process; the product waits for them as long as it takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servicehub.adapters import alipay, stripe_pay, wechat_pay
from servicehub.gateway_sim.serving import Running, started

PATIENT_S = 120
"""No test measures how fast this machine is."""


@pytest.fixture(scope="session")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all tests of a module or a folder: making its keys takes a second."""
    with (
        pytest.MonkeyPatch.context() as patient,
        started(tmp_path_factory.mktemp("platforms"), retry_after_s=()) as running,
    ):
        for library in (alipay, stripe_pay, wechat_pay):
            patient.setattr(library, "TIMEOUT_S", PATIENT_S)
        yield running
