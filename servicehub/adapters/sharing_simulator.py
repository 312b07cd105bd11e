"""Profit sharing at the channel inside this process: for those who live in a demo, and for fast tests. Never in production."""

from __future__ import annotations

from servicehub.adapters.gateway_simulator import GatewaySimulator
from servicehub.domain.sharing import UNKNOWN, ShareAnswer, ShareRequest, ShareState


class SharingSimulator:
    """Implements `adapters.sharing.Sharing`; what goes wrong is the channel's `faults`."""

    def __init__(self, channel: GatewaySimulator) -> None:
        self._channel = channel

    def add_receiver(self) -> ShareAnswer:
        """See `Sharing`."""
        return UNKNOWN if self._channel.faults.down else ShareAnswer(ShareState.SUCCEEDED)

    def share(self, request: ShareRequest) -> ShareAnswer:
        """See `Sharing`."""
        faults = self._channel.faults
        if faults.down:
            return UNKNOWN
        state = ShareState.FAILED if faults.fail_shares else ShareState.SUCCEEDED
        known = self._channel.keep_share(
            request.no, request.kind.value, request.payment_no, request.amount_fen, state.value
        )
        return UNKNOWN if faults.lose_answers else _answer(known)

    def query_share(self, request: ShareRequest) -> ShareAnswer:
        """See `Sharing`."""
        if self._channel.faults.down or self._channel.faults.lose_answers:
            return UNKNOWN
        return _answer(self._channel.share_state(request.no))


def _answer(state: str) -> ShareAnswer:
    if not state:
        return ShareAnswer(ShareState.NOT_FOUND)
    return ShareAnswer(ShareState(state), "SIMULATED" if state == ShareState.FAILED else "")
