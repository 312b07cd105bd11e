"""The cashier's page, the way to it, and what channels post."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from servicehub import clock
from servicehub.adapters import gateway as channels
from servicehub.adapters.gateway_simulator import GatewaySimulator
from servicehub.api import payments as routes
from servicehub.api.cookies import name
from servicehub.db import Database
from servicehub.domain.access import Actor, Role
from servicehub.domain.channel import ClientAction, Scene
from servicehub.domain.order import OrderStatus
from servicehub.models.account import User
from servicehub.models.order import Order
from servicehub.services import accounts, identities
from servicehub.workflows import checkout
from tests import journey
from tests.conftest import FixedClock


@pytest.fixture
def simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewaySimulator]:
    made = GatewaySimulator(tmp_path / "channel.db")
    for module in (channels, checkout, routes):
        monkeypatch.setattr(module, "simulator", lambda: made)
    yield made
    made.close_file()


@pytest.fixture
def booked(seeded: Database, simulator: GatewaySimulator, fixed_clock: FixedClock) -> tuple[str, dict[str, str]]:
    """An unpaid order's number and its customer's cookies."""

    def prepare(session: Session) -> tuple[str, dict[str, str]]:
        world = journey.build(session)
        no = world.book().no
        user = session.get_one(User, world.customer.user_id)
        return no, {name(): accounts.open_session(session, user, accounts.Browser(), now=clock.now())}

    return seeded.write_now(prepare)


def status_of(database: Database, no: str) -> OrderStatus:
    return database.read_now(lambda s: s.exec(select(Order.status).where(Order.no == no)).one())


def test_from_the_order_to_the_cashier_and_back(
    client: Callable[..., Any],
    seeded: Database,
    simulator: GatewaySimulator,
    booked: tuple[str, dict[str, str]],
    run: Callable[[Any], Any],
) -> None:
    no, cookies = booked

    async def walk() -> None:
        async with client(cookies=cookies) as http:
            start = await http.post("/api/payments/start", data={"no": no, "method": "wechat", "locale": "en"})
            assert start.status_code == 303
            page = await http.get(start.headers["location"])
            assert page.status_code == 200
            assert "Confirm payment" in page.text
            assert "¥100.00" in page.text
            assert "script" not in page.text
            assert "form-action 'self'" in page.headers["content-security-policy"]
            paid = await http.post(start.headers["location"], data={"do": "pay"})
            assert (paid.status_code, paid.headers["location"]) == (303, f"/en/pay/result/?o={no}")
            again = await http.get(start.headers["location"])
            assert "This payment has been made." in again.text
            headers, raw = simulator.message(start.headers["location"].rsplit("/", 1)[-1])
            for _ in range(2):
                assert (
                    await http.post("/api/payments/notify/simulator", headers=headers, content=raw)
                ).status_code == 204

    run(walk())
    assert status_of(seeded, no) is OrderStatus.ASSIGNED


def test_the_cashier_speaks_chinese_and_lets_a_payment_fail(
    client: Callable[..., Any], seeded: Database, booked: tuple[str, dict[str, str]], run: Callable[[Any], Any]
) -> None:
    no, cookies = booked

    async def walk() -> None:
        async with client(cookies=cookies) as http:
            start = await http.post("/api/payments/start", data={"no": no, "method": "alipay"})
            page = await http.get(start.headers["location"])
            assert "确认付款" in page.text
            assert 'lang="zh-CN"' in page.text
            failed = await http.post(start.headers["location"], data={"do": "fail"})
            assert failed.headers["location"] == f"/pay/result/?o={no}&failed=1"
            left = await http.post(start.headers["location"], data={"do": "leave"})
            assert left.headers["location"] == f"/pay/result/?o={no}"

    run(walk())
    assert status_of(seeded, no) is OrderStatus.PENDING_PAYMENT


def test_a_forged_message_is_refused(
    client: Callable[..., Any], seeded: Database, booked: tuple[str, dict[str, str]], run: Callable[[Any], Any]
) -> None:
    async def post() -> tuple[int, int]:
        async with client() as http:
            forged = await http.post("/api/payments/notify/simulator", content=b'{"kind": "payment"}')
            unknown = await http.post("/api/payments/notify/nobody", content=b"{}")
            return forged.status_code, unknown.status_code

    assert run(post()) == (401, 404)
    assert status_of(seeded, booked[0]) is OrderStatus.PENDING_PAYMENT


def test_who_is_not_logged_in_goes_back_to_the_pay_page(
    client: Callable[..., Any], booked: tuple[str, dict[str, str]], run: Callable[[Any], Any]
) -> None:
    async def post() -> str:
        async with client() as http:
            return (await http.post("/api/payments/start", data={"no": booked[0], "method": "wechat"})).headers[
                "location"
            ]

    assert run(post()) == f"/pay/?o={booked[0]}&error=not_logged_in"


def test_an_unknown_bill_is_not_found(
    client: Callable[..., Any], booked: tuple[str, dict[str, str]], run: Callable[[Any], Any]
) -> None:
    async def get() -> int:
        async with client() as http:
            return (await http.get("/sim/pay/P0")).status_code

    assert run(get()) == 404


def test_to_another_site_by_a_page_of_ours(
    client: Callable[..., Any],
    booked: tuple[str, dict[str, str]],
    run: Callable[[Any], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no, cookies = booked

    async def elsewhere(*_args: object, **_options: object) -> ClientAction:
        return ClientAction("redirect", 'https://pay.example.com/h5?no=1&back="x"')

    monkeypatch.setattr("servicehub.workflows.checkout.start", elsewhere)

    async def walk() -> Any:
        async with client(cookies=cookies) as http:
            return await http.post("/api/payments/start", data={"no": no, "method": "wechat", "locale": "en"})

    page = run(walk())
    assert page.status_code == 200
    address = "https://pay.example.com/h5?no=1&amp;back=&quot;x&quot;"
    assert f'content="0;url={address}"' in page.text
    assert f'href="{address}"' in page.text
    assert "script" not in page.text


@pytest.mark.parametrize(("agent", "stays"), [("Mozilla MicroMessenger/8.0", True), ("Mozilla Mobile Safari", False)])
def test_wechats_own_browser_is_told_to_use_another(
    client: Callable[..., Any],
    booked: tuple[str, dict[str, str]],
    run: Callable[[Any], Any],
    monkeypatch: pytest.MonkeyPatch,
    agent: str,
    stays: bool,
) -> None:
    no, cookies = booked
    asked: list[object] = []

    async def start(*args: object, **_options: object) -> ClientAction:
        asked.append(args[2])
        return ClientAction("redirect", "https://pay.example.com/")

    monkeypatch.setattr("servicehub.workflows.checkout.methods", lambda: {"wechat": "wechat", "alipay": "simulator"})
    monkeypatch.setattr("servicehub.workflows.checkout.start", start)

    async def walk(method: str) -> str:
        async with client(cookies=cookies, headers={"user-agent": agent}) as http:
            page = await http.post("/api/payments/start", data={"no": no, "method": method})
            return str(page.text)

    text = run(walk("wechat"))
    assert ("请在浏览器中付款" in text) is stays
    assert (asked == []) is stays
    assert "请在浏览器中付款" not in run(walk("alipay"))  # the simulator opens anywhere


@pytest.mark.parametrize(
    ("agent", "scene"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1", Scene.PHONE),
        ("Mozilla/5.0 (Linux; Android 15) Mobile Safari/537.36", Scene.PHONE),
        ("Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0.50", Scene.WECHAT),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140 Safari/537.36", Scene.DESKTOP),
        ("", Scene.DESKTOP),
    ],
)
def test_where_a_browser_runs(agent: str, scene: Scene) -> None:
    assert routes.scene_of(agent) is scene


@pytest.mark.parametrize(
    ("agent", "known", "leads"),
    [
        ("Mozilla (X11)", False, "/pay/scan/?o={no}&m=wechat&s=desktop"),
        ("MicroMessenger", True, "/pay/scan/?o={no}&m=wechat&s=wechat"),
        ("MicroMessenger", False, "/api/wechat/authorize?next=%2Fpay%2Fscan%2F%3Fo%3D{no}"),
    ],
)
def test_a_desktop_scans_and_wechats_browser_says_who_it_is(
    client: Callable[..., Any],
    booked: tuple[str, dict[str, str]],
    run: Callable[[Any], Any],
    seeded: Database,
    monkeypatch: pytest.MonkeyPatch,
    agent: str,
    known: bool,
    leads: str,
) -> None:
    no, cookies = booked
    monkeypatch.setattr("servicehub.workflows.checkout.methods", lambda: {"wechat": "wechat"})
    monkeypatch.setattr("servicehub.api.payments.pays_in_wechat", lambda: True)
    if known:
        customer = seeded.read_now(lambda s: s.exec(select(Order.customer_id)).one())
        actor = Actor(customer, Role.CUSTOMER)
        seeded.write_now(identities.remember, actor, "oSomebody", now=clock.now())

    async def walk() -> str:
        async with client(cookies=cookies, headers={"user-agent": agent}) as http:
            answer = await http.post("/api/payments/start", data={"no": no, "method": "wechat"})
            return str(answer.headers.get("location") or answer.text)

    assert leads.format(no=no) in run(walk())
