"""An HTTP client straight into the routes and the wrappers around them, and log-ins to call with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlmodel import Session

from servicehub import clock, crypto
from servicehub.api import app as http_side
from servicehub.api.cookies import name
from servicehub.db import Database
from servicehub.domain.access import SYSTEM, OperatorRole, Role
from servicehub.models.catalog import City
from servicehub.services import accounts
from servicehub.workflows import visitors

PASSWORD = "correct horse"


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


@pytest.fixture
def seeded(sqlite_database: Database) -> Iterator[Database]:
    """A city and one operator."""
    visitors.forget()
    sqlite_database.write_now(_city)
    sqlite_database.write_now(
        accounts.register,
        SYSTEM,
        city_id=1,
        role=Role.OPERATOR,
        phone="19900000009",
        login_name="dispatch",
        password_hash=crypto.hash_password(PASSWORD),
        operator_role=OperatorRole.DISPATCHER,
        now=clock.now(),
    )
    yield sqlite_database
    visitors.forget()


@pytest.fixture
def log_in(seeded: Database) -> Callable[..., dict[str, str]]:
    """Cookies of a new customer with this number."""

    def enter(number: int = 1) -> dict[str, str]:
        user = seeded.write_now(
            accounts.register,
            SYSTEM,
            city_id=1,
            role=Role.CUSTOMER,
            phone=f"1990000{number:04d}",
            now=clock.now(),
        )
        return {name(): seeded.write_now(accounts.open_session, user, accounts.Browser(), now=clock.now())}

    return enter


def stack() -> Any:
    """The HTTP side without pages and without Reflex."""

    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    asgi: Any = nothing
    for part in http_side.transformers(None, None):
        if callable(part) and not hasattr(part, "mount"):
            asgi = part(asgi)
        else:
            part.mount("", asgi)
            asgi = part
    return asgi


@pytest.fixture
def client(seeded: Database) -> Any:
    """`async with client() as http:`"""

    @asynccontextmanager
    async def connect(**options: Any) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=stack())
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", **options) as http:
            yield http

    return connect
