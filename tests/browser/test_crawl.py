"""Every page that links lead to, as each role, in both languages: alive, silent, translated, accessible, true to the books.

The first page of a kind is opened by its address, as from a bookmark; the others of that kind as a tap on the link does.
Strangers see what customers see, so they open a few of each kind.
"""

from __future__ import annotations

import math
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page
from sqlmodel import Session, select

from servicehub import crypto, texts
from servicehub.demo.people import OPERATORS, VISITOR_CUSTOMER, VISITOR_TECHNICIAN
from servicehub.domain.access import Role
from servicehub.models.account import User
from servicehub.models.technician import Technician
from tests.browser.books import Books, amounts_on
from tests.browser.conftest import CLOCK, Site, settle

SAMPLES = 2
"""How many pages of one kind a stranger opens."""
ALIKE = {"/operator/ledger/": 8, "/operator/ledger/account/": 10, "/operator/settlements/": 5}
"""Kinds of which an operator opens so many: every order has accounts of its own, every entry a trace, every day a batch."""
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
  return new Promise(painted => requestAnimationFrame(() => requestAnimationFrame(painted)))
    .then(() => Promise.allSettled(document.getAnimations().filter(a => a.transitionProperty).map(a => a.finished)));
}"""
TAP = """path => {
  history.pushState({key: path}, '', path);
  dispatchEvent(new PopStateEvent('popstate', {state: history.state}));
  document.body.append(document.createComment(''));
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


class Tab:
    """A tab of its own: nothing in it was said in the other language."""

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.heard = 0
        self.page.on("websocket", lambda socket: socket.on("framereceived", lambda _frame: self._hear()))

    def _hear(self) -> None:
        self.heard += 1

    def open(self, path: str) -> None:
        """By its address."""
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        settle(self.page)

    def tap(self, path: str) -> None:
        """As a link does: the router changes the page, the server is asked for what it shows."""
        before = self.heard
        self.page.evaluate(TAP, path)
        for _ in range(2400):
            if self.heard > before:
                break
            self.page.wait_for_timeout(25)
        assert self.heard > before, f"{path}: the server did not answer"
        settle(self.page)


@pytest.fixture
def books(site: Site) -> Books:
    def read(session: Session) -> Books:
        def user(phone: str, role: Role) -> int | None:
            index = crypto.blind_index("phone", crypto.phone_e164(phone))
            return session.exec(select(User.id).where(User.phone_index == index, User.role == role)).one()

        worker = user(VISITOR_TECHNICIAN, Role.TECHNICIAN)
        technician = session.exec(select(Technician.id).where(Technician.user_id == worker)).one()
        return Books(
            session, user(VISITOR_CUSTOMER, Role.CUSTOMER) or 0, technician or 0, datetime.fromisoformat(CLOCK)
        )

    return site.database.read_now(read)


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("face", FACES)
def test_every_link_leads_to_a_page_that_is_whole(site: Site, books: Books, face: str, locale: texts.Locale) -> None:
    home, enter = FACES[face]
    tab = Tab(enter(site).context)
    start = f"/en{home}" if locale == "en" else home
    most = SAMPLES if face == "stranger" else math.inf
    waiting, seen, kinds, problems = deque([start]), {start}, Counter[str](), list[str]()
    opened: set[str] = set()
    compared = 0
    while waiting:
        path = waiting.popleft()
        kind = kind_of(path)
        (tab.tap if kind in opened else tab.open)(path)
        opened.add(kind)
        problems += look(tab.page, path, locale)
        wrong, shown = compare(books, face, path, tab.page)
        compared += shown
        problems += wrong
        if kind not in _examined:
            _examined.add(kind)
            problems += barriers(tab.page, path)
        for found in addresses(tab.page, locale):
            kind = kind_of(found)
            if found in seen or (found != kind and kinds[kind] >= min(most, ALIKE.get(kind, most))):
                continue
            seen.add(found)
            kinds[kind] += 1
            waiting.append(found)
    assert problems == []
    assert len(kinds) >= 3, kinds
    assert compared > 20


def compare(books: Books, face: str, path: str, page: Page) -> tuple[list[str], int]:
    """What the open page shows wrongly, when it has had the time to show everything; and how many amounts it shows."""
    for _ in range(20):
        shown = amounts_on(page)
        wrong = list(books.wrong(face, path, shown))
        if not wrong:
            break
        page.wait_for_timeout(250)
    return wrong, shown.total()


def test_a_wrong_amount_is_found(books: Books) -> None:
    no, visit = next((no, v) for no, v in books.orders.items() if v.customer == books.customer and v.cash())
    right = Counter(visit.lines | {visit.total} | visit.cash())
    path = f"/orders/{no}/"
    assert list(books.wrong("customer", path, right)) == []
    assert list(books.wrong("customer", path, right + Counter([visit.total + 1]))) == [
        f"{path}: nothing explains {visit.total + 1} fen"
    ]
    lacking = right - Counter([visit.total])
    assert list(books.wrong("customer", path, lacking)) == [f"{path}: {visit.total} fen are missing"]
    assert list(books.wrong("technician", "/technician/income/", Counter([1]))) != []
    assert list(books.wrong("finance", "/operator/money/", Counter([1]))) != []


@pytest.mark.parametrize(
    ("face", "path", "said"),
    [
        ("admin", "/operator/orders/2611241000000000/", "找不到这个订单"),
        ("admin", "/operator/technicians/99999/", "找不到这位技师"),
        ("technician", "/technician/job/2611241000000000/", "订单不存在或不属于你"),
        ("technician", "/technician/income/2611241000000000/", "尚未入账"),
        ("technician", "/technician/withdraw/confirm/?no=W00000000000000000000", "没有等待确认的提现"),
        ("customer", "/orders/2611241000000000/", "页面加载失败"),
        ("customer", "/s/nothing-of-ours/", "该服务已下架"),
        ("customer", "/t/99999/", "该师傅暂不接单"),
    ],
)
def test_an_address_that_leads_nowhere_says_so(site: Site, face: str, path: str, said: str) -> None:
    tab = Tab(FACES[face][1](site).context)
    tab.open(path)
    assert said in tab.page.locator("main").inner_text()
    assert list(look(tab.page, path, "zh")) == []


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
