"""Attacks with hand-made frames through the whole stack: what a ten-line client could try."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from servicehub import crypto


def boot(name: str = "reflex___state____state.hydrate_and_load", path: str = "/nowhere/") -> dict[str, Any]:
    """What the real front end puts into its CONNECT packet."""
    return {"event": {"name": name, "payload": {}, "router_data": {"pathname": path, "asPath": path, "query": {}}}}


def name_of(state: Any, handler: str) -> str:
    return f"{state.get_full_name()}.{handler}"


def run(coroutine: Any) -> None:
    asyncio.run(coroutine)


def test_the_owner_of_a_session_gets_through_and_never_sees_its_hash(wires: Any, people: Any, purse: Any) -> None:
    async def story() -> None:
        cookie = people.customer()
        async with wires() as connect, connect("tab-1", cookie) as wire:
            await wire.connect(boot())
            await wire.fire(name_of(purse, "load"))
            heard = await wire.settle()
            assert "of user 1" in heard
            everything = "\n".join(wire.frames)
            assert cookie not in everything
            assert crypto.token_hash(cookie) not in everything

    run(story())


def test_a_stranger_and_a_wrong_role_get_nothing(wires: Any, people: Any, purse: Any, desk: Any) -> None:
    async def story() -> None:
        async with wires() as connect:
            async with connect("tab-2") as wire:
                await wire.connect(boot())
                await wire.fire(name_of(purse, "load"))
                heard = await wire.settle()
                assert "of user" not in heard
                assert "/login/" in heard
            async with connect("tab-3", people.customer()) as wire:
                await wire.connect(boot())
                await wire.fire(name_of(desk, "open"))
                assert "/operator/login/" in await wire.settle()

    run(story())


def test_a_forged_session_header_or_router_data_is_ignored(wires: Any, people: Any, purse: Any) -> None:
    async def story() -> None:
        cookie = people.customer()
        async with wires() as connect, connect("tab-4") as wire:
            wire._scope["headers"].append((b"x-forwarded-access-token", crypto.token_hash(cookie).encode()))
            await wire.connect(boot())
            event = {
                "name": name_of(purse, "load"),
                "payload": {},
                "router_data": {
                    "pathname": "/nowhere/",
                    "query": {},
                    "headers": {"x-forwarded-access-token": crypto.token_hash(cookie), "cookie": f"sid={cookie}"},
                },
            }
            await wire.send("42/_event," + json.dumps(["event", event]))
            assert "of user" not in await wire.settle()

    run(story())


def test_a_stolen_client_token_neither_shows_nor_receives_its_owners_page(wires: Any, people: Any, purse: Any) -> None:
    async def story() -> None:
        owner, thief = people.customer(1), people.customer(2)
        async with wires() as connect:
            async with connect("tab-5", owner) as mine:
                await mine.connect(boot())
                await mine.fire(name_of(purse, "load"))
                assert "of user 1" in await mine.settle()
                for cookie in (thief, ""):
                    async with connect("tab-5", cookie) as theirs:
                        await theirs.connect(boot())
                        await mine.fire(name_of(purse, "load"))
                        await mine.settle()
                        await theirs.settle()
                        assert "of user 1" not in "\n".join(theirs.frames)
                await mine.fire(name_of(purse, "spend"), amount=1)
                assert "calls" in await mine.settle()
            async with connect("tab-5", thief) as later:
                await later.connect(boot())
                await later.settle()
                assert "of user 1" not in "\n".join(later.frames)

    run(story())


def test_a_tab_that_comes_back_keeps_its_page(wires: Any, people: Any, purse: Any) -> None:
    async def story() -> None:
        cookie = people.customer()
        async with wires() as connect, connect("tab-6", cookie) as old:
            await old.connect(boot())
            await old.fire(name_of(purse, "spend"), amount=7)
            await old.settle()
            old.answers_pings = False
            async with connect("tab-6", cookie) as new:
                await new.connect(boot())
                await new.settle()
                heard = "\n".join(new.frames)
                assert "new_token" not in heard
                assert '"calls_rx_state_":7' in heard.replace(" ", "")
                await new.fire(name_of(purse, "spend"), amount=1)
                assert '"calls_rx_state_":8' in (await new.settle()).replace(" ", "")

    run(story())


def test_a_duplicate_of_a_living_tab_gets_a_token_of_its_own(wires: Any, people: Any, purse: Any) -> None:
    async def story() -> None:
        cookie = people.customer()
        async with wires() as connect, connect("tab-9", cookie) as first, connect("tab-9", cookie) as second:
            await first.connect(boot())
            await second.connect(boot())
            assert "new_token" in "\n".join(second.frames)
            await first.fire(name_of(purse, "spend"), amount=3)
            assert '"calls_rx_state_":3' in (await first.settle()).replace(" ", "")
            assert '"calls_rx_state_":3' not in (await second.settle()).replace(" ", "")

    run(story())


def test_unknown_events_and_private_methods_do_nothing_and_log_no_secret(
    wires: Any, people: Any, purse: Any, undeclared: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def story() -> None:
        cookie = people.customer()
        async with wires() as connect, connect("tab-7", cookie) as wire:
            await wire.connect(boot())
            for name in (
                "no.such.event",
                name_of(purse, "_reload"),
                name_of(purse, "reset"),
                name_of(purse, "unguarded"),
                name_of(undeclared, "touch"),
                "_redirect",
            ):
                await wire.fire(name)
            await wire.fire(name_of(purse, "setvar"), var_name="secret", value="mine")
            heard = await wire.settle()
            assert "leaked" not in heard
            assert '"mine"' not in heard
            assert '"touched_rx_state_":1' not in heard.replace(" ", "")
            await wire.fire(name_of(purse, "load"))
            assert "of user 1" in await wire.settle()
        assert cookie not in caplog.text

    run(story())


def test_another_sites_page_cannot_open_a_socket(wires: Any, people: Any) -> None:
    async def story() -> None:
        async with wires() as connect, connect("tab-8", people.customer(), "https://evil.example") as wire:
            first = await wire.first()
            assert first["type"] != "websocket.accept"

    run(story())
