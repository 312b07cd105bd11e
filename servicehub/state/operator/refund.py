"""Giving money back: by amount or by line, shown before it is done; what was shown is what is done, or nothing."""

import reflex as rx

from servicehub.domain.money import fen_of
from servicehub.errors import Invalid, RefundChanged, ServiceHubError
from servicehub.services import orders
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import OperatorPage, order_number_of, reason_of
from servicehub.texts import N_, say
from servicehub.texts.refusals import refusal
from servicehub.viewmodels.refund import RefundForm, RefundPreview
from servicehub.workflows.previewing import refund_form, refund_preview

MOST_LINES = 50


@roles("operator")
class RefundState(OperatorPage, rx.State):
    """The dialog of one order."""

    form: RefundForm = RefundForm()
    by_line: bool = False
    picked: list[int] = []
    shown: RefundPreview = RefundPreview()
    why_not: str = ""
    """Why what was chosen cannot go back."""
    seq: int = 0
    """Changes when the dialog begins anew, so that it shows nothing ticked or typed."""
    _fen: int = 0

    @handler
    async def begin(self) -> None:
        """The dialog opens: what may go back, and nothing chosen."""
        self.picked, self._fen, self.seq = [], 0, self.seq + 1
        await self._show()
        self.form = await self._read(refund_form, self._no())

    @handler
    async def choose(self, way: str) -> None:
        """By line, or by amount."""
        self.by_line, self.picked, self._fen = way == "line", [], 0
        await self._show()

    @handler
    async def pick(self, line_id: int) -> None:
        """This line too, or not."""
        if line_id not in {row.id for row in self.form.lines if row.may}:
            raise Invalid("line")
        self.picked = [one for one in self.picked if one != line_id] + [line_id] * (line_id not in self.picked)
        await self._show()

    @handler
    async def typed(self, amount: str) -> None:
        """An amount was typed; what is no amount chooses nothing."""
        try:
            self._fen = fen_of(amount)
        except Invalid:
            self._fen = 0
        await self._show()

    @handler
    async def submit(self, form: dict) -> None:
        """Do exactly what is shown."""
        if not self.by_line:
            await self._catch_up(str(form.get("amount", "")))
        if not self.shown.digest:
            raise Invalid("amount")
        try:
            await self._write(
                orders.refund, self._no(), self._fen, reason=reason_of(form), lines=self.picked[:MOST_LINES],
                expected=self.shown.digest,
            )  # fmt: skip
        except RefundChanged:
            await self._show()
            raise
        self.picked, self._fen, self.shown = [], 0, RefundPreview()
        await self._done(say(self._locale(), N_("Refund requested")), "act-refund")

    async def _catch_up(self, amount: str) -> None:
        """What was sent before it was shown is shown, and has to be sent again."""
        fen = fen_of(amount)
        if fen != self._fen:
            self._fen = fen
            await self._show()
            raise RefundChanged(self._no())

    async def _show(self) -> None:
        self.shown, self.why_not = RefundPreview(), ""
        if not self._fen and not self.picked:
            return
        try:
            self.shown = await self._read(refund_preview, self._no(), self._fen, self.picked[:MOST_LINES])
        except ServiceHubError as error:
            self.why_not = refusal(self._locale(), error)

    def _no(self) -> str:
        return order_number_of(self._last_part())
