"""What every State of ours is built from: declared roles, the actor, transactions, refusals as toasts, live reloading.

A State class says who may call it (`@roles`), its handlers are made with `@handler`, its helpers start with `_`. Who acts comes
from the server-side session at every event, never from a var. The guard that enforces this is `state.guard`.
"""

import asyncio
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import reflex as rx

from servicehub import clock
from servicehub.bus import bus
from servicehub.db import database
from servicehub.domain.access import ANONYMOUS, Actor
from servicehub.errors import NotLoggedIn, ServiceHubError
from servicehub.state import reflex_internals
from servicehub.texts import Locale, path_locale
from servicehub.texts.refusals import refusal
from servicehub.workflows import visitors

_log = logging.getLogger(__name__)
T = TypeVar("T")
S = TypeVar("S", bound=type)
ROLE_NAMES = frozenset({"customer", "technician", "operator", "any", "public"})
ROLES: dict[str, frozenset[str]] = {}
"""State class (full name) → who may call its handlers. A class that is missing here can be called by nobody."""
HANDLER_MARK = "_servicehub_handler"


def roles(*names: str) -> Callable[[S], S]:
    """Declare who may call a State's handlers: role names, "any" (everybody logged in) or "public"."""
    if not names or not set(names) <= ROLE_NAMES:
        raise ValueError(f"roles must be among {sorted(ROLE_NAMES)}: {names}")

    def declare(state: S) -> S:
        ROLES[state.get_full_name()] = frozenset(names)  # type: ignore[attr-defined]
        return state

    return declare


def handler(fn: Any = None, *, background: bool = False, **options: Any) -> Any:
    """An event handler whose refusals become a toast; so does a bug, after it was logged. The guard refuses all others.

    `options` are those of `rx.event`. Background handlers are for a page's `on_load` only (Reflex ends them with the page).
    """
    if fn is None:
        return functools.partial(handler, background=background, **options)
    wrapped = _generator(fn) if inspect.isasyncgenfunction(fn) else _coroutine(fn)
    setattr(wrapped, HANDLER_MARK, True)
    return rx.event(wrapped, background=background or None, **options)


def _coroutine(fn: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    if not inspect.iscoroutinefunction(fn):
        raise TypeError(f"{fn.__qualname__} must be async")

    @functools.wraps(fn)
    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await fn(self, *args, **kwargs)
        except ServiceHubError as error:
            return await self._refuse(error)
        except Exception:  # noqa: BLE001 - the last place before the browser
            _log.exception("%s failed", fn.__qualname__)
            return await self._refuse(ServiceHubError())

    return call


def _generator(fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            async for step in fn(self, *args, **kwargs):
                yield step
        except ServiceHubError as error:
            await self._refuse(error)
        except Exception:  # noqa: BLE001 - the last place before the browser
            _log.exception("%s failed", fn.__qualname__)
            await self._refuse(ServiceHubError())

    return call


@roles("public")
class ToastState(rx.State):
    """What the server asks of the page; custom elements on every page watch the two counters."""

    toast_text: str = ""
    toast_tone: str = ""
    """"" or "bad", which stays longer."""
    toast_seq: int = 0
    effect_action: str = ""
    """See `components.elements.effect`."""
    effect_seq: int = 0

    def _show(self, text: str, tone: str) -> None:
        self.toast_text, self.toast_tone, self.toast_seq = text, tone, self.toast_seq + 1

    def _do(self, action: str) -> None:
        self.effect_action, self.effect_seq = action, self.effect_seq + 1


@functools.lru_cache(maxsize=1024)
def _accepts(fn: Callable[..., Any], name: str) -> bool:
    return name in inspect.signature(fn).parameters


class AppState(rx.State, mixin=True):
    """Mixin of every State: `@roles("customer") class OrdersState(AppState, rx.State)`."""

    async def _viewer(self) -> Actor:
        """Who looks: the log-in's actor, or ANONYMOUS for a stranger."""
        return await visitors.actor_of(reflex_internals.session_hash(self)) or ANONYMOUS

    async def _actor(self) -> Actor:
        """Who acts.

        Raises: NotLoggedIn.
        """
        actor = await self._viewer()
        if actor.user_id == 0:
            raise NotLoggedIn
        return actor

    def _locale(self) -> Locale:
        """The language of the page that the event came from."""
        return path_locale(reflex_internals.page_path(self))

    def _query(self, name: str, limit: int = 60) -> str:
        """A value of the page's address, as the browser says."""
        return str(reflex_internals.page_query(self).get(name, ""))[:limit]

    def _last_part(self) -> str:
        """The last piece of the address's path: a slug, a number or an id, as the browser says."""
        return reflex_internals.page_path(self).rstrip("/").rsplit("/", 1)[-1][:60]

    async def _write(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """`fn(session, actor, *args, now=…)` in a transaction; see `_call`."""
        return await database().write(fn, await self._actor(), *args, **self._call(fn, kwargs))

    async def _read(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """`fn(session, actor, *args, now=…)` on a snapshot; a stranger reads as ANONYMOUS where the State is public."""
        public = "public" in ROLES.get(self.get_full_name(), frozenset())
        actor = await self._viewer() if public else await self._actor()
        return await database().read(fn, actor, *args, **self._call(fn, kwargs))

    def _call(self, fn: Callable[..., Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        """`kwargs` with `now` and `locale` added where `fn` names them and the caller did not."""
        given = {"now": clock.now, "locale": self._locale}
        return {**{k: make() for k, make in given.items() if k not in kwargs and _accepts(fn, k)}, **kwargs}

    async def _toast(self, text: str, tone: str = "") -> None:
        """Show a short message; inside `async with self` in background handlers."""
        (await self.get_state(ToastState))._show(text, tone)

    async def _effect(self, action: str) -> None:
        """Let the page do something (`close:slots`, `sound:offer`, `go:/path`); see `components.elements.effect`."""
        (await self.get_state(ToastState))._do(action)

    async def _refuse(self, error: ServiceHubError) -> Any:
        """Say why something was refused. Pages that show refusals in place override this and fall back to it."""
        _log.info("refused %s: %s", error.code, error)
        text = refusal(self._locale(), error)
        if reflex_internals.in_background(self):
            async with self:
                await self._toast(text, "bad")
        else:
            await self._toast(text, "bad")

    async def _watch(
        self,
        topics: Iterable[str],
        reload: Callable[[], Awaitable[Any]],
        *,
        settle_s: float = 0.08,
        every_s: float | None = None,
    ) -> None:
        """Call `reload` now and after every hint on `topics` until the page is left. For background `on_load` handlers.

        Hints of `settle_s` become one reload; `every_s` reloads without a hint as well. The session is checked each time:
        a log-out elsewhere ends the watching. `reload` reads outside the lock and assigns inside `async with self`.
        """
        login, public = reflex_internals.session_hash(self), "public" in ROLES.get(self.get_full_name(), frozenset())
        changed = asyncio.Event()
        async with bus().subscribe(*topics) as hints:
            pump = asyncio.create_task(_note_hints(hints, changed))
            try:
                while public or await visitors.actor_of(login, in_use=False) is not None:
                    await reload()
                    await _next_change(changed, every_s)
                    await asyncio.sleep(settle_s)
                    changed.clear()
            finally:
                pump.cancel()


async def _note_hints(hints: Any, changed: asyncio.Event) -> None:
    async for _hint in hints:
        changed.set()


async def _next_change(changed: asyncio.Event, every_s: float | None) -> None:
    try:
        await asyncio.wait_for(changed.wait(), every_s)
    except TimeoutError:
        return
