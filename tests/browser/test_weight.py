"""What a customer's first page weighs over the wire, and how long browsers may keep it."""

from __future__ import annotations

import re
from pathlib import Path

import brotli
import httpx

from tests.browser.conftest import Site, settle

MOST_JS, MOST_CSS = 150_000, 10_000
SCRIPTS = "() => performance.getEntriesByType('resource').map(e => e.name).filter(n => /\\.js(\\?|$)/.test(n))"
SHEETS = "() => performance.getEntriesByType('resource').map(e => e.name).filter(n => /\\.css(\\?|$)/.test(n))"


def over_the_wire(site: Site, addresses: list[str]) -> dict[str, int]:
    """Bytes of each file as the server sends it to a browser that takes brotli."""
    sizes = {}
    with httpx.Client(headers={"accept-encoding": "br"}) as http:
        for address in addresses:
            answer = http.get(address)
            size = int(answer.headers["content-length"])
            assert size < 1000 or answer.headers.get("content-encoding") == "br", address
            sizes[address.removeprefix(site.url)] = size
    return sizes


def test_the_first_page_is_light(site: Site) -> None:
    page = site.person()
    page.goto("/")
    settle(page)

    scripts = over_the_wire(site, sorted(set(page.evaluate(SCRIPTS))))
    sheets = over_the_wire(site, sorted(set(page.evaluate(SHEETS))))
    inlined = "".join(re.findall(r"<style>(.*?)</style>", httpx.get(site.url + "/").text, re.DOTALL))

    assert any(name.startswith("/assets/entry.client") for name in scripts)
    assert sum(scripts.values()) <= MOST_JS, scripts
    assert inlined
    assert len(brotli.compress(inlined.encode())) + sum(sheets.values()) <= MOST_CSS, sheets


def test_hashed_files_are_kept_for_a_year_and_pages_are_asked_for(site: Site) -> None:
    page = site.person()
    page.goto("/")
    hashed = [a for a in page.evaluate(SCRIPTS) if "/assets/" in a]

    assert len(hashed) > 5
    for address in hashed:
        assert httpx.get(address).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert httpx.get(site.url + "/").headers["cache-control"] == "no-cache"


def test_nothing_heavy_is_in_the_build(site: Site) -> None:
    web = Path(__file__).parents[2] / ".web" / "package.json"
    assert "@radix-ui" not in web.read_text("utf-8")
    assert "tailwind" not in web.read_text("utf-8")
