"""One account of the books, and the accounts of a group, page by page. The address says which."""

from typing import Any

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.accounts import account, group
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics, id_of
from servicehub.viewmodels.books import AccountSheet, GroupSheet

LONGEST_CODE = 64


class PagedSheet(OperatorPage, mixin=True):
    """Mixin: a class has `shown`, and says what the address asks for and how a page of it is read."""

    asked: str = ""
    page: int = 1

    def _wanted(self) -> tuple[str, Any]:
        """What the address asks for, and what is shown until it is read."""
        raise NotImplementedError

    async def _found(self, page: int) -> Any:
        """A page of what is asked for; the query keeps its number within bounds."""
        raise NotImplementedError

    @handler(background=True)
    async def watch(self) -> None:
        """Take what the address asks for, then keep it current."""
        actor = await self._admit(Permission.LEDGER_READ)
        if actor is None:
            return
        async with self:  # type: ignore[attr-defined]
            (self.asked, self.shown), self.page, self.ready = self._wanted(), 1, False
        await self._watch(city_topics(actor), self._reload, settle_s=2 * SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        found = await self._found(self.page)
        async with self:  # type: ignore[attr-defined]
            self.shown, self.ready = found, True

    @handler
    async def turn(self, page: int) -> None:
        """Another page."""
        self.shown = await self._found(id_of(page))
        self.page = self.shown.page


@roles("operator")
class AccountState(PagedSheet, rx.State):
    """The statement as it is shown; `shown.code` is empty when there is no such account."""

    shown: AccountSheet = AccountSheet()

    def _wanted(self) -> tuple[str, AccountSheet]:
        return self._query("code", LONGEST_CODE), AccountSheet()

    async def _found(self, page: int) -> AccountSheet:
        return await self._read(account, self.asked, page)


@roles("operator")
class AccountGroupState(PagedSheet, rx.State):
    """The accounts as they are shown; `shown.group` is empty when there is no such group."""

    shown: GroupSheet = GroupSheet()

    def _wanted(self) -> tuple[str, GroupSheet]:
        return self._query("name"), GroupSheet()

    async def _found(self, page: int) -> GroupSheet:
        return await self._read(group, self.asked, page)
