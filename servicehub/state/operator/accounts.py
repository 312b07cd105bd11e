"""One account of the books, and the accounts of a group, page by page. The address says which."""

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.accounts import account, group
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics, id_of
from servicehub.viewmodels.books import AccountSheet, GroupSheet

LONGEST_CODE = 64


@roles("operator")
class AccountState(OperatorPage, rx.State):
    """The statement as it is shown; `shown.code` is empty when there is no such account."""

    shown: AccountSheet = AccountSheet()
    asked: str = ""
    page: int = 1

    @handler(background=True)
    async def watch(self) -> None:
        """Take the account of the address, then keep its statement current."""
        actor = await self._admit(Permission.LEDGER_READ)
        if actor is None:
            return
        async with self:
            self.asked, self.page = self._query("code", LONGEST_CODE), 1
            self.shown, self.ready = AccountSheet(), False
        await self._watch(city_topics(actor), self._reload, settle_s=2 * SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        found = await self._read(account, self.asked, self.page)
        async with self:
            self.shown, self.ready = found, True

    @handler
    async def turn(self, page: int) -> None:
        """Another page; the query keeps it within bounds."""
        self.shown = await self._read(account, self.asked, id_of(page))
        self.page = self.shown.page


@roles("operator")
class AccountGroupState(OperatorPage, rx.State):
    """The accounts as they are shown; `shown.group` is empty when there is no such group."""

    shown: GroupSheet = GroupSheet()
    asked: str = ""
    page: int = 1

    @handler(background=True)
    async def watch(self) -> None:
        """Take the group of the address, then keep its accounts current."""
        actor = await self._admit(Permission.LEDGER_READ)
        if actor is None:
            return
        async with self:
            self.asked, self.page = self._query("name"), 1
            self.shown, self.ready = GroupSheet(), False
        await self._watch(city_topics(actor), self._reload, settle_s=2 * SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        found = await self._read(group, self.asked, self.page)
        async with self:
            self.shown, self.ready = found, True

    @handler
    async def turn(self, page: int) -> None:
        """Another page; the query keeps it within bounds."""
        self.shown = await self._read(group, self.asked, id_of(page))
        self.page = self.shown.page
