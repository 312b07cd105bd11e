"""The audit trail: rows, search, and whether the chain holds."""

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.operator import trail
from servicehub.services import audits
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import OperatorPage
from servicehub.viewmodels.operator import AuditPage, AuditRow


@roles("operator")
class AuditState(OperatorPage, rx.State):
    """The page as it is shown."""

    rows: list[AuditRow] = []
    page: int = 1
    pages: int = 1
    total: int = 0
    q: str = ""
    entries: int = 0
    broken_id: int = 0
    """First row that does not follow from the one before; 0: the chain is sound."""
    head: str = ""

    @handler(background=True)
    async def watch(self) -> None:
        """Read the newest page and check the chain, then again every minute."""
        if await self._admit(Permission.AUDIT_READ) is not None:
            await self._watch((), self._refresh, every_s=60)

    async def _refresh(self) -> None:
        found, verdict = await self._read(trail.page, self.page, self.q), await self._read(audits.inspect)
        async with self:
            self._take(found)
            self.entries, self.broken_id, self.head = verdict.entries, verdict.broken_id or 0, verdict.head[:16]

    def _take(self, found: AuditPage) -> None:
        self.rows, self.ready = list(found.rows), True
        self.page, self.pages, self.total = found.page, found.pages, found.total

    @handler
    async def search(self, q: str) -> None:
        """Part of an order number, an action, a reason or a name."""
        self.q = str(q)[:40]
        self._take(await self._read(trail.page, 1, self.q))

    @handler
    async def turn(self, page: int) -> None:
        """Go to a page."""
        number = int(page) if str(page).isdigit() and len(str(page)) < 7 else 1
        self._take(await self._read(trail.page, number, self.q))
