"""Alipay's profit sharing (分账): `adapters.sharing.Sharing` over the `python-alipay-sdk` library.

Owns the translation only. A trade takes part when it was opened with `royalty_freeze`; a claim is settled while it is answered, the
end of claiming (`royalty_finish`) unfreezes the rest. Alipay has no return of its own: the refund names what receivers give back
(`adapters.alipay`), so a return is never asked for here.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from servicehub.adapters.alipay import OK, AlipayGateway
from servicehub.domain.sharing import UNKNOWN, ShareAnswer, ShareKind, ShareRequest, ShareState

WORDS = "平台服务费"
FINAL = frozenset(
    {
        "ACQ.TRADE_NOT_EXIST",
        "ACQ.TRADE_STATUS_ERROR",
        "ACQ.TRADE_SETTLE_ERROR",
        "ACQ.ROYALTY_RATIO_EXCEED",
        "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR",
        "ACQ.ROYALTY_RECEIVER_INVALID",
        "ACQ.INVALID_PARAMETER",
    }
)
"""Refusals that no repetition changes; people have to look."""
STATES = {"SUCCESS": ShareState.SUCCEEDED, "PROCESSING": ShareState.PROCESSING, "FAIL": ShareState.FAILED}


class AlipayRoyalty:
    """The platform's claims at one company's account."""

    def __init__(self, gateway: AlipayGateway) -> None:
        self._gateway = gateway

    def add_receiver(self) -> ShareAnswer:
        """See `Sharing`."""
        receiver = {"type": "userId", "account": self._gateway.account.sharing_receiver, "memo": WORDS}
        asked = {
            "receiver_list": [receiver],
            "out_request_no": f"bind{self._gateway.account.sharing_receiver}",
        }
        answer = self._gateway.ask(lambda client: client.server_api("alipay.trade.royalty.relation.bind", asked))
        bound = answer.get("code") == OK and answer.get("result_code") == "SUCCESS"
        return ShareAnswer(ShareState.SUCCEEDED) if bound else _refused(answer)

    def share(self, request: ShareRequest) -> ShareAnswer:
        """See `Sharing`."""
        asked: dict[str, Any] = {"out_request_no": request.no, "trade_no": request.channel_no, "royalty_parameters": []}
        if request.kind is ShareKind.SHARE:
            asked["royalty_parameters"] = [
                {
                    "royalty_type": "transfer",
                    "trans_in_type": "userId",
                    "trans_in": self._gateway.account.sharing_receiver,
                    "amount": f"{Decimal(request.amount_fen) / 100:.2f}",
                    "desc": WORDS,
                }
            ]
        else:
            asked["extend_params"] = {"royalty_finish": "true"}
        answer = self._gateway.ask(lambda client: client.server_api("alipay.trade.order.settle", asked))
        done = answer.get("code") == OK and answer.get("trade_no") == request.channel_no
        return ShareAnswer(ShareState.SUCCEEDED) if done else _refused(answer)

    def query_share(self, request: ShareRequest) -> ShareAnswer:
        """See `Sharing`."""
        asked = {"out_request_no": request.no, "trade_no": request.channel_no}
        answer = self._gateway.ask(lambda client: client.server_api("alipay.trade.order.settle.query", asked))
        if answer.get("sub_code") in ("ACQ.SETTLE_NOT_EXIST", "ACQ.TRADE_NOT_EXIST"):
            return ShareAnswer(ShareState.NOT_FOUND)
        if answer.get("code") != OK or answer.get("out_request_no") != request.no:
            return UNKNOWN
        details = answer.get("royalty_detail_list") or []
        if request.kind is ShareKind.UNFREEZE:
            return ShareAnswer(ShareState.SUCCEEDED)
        if len(details) != 1:
            return UNKNOWN
        state = STATES.get(str(details[0].get("state")), ShareState.UNKNOWN)
        return ShareAnswer(state, str(details[0].get("error_code", "")) if state is ShareState.FAILED else "")


def _refused(answer: Mapping[str, Any]) -> ShareAnswer:
    code = str(answer.get("sub_code", ""))
    return ShareAnswer(ShareState.FAILED, code) if code in FINAL else UNKNOWN
