"""A browser tab without a browser: events through the real processor and guard, or frames through the real ASGI stack."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any, Self

import pytest
import reflex as rx
from reflex.istate.manager.memory import StateManagerMemory
from reflex_base.event import Event
from reflex_base.event.processor import BaseStateEventProcessor
from reflex_base.utils.format import format_event_handler
from sqlmodel import Session

from servicehub import clock, crypto
from servicehub.db import Database
from servicehub.domain.access import SYSTEM, OperatorRole, Role
from servicehub.domain.technician import Gender, Level, TechnicianStatus, Transport
from servicehub.errors import SlotTaken
from servicehub.models.account import User
from servicehub.models.catalog import City
from servicehub.models.technician import Technician
from servicehub.services import accounts
from servicehub.services.accounts import Browser
from servicehub.state.base import AppState, handler, roles
from servicehub.state.reflex_internals import SESSION_HEADER
from servicehub.workflows import visitors

VAR = "_rx_state_"
PATIENT_S = 60
"""No test measures how fast this machine is."""
"""What Reflex appends to the names of vars in a delta."""
NOWHERE = "/nowhere/"
"""An address without a page, so that no page's own `on_load` mixes in."""


@roles("customer")
class Purse(AppState, rx.State):
    """Stands for any customer's page: private rows, a write, a watcher."""

    secret: str = ""
    calls: int = 0
    page: str = ""

    @handler
    async def load(self) -> None:
        self.secret = f"of user {(await self._actor()).user_id}"

    @handler
    async def spend(self, amount: int) -> None:
        self.calls += int(amount)

    @handler
    async def spend_by_ones(self, amount: int) -> Any:
        return [Purse.spend(1) for _ in range(int(amount))]

    @handler
    async def refuse_me(self) -> None:
        raise SlotTaken

    @handler
    async def break_down(self) -> None:
        raise RuntimeError("a bug of row 4711")

    @handler(background=True)
    async def open(self) -> None:
        await self._watch(["purse"], self._reload, settle_s=0)

    async def _reload(self) -> None:
        user_id, page = (await self._actor()).user_id, self._last_part() + self._query("q")
        async with self:
            self.calls += 1
            self.page = page
            self.secret = f"of user {user_id}"

    def unguarded(self) -> None:
        """Public and not made by `@handler`."""
        self.secret = "leaked"


@roles("operator")
class Desk(AppState, rx.State):
    """Stands for any operator's page."""

    opened: int = 0

    @handler
    async def open(self) -> None:
        self.opened += 1


class Undeclared(AppState, rx.State):
    """Somebody forgot `@roles`."""

    touched: int = 0

    @handler
    async def touch(self) -> None:
        self.touched += 1


@roles("public")
class Window(AppState, rx.State):
    """Stands for any public page."""

    seen_by: int = -1
    echoed: int = 0

    @handler
    async def look(self) -> None:
        self.seen_by = (await self._viewer()).user_id

    @handler
    async def echo(self, number: int) -> None:
        self.echoed = number


@pytest.fixture
def purse() -> type[Purse]:
    return Purse


@pytest.fixture
def desk() -> type[Desk]:
    return Desk


@pytest.fixture
def undeclared() -> type[Undeclared]:
    return Undeclared


@pytest.fixture
def window() -> type[Window]:
    return Window


# --- people ------------------------------------------------------------------------------------------------------


class People:
    """Log-ins of a migrated database: each call opens a session and returns its token."""

    def __init__(self, database: Database) -> None:
        self.database = database
        database.write_now(self._city)

    @staticmethod
    def _city(session: Session) -> None:
        session.add(
            City(
                slug="shanghai",
                code="31",
                name_zh="上海",
                name_en="Shanghai",
                timezone="Asia/Shanghai",
                lat=31.2,
                lng=121.5,
            )
        )

    def _enter(self, user: User | None) -> str:
        assert user is not None
        return self.database.write_now(accounts.open_session, user, Browser(), now=clock.now())

    def _register(self, role: Role, number: int, **more: Any) -> User:
        return self.database.write_now(
            accounts.register, SYSTEM, city_id=1, role=role, phone=f"1990000{number:04d}", now=clock.now(), **more
        )

    def customer(self, number: int = 1) -> str:
        return self._enter(self._register(Role.CUSTOMER, number))

    def operator(self, number: int = 2) -> str:
        return self._enter(self._register(Role.OPERATOR, number, operator_role=OperatorRole.ADMIN))

    def technician(self, number: int = 3) -> str:
        user = self._register(Role.TECHNICIAN, number)

        def enrol(session: Session) -> None:
            session.add(
                Technician(
                    city_id=1,
                    user_id=user.id or 0,
                    name="王师傅",
                    portrait="av-1",
                    gender=next(iter(Gender)),
                    level=next(iter(Level)),
                    transport=next(iter(Transport)),
                    status=TechnicianStatus.ACTIVE,
                    home_lat=31.2,
                    home_lng=121.5,
                    joined_on=date(2025, 1, 1),
                )
            )

        self.database.write_now(enrol)
        return self._enter(user)

    def revoke(self, token: str) -> None:
        self.database.write_now(accounts.log_out, crypto.token_hash(token), now=clock.now())
        visitors.forget(crypto.token_hash(token))


@pytest.fixture
def people(sqlite_database: Database) -> Iterator[People]:
    visitors.forget()
    yield People(sqlite_database)
    visitors.forget()


# --- the application ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> rx.App:
    """The real application, compiled for no front end."""
    web = tmp_path_factory.mktemp("web")
    (web / "backend").mkdir()
    (web / "backend" / "stateful_pages.json").write_text("[]")
    os.environ.update({"REFLEX_WEB_WORKDIR": str(web), "__REFLEX_SKIP_COMPILE": "true", "SERVICEHUB_BUILD": ""})
    before = Path.cwd()
    os.chdir(Path(__file__).resolve().parents[2])
    try:
        from servicehub.servicehub import app  # noqa: PLC0415 - Reflex reads rxconfig.py from where the process stands
    finally:
        os.chdir(before)
    return app


@pytest.fixture(scope="session")
def asgi(application: rx.App) -> Any:
    """The whole stack as a server would call it."""
    return application()


class Tab:
    """Events of one or more client tokens, without a socket."""

    def __init__(self, app: rx.App) -> None:
        self.deltas: list[dict[str, dict[str, Any]]] = []
        self.events: list[Any] = []
        self.moved = asyncio.Event()
        self.processor = BaseStateEventProcessor(middleware=app, backend_exception_handler=None)
        self.manager = StateManagerMemory()

    async def emit_update(self, update: Any, token: str) -> None:
        if update.delta:
            self.deltas.append(update.delta)
        self.events.extend(update.events)
        self.moved.set()

    async def fire(
        self, event: Any, cookie: str = "", *, token: str = "tab", path: str = NOWHERE, **payload: Any
    ) -> None:
        """Send an event the way a socket with this log-in would."""
        headers = {SESSION_HEADER: crypto.token_hash(cookie)} if cookie else {}
        router = {
            "pathname": path,
            "asPath": path,
            "headers": headers,
            "token": token,
            "sid": "s",
            "ip": "127.0.0.1",
            "query": {},
        }
        name = event if isinstance(event, str) else format_event_handler(event)
        future = await self.processor.enqueue(token, Event(name=name, payload=payload, router_data=router))
        await asyncio.wait_for(future.wait_all(), PATIENT_S)

    def seen(self, state: type[rx.State], var: str) -> list[Any]:
        """Every value of a var that reached the browser."""
        name = state.get_full_name()
        return [d[name][var + VAR] for d in self.deltas if var + VAR in d.get(name, {})]

    def redirects(self) -> list[str]:
        return [event.payload["path"] for event in self.events if event.name == "_redirect"]


@asynccontextmanager
async def open_tab(app: rx.App) -> AsyncIterator[Tab]:
    tab = Tab(app)
    tab.processor.configure(state_manager=tab.manager, event_namespace=tab)
    async with tab.processor:
        yield tab


@pytest.fixture
def tabs(application: rx.App, people: People) -> Any:
    """`async with tabs() as tab:`"""
    return lambda: open_tab(application)


# --- raw frames --------------------------------------------------------------------------------------------------


_echoes = itertools.count(1)


class Wire:
    """A websocket client that speaks Engine.IO by hand, straight into the ASGI stack."""

    def __init__(self, asgi: Any, token: str, cookie: str = "", origin: str | None = None) -> None:
        headers = [(b"host", b"testserver"), (b"connection", b"Upgrade"), (b"upgrade", b"websocket")]
        headers += [(b"cookie", f"sid={cookie}".encode())] if cookie else []
        if origin:
            headers.append((b"origin", origin.encode()))
        self._scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": "/_event/",
            "raw_path": b"/_event/",
            "root_path": "",
            "query_string": f"EIO=4&transport=websocket&token={token}".encode(),
            "headers": headers,
            "client": ("127.0.0.1", 1234),
            "server": ("testserver", 80),
            "subprotocols": [],
            "state": {},
        }
        self._asgi = asgi
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.answers_pings = True
        self.frames: list[str] = []
        self._echoes = next(_echoes) * 1000

    async def __aenter__(self) -> Self:
        await self._in.put({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._asgi(self._scope, self._in.get, self._take))
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._in.put({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait({self._task}, timeout=2)
        self._task.cancel()

    async def _take(self, message: dict[str, Any]) -> None:
        if message.get("text") == "2" and self.answers_pings:
            await self._in.put({"type": "websocket.receive", "text": "3"})
        await self._out.put(message)

    async def first(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._out.get(), PATIENT_S)

    async def connect(self, auth: dict[str, Any] | None = None) -> None:
        """Open the socket and wait until everything of the boot event has arrived."""
        opened = await self.first()
        assert opened["type"] == "websocket.accept", opened
        await self.send("40/_event," + (json.dumps(auth) if auth else ""))
        await self.settle()

    async def send(self, frame: str) -> None:
        await self._in.put({"type": "websocket.receive", "text": frame})

    async def fire(self, name: str, **payload: Any) -> None:
        event = {"name": name, "payload": payload, "router_data": {"pathname": NOWHERE, "asPath": NOWHERE, "query": {}}}
        await self.send("42/_event," + json.dumps(["event", event]))

    async def settle(self) -> str:
        """Everything that was answered so far. Events of a tab are handled in turn, so an echo comes after them all."""
        self._echoes += 1
        await self.fire(f"{Window.get_full_name()}.echo", number=self._echoes)
        heard: list[str] = []
        while f'"echoed{VAR}":{self._echoes}' not in "".join(heard).replace(" ", ""):
            message = await self.first()
            heard.append(str(message.get("text") or message.get("bytes") or message["type"]))
            assert message["type"] == "websocket.send", message
        self.frames += heard
        return "\n".join(heard)


@pytest.fixture
def wires(application: rx.App, asgi: Any, people: People) -> Any:
    """`async with wires() as connect:` then `async with connect(token, cookie) as wire:`"""

    @asynccontextmanager
    async def running() -> AsyncIterator[Any]:
        async with application._setup_event_processor():
            yield lambda token, cookie="", origin=None: Wire(asgi, token, cookie, origin)

    return running
