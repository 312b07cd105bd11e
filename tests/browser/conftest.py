"""The product as it is served: the production build once, a small city on a fixed clock, and people who log in by the forms."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from servicehub.demo.people import OPERATOR_PASSWORD, VISITOR_CUSTOMER, VISITOR_TECHNICIAN

ROOT = Path(__file__).parents[2]
CLOCK = "2026-11-24T02:00:00+00:00"
"""Tuesday, ten in the morning in Shanghai."""
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
expect.set_options(timeout=20_000)


@dataclass
class Site:
    """A served city: `errors` collects what pages complained about."""

    url: str
    browser: Browser
    data: Path
    errors: list[str] = field(default_factory=list)

    def person(self, *, desk: bool = False, **options: object) -> Page:
        """A page of a new visitor's own browser."""
        context: BrowserContext = self.browser.new_context(
            base_url=self.url, viewport=DESK if desk else PHONE, locale="zh-CN", **options
        )
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(f"{page.url}: {error}"))
        page.on("console", lambda m: self.errors.append(f"{page.url}: {m.text}") if m.type == "error" else None)
        return page

    def customer(self, phone: str = VISITOR_CUSTOMER, **options: object) -> Page:
        """A logged-in customer at home."""
        return self._by_code(phone, "/login/", "/", **options)

    def technician(self, phone: str = VISITOR_TECHNICIAN, **options: object) -> Page:
        """A logged-in technician at the workbench."""
        return self._by_code(phone, "/login/?role=technician", "/technician/", **options)

    def operator(self, name: str = "admin") -> Page:
        """A logged-in operator at the overview."""
        page = self.person(desk=True)
        page.goto("/operator/login/")
        page.locator("input[type=text], input:not([type])").first.fill(name)
        page.locator("input[type=password]").fill(OPERATOR_PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.wait_for_url(re.compile(r"/operator/(\?.*)?$"))
        return page

    def _by_code(self, phone: str, login: str, home: str, **options: object) -> Page:
        page = self.person(**options)
        page.goto(login)
        page.locator("#phone").fill(phone)
        page.locator("#ask button[type=submit]").click()
        code = page.locator("#code")
        expect(code).to_be_visible()
        shown = re.search(r"\b(\d{6})\b", page.locator("#answer").inner_text())
        assert shown is not None
        code.fill(shown.group(1))
        page.locator("#answer button[type=submit]").click()
        page.wait_for_url(re.compile(re.escape(self.url + home) + r"(\?.*)?$"))
        return page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    path = os.environ.get("TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: apt install chromium")
        pytest.skip("no Chromium: apt install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def built() -> Path:
    """A data folder that keeps the production build between runs."""
    folder = ROOT / ".browser-tests"
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "servicehub.cli", "build", "--data", str(folder)]
    subprocess.run(command, cwd=ROOT, env=_environment(8000), check=True, timeout=900)
    return folder


@pytest.fixture(scope="module")
def site(browser: Browser, built: Path) -> Iterator[Site]:
    """A fresh small city in which nobody acts by itself."""
    for path in [*built.glob("servicehub.db*"), built / "seeding"]:
        path.unlink(missing_ok=True)
    for served in _serve(built):
        yield Site(served, browser, built)


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
        return httpx.get(f"{url}/healthz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _until(done: Callable[[], bool], log: Path, seconds: int = 300) -> None:
    for _ in range(seconds * 5):
        if done():
            return
        time.sleep(0.2)  # waiting for a server process to come up
    raise AssertionError(log.read_text()[-2000:])
