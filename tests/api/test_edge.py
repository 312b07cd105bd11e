"""What every request passes before it reaches a route."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import brotli
import httpx
import pytest

from servicehub.api import callers, edge, headers
from servicehub.api.frontend import Pages, cache_time
from servicehub.api.headers import page_policy, script_hashes
from servicehub.cli.publish import _write_policies
from servicehub.settings import Settings


def run(coroutine: Any) -> None:
    asyncio.run(coroutine)


def test_every_answer_carries_the_security_headers(client: Any) -> None:
    async def story() -> None:
        async with client() as http:
            for path in ("/healthz", "/readyz", "/api/nothing", "/nothing"):
                got = (await http.get(path)).headers
                assert got["x-content-type-options"] == "nosniff"
                assert got["referrer-policy"] == "strict-origin"
                assert "frame-ancestors 'none'" in got["content-security-policy"]
                assert got["permissions-policy"].startswith("geolocation=(self), camera=(self)")
                assert "strict-transport-security" not in got

    run(story())


def test_https_is_demanded_for_a_year_where_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "is_secure", lambda: True)
    assert dict(headers.security_headers())[b"strict-transport-security"] == b"max-age=31536000; includeSubDomains"


def test_health_says_alive_and_readiness_asks_the_database(client: Any, seeded: Any) -> None:
    async def story() -> None:
        async with client() as http:
            assert (await http.get("/healthz")).json() == {"status": "ok"}
            ready = await http.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (200, "ok")
            seeded.close()
            gone = await http.get("/readyz")
            assert (gone.status_code, gone.json()["status"]) == (503, "unavailable")
            assert (await http.get("/healthz")).status_code == 200

    run(story())


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://testserver"}, 303),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({}, 303),
    ],
)
def test_only_our_own_pages_may_make_a_browser_change_something(client: Any, sent: dict[str, str], status: int) -> None:
    async def story() -> None:
        async with client() as http:
            assert (await http.post("/api/session/end", headers=sent, data={"next": "/"})).status_code == status

    run(story())


def test_a_body_is_refused_when_announced_too_large_and_when_it_grows_too_large(client: Any) -> None:
    async def grows() -> Any:
        for _ in range(40):
            yield b"x" * 10_000

    async def story() -> None:
        async with client() as http:
            form = {"content-type": "application/x-www-form-urlencoded"}
            announced = await http.post("/api/session/end", content=b"x" * (edge.BODY_LIMIT + 1), headers=form)
            assert announced.status_code == 413
            assert (await http.post("/api/session/end", content=grows(), headers=form)).status_code == 413

    run(story())


def test_a_flood_of_log_ins_from_one_address_is_stopped_but_not_the_rest(client: Any) -> None:
    async def story() -> None:
        async with client() as http:
            answers = [(await http.post("/api/session/end", data={})).status_code for _ in range(31)]
            assert answers == [303] * 30 + [429]
            assert (await http.get("/api/photos/0")).status_code == 401

    run(story())


def test_a_socket_carries_the_hash_of_its_session_and_no_cookie() -> None:
    seen: list[Any] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(dict(scope["headers"]))

    sent = [
        (b"host", b"testserver"),
        (b"cookie", b"theme=dark; sid=abc"),
        (b"authorization", b"Bearer x"),
        (edge.SESSION_HEADER, b"forged"),
    ]
    asyncio.run(edge.session_edge(inner)({"type": "websocket", "headers": sent}, None, None))  # type: ignore[arg-type]
    digest = b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert seen == [{b"host": b"testserver", edge.SESSION_HEADER: digest}]


def test_behind_a_trusted_proxy_the_callers_own_address_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = {"client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", b"6.6.6.6, 1.2.3.4")]}
    assert callers.address_of(scope) == "10.0.0.1"
    monkeypatch.setattr(callers, "get_settings", lambda: Settings(trusted_proxy_hops=1))
    assert callers.address_of(scope) == "1.2.3.4"


PAGE = (
    "<html><head><script>let a=1</script><script src='/x.js'></script></head><body><script>b()</script></body></html>"
)


def test_a_page_may_run_its_own_scripts_only() -> None:
    hashes = script_hashes(PAGE)
    assert len(hashes) == 2
    policy = page_policy(hashes)
    assert "'unsafe-eval'" not in policy
    assert policy.split("; ")[1] == f"script-src 'self' {' '.join(hashes)}"


@pytest.fixture
def pages(tmp_path: Path) -> Any:
    """A tiny published build."""
    files = {
        "client/index.html": PAGE,
        "client/404.html": PAGE.replace("a=1", "a=2"),
        "client/login/index.html": PAGE.replace("a=1", "a=3"),
        "client/assets/root-abc.js": "x" * 900,
        "client/ui.css": "y",
        "client/sw.js": "z",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "client/assets/root-abc.js.br").write_bytes(brotli.compress(b"x" * 900))
    _write_policies(tmp_path / "client", tmp_path / "csp.json")
    return Pages(tmp_path, lambda path: "orders/[no]" if path.startswith("/orders/") else None)


@pytest.mark.parametrize(
    ("path", "status", "cache"),
    [
        ("/", 200, "no-cache"),
        ("/login/", 200, "no-cache"),
        ("/orders/7", 200, "no-cache"),
        ("/nowhere", 404, "no-cache"),
        ("/assets/root-abc.js", 200, "public, max-age=31536000, immutable"),
        ("/ui.css", 200, "public, max-age=86400"),
        ("/sw.js", 200, "no-cache"),
    ],
)
def test_files_are_kept_as_long_as_they_cannot_change(pages: Any, path: str, status: int, cache: str) -> None:
    async def story() -> None:
        transport = httpx.ASGITransport(app=pages)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
            answer = await http.get(path, headers={"accept-encoding": "identity"})
            assert (answer.status_code, answer.headers["cache-control"]) == (status, cache)

    run(story())


def test_each_page_has_the_policy_of_the_file_that_answers(pages: Any) -> None:
    async def story() -> None:
        transport = httpx.ASGITransport(app=pages)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
            for path in ("/", "/login/", "/orders/7", "/nowhere"):
                answer = await http.get(path)
                assert answer.headers["content-security-policy"] == page_policy(script_hashes(answer.text))
            worker = await http.get("/sw.js")
            assert worker.headers["content-security-policy"].startswith("default-src 'self';")
            small = await http.get("/assets/root-abc.js", headers={"accept-encoding": "br"})
            assert small.headers["content-encoding"] == "br"

    run(story())


def test_names_of_pages_and_data_are_asked_for_again() -> None:
    assert [cache_time(name) for name in ("manifest.webmanifest", "orders", "art/hero.svg")] == [
        "no-cache",
        "no-cache",
        "public, max-age=86400",
    ]
