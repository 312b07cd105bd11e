"""WeChat Pay's transfers to wallets (商家转账, confirmed by the payee): `Payouts` and `Payees` over the `wechatpayv3` library.

Owns the translation only. A transfer is accepted, waits until its payee says yes inside WeChat, and ends; after 24 hours without a
yes the platform ends it by itself. Asking again under the same number is the same transfer, so nothing is ever sent twice; and
what was refused counts as refused only when the platform knows no transfer of that number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.domain.channel import Confirmation, PayoutRequest, PayoutState, Report

REMARK = "上门服务报酬提现"
"""What the payee reads; at most 32 characters."""
STATES = {
    "ACCEPTED": PayoutState.PROCESSING,
    "PROCESSING": PayoutState.PROCESSING,
    "WAIT_USER_CONFIRM": PayoutState.CONFIRMING,
    "TRANSFERING": PayoutState.PROCESSING,
    "SUCCESS": PayoutState.SUCCEEDED,
    "FAIL": PayoutState.FAILED,
    "CANCELING": PayoutState.PROCESSING,
    "CANCELLED": PayoutState.UNCONFIRMED,
}
"""The platform's words, its own spelling included."""
OVERDUE = "OVERDUE_CLOSE"
"""Why a transfer failed whose payee never said yes."""
FINAL = frozenset({"PARAM_ERROR", "INVALID_REQUEST", "NO_AUTH"})
"""Refusals that no repetition changes; all others may pass: too fast, too little money, an error over there."""
FINISHED = "MCHTRANSFER.BILL.FINISHED"
OPENS = (PayoutState.CONFIRMING, PayoutState.PROCESSING)
"""States in which the payee's browser can be asked; a transfer that hangs half done is asked for once more."""


class WechatTransfer:
    """One merchant's transfers."""

    name = "wechat"
    wants_repeats = True
    acknowledgement = ""

    def __init__(self, gateway: WechatPayGateway, *, base_url: str) -> None:
        self._gateway, self._notify_url = gateway, f"{base_url.rstrip('/')}/api/payouts/notify/wechat"

    def payout(self, request: PayoutRequest) -> PayoutState:
        """See `Payouts`: to an openid, whose owner has to have that name."""
        return self._made(request)[0]

    def query_payout(self, no: str) -> PayoutState:
        """See `Payouts`."""
        return self._looked(no)[0]

    def confirmation(self, request: PayoutRequest) -> Confirmation:
        """See `Payees`. Where the platform's answer lacks the package, the same request brings it again."""
        state, package = self._looked(request.no)
        if state in OPENS and not package:
            state, package = self._made(request)
        if state not in OPENS or not package:
            return Confirmation(state)
        account = self._gateway.account
        return Confirmation(state, {"mchId": account.merchant_id, "appId": account.app_id, "package": package})

    def cancel(self, no: str) -> PayoutState:
        """See `Payees`. What the platform says to it is not needed: it is asked how things stand."""
        self._gateway.ask(lambda client: client.mch_transfer_bills_cancel(no))
        return self.query_payout(no)

    def parse_payout(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> list[Report]:
        """See `Payees`."""
        event = self._gateway.event(headers, raw, now=now)
        if event.get("event_type") != FINISHED:
            return []
        about = event["resource"]
        report = Report(
            self.name,
            str(event["id"])[:64],
            "payout",
            str(about["out_bill_no"]),
            int(about["transfer_amount"]),
            str(about.get("transfer_bill_no", "")),
            payout_state=_state(about),
            raw=raw.decode(),
        )
        return [report if self._is_mine(about) else report.foreign()]

    def _made(self, request: PayoutRequest) -> tuple[PayoutState, str]:
        account = self._gateway.account
        code, answer = self._gateway.ask(
            lambda client: client.mch_transfer_bills(
                out_bill_no=request.no,
                transfer_scene_id=account.transfer_scene_id,
                openid=request.account,
                transfer_amount=request.amount_fen,
                transfer_remark=REMARK,
                user_name=request.name,
                transfer_scene_report_infos=[
                    {"info_type": kind, "info_content": text} for kind, text in account.transfer_report.items()
                ],
                notify_url=self._notify_url,
            )
        )
        if code == 200:
            state, package = self._read(request.no, answer)
            return (
                self._looked(request.no) if state is PayoutState.FAILED else (state, package)
            )  # here without a reason
        if answer.get("code") not in FINAL:
            return PayoutState.UNKNOWN, ""
        state, package = self._looked(request.no)
        return (PayoutState.FAILED if state is PayoutState.NOT_FOUND else state), package

    def _looked(self, no: str) -> tuple[PayoutState, str]:
        code, answer = self._gateway.ask(lambda client: client.mch_transfer_bills_query(out_bill_no=no))
        if code == 404:
            return PayoutState.NOT_FOUND, ""
        if code != 200 or not self._is_mine(answer):
            return PayoutState.UNKNOWN, ""
        return self._read(no, answer)

    def _read(self, no: str, answer: Mapping[str, Any]) -> tuple[PayoutState, str]:
        """State and package; of another number nothing is believed."""
        if answer.get("out_bill_no") != no:
            return PayoutState.UNKNOWN, ""
        return _state(answer), str(answer.get("package_info") or "")

    def _is_mine(self, about: Mapping[str, Any]) -> bool:
        account = self._gateway.account
        merchant = about.get("mch_id", account.merchant_id)
        return merchant == account.merchant_id and about.get("appid") in (None, account.app_id)


def _state(about: Mapping[str, Any]) -> PayoutState:
    if about.get("state") == "FAIL" and about.get("fail_reason") == OVERDUE:
        return PayoutState.UNCONFIRMED
    return STATES.get(str(about.get("state")), PayoutState.UNKNOWN)
