"""Hints: who hears them, how often, and what happens when Redis goes away."""

from __future__ import annotations

import asyncio
import threading
from uuid import uuid4

import pytest
import redis

from servicehub import bus


async def heard(hints: bus.Subscription, count: int) -> list[str]:
    return [await asyncio.wait_for(anext(hints), 60) for _ in range(count)]


def test_a_watcher_hears_its_topics_once_however_often_they_were_published() -> None:
    async def work() -> list[str]:
        async with bus.bus().subscribe("order:1", "order:2") as hints:
            for _ in range(5):
                bus.bus().publish_now("order:1", "order:9", "order:2")
            bus.bus().publish_now("order:9")
            return await heard(hints, 2)

    assert asyncio.run(work()) == ["order:1", "order:2"]


def test_a_hint_from_another_thread_wakes_the_watcher() -> None:
    async def work() -> list[str]:
        async with bus.bus().subscribe("order:1") as hints:
            waiting = asyncio.ensure_future(heard(hints, 1))
            await asyncio.sleep(0)
            thread = threading.Thread(target=bus.bus().publish_now, args=("order:1",))
            thread.start()
            try:
                return await waiting
            finally:
                thread.join()

    assert asyncio.run(work()) == ["order:1"]


def test_a_watcher_that_fell_behind_is_told_to_read_everything() -> None:
    topics = [f"order:{i}" for i in range(bus.PENDING_LIMIT + 1)]

    async def work() -> list[str]:
        async with bus.bus().subscribe(*topics) as hints:
            bus.bus().publish_now(*topics)
            return await heard(hints, 1)

    assert asyncio.run(work()) == [bus.RESYNC]


def test_hints_cross_processes_and_a_lost_connection_is_announced(redis_url: str) -> None:
    channel = f"test-{uuid4()}"

    async def work() -> tuple[list[str], list[str], list[str]]:
        here, there = (bus.RedisBus(redis_url, channel=channel, retry_s=0.01) for _ in range(2))
        await here.start()
        await there.start()
        async with there.subscribe("order:1") as hints:
            here.publish_now("order:1", "order:2")
            first = await heard(hints, 1)
            with redis.Redis.from_url(redis_url) as client:
                for connection in client.client_list(_type="pubsub"):
                    if int(connection["sub"]) == 1:
                        client.client_kill_filter(_id=connection["id"])
            resync = await heard(hints, 1)
            here.publish_now("order:1")
            again = await heard(hints, 1)
        await here.stop()
        await there.stop()
        return first, resync, again

    assert asyncio.run(work()) == (["order:1"], [bus.RESYNC], ["order:1"])


def test_without_redis_this_process_still_hears_itself() -> None:
    async def work() -> list[str]:
        alone = bus.RedisBus("redis://127.0.0.1:1/0")
        async with alone.subscribe("order:1") as hints:
            alone.publish_now("order:1")
            return await heard(hints, 1)

    assert asyncio.run(work()) == ["order:1"]


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        (bus.order("SH2603020001"), "order:SH2603020001"),
        (bus.customer(1), "customer:1"),
        (bus.technician(2), "technician:2"),
        (bus.dispatch("shanghai"), "dispatch:shanghai"),
        (bus.overview("shanghai"), "overview:shanghai"),
        (bus.positions("shanghai"), "positions:shanghai"),
    ],
)
def test_topics_have_stable_names(topic: str, text: str) -> None:
    assert topic == text
