"""How the simulated channel delivers its messages: signed, repeated until taken, late, twice or never."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from servicehub.adapters.gateway_simulator import GatewaySimulator
from servicehub.domain.channel import PayRequest, RefundRequest, RefundState
from tests.conftest import FixedClock


class Till(ThreadingHTTPServer):
    """A shop's address for messages: answers 503 to the first `refusals`, then takes them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.refusals = 0
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.arrived = threading.Semaphore(0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/notify"


class _Answer(BaseHTTPRequestHandler):
    server: Till

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        refused = self.server.refusals > 0
        self.server.refusals -= refused
        self.send_response(503 if refused else 204)
        self.end_headers()
        self.server.taken.append((dict(self.headers), raw))
        self.server.arrived.release()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def till() -> Iterator[Till]:
    server = Till()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def simulator(till: Till, tmp_path: Path, fixed_clock: FixedClock) -> Iterator[GatewaySimulator]:
    made = GatewaySimulator(tmp_path / "channel.db", notify_url=till.url, retry_after_s=(0, 0))
    made.open(
        PayRequest(
            "P1",
            "2603021000210001",
            "simulator",
            "wechat",
            5000,
            "保洁",
            fixed_clock.now + timedelta(minutes=15),
            "/pay/result/?o=1",
        )
    )
    yield made
    made.close_file()


def wait_for(till: Till, count: int) -> None:
    for _ in range(count):
        assert till.arrived.acquire(timeout=60)


def test_a_payment_is_reported_by_a_signed_message(
    till: Till, simulator: GatewaySimulator, fixed_clock: FixedClock
) -> None:
    simulator.pay("P1")
    wait_for(till, 1)
    (report,) = simulator.parse_notify(*till.taken[0], now=fixed_clock.now)

    assert (report.event_id, report.no, report.amount_fen, report.kind) == ("pay-P1", "P1", 5000, "payment")


def test_a_message_is_repeated_until_it_is_taken(till: Till, simulator: GatewaySimulator) -> None:
    till.refusals = 2
    simulator.pay("P1")
    wait_for(till, 3)

    assert len({raw for _headers, raw in till.taken}) == 1


def test_a_message_may_come_twice_or_never(till: Till, simulator: GatewaySimulator, fixed_clock: FixedClock) -> None:
    simulator.faults.duplicates = 1
    simulator.pay("P1")
    wait_for(till, 2)
    simulator.faults.drop = True
    simulator.open(PayRequest("P2", "2", "simulator", "wechat", 1, "保洁", fixed_clock.now, "/"))
    assert simulator.pay("P2")

    assert len(till.taken) == 2


def test_refunds_never_exceed_the_payment_at_the_channel_either(simulator: GatewaySimulator) -> None:
    simulator.pay("P1", notify=False)
    ask = [RefundRequest(f"R{i}", "P1", "simulator", fen, 5000, 1) for i, fen in enumerate((3000, 3000, 2000))]

    assert [simulator.refund(r) for r in ask] == [RefundState.SUCCEEDED, RefundState.FAILED, RefundState.SUCCEEDED]
    assert simulator.refund(ask[0]) is RefundState.SUCCEEDED
    headers, raw = simulator.refund_message("R0")
    assert b'"state": "succeeded"' in raw
    assert headers["content-type"] == "application/json"
