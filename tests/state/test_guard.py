"""The gate before every event, event by event."""

from __future__ import annotations

import asyncio
from typing import Any

from reflex.state import State
from reflex_base.registry import RegistrationContext

from servicehub import bus
from servicehub.state import guard as guards
from servicehub.state.base import HANDLER_MARK, ROLES, ToastState
from servicehub.state.guard import LOGIN_LIMIT
from servicehub.state.reflex_internals import all_states, is_framework
from tests.state.conftest import PATIENT_S


def run(coroutine: Any) -> None:
    asyncio.run(coroutine)


def test_a_customer_reaches_a_customers_state_as_themselves(tabs: Any, people: Any, purse: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(purse.load, people.customer())
            assert tab.seen(purse, "secret")[-1] == "of user 1"

    run(story())


def test_a_stranger_is_sent_to_the_log_in_page_of_the_face(tabs: Any, purse: Any, desk: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(purse.load, path="/nowhere/")
            await tab.fire(desk.open, path="/en/nowhere/")
            assert tab.redirects() == ["/login/?next=/nowhere/", "/en/operator/login/?next=/en/nowhere/"]
            assert tab.seen(purse, "secret") in ([], [""])
            assert set(tab.seen(desk, "opened")) <= {0}

    run(story())


def test_another_role_is_refused_both_ways(tabs: Any, people: Any, purse: Any, desk: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(desk.open, people.customer())
            await tab.fire(purse.load, people.operator(), token="other")
            await tab.fire(purse.load, people.technician(), token="third")
            assert len(tab.redirects()) == 3
            assert set(tab.seen(desk, "opened")) <= {0}
            assert set(tab.seen(purse, "secret")) <= {""}

    run(story())


def test_a_state_without_roles_is_closed_to_everybody(tabs: Any, people: Any, undeclared: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            for cookie in ("", people.customer(), people.operator()):
                await tab.fire(undeclared.touch, cookie, token=f"t{len(cookie)}")
            assert set(tab.seen(undeclared, "touched")) <= {0}
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"

    run(story())


def test_a_public_method_that_is_no_handler_is_closed_to_everybody(tabs: Any, people: Any, purse: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(purse.unguarded, people.customer())
            assert "leaked" not in tab.seen(purse, "secret")
            assert tab.seen(ToastState, "toast_text")[-1] == "您没有权限执行此操作"

    run(story())


def test_a_public_state_takes_strangers_for_nobody(tabs: Any, people: Any, window: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(window.look)
            await tab.fire(window.look, people.customer(), token="other")
            assert [v for v in tab.seen(window, "seen_by") if v >= 0] == [0, 1]

    run(story())


def test_a_session_that_ends_elsewhere_ends_here_and_takes_the_tree_with_it(tabs: Any, people: Any, purse: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            cookie = people.customer()
            await tab.fire(purse.load, cookie)
            people.revoke(cookie)
            await tab.fire(purse.spend, cookie, amount=5)
            assert tab.seen(purse, "secret")[-1] == ""
            assert set(tab.seen(purse, "calls")) <= {0}
            assert tab.redirects()[-1].startswith("/login/")

    run(story())


def test_a_copied_client_token_shows_its_thief_an_empty_tree(tabs: Any, people: Any, purse: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            victim, thief = people.customer(1), people.customer(2)
            await tab.fire(purse.load, victim, token="stolen")
            for who in (thief, ""):
                tab.deltas.clear()
                await tab.fire(State.hydrate, who, token="stolen")
                assert set(tab.seen(purse, "secret")) == {""}
                await tab.fire(purse.load, victim, token="stolen")

    run(story())


def test_a_refusal_becomes_a_toast_in_the_pages_language(tabs: Any, people: Any, purse: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            cookie = people.customer()
            await tab.fire(purse.refuse_me, cookie, path="/nowhere/")
            await tab.fire(purse.refuse_me, cookie, path="/en/nowhere/")
            texts = [text for text in tab.seen(ToastState, "toast_text") if text]
            assert texts == ["该时段刚被约走，请另选时间", "This time was just taken. Please choose another."]
            assert [seq for seq in tab.seen(ToastState, "toast_seq") if seq] == [1, 2]

    run(story())


def test_a_bug_is_logged_and_shown_as_a_sentence_without_its_details(
    tabs: Any, people: Any, purse: Any, caplog: Any
) -> None:
    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(purse.break_down, people.customer())
            assert tab.seen(ToastState, "toast_text")[-1] == "操作未成功，请重试"
            assert "4711" not in str(tab.deltas)

    run(story())
    assert "a bug of row 4711" in caplog.text


def test_too_many_events_are_answered_with_a_toast(tabs: Any, people: Any, purse: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(guards, "LOGIN_LIMIT", guards.RateLimitItemPerSecond(3, 600))

    async def story() -> None:
        async with tabs() as tab:
            cookie = people.customer()
            for _ in range(5):
                await tab.fire(purse.spend, cookie, amount=1)
            assert max(tab.seen(purse, "calls")) == 3
            assert tab.seen(ToastState, "toast_text")[-1] == "尝试次数过多，请稍后再试"

    run(story())


def test_a_watcher_reloads_on_hints_and_stops_when_the_session_ends(tabs: Any, people: Any, purse: Any) -> None:
    async def until(tab: Any, count: int) -> None:
        while max(tab.seen(purse, "calls"), default=0) < count:
            tab.moved.clear()
            await tab.moved.wait()

    async def story() -> None:
        async with tabs() as tab:
            cookie = people.customer()
            watching = asyncio.create_task(tab.fire(purse.open, cookie))
            await asyncio.wait_for(until(tab, 1), PATIENT_S)
            bus.bus().publish_now("purse")
            await asyncio.wait_for(until(tab, 2), PATIENT_S)
            people.revoke(cookie)
            bus.bus().publish_now("purse")
            await asyncio.wait_for(watching, PATIENT_S)
            assert max(tab.seen(purse, "calls")) == 2

    run(story())


def test_a_watcher_keeps_to_the_page_that_started_it(tabs: Any, people: Any, purse: Any) -> None:
    """Another page's event, late or early, changes the tab's router; a page that reads then must not read that page's aim."""

    async def until(tab: Any, count: int) -> None:
        while max(tab.seen(purse, "calls"), default=0) < count:
            tab.moved.clear()
            await tab.moved.wait()

    async def story() -> None:
        async with tabs() as tab:
            cookie = people.customer()
            watching = asyncio.create_task(tab.fire(purse.open, cookie, path="/nowhere/first/?q=1"))
            await asyncio.wait_for(until(tab, 1), PATIENT_S)
            await tab.fire(purse.spend, cookie, path="/nowhere/second/?q=2", amount=1)
            bus.bus().publish_now("purse")
            await asyncio.wait_for(until(tab, 3), PATIENT_S)
            assert set(tab.seen(purse, "page")) - {""} == {"first1"}
            people.revoke(cookie)
            bus.bus().publish_now("purse")
            await asyncio.wait_for(watching, PATIENT_S)

    run(story())


def test_what_follows_from_a_question_is_not_counted(tabs: Any, people: Any, purse: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(purse.spend_by_ones, people.customer(), amount=LOGIN_LIMIT.amount + 5)
            assert max(tab.seen(purse, "calls")) == LOGIN_LIMIT.amount + 5

    run(story())


def test_every_state_of_ours_declares_its_roles_and_makes_its_handlers_the_one_way(application: Any) -> None:
    ours = [state for state in all_states() if not is_framework(state) and state.__module__.startswith("servicehub.")]
    assert ours
    assert [s.get_full_name() for s in ours if s.get_full_name() not in ROLES] == []
    unmade = [
        name
        for name, registered in RegistrationContext.get().event_handlers.items()
        if registered.states[0] in ours
        and not name.endswith(".setvar")
        and not hasattr(registered.handler.fn, HANDLER_MARK)
    ]
    assert unmade == []
