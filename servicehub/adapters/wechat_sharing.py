"""WeChat Pay's profit sharing (分账) for a direct merchant: `adapters.sharing.Sharing` over the `wechatpayv3` library.

Owns the translation only. A payment takes part when it was opened with `settle_info.profit_sharing`; the platform carries out what
it accepts a little later, so the usual first answer is PROCESSING.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.domain.sharing import UNKNOWN, ShareAnswer, ShareKind, ShareRequest, ShareState

WORDS = {ShareKind.SHARE: "平台服务费", ShareKind.UNFREEZE: "解冻剩余资金", ShareKind.RETURN: "用户退款"}
"""What the company's bill says."""
FINAL = frozenset({"PARAM_ERROR", "INVALID_REQUEST", "RULE_LIMIT", "NO_AUTH", "NOT_ENOUGH", "RESOURCE_NOT_EXISTS"})
"""Refusals that no repetition changes; people have to look."""
NOT_YET = "处理中"
"""What a refusal says that comes too early after the payment."""
RETURNS = {"SUCCESS": ShareState.SUCCEEDED, "PROCESSING": ShareState.PROCESSING, "FAILED": ShareState.FAILED}


class WechatSharing:
    """The platform's claims at one company's account."""

    def __init__(self, gateway: WechatPayGateway) -> None:
        self._gateway = gateway

    def add_receiver(self) -> ShareAnswer:
        """See `Sharing`. The name is encrypted by the library, and compared by the platform."""
        account = self._gateway.account
        code, answer = self._gateway.ask(
            lambda client: client.profitsharing_add_receiver(
                "MERCHANT_ID", account.sharing_receiver, "PARTNER", name=account.sharing_receiver_name
            )
        )
        return ShareAnswer(ShareState.SUCCEEDED) if code == 200 else _refused(answer)

    def share(self, request: ShareRequest) -> ShareAnswer:
        """See `Sharing`."""
        receiver, words = self._gateway.account.sharing_receiver, WORDS[request.kind]
        if request.kind is ShareKind.RETURN:
            code, answer = self._gateway.ask(
                lambda client: client.profitsharing_return(
                    request.no, receiver, request.amount_fen, words, out_order_no=request.share_no
                )
            )
            return _returned(answer) if code == 200 else _refused(answer)
        if request.kind is ShareKind.UNFREEZE:
            code, answer = self._gateway.ask(
                lambda client: client.profitsharing_unfreeze(request.channel_no, request.no, words)
            )
        else:
            part = {
                "type": "MERCHANT_ID",
                "account": receiver,
                "amount": request.amount_fen,
                "description": words,
            }
            code, answer = self._gateway.ask(
                lambda client: client.profitsharing_order(
                    request.channel_no, request.no, [part], unfreeze_unsplit=False
                )
            )
        return self._ended(request, answer) if code == 200 else _refused(answer)

    def query_share(self, request: ShareRequest) -> ShareAnswer:
        """See `Sharing`."""
        if request.kind is ShareKind.RETURN:
            code, answer = self._gateway.ask(
                lambda client: client.profitsharing_return_query(request.share_no, request.no)
            )
        else:
            code, answer = self._gateway.ask(
                lambda client: client.profitsharing_order_query(request.channel_no, request.no)
            )
        if code == 404:
            return ShareAnswer(ShareState.NOT_FOUND)
        if code != 200:
            return UNKNOWN
        return _returned(answer) if request.kind is ShareKind.RETURN else self._ended(request, answer)

    def _ended(self, request: ShareRequest, answer: Mapping[str, Any]) -> ShareAnswer:
        """What a share or an unfreezing came to: it is finished as a whole, each receiver's part for itself."""
        if answer.get("out_order_no") != request.no or answer.get("state") not in ("PROCESSING", "FINISHED"):
            return UNKNOWN
        if answer["state"] == "PROCESSING":
            return ShareAnswer(ShareState.PROCESSING)
        if request.kind is ShareKind.UNFREEZE:
            return ShareAnswer(ShareState.SUCCEEDED)
        receiver = self._gateway.account.sharing_receiver
        for part in answer.get("receivers", ()):
            if part.get("account") != receiver or part.get("amount") != request.amount_fen:
                continue
            if part.get("result") == "SUCCESS":
                return ShareAnswer(ShareState.SUCCEEDED)
            if part.get("result") == "CLOSED":
                return ShareAnswer(ShareState.FAILED, str(part.get("fail_reason", "CLOSED")))
        return UNKNOWN


def _returned(answer: Mapping[str, Any]) -> ShareAnswer:
    state = RETURNS.get(str(answer.get("result")), ShareState.UNKNOWN)
    return ShareAnswer(state, str(answer.get("fail_reason", "")) if state is ShareState.FAILED else "")


def _refused(answer: Mapping[str, Any]) -> ShareAnswer:
    code = str(answer.get("code", ""))
    if code not in FINAL or NOT_YET in str(answer.get("message", "")):
        return UNKNOWN
    return ShareAnswer(ShareState.FAILED, code)
