"""What channels post about payouts, and a technician's way to WeChat's log-in and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import Session

from servicehub import clock
from servicehub.api.cookies import name
from servicehub.db import Database
from servicehub.errors import Forged, NotAllowed
from servicehub.models.account import User
from servicehub.services import accounts, identities
from tests import journey
from tests.conftest import FixedClock


class Asker:
    """Stands for a channel that signs nothing we know."""

    acknowledgement = ""

    def parse_payout(self, headers: dict[str, str], raw: bytes, **_now: Any) -> list[Any]:
        if raw != b"true":
            raise Forged("wrong signature")
        return []


class LogIn:
    """Stands for WeChat's log-in: code `good` is somebody."""

    def address(self, back: str, state: str) -> str:
        return f"https://wechat.invalid/?back={back}&state={state}"

    def openid(self, code: str) -> str:
        if code != "good":
            raise NotAllowed("the code is unknown")
        return "oInvented00000000000000003"


def test_messages_that_nobody_signed_and_channels_that_nobody_knows(
    client: Callable[..., Any], seeded: Database, monkeypatch: pytest.MonkeyPatch, run: Callable[[Any], Any]
) -> None:
    async def post(channel: str, content: bytes) -> int:
        async with client() as http:
            answer = await http.post(f"/api/payouts/notify/{channel}", content=content)
            return int(answer.status_code)

    assert run(post("nobody", b"{}")) == 404
    for module in "servicehub.workflows.payouts", "servicehub.api.payouts":
        monkeypatch.setattr(f"{module}.payees", lambda _channel: Asker())
    assert run(post("wechat", b"forged")) == 401
    assert run(post("wechat", b"true")) == 204


def test_a_technician_connects_wechat_with_a_state_of_his_own_log_in(
    client: Callable[..., Any],
    seeded: Database,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[[Any], Any],
    fixed_clock: FixedClock,
) -> None:
    def prepare(session: Session) -> tuple[int, dict[str, str], dict[str, str]]:
        world = journey.build(session)
        found = []
        for actor in world.technicians[:2]:
            user = session.get_one(User, actor.user_id)
            found.append({name(): accounts.open_session(session, user, accounts.Browser(), now=clock.now())})
        return world.technicians[0].user_id, found[0], found[1]

    user_id, own, others = seeded.write_now(prepare)
    monkeypatch.setattr("servicehub.api.wechat.wechat_oauth", LogIn)
    page = "/technician/withdraw/"

    async def walk() -> list[str]:
        async with client(cookies=own) as http:
            away = await http.get(f"/api/wechat/authorize?next={page}")
            state = parse_qs(urlsplit(away.headers["location"]).query)["state"][0]
            answers = [
                await http.get(f"/api/wechat/back?next={page}&code=bad&state={state}"),
                await http.get(f"/api/wechat/back?next={page}&code=good&state={state}"),
            ]
        async with client(cookies=others) as http:
            answers.append(await http.get(f"/api/wechat/back?next={page}&code=good&state={state}"))
        async with client() as http:
            answers.append(await http.get(f"/api/wechat/back?next={page}&code=good&state={state}"))
        return [str(answer.headers.get("location", answer.status_code)) for answer in answers]

    failed, connected, foreign, stranger = run(walk())

    assert failed.startswith(f"{page}?error=")
    assert connected == page
    assert foreign == "403"
    assert not stranger.startswith(page)
    assert seeded.read_now(identities.openid_of, user_id) == "oInvented00000000000000003"
