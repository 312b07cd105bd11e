"""What the lists of payments and of refunds share: the filter as it is typed, checked on its way in, and its handlers."""

from typing import Any

from servicehub.domain.access import Permission
from servicehub.queries.operator.narrowing import LONGEST, Wanted, choices, narrowed
from servicehub.state.base import handler
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics
from servicehub.viewmodels.operator_payments import Choices

NAME_CHARS = 16
TEXTS = tuple(name for name in Wanted.__slots__ if name != "page")


class NarrowedList(OperatorPage, mixin=True):
    """Mixin: the filter is kept server-side; a class has `shown`, and says who may see it and how it is read."""

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

    def _permission(self) -> Permission:
        """Who may see the list."""
        raise NotImplementedError

    async def _found(self) -> Any:
        """The list as `_wanted` asks for it."""
        raise NotImplementedError

    @handler(background=True)
    async def watch(self) -> None:
        """Take state and number of the address, then keep the list current."""
        actor = await self._admit(self._permission())
        if actor is None:
            return
        offered = await self._read(choices)
        async with self:  # type: ignore[attr-defined]
            self.choices = offered
            self._from_address()
        await self._watch(city_topics(actor), self._refresh, settle_s=SETTLE_S, every_s=60)

    async def _refresh(self) -> None:
        shown = await self._found()
        async with self:  # type: ignore[attr-defined]
            self._take(shown)

    async def _load(self) -> None:
        self._take(await self._found())

    def _take(self, shown: Any) -> None:
        self.shown, self.page, self.ready = shown, shown.page, True

    @handler
    async def show(self, state: str) -> None:
        """Only what is in this state."""
        await self._narrow(state=word_of(state))

    @handler
    async def search(self, q: str) -> None:
        """By a number: of a payment, a refund, the channel's or the order's."""
        await self._narrow(q=number_of(q))

    @handler
    async def in_channel(self, value: str) -> None:
        """Only of this channel."""
        await self._narrow(channel=word_of(value))

    @handler
    async def of_item(self, value: str) -> None:
        """Only for this part of a price."""
        await self._narrow(item=word_of(value))

    @handler
    async def from_day(self, value: str) -> None:
        """From this day on."""
        await self._narrow(first=word_of(value))

    @handler
    async def to_day(self, value: str) -> None:
        """Until the end of this day."""
        await self._narrow(last=word_of(value))

    @handler
    async def turn(self, page: int) -> None:
        """Go to a page."""
        await self._narrow(page=page_of(page))

    @handler
    async def clear(self) -> None:
        """Back to everything."""
        self.seq += 1
        await self._narrow(**dict.fromkeys(TEXTS, ""))

    async def _narrow(self, **changes: Any) -> None:
        """Show another selection, from its first page unless `page` is given."""
        wanted = narrowed(self._wanted(), **changes)
        for name in Wanted.__slots__:
            setattr(self, name, getattr(wanted, name))
        await self._load()


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
