"""The gate before every event: deny by default, whoever calls and however the event was made.

Owns the decision whether an event reaches its handler. What a handler may do with which object is decided in services.
"""

from __future__ import annotations

import logging
from typing import Any

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate

from servicehub.domain.access import Actor
from servicehub.errors import NotAllowed, TooManyTries
from servicehub.routes import Face, login_path
from servicehub.state import reflex_internals
from servicehub.state.base import HANDLER_MARK, ROLES, ToastState
from servicehub.state.session import SessionState
from servicehub.texts import path_locale
from servicehub.texts.refusals import refusal
from servicehub.workflows import visitors

_log = logging.getLogger(__name__)
LOGIN_LIMIT, STRANGERS_LIMIT = RateLimitItemPerSecond(120, 10), RateLimitItemPerSecond(600, 10)
"""What browsers may ask in ten seconds: of one log-in, and of all strangers of one address, whom a carrier may put behind it.

To open a page is one question, however many handlers that page has: they are not counted, so that no page is read by halves.
"""


def admits(needed: frozenset[str], actor: Actor | None) -> bool:
    """Whether a State with these declared roles may be called by `actor`."""
    if "public" in needed:
        return True
    return actor is not None and ("any" in needed or str(actor.role) in needed)


def face_for(needed: frozenset[str]) -> Face:
    """Whose log-in page opens a State with these roles."""
    return next((face for face in (Face.OPERATOR, Face.TECHNICIAN) if str(face) in needed), Face.CUSTOMER)


def note_failure(exception: Exception) -> None:
    """For `rx.App(backend_exception_handler=…)`: what failed outside a handler is logged, and shown to nobody."""
    _log.error("an event failed", exc_info=exception)


class Guard(Middleware):
    """First middleware of the application."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def preprocess(self, app: Any, state: BaseState, event: Any) -> StateUpdate | None:  # noqa: ARG002
        """None lets the event through; an update answers it instead."""
        registered = reflex_internals.registered(event.name)
        if registered is None:
            return StateUpdate()
        root = reflex_internals.root_of(state)
        login = reflex_internals.session_hash(root)
        actor = await visitors.actor_of(login)
        if reflex_internals.asked_by_browser() and not self._may_ask(root, login if actor else ""):
            return await self._toast(root, TooManyTries())
        await self._rebind(root, login, actor)
        called = registered.states[0]
        if reflex_internals.is_framework(called):
            return None
        needed = ROLES.get(called.get_full_name(), frozenset())
        if needed and hasattr(registered.handler.fn, HANDLER_MARK) and admits(needed, actor):
            return None
        _log.info("denied %s to %s", event.name, actor.role if actor else "a stranger")
        if not needed or admits(needed, actor):
            return await self._toast(root, NotAllowed())
        return await self._send_to_log_in(root, needed)

    def _may_ask(self, root: BaseState, login: str) -> bool:
        limit, asks = (LOGIN_LIMIT, login) if login else (STRANGERS_LIMIT, f"ip:{reflex_internals.client_ip(root)}")
        return self._limiter.hit(limit, asks)

    async def _rebind(self, root: BaseState, login: str, actor: Actor | None) -> None:
        """Tie the tree to this log-in; a tree that was filled for another one is wiped first."""
        session = await root.get_state(SessionState)
        bound = login if actor else ""
        if session._bound not in ("", bound):
            await reflex_internals.wipe(root)
        session._bind(login, actor)

    async def _toast(self, root: BaseState, error: NotAllowed) -> StateUpdate:
        text = refusal(path_locale(reflex_internals.page_path(root)), error)
        (await root.get_state(ToastState))._show(text, "bad")
        return await reflex_internals.answer(root)

    async def _send_to_log_in(self, root: BaseState, needed: frozenset[str]) -> StateUpdate:
        address = reflex_internals.page_address(root)
        prefix = "/en" if path_locale(reflex_internals.page_path(root)) == "en" else ""
        return await reflex_internals.answer(root, redirect=login_path(face_for(needed), address, prefix))
