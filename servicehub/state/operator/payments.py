"""All payments: narrowed, summed up, page by page."""

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.operator.payments import payment_list
from servicehub.state.base import roles
from servicehub.state.operator.narrowing import NarrowedList
from servicehub.viewmodels.operator_payments import PaymentList


@roles("operator")
class PaymentsState(NarrowedList, rx.State):
    """The list as it is shown."""

    shown: PaymentList = PaymentList()

    def _permission(self) -> Permission:
        return Permission.LEDGER_READ

    async def _found(self) -> PaymentList:
        return await self._read(payment_list, self._wanted())
