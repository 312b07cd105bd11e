"""The technicians' app: a browser offers to install it, and without a network it says so and comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from servicehub.demo.people import VISITOR_TECHNICIAN
from tests.browser.conftest import ARGS, PHONE, Site


@pytest.mark.parametrize(("start", "scope"), [("/technician/", "/technician"), ("/en/technician/", "/en/technician")])
def test_chromium_would_install_it_and_it_survives_without_a_network(
    site: Site, playwright: Playwright, chromium: str, tmp_path: Path, start: str, scope: str
) -> None:
    site.technician()
    context = playwright.chromium.launch_persistent_context(
        tmp_path, executable_path=chromium, args=ARGS, viewport=PHONE, base_url=site.url
    )  # a private window cannot install anything
    context.add_cookies(site.log_ins[VISITOR_TECHNICIAN]["cookies"])
    page = context.pages[0]
    page.goto(start)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")

    devtools = context.new_cdp_session(page)
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert f'"scope":"{scope}"' in manifest["data"]
    assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []

    context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", name="当前无网络")).to_be_visible()
    context.set_offline(False)
    page.get_by_role("link", name="重试").click()
    expect(page.get_by_role("switch").first).to_be_visible()
    context.close()
