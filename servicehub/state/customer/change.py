"""Cancelling, moving and reviewing an order: the forms that lead away from its page."""

import reflex as rx

from servicehub.errors import Invalid, PriceChanged, SlotTaken, SlotUnavailable
from servicehub.queries.customer import orders as own_orders
from servicehub.queries.customer import slots
from servicehub.queries.customer.words import REVIEW_TAGS
from servicehub.services import orders, reviews
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage, instant, whole
from servicehub.texts import N_, say
from servicehub.viewmodels.customer.catalog import SlotBoard
from servicehub.viewmodels.customer.orders import CancelPreview, MovePreview, ReviewForm
from servicehub.workflows.quoting import cancel_terms

__all__ = ["REASONS", "REVIEW_TAGS", "CancelState", "MoveState", "ReviewState"]
REASONS: tuple[tuple[str, str], ...] = (
    ("plans", N_("My plans changed")),
    ("wrong", N_("I booked the wrong time or service")),
    ("waiting", N_("It takes too long")),
    ("price", N_("I found a better price")),
    ("other", N_("Another reason")),
)


@roles("customer")
class CancelState(CustomerPage, rx.State):
    """What cancelling costs, and doing it on exactly these terms."""

    preview: CancelPreview = CancelPreview()

    @handler
    async def load(self) -> None:
        """Read the terms of now."""
        self.preview = CancelPreview()
        self.ready = False
        self.preview = await self._read(cancel_terms, self._order_no())
        self.ready, self.problem = True, ""

    @handler
    async def submit(self, form: dict) -> rx.event.EventSpec:
        """Cancel; refused when the terms got worse meanwhile, which are then shown."""
        no, chosen, shown = self._order_no(), str(form.get("reason", "")), self.preview
        reason = say(self._locale(), next((text for key, text in REASONS if key == chosen), REASONS[-1][1]))
        try:
            if shown.no != no:
                raise PriceChanged(no)
            await self._write(
                orders.cancel, no, reason=reason, expected_refund_fen=shown.refund_fen, expected_rule=shown.rule_key
            )
        except PriceChanged:
            self.preview = await self._read(cancel_terms, no)
            raise
        await self._toast(say(self._locale(), N_("The order is cancelled")))
        return rx.redirect(self._to(f"/orders/{no}/"))


@roles("customer")
class MoveState(CustomerPage, rx.State):
    """Another time for a visit."""

    preview: MovePreview = MovePreview()
    board: SlotBoard = SlotBoard()
    picked: str = ""
    label: str = ""
    seq: int = 0

    @handler
    async def load(self) -> None:
        """Read what moving means and the grid of free starts."""
        self.ready = False
        self.preview = await self._read(own_orders.move_preview, self._order_no())
        await self._show("")
        self.ready, self.problem = True, ""

    @handler
    async def pick_day(self, day: str) -> None:
        """Another day of the grid."""
        await self._show(str(day)[:10])

    @handler
    async def pick(self, value: str) -> None:
        """A start of the shown grid."""
        if str(value) not in {cell.value for cell in self.board.cells if cell.value and not cell.full}:
            raise Invalid("slot")
        self._choose(str(value))

    @handler
    async def submit(self) -> rx.event.EventSpec | None:
        """Move the visit; a start that was lost meanwhile is replaced by a new grid."""
        start, no = instant(self.picked), self._order_no()
        if start is None:
            raise Invalid("slot")
        try:
            await self._write(orders.reschedule, no, start)
        except (SlotTaken, SlotUnavailable):
            await self._show(self.board.day)
            raise
        await self._toast(say(self._locale(), N_("The visit is moved")))
        return rx.redirect(self._to(f"/orders/{no}/"))

    async def _show(self, day: str) -> None:
        self.board = await self._read(slots.move_board, self._order_no(), day)
        self.seq += 1
        self._choose(self.board.best)

    def _choose(self, value: str) -> None:
        start, locale = instant(value), self._locale()
        self.picked = value if start else ""
        self.label = slots.named(start, locale=locale) if start else say(locale, N_("Choose a time"))


@roles("customer")
class ReviewState(CustomerPage, rx.State):
    """Stars, tags, words and photos."""

    form: ReviewForm = ReviewForm()
    stars: int = 5

    @handler
    async def load(self) -> None:
        """Read whether the order may be reviewed."""
        self.ready, self.stars = False, 5
        self.form = await self._read(own_orders.review_form, self._order_no())
        self.ready, self.problem = True, ""

    @handler
    async def rate(self, stars: int) -> None:
        """So many stars."""
        self.stars = whole(stars, 1, 5)

    @handler
    async def photo_added(self) -> None:
        """A photo was uploaded."""
        self.form = await self._read(own_orders.review_form, self._order_no())

    @handler
    async def submit(self, form: dict) -> rx.event.EventSpec:
        """Publish the review."""
        no = self._order_no()
        tags = [tag for tag in reviews.TAGS if form.get(f"tag-{tag}")]
        await self._write(reviews.create, no, self.stars, tags, str(form.get("text", "")))
        await self._toast(say(self._locale(), N_("Thank you for your review")))
        return rx.redirect(self._to(f"/orders/{no}/"))
