"""Categories, search and the list of technicians."""

import reflex as rx

from servicehub.queries.customer import catalog, people, search
from servicehub.queries.customer.words import SKILLS
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage, KeptState
from servicehub.viewmodels.customer.catalog import CategoryCard, Found, ServiceCard, TechnicianCard

MOST_SEARCHES = 8
__all__ = ["SKILLS", "CatalogState", "SearchState", "TechniciansState"]


@roles("public")
class CatalogState(CustomerPage, rx.State):
    """The page of all services, or of one category."""

    categories: tuple[CategoryCard, ...] = ()
    services: tuple[ServiceCard, ...] = ()
    category: str = ""
    sort: str = ""
    seq: int = 0
    """Changes with every reading, so that choices show their defaults again."""

    @handler
    async def load(self) -> None:
        """Read the catalogue as the address asks."""
        self.category = self._query("c", 32)
        self.categories = await self._read(catalog.categories)
        await self._show()

    @handler
    async def pick(self, category: str) -> None:
        """Show one category, or all for ""."""
        self.category = str(category)[:32]
        await self._show()

    @handler
    async def order_by(self, sort: str) -> None:
        """Sort by price, rating or popularity; "" keeps the catalogue's order."""
        self.sort = str(sort)[:12]
        await self._show()

    async def _show(self) -> None:
        found = await self._read(catalog.services, self.category)
        self.services = search.ordered(list(found), self.sort)
        self.seq, self.ready, self.problem = self.seq + 1, True, ""


@roles("public")
class SearchState(CustomerPage, rx.State):
    """The search page."""

    text: str = ""
    sort: str = "best"
    found: Found = Found()
    history: list[str] = []
    hot: tuple[str, ...] = ()

    @handler
    async def load(self) -> None:
        """Search what the address asks for; show earlier searches."""
        kept = await self.get_state(KeptState)
        self.history = lines(kept.searches)
        self.hot = tuple(card.title for card in await self._read(catalog.popular, 6))
        self.ready, self.problem = True, ""
        await self._search(self._query("q", search.LONGEST))

    @handler
    async def type(self, text: str) -> None:
        """Search while typing."""
        await self._search(str(text)[: search.LONGEST])

    @handler
    async def submit(self, form: dict) -> None:
        """Search and remember."""
        await self._search(str(form.get("q", ""))[: search.LONGEST])
        await self._remember()

    @handler
    async def again(self, text: str) -> None:
        """Search an earlier or a hot word."""
        await self._search(str(text)[: search.LONGEST])
        await self._remember()

    @handler
    async def order_by(self, sort: str) -> None:
        """Sort what was found."""
        self.sort = str(sort) if sort in search.SORTS else "best"
        await self._search(self.text)

    @handler
    async def forget(self) -> None:
        """Clear the history."""
        (await self.get_state(KeptState)).searches = ""
        self.history = []

    async def _search(self, text: str) -> None:
        self.text = text.strip()
        self.found = await self._read(search.search, self.text, await self._place(), sort=self.sort)

    async def _remember(self) -> None:
        if not self.text:
            return
        kept = await self.get_state(KeptState)
        self.history = [self.text, *[word for word in lines(kept.searches) if word != self.text]][:MOST_SEARCHES]
        kept.searches = "\n".join(self.history)


def lines(text: object) -> list[str]:
    """Earlier searches as the browser keeps them, checked."""
    return [line[: search.LONGEST] for line in str(text)[:500].split("\n") if line.strip()][:MOST_SEARCHES]


@roles("public")
class TechniciansState(CustomerPage, rx.State):
    """The list of technicians."""

    rows: tuple[TechnicianCard, ...] = ()
    skill: str = ""
    sort: str = "near"

    @handler
    async def load(self) -> None:
        """Read the list around the customer's place."""
        await self._show()

    @handler
    async def pick(self, skill: str) -> None:
        """Only one trade, or all for ""."""
        self.skill = str(skill)[:32]
        await self._show()

    @handler
    async def order_by(self, sort: str) -> None:
        """Nearest, best rated, or free soonest first."""
        self.sort = str(sort) if sort in people.SORTS else "near"
        await self._show()

    async def _show(self) -> None:
        self.rows = await self._read(people.near, await self._place(), skill=self.skill, sort=self.sort)
        self.ready, self.problem = True, ""
