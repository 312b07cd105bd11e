"""What the States of the lists of payments and of refunds share: the filter as it is typed, checked on its way in."""

from typing import Any

from servicehub.queries.operator.narrowing import LONGEST, Wanted, narrowed
from servicehub.state.operator.base import OperatorPage
from servicehub.viewmodels.operator_payments import Choices

NAME_CHARS = 16
TEXTS = tuple(name for name in Wanted.__slots__ if name != "page")


class NarrowedList(OperatorPage, mixin=True):
    """Mixin: the filter is kept server-side; a class says how it reads (`_load`)."""

    choices: Choices = Choices()
    state: str = ""
    channel: str = ""
    item: str = ""
    reason: str = ""
    first: str = ""
    last: str = ""
    q: str = ""
    page: int = 1
    seq: int = 0
    """Changes when the filter is another one at once, so that its controls begin anew."""

    def _wanted(self) -> Wanted:
        return Wanted(
            state=self.state, channel=self.channel, item=self.item, reason=self.reason, first=self.first, last=self.last,
            q=self.q, page=self.page,
        )  # fmt: skip

    def _from_address(self) -> None:
        """Exactly what the address asks for; where it asks for nothing, what was shown last."""
        state, q = word_of(self._query("state")), number_of(self._query("q", LONGEST))
        if state or q:
            for name in TEXTS:
                setattr(self, name, "")
            self.state, self.q, self.seq = state, q, self.seq + 1
        self.page = 1

    async def _load(self) -> None:
        raise NotImplementedError

    async def _narrow(self, **changes: Any) -> None:
        """Show another selection, from its first page unless `page` is given."""
        wanted = narrowed(self._wanted(), **changes)
        for name in Wanted.__slots__:
            setattr(self, name, getattr(wanted, name))
        await self._load()

    async def _clear(self) -> None:
        self.seq += 1
        await self._narrow(**dict.fromkeys(TEXTS, ""))


def word_of(value: object) -> str:
    """A name out of a list that a browser sends; queries take unknown ones for all."""
    return str(value)[:NAME_CHARS]


def number_of(value: object) -> str:
    """What somebody looks for."""
    return str(value).strip()[:LONGEST]


def page_of(value: object) -> int:
    """A page's number; queries keep it within bounds."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 1
