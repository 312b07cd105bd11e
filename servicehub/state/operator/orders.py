"""The order desk: view, search, filters, sorting and paging; each change is one reading."""

import csv
import io
from dataclasses import replace
from typing import Any

import reflex as rx

from servicehub import clock
from servicehub.domain.access import Permission
from servicehub.queries.operator import orders
from servicehub.queries.operator.orders import DATES, SORTS, VIEWS, Filter, narrowed
from servicehub.services import audits
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics
from servicehub.texts import say
from servicehub.viewmodels.operator import Choice, Desk, OrderRow, View

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(rows: tuple[tuple[str, ...], ...]) -> bytes:
    """Rows for a spreadsheet: UTF-8 with a byte order mark; cells that would run as a formula are quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([[f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in rows])
    return ("\ufeff" + out.getvalue()).encode()


@roles("operator")
class OrderDeskState(OperatorPage, rx.State):
    """The desk as it is shown. The filter is kept server-side; every part of it is checked on its way in."""

    rows: list[OrderRow] = []
    views: list[View] = [View(key="all", text="", count=0, is_hot=False)]
    view: str = "all"
    q: str = ""
    category: str = ""
    district: str = ""
    date: str = ""
    sort: str = "placed"
    desc: bool = True
    page: int = 1
    pages: int = 1
    total: int = 0
    categories: list[Choice] = []
    districts: list[Choice] = []

    @handler(background=True)
    async def watch(self) -> None:
        """Take the view of the address, then keep the page current."""
        actor = await self._admit(Permission.ORDER_READ)
        if actor is None:
            return
        cats, dists = await self._read(orders.choices)
        async with self:
            self.categories, self.districts = list(cats), list(dists)
            wanted, q = self._query("view"), self._query("q")
            self.view, self.q = wanted if wanted in VIEWS else self.view, q or self.q
        await self._watch(city_topics(actor), self._refresh, settle_s=SETTLE_S, every_s=60)

    async def _refresh(self) -> None:
        found = await self._read(orders.desk, self._filter())
        async with self:
            self._take(found)

    async def _load(self) -> None:
        self._take(await self._read(orders.desk, self._filter()))

    def _take(self, found: Desk) -> None:
        self.rows, self.views, self.ready = list(found.rows), list(found.views), True
        self.total, self.pages, self.page = found.total, found.pages, found.page

    def _filter(self) -> Filter:
        return Filter(
            view=self.view, q=self.q, category=_number(self.category), district=_number(self.district),
            date=self.date, sort=self.sort, descending=self.desc, page=self.page,
        )  # fmt: skip

    async def _narrow(self, **changes: Any) -> None:
        wanted = narrowed(self._filter(), **changes)
        self.view, self.q, self.date, self.page = wanted.view, wanted.q, wanted.date, wanted.page
        self.sort, self.desc = wanted.sort, wanted.descending
        await self._load()

    @handler
    async def show(self, view: str) -> None:
        """Open a saved view."""
        await self._narrow(view=view if view in VIEWS else "all")

    @handler
    async def search(self, q: str) -> None:
        """Search by number, phone or name."""
        await self._narrow(q=str(q)[:40])

    @handler
    async def in_category(self, value: str) -> None:
        self.category = str(_number(value) or "")
        await self._narrow()

    @handler
    async def in_district(self, value: str) -> None:
        self.district = str(_number(value) or "")
        await self._narrow()

    @handler
    async def on_date(self, value: str) -> None:
        """A named span or a day such as 2026-11-23; anything else shows all days."""
        await self._narrow(date=str(value)[:10] if value in DATES or len(str(value)) == 10 else "")

    @handler
    async def sort_by(self, key: str) -> None:
        """Sort by a column; the same column again turns the order round."""
        if key in SORTS:
            await self._narrow(sort=key, descending=not self.desc if key == self.sort else True)

    @handler
    async def turn(self, page: int) -> None:
        """Go to a page; the query keeps it within bounds."""
        await self._narrow(page=_number(page))

    @handler
    async def clear(self) -> None:
        """Back to all orders."""
        self.category, self.district = "", ""
        await self._narrow(view="all", q="", date="")

    @handler
    async def export(self) -> rx.event.EventSpec:
        """The selection as CSV; that it left the house is audited."""
        wanted = replace(self._filter(), page=1)
        rows = await self._read(orders.export, wanted)
        facts = {"rows": len(rows) - 1, "view": wanted.view, "searched": bool(wanted.q)}
        await self._write(audits.record, "orders.export", "orders:csv", "", facts)
        await self._toast(say(self._locale(), "{n} orders exported", n=len(rows) - 1))
        return rx.download(data=as_csv(rows), filename=f"orders-{clock.now():%Y%m%d-%H%M}.csv")


def _number(value: object) -> int:
    """A whole number up to nine digits, else 0."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
