"""Every page that links lead to, as each role, in both languages: alive, silent, translated and accessible.

A page with a variable in its address (one order of a hundred) is opened a few times for each role; all other addresses once.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from servicehub import texts
from servicehub.demo.people import OPERATORS
from tests.browser.conftest import Site, settle

SAMPLES = 2
"""How many addresses of one kind of page are opened for each role and language."""
GRAVE = ("serious", "critical")
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FACES: dict[str, tuple[str, Callable[[Site], Page]]] = {
    "stranger": ("/", lambda site: site.person()),
    "customer": ("/", lambda site: site.customer()),
    "technician": ("/technician/", lambda site: site.technician()),
    **{
        name: ("/operator/", lambda site, name=name: site.operator(name))  # type: ignore[misc]
        for name, _role, _display in OPERATORS
    },
}
WORDS = """() => {
  const found = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const parent = walk.currentNode.parentElement, text = walk.currentNode.textContent.trim();
    if (text && parent && !parent.closest('script,style,[lang]:not(html)')) found.add(text);
  }
  for (const e of document.querySelectorAll('[aria-label],[placeholder],[alt],[title]'))
    for (const name of ['aria-label', 'placeholder', 'alt', 'title']) {
      const text = (e.getAttribute(name) || '').trim();
      if (text && !e.closest('[lang]:not(html)')) found.add(text);
    }
  found.add(document.title.split(' · ')[0]);
  return [...found];
}"""
NIGHT = """() => {
  document.documentElement.classList.replace('light', 'dark');
  return new Promise(painted => requestAnimationFrame(() => requestAnimationFrame(painted)));
}"""
LINKS = "() => [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))"


@cache
def foreign(locale: texts.Locale) -> frozenset[str]:
    """Sentences of the other language that a page in `locale` must not show: their translation differs."""
    pairs = [(msgid, texts.say("zh", msgid)) for msgid in texts._chinese() if "{" not in msgid]
    mine = {b if locale == "zh" else a for a, b in pairs}
    return frozenset((a if locale == "zh" else b) for a, b in pairs if a != b) - mine


def kind_of(path: str) -> str:
    """The address with its variables left out: `/orders/*/`."""
    bare = path.split("?", maxsplit=1)[0]
    return re.sub(r"/(s|t|orders|technicians|job|income)/[^/]+/", r"/\1/*/", re.sub(r"^/en/", "/", bare))


def addresses(page: Page, locale: texts.Locale) -> Iterator[str]:
    """Where the page's links lead inside this site and language."""
    for href in page.evaluate(LINKS):
        if (
            href.startswith("/")
            and not href.startswith(("/api/", "/sim/"))
            and href.startswith("/en/") == (locale == "en")
        ):
            yield href.split("#")[0]


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("face", FACES)
def test_every_link_leads_to_a_page_that_is_whole(site: Site, face: str, locale: texts.Locale) -> None:
    home, enter = FACES[face]
    page = enter(site).context.new_page()  # a tab of its own: nothing in it was said in the other language
    start = f"/en{home}" if locale == "en" else home
    waiting, seen, kinds, problems = deque([start]), {start}, Counter[str](), list[str]()
    while waiting:
        path = waiting.popleft()
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        settle(page)
        problems += look(page, path, locale)
        if kind_of(path) not in _examined:
            _examined.add(kind_of(path))
            problems += barriers(page, path)
        for found in addresses(page, locale):
            kind = kind_of(found)
            if found in seen or (found != kind and kinds[kind] >= SAMPLES):
                continue
            seen.add(found)
            kinds[kind] += 1
            waiting.append(found)
    assert problems == []
    assert len(kinds) >= 3, kinds


_examined: set[str] = set()
"""Kinds of pages that were searched for barriers; other roles and languages see the same components."""


def look(page: Page, path: str, locale: texts.Locale) -> Iterator[str]:
    """What is wrong with the open page."""
    links = set(page.evaluate(LINKS))
    yield from (f"{path}: a link without an aim" for _ in links & {"", "#", "javascript:void(0)"})
    inside = {a.split("#")[0].split("?")[0] for a in links if a.startswith("/") and not a.startswith("/api/")}
    yield from (f"{path}: {a} needs a redirect" for a in inside if a and not a.endswith("/"))
    headings = page.get_by_role("heading", level=1).count()
    if headings != 1:
        yield f"{path}: {headings} headings of the first level"
    if page.locator("html").get_attribute("lang") != texts.HTML_LANG[locale]:
        yield f"{path}: not marked as {texts.HTML_LANG[locale]}"
    yield from (f"{path}: says {text!r}" for text in page.evaluate(WORDS) if text in foreign(locale))
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        yield f"{path}: {wide} px wider than the screen"


def barriers(page: Page, path: str) -> Iterator[str]:
    """What would keep people out of the open page, by day; and what could not be read by night."""
    yield from _violations(page, path, {"type": "tag", "values": AXE_TAGS})
    page.evaluate(NIGHT)
    yield from _violations(page, f"{path} in the dark", {"type": "rule", "values": ["color-contrast"]})


def _violations(page: Page, where: str, rules: dict[str, Any]) -> Iterator[str]:
    for violation in Axe().run(page, options={"runOnly": rules}).response["violations"]:
        if violation["impact"] in GRAVE:
            targets = [node["target"] for node in violation["nodes"]][:3]
            yield f"{where}: {violation['id']} ({violation['impact']}) at {targets}"
