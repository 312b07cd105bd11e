"""Logging in and out over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.responses import Response

from servicehub import clock, crypto
from servicehub.adapters.sms import simulator
from servicehub.api import cookies
from servicehub.db import Database
from servicehub.domain.access import Role
from servicehub.services import accounts
from servicehub.services.accounts import Browser
from servicehub.settings import Settings
from servicehub.workflows import log_in as logging_in

PHONE = "19900000001"


def run(coroutine: Any) -> None:
    asyncio.run(coroutine)


async def code_for(database: Database) -> dict[str, str]:
    challenge = await logging_in.send_code(database, PHONE, Role.CUSTOMER, Browser(), locale="en", now=clock.now())
    code = simulator().last("+8619900000001").split("code is ")[1][:6]
    return {"challenge": challenge, "phone": PHONE, "code": code}


def test_a_code_is_exchanged_for_a_cookie_that_scripts_cannot_read(client: Any, seeded: Database) -> None:
    async def story() -> None:
        async with client() as http:
            answer = await http.post("/api/session/code", data={**await code_for(seeded), "next": "/orders/"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/orders/")
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith("sid=")
            assert "HttpOnly" in cookie
            assert "SameSite=lax" in cookie
            assert "Secure" not in cookie
            token = answer.cookies["sid"]
            actor = await seeded.read(accounts.principal, crypto.token_hash(token), clock.now())
            assert actor is not None
            assert actor.role is Role.CUSTOMER

    run(story())


def test_under_https_the_cookie_belongs_to_this_host_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cookies, "get_settings", lambda: Settings(base_url="https://hub.example"))
    response = Response()
    cookies.give(response, "t")
    given = response.headers["set-cookie"]
    assert given.startswith("__Host-sid=t; ")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(given.split("; "))
    assert "Domain" not in given


def test_a_wrong_code_leads_back_to_the_page_that_says_so(client: Any, seeded: Database) -> None:
    async def story() -> None:
        form = {**await code_for(seeded), "code": "abc", "next": "/orders/", "locale": "en", "role": "technician"}
        async with client() as http:
            answer = await http.post("/api/session/code", data=form)
            assert answer.status_code == 303
            assert answer.headers["location"] == "/en/login/?error=bad_code&role=technician&next=%2Forders%2F"
            assert "set-cookie" not in answer.headers

    run(story())


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_log_in_never_leads_to_another_site(client: Any, seeded: Database, target: str) -> None:
    async def story() -> None:
        async with client() as http:
            answer = await http.post("/api/session/code", data={**await code_for(seeded), "next": target})
            assert answer.headers["location"] == "/"

    run(story())


def test_an_operator_logs_in_by_password_into_a_new_session_and_out_again(client: Any, seeded: Database) -> None:
    async def story() -> None:
        async with client() as http:
            form = {"name": "dispatch", "password": "correct horse"}
            first = await http.post("/api/session/password", data=form)
            assert first.headers["location"] == "/operator/"
            one = first.cookies["sid"]
            http.cookies.set("sid", one)
            second = await http.post("/api/session/password", data=form)
            two = second.cookies["sid"]
            assert one != two
            assert await seeded.read(accounts.principal, crypto.token_hash(one), clock.now()) is None
            http.cookies.clear()
            ended = await http.post("/api/session/end", headers={"cookie": f"sid={two}"}, data={"next": "/en/"})
            assert ended.headers["location"] == "/en/"
            assert 'sid=""' in ended.headers["set-cookie"]
            assert await seeded.read(accounts.principal, crypto.token_hash(two), clock.now()) is None

    run(story())


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(client: Any) -> None:
    async def story() -> None:
        async with client() as http:
            answers = [
                await http.post("/api/session/password", data={"name": who, "password": "nope"})
                for who in ("dispatch", "nobody")
            ]
            assert [a.headers["location"] for a in answers] == ["/operator/login/?error=bad_password"] * 2

    run(story())
