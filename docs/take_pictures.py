# ruff: noqa: INP001 - a script, not a package
"""Take the README's pictures from a running demo: `python docs/take_pictures.py http://127.0.0.1:8000`."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from servicehub.demo.people import OPERATOR_PASSWORD, VISITOR_CUSTOMER, VISITOR_TECHNICIAN

HERE = Path(__file__).parent
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


def by_code(page: Page, login: str, phone: str) -> None:
    """Log in with the code that the demo shows."""
    page.goto(login)
    page.locator("#phone").fill(phone)
    page.locator("#ask button[type=submit]").click()
    expect(page.locator("#code")).to_be_visible()
    code = re.search(r"\b(\d{6})\b", page.locator("#answer").inner_text())
    page.locator("#code").fill(code.group(1) if code else "")
    page.locator("#answer button[type=submit]").click()
    page.wait_for_load_state("networkidle")


def main(url: str) -> None:
    """One picture of each face."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, login, phone in (
            ("customer", f"{url}/login/", VISITOR_CUSTOMER),
            ("technician", f"{url}/login/?role=technician", VISITOR_TECHNICIAN),
        ):
            page = browser.new_context(viewport=PHONE, device_scale_factor=1.5).new_page()
            by_code(page, login, phone)
            page.wait_for_timeout(2000)
            page.screenshot(path=HERE / f"{name}.png")
        page = browser.new_context(viewport=DESK).new_page()
        page.goto(f"{url}/operator/login/")
        page.locator("input[type=text], input:not([type])").first.fill("admin")
        page.locator("input[type=password]").fill(OPERATOR_PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.wait_for_timeout(4000)
        page.screenshot(path=HERE / "operator.png")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
