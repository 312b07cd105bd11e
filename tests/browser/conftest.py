"""The product as it is served: the production build and a small city on a fixed clock, once; and people who log in by the forms."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.demo.people import OPERATOR_PASSWORD, VISITOR_CUSTOMER, VISITOR_TECHNICIAN
from servicehub.domain.access import Actor, Role
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import OrderStatus
from servicehub.models.dispatch import Offer
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.services import dispatching, orders
from servicehub.settings import Settings

ROOT = Path(__file__).parents[2]
CLOCK = "2026-11-24T02:00:00+00:00"
"""Tuesday, ten in the morning in Shanghai."""
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
PHONE_AGENT = (
    "Mozilla/5.0 (Linux; Android 15; Demo) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"
)
WATCH_CHANGES = """(() => {
  let last = performance.now();
  new MutationObserver(() => { last = performance.now() })
    .observe(document, { subtree: true, childList: true, characterData: true });
  window.unchangedMs = () => performance.now() - last;
})()"""
LOADED = "!document.querySelector('.sk') && document.readyState === 'complete' && window.unchangedMs() > 120"
NOT_BEGUN = (OrderStatus.PENDING_PAYMENT, OrderStatus.MATCHING, OrderStatus.ASSIGNED, OrderStatus.ACCEPTED)
PATIENT_S = 60
"""No test measures how fast this machine is."""
expect.set_options(timeout=PATIENT_S * 1000)


@dataclass(frozen=True)
class Served:
    """A running server, its data folder and its database."""

    url: str
    data: Path
    database: Database


@dataclass
class Site:
    """The served city in this module's browser. `errors` collects what pages complained about."""

    served: Served
    browser: Browser
    errors: list[str] = field(default_factory=list)
    log_ins: dict[str, Any] = field(default_factory=dict)
    """Name → cookies: a phone is sent one code a minute, so everybody logs in once."""

    @property
    def url(self) -> str:
        return self.served.url

    @property
    def database(self) -> Database:
        return self.served.database

    def person(self, *, desk: bool = False, **options: Any) -> Page:
        """A page of a new visitor's own browser."""
        options = options if desk else {"user_agent": PHONE_AGENT} | options
        context: BrowserContext = self.browser.new_context(
            base_url=self.url, viewport=DESK if desk else PHONE, locale="zh-CN", reduced_motion="reduce", **options
        )
        context.set_default_timeout(PATIENT_S * 1000)
        context.add_init_script(WATCH_CHANGES)
        context.on("weberror", lambda error: self.errors.append(f"{error.page and error.page.url}: {error.error}"))
        context.on("console", self._heard)
        return context.new_page()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.page and message.page.url}: {message.text}")

    def customer(self, phone: str = VISITOR_CUSTOMER, **options: Any) -> Page:
        """A logged-in customer at home."""
        return self._enter(phone, "/", lambda page: by_code(page, phone, "/login/"), **options)

    def technician(self, phone: str = VISITOR_TECHNICIAN, **options: Any) -> Page:
        """A logged-in technician at the workbench."""
        log_in = "/login/?role=technician"
        return self._enter(phone, "/technician/", lambda page: by_code(page, phone, log_in), **options)

    def operator(self, name: str = "admin", **options: Any) -> Page:
        """A logged-in operator at the overview."""
        return self._enter(name, "/operator/", lambda page: by_password(page, name), desk=True, **options)

    def _enter(self, name: str, home: str, log_in: Callable[[Page], None], **options: Any) -> Page:
        known = self.log_ins.get(name)
        page = self.person(storage_state=known, **options)
        if known is None:
            log_in(page)
            page.wait_for_url(re.compile(re.escape(self.url + home) + r"(\?.*)?$"))
            self.log_ins[name] = page.context.storage_state()
        else:
            page.goto(home)
        settle(page)
        return page


def by_code(page: Page, phone: str, form: str) -> None:
    """Ask for a code, read it off the page as a demo's visitor does, and log in."""
    page.goto(form)
    page.get_by_label("手机号").fill(phone)
    page.get_by_role("button", name="获取验证码").click()
    code = page.get_by_label("验证码")
    expect(code).to_be_visible()
    shown = re.search(r"\b(\d{6})\b", page.locator("#answer").inner_text())
    assert shown is not None
    code.fill(shown.group(1))
    page.get_by_role("button", name="登录", exact=True).click()


def by_password(page: Page, name: str) -> None:
    """The operators' way in."""
    page.goto("/operator/login/")
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(OPERATOR_PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()


def settle(page: Page, seconds: float = PATIENT_S) -> None:
    """Wait until everything has come: no skeleton is left and nothing changes any more."""
    for _ in range(int(seconds * 40)):
        if page.evaluate(LOADED):
            return
        page.wait_for_timeout(25)  # the page's policy forbids the eval by which Playwright itself would wait
    raise AssertionError(f"{page.url} never came to rest: {page.locator('main').inner_text()[:300]}")


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Of a module, not of the session: while it runs, its thread has a running event loop, which other tests must not."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(chromium: str, playwright: Playwright) -> Iterator[Browser]:
    """Chromium."""
    started = playwright.chromium.launch(executable_path=chromium, args=ARGS)
    yield started
    started.close()


@pytest.fixture(scope="session")
def built(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This worker's data folder, with the production build of the small city, which all workers share and later runs find again."""
    shared, own = ROOT / ".browser-tests", tmp_path_factory.mktemp("city")
    shared.mkdir(exist_ok=True)
    with (shared / "building").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (["seed", "--small"], ["build"]):
            subprocess.run(
                [sys.executable, "-m", "servicehub.cli", *command, "--data", str(shared)],
                cwd=ROOT, env=_environment(8000), check=True, timeout=900,
            )  # fmt: skip
    (own / "frontend").symlink_to(shared / "frontend")
    return own


@pytest.fixture(scope="session")
def served(built: Path) -> Iterator[Served]:
    """A fresh small city in which nobody acts by itself."""
    for url in _serve(built):
        database = Database(Settings(data_dir=built, env="demo"))
        yield Served(url, built, database)
        database.close()


_log_ins: dict[str, Any] = {}


@pytest.fixture(scope="module")
def _site(served: Served, browser: Browser) -> Site:
    return Site(served, browser, log_ins=_log_ins)


@pytest.fixture
def site(_site: Site) -> Iterator[Site]:
    """The served city with nobody's answer outstanding; what a page complains about fails the test."""
    _site.errors.clear()
    _site.database.write_now(_decline_everything)
    _site.database.write_now(_cancel_everything)
    yield _site
    for context in _site.browser.contexts:
        context.close()
    assert _site.errors == []


def _decline_everything(session: Session) -> None:
    """Answer the offers that another story left open: a technician is shown one at a time."""
    for offer in session.exec(select(Offer).where(Offer.status == OfferStatus.OPEN)).all():
        technician = session.get_one(Technician, offer.technician_id)
        actor = Actor(technician.user_id, Role.TECHNICIAN, technician.city_id, technician.id or 0)
        dispatching.decline(session, actor, offer.id or 0, "other", now=offer.created_at)
    for order in session.exec(select(Order).where(Order.status == OrderStatus.MATCHING)).all():
        order.dispatch_at = order.start_at + timedelta(
            days=365
        )  # nobody is asked for it in the middle of the next story
        session.add(order)


def _cancel_everything(session: Session) -> None:
    """Free the hours that other stories took: with his day full, a technician is booked when nobody else works."""
    wanted = col(Order.created_at) >= datetime.fromisoformat(CLOCK), col(Order.status).in_(NOT_BEGUN)
    for order in session.exec(select(Order).where(*wanted, col(Order.lead_id).is_(None))).all():
        customer = Actor(order.customer_id, Role.CUSTOMER, order.city_id)
        orders.cancel(session, customer, order.no, reason="", expected_refund_fen=0, now=order.created_at)


def _serve(folder: Path) -> Iterator[str]:
    port = _free_port()
    command = [
        sys.executable, "-m", "servicehub.cli", "demo", "--small", "--speed", "0", "--no-open",
        "--port", str(port), "--data", str(folder),
    ]  # fmt: skip
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=_environment(port), stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _until(lambda: process.poll() is not None or _answers(url), folder / "server.log")
            assert process.poll() is None, (folder / "server.log").read_text()[-2000:]
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _environment(port: int) -> dict[str, str]:
    own = {"SERVICEHUB_CLOCK_START": CLOCK, "SERVICEHUB_BASE_URL": f"http://127.0.0.1:{port}"}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, **own, "PATH": path}


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _until(done: Callable[[], bool], log: Path, seconds: int = 300) -> None:
    for _ in range(seconds * 5):
        if done():
            return
        time.sleep(0.2)  # waiting for a server process to come up
    raise AssertionError(log.read_text()[-2000:])
