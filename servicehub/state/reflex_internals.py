"""Every place where we touch Reflex below its documented surface (pinned to 0.10.1; the tests of `tests/state` watch it).

Owns nothing of the product. Also here: the repair of a lost connection, which Reflex answers with an empty page when the
server still holds the old socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import reflex as rx
from engineio.packet import PING, Packet  # type: ignore[import-untyped]
from reflex.istate.data import URLData
from reflex.istate.proxy import StateProxy
from reflex.state import BaseState, StateUpdate
from reflex.utils.token_manager import RedisTokenManager, SocketRecord
from reflex_base.constants import RouteVar
from reflex_base.event import Event
from reflex_base.event.context import EventContext
from reflex_base.registry import RegisteredEventHandler, RegistrationContext

from servicehub.clock import machine_now

ANSWERS_WITHIN_S, ASKED_EVERY_S = 0.8, 0.02
"""How long a living browser may take to answer a ping, when another socket claims its tab."""
SESSION_HEADER = "x-forwarded-access-token"
"""Carries the session's hash inside the server. It is in Reflex's list of private headers: never sent to a browser."""


def registered(event_name: str) -> RegisteredEventHandler | None:
    """What an event's name stands for."""
    return RegistrationContext.get().event_handlers.get(event_name)


def all_states() -> Iterator[type[BaseState]]:
    """Every state class of the running application."""
    yield from RegistrationContext.get().base_states.values()


def is_framework(state: type[BaseState]) -> bool:
    """Whether Reflex itself brought the class."""
    return state.__module__.split(".")[0].startswith("reflex")


def root_of(state: BaseState) -> BaseState:
    """The root of a browser tab's state tree."""
    return state._get_root_state()


def session_hash(state: BaseState | StateProxy) -> str:
    """The hash of the session that the tab's socket was opened with, as `api.session_edge` noted it; "" for strangers."""
    return state.router.headers.raw_headers.get(SESSION_HEADER, "")


def _page(state: BaseState | StateProxy) -> URLData:
    """The address of the page that sent the event which is being handled.

    `state.router` is the tab's, and so that of whatever event came last: when somebody goes from one page to another, a watcher
    of the new page could read the old page's address there.
    """
    try:
        sent: dict[str, Any] = EventContext.get().router_data
    except LookupError:
        sent = {}
    return URLData.from_router_data(sent) if RouteVar.ORIGIN in sent else state.router.url


def page_path(state: BaseState | StateProxy) -> str:
    """The page that sent the event, as the browser says: good for language, aim and return, never for rights."""
    return _page(state).path or "/"


def page_query(state: BaseState | StateProxy) -> Mapping[str, str]:
    """What the address of `page_path` asks for."""
    return _page(state).query_parameters


def page_search(state: BaseState | StateProxy) -> str:
    """`page_query` as it is written, without the question mark."""
    return str(_page(state).query)


def page_address(state: BaseState | StateProxy) -> str:
    """`page_path` with its query."""
    url = _page(state)
    return (url.path or "/") + (f"?{url.query}" if url.query else "")


def client_ip(state: BaseState) -> str:
    """Where the tab's connection comes from."""
    return str(state.router.session.client_ip)


def asked_by_browser() -> bool:
    """Whether the event that is handled came from a browser; those of a page that is opened follow from the one that opens it."""
    return EventContext.get().parent_txid is None


def in_background(state: object) -> bool:
    """Whether a handler runs as a background task, where changes need `async with self`."""
    return isinstance(state, StateProxy)


async def answer(root: BaseState, *, redirect: str = "") -> StateUpdate:
    """An update that sends what changed in the tree, and optionally leads the tab elsewhere."""
    delta = await root._get_resolved_delta()
    root._clean()
    events = Event.from_event_type(rx.redirect(redirect)) if redirect else []
    return StateUpdate(delta=delta, events=events)


async def wipe(root: BaseState) -> None:
    """Forget everything that the tree holds, and tell the browser that it is current."""
    root.reset()
    root.is_hydrated = True  # type: ignore[attr-defined]


def _login_of(app: rx.App, sid: str) -> str:
    """The session hash of a connected socket."""
    namespace = app.event_namespace
    known = namespace._static_router_data.get(sid) if namespace else None
    if known is not None:
        return str(known["headers"].get(SESSION_HEADER, ""))
    environ = app.sio.get_environ(sid, namespace.namespace) if app.sio and namespace else None
    headers = (environ or {}).get("asgi.scope", {}).get("headers", [])
    return next((value.decode() for name, value in headers if name == SESSION_HEADER.encode()), "")


async def _is_alive(app: rx.App, sid: str) -> bool:
    """Whether the browser behind a socket answers a ping; a phone that changed networks does not."""
    if app.sio is None or app.event_namespace is None:
        return False
    engine_sid = app.sio.manager.eio_sid_from_sid(sid, app.event_namespace.namespace)
    socket = app.sio.eio.sockets.get(engine_sid)
    if socket is None or socket.closed:
        return False
    if not socket.last_ping:
        socket.last_ping = machine_now().timestamp()
        await socket.send(Packet(PING))
    for _ in range(round(ANSWERS_WITHIN_S / ASKED_EVERY_S)):
        if not socket.last_ping:
            return True
        await asyncio.sleep(ASKED_EVERY_S)
    return False


def keep_token_on_reconnect(app: rx.App) -> None:
    """Let a tab that comes back under the same log-in take over its state from its own dead socket.

    Reflex gives such a tab a new token and so an empty state (reflex issues 6345, 6252). A socket with another log-in still
    gets a new token: a stolen token does not receive what is pushed to its owner. So does a duplicate of a living tab.
    """
    namespace = app.event_namespace
    if namespace is None:
        raise RuntimeError("the application has no state")
    manager: Any = namespace._token_manager
    original = manager.link_token_to_sid

    async def link(token: str, sid: str) -> str | None:
        record = manager.token_to_socket.get(token)
        if record is not None and record.sid != sid and record.instance_id == manager.instance_id:
            if _login_of(app, record.sid) != _login_of(app, sid) or await _is_alive(app, record.sid):
                return await original(token, sid)  # type: ignore[no-any-return]
            manager.sid_to_token.pop(record.sid, None)
            app.event_processor._on_disconnect(token)
            _disconnect_later(app, record.sid)
        taken = manager.token_to_socket[token] = SocketRecord(instance_id=manager.instance_id, sid=sid)
        manager.sid_to_token[sid] = token
        if isinstance(manager, RedisTokenManager):
            manager._ensure_socket_record_task()
            await manager._store_socket_record(token, taken)
        return None

    manager.link_token_to_sid = link


_closing: set[asyncio.Task[None]] = set()


def _disconnect_later(app: rx.App, sid: str) -> None:
    namespace = app.event_namespace
    if app.sio is None or namespace is None:
        return
    task = asyncio.ensure_future(app.sio.disconnect(sid, namespace=namespace.namespace))
    _closing.add(task)
    task.add_done_callback(_closing.discard)
