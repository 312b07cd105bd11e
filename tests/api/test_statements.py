"""Statements over HTTP: to the technician himself, and to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from itertools import count
from typing import Any

import pytest
from sqlmodel import Session, select

from servicehub import clock
from servicehub.api.cookies import name
from servicehub.db import Database
from servicehub.domain.access import SYSTEM, OperatorRole, Role
from servicehub.domain.technician import Gender, Level, TechnicianStatus, Transport
from servicehub.models.audit import AuditEntry
from servicehub.models.catalog import City
from servicehub.models.settlement import SettlementBatch
from servicehub.models.technician import Technician
from servicehub.services import accounts, settlements
from tests import journey


def _technician(session: Session) -> str:
    user = accounts.register(session, SYSTEM, city_id=1, role=Role.TECHNICIAN, phone="19900000077", now=clock.now())
    session.add(
        Technician(
            city_id=1, user_id=user.id or 0, name="测试", portrait="av-1", gender=Gender.FEMALE, level=Level.SILVER,
            transport=Transport.EBIKE, status=TechnicianStatus.ACTIVE, home_lat=31.2, home_lng=121.5, joined_on=date(2025, 1, 1),
        )
    )  # fmt: skip
    session.flush()
    return accounts.open_session(session, user, accounts.Browser(), now=clock.now())


@pytest.fixture
def cookies(seeded: Database) -> dict[str, str]:
    return {name(): seeded.write_now(_technician)}


@pytest.fixture
def operators(seeded: Database) -> Callable[..., dict[str, str]]:
    """Cookies of a new operator of this role."""

    numbers = count(1)

    def enter(role: OperatorRole, *, city_id: int = 1) -> dict[str, str]:
        def made(session: Session) -> str:
            if session.get(City, city_id) is None:
                session.add(
                    City(
                        id=city_id,
                        slug="b",
                        code="32",
                        name_zh="乙",
                        name_en="B",
                        timezone="Asia/Shanghai",
                        lat=31,
                        lng=120,
                    )
                )
                session.flush()
            user = accounts.register(
                session, SYSTEM, city_id=city_id, role=Role.OPERATOR, phone=f"1990000{city_id}{next(numbers):03d}",
                login_name=f"{role}-{city_id}", password_hash="x", operator_role=role, now=clock.now(),
            )  # fmt: skip
            return accounts.open_session(session, user, accounts.Browser(), now=clock.now())

        return {name(): seeded.write_now(made)}

    return enter


@pytest.mark.parametrize(
    ("kind", "starts", "media"), [("pdf", b"%PDF-", "application/pdf"), ("xlsx", b"PK", "application/vnd.")]
)
def test_the_technicians_own(client: Any, cookies: dict[str, str], kind: str, starts: bytes, media: str) -> None:
    month = f"{clock.now():%Y-%m}"

    async def story() -> None:
        async with client(cookies=cookies) as http:
            answer = await http.get(f"/api/technician/statements/{month}.{kind}?locale=en")
            assert (answer.status_code, answer.content[: len(starts)]) == (200, starts)
            assert answer.headers["content-type"].startswith(media)
            assert answer.headers["content-disposition"] == f'attachment; filename="statement-{month}.{kind}"'
            assert "no-store" in answer.headers["cache-control"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("path", "status"), [("2026-13.pdf", 422), ("2099-01.pdf", 422), ("x.pdf", 422), ("2026-01.exe", 404)]
)
def test_what_is_no_statement(client: Any, cookies: dict[str, str], path: str, status: int) -> None:
    async def story() -> None:
        async with client(cookies=cookies) as http:
            assert (await http.get(f"/api/technician/statements/{path}")).status_code == status

    asyncio.run(story())


def test_strangers_and_customers_get_none(client: Any, log_in: Callable[..., dict[str, str]]) -> None:
    customer = log_in()

    async def story() -> None:
        async with client() as http:
            assert (await http.get("/api/technician/statements/2026-01.pdf")).status_code in (401, 403)
        async with client(cookies=customer) as http:
            assert (await http.get("/api/technician/statements/2026-01.pdf")).status_code == 403

    asyncio.run(story())


def test_operators_of_the_city_read_a_technicians_and_leave_a_trace(
    client: Any, cookies: dict[str, str], operators: Callable[..., dict[str, str]], seeded: Database
) -> None:
    who = seeded.read_now(lambda session: session.exec(select(Technician.id)).one()) or 0
    month = f"{clock.now():%Y-%m}"

    async def story() -> None:
        async with client(cookies=operators(OperatorRole.FINANCE)) as http:
            answer = await http.get(f"/api/operator/technicians/{who}/statements/{month}.pdf")
            assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
            assert (await http.get(f"/api/operator/technicians/{who + 1}/statements/{month}.pdf")).status_code == 404
            assert (await http.get(f"/api/operator/technicians/{10**30}/statements/{month}.pdf")).status_code == 404
            assert (await http.get(f"/api/operator/technicians/{who}/statements/2099-01.pdf")).status_code == 422
        async with client(cookies=operators(OperatorRole.SUPPORT)) as http:
            assert (await http.get(f"/api/operator/technicians/{who}/statements/{month}.pdf")).status_code == 403
        async with client(cookies=operators(OperatorRole.FINANCE, city_id=2)) as http:
            assert (await http.get(f"/api/operator/technicians/{who}/statements/{month}.pdf")).status_code == 404
        async with client(cookies=cookies) as http:
            assert (await http.get(f"/api/operator/technicians/{who}/statements/{month}.pdf")).status_code == 403

    asyncio.run(story())
    left = seeded.read_now(lambda session: list(session.exec(select(AuditEntry)).all()))
    assert [(row.action, row.subject, row.data) for row in left] == [
        ("statement.download", f"technician:{who}", {"month": month, "kind": "pdf"})
    ]


def test_a_year_is_a_statement_too(
    client: Any, cookies: dict[str, str], operators: Callable[..., dict[str, str]], seeded: Database
) -> None:
    who = seeded.read_now(lambda session: session.exec(select(Technician.id)).one()) or 0
    year = f"{clock.now():%Y}"

    async def story() -> None:
        async with client(cookies=cookies) as http:
            for kind, starts in (("pdf", b"%PDF-"), ("xlsx", b"PK")):
                answer = await http.get(f"/api/technician/statements/{year}.{kind}?locale=en")
                assert (answer.status_code, answer.content[: len(starts)]) == (200, starts)
                assert f"statement-{year}.{kind}" in answer.headers["content-disposition"]
            assert (await http.get("/api/technician/statements/2099.pdf")).status_code == 422
            assert (await http.get(f"/api/operator/technicians/{who}/statements/{year}.pdf")).status_code == 403
        async with client(cookies=operators(OperatorRole.FINANCE)) as http:
            answer = await http.get(f"/api/operator/technicians/{who}/statements/{year}.pdf")
            assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")

    asyncio.run(story())
    left = seeded.read_now(lambda session: list(session.exec(select(AuditEntry)).all()))
    assert [(row.subject, row.data) for row in left] == [(f"technician:{who}", {"month": year, "kind": "pdf"})]


def test_a_quarter_is_for_those_who_read_the_ledger_and_leaves_a_trace(
    client: Any,
    cookies: dict[str, str],
    log_in: Callable[..., dict[str, str]],
    operators: Callable[..., dict[str, str]],
    seeded: Database,
) -> None:
    now = clock.now()
    path = f"/api/operator/taxes/{now.year}-Q{(now.month + 2) // 3}.xlsx"
    customer = log_in()

    async def story() -> None:
        async with client() as http:
            assert (await http.get(path)).status_code in (401, 403)
        for refused in (cookies, customer, operators(OperatorRole.SUPPORT), operators(OperatorRole.CITY_MANAGER)):
            async with client(cookies=refused) as http:
                assert (await http.get(path)).status_code == 403
        async with client(cookies=operators(OperatorRole.FINANCE)) as http:
            answer = await http.get(path)
            assert (answer.status_code, answer.content[:2]) == (200, b"PK")
            assert "no-store" in answer.headers["cache-control"]
            for wrong in ("2099-Q1", "2026-Q5", "x"):
                assert (await http.get(f"/api/operator/taxes/{wrong}.xlsx")).status_code == 422

    asyncio.run(story())
    left = seeded.read_now(lambda session: list(session.exec(select(AuditEntry)).all()))
    assert [row.action for row in left] == ["taxes.download"]


def _batch(session: Session) -> tuple[str, int]:
    """A settlement batch of one job, and its city."""
    world = journey.build(session)
    world.completed()
    settlements.mature_due(session, world.later(days=20))
    return session.exec(select(SettlementBatch.no, SettlementBatch.city_id)).one()


def test_a_settlement_batch_is_for_those_who_read_the_ledger_and_leaves_a_trace(
    client: Any, log_in: Callable[..., dict[str, str]], operators: Callable[..., dict[str, str]], seeded: Database
) -> None:
    no, city_id = seeded.write_now(_batch)
    path = f"/api/operator/settlements/{no}.xlsx?locale=en"
    customer = log_in()

    async def story() -> None:
        async with client() as http:
            assert (await http.get(path)).status_code in (401, 403)
        for refused in (customer, operators(OperatorRole.SUPPORT)):
            async with client(cookies=refused) as http:
                assert (await http.get(path)).status_code == 403
        async with client(cookies=operators(OperatorRole.FINANCE)) as http:
            assert (await http.get(path)).status_code == 404  # of another city
        async with client(cookies=operators(OperatorRole.FINANCE, city_id=city_id)) as http:
            answer = await http.get(path)
            assert (answer.status_code, answer.content[:2]) == (200, b"PK")
            assert answer.headers["content-disposition"] == f'attachment; filename="settlement-{no}.xlsx"'
            assert "no-store" in answer.headers["cache-control"]
            assert (await http.get("/api/operator/settlements/SB.xlsx")).status_code == 404

    asyncio.run(story())
    left = seeded.read_now(lambda session: list(session.exec(select(AuditEntry)).all()))
    assert [(row.action, row.subject, row.data) for row in left] == [("batch.download", f"batch:{no}", {"earnings": 1})]
