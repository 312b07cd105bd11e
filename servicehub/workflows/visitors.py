"""The actor behind a request or a socket: one look at the session row, remembered for at most two seconds.

Both edges (`api`, `state`) ask here. A log-out in this process is forgotten at once, one in another process within the two
seconds. Owns no rule: `services.accounts` decides which sessions live.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from datetime import datetime

from servicehub import clock
from servicehub.db import Database, database
from servicehub.domain.access import Actor
from servicehub.errors import Overloaded
from servicehub.services import accounts

REMEMBERED_S = 2.0
_KEPT = 10_000
_known: OrderedDict[str, tuple[float, accounts.Principal | None]] = OrderedDict()


async def actor_of(token_hash: str, *, in_use: bool = True) -> Actor | None:
    """Who the session of `token_hash` stands for now, or None. `in_use` notes that a person did something."""
    if not token_hash:
        return None
    now, db = clock.now(), database()
    found = _remembered(token_hash)
    if found is False:
        found = await db.read(accounts.look_up, token_hash, now)
        _remember(token_hash, found)
    if found is None or isinstance(found, bool):
        return None
    if in_use and found.seen_at + accounts.SEEN_EVERY <= now:
        await _note_use(db, token_hash, found, now)
    return found.actor


def forget(token_hash: str = "") -> None:
    """Look this session up again at its next use; every session without an argument."""
    if token_hash:
        _known.pop(token_hash, None)
    else:
        _known.clear()


def _remembered(token_hash: str) -> accounts.Principal | bool | None:
    """What is known, or False when nothing recent is."""
    entry = _known.get(token_hash)
    if entry is None or time.monotonic() - entry[0] > REMEMBERED_S:
        return False
    return entry[1]


def _remember(token_hash: str, found: accounts.Principal | None) -> None:
    _known[token_hash] = (time.monotonic(), found)
    while len(_known) > _KEPT:
        _known.popitem(last=False)


async def _note_use(db: Database, token_hash: str, found: accounts.Principal, now: datetime) -> None:
    _remember(token_hash, accounts.Principal(found.actor, found.session_id, now))
    with contextlib.suppress(Overloaded):
        await asyncio.shield(db.write(accounts.touch, found.session_id, now=now))
