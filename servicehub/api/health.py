"""Is the process alive, and can it serve: two questions for supervisors and load balancers."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from servicehub.db import database
from servicehub.errors import ServiceHubError

READY_WITHIN_S = 2.0


def _answers(session: Session) -> bool:
    return session.execute(sa.text("SELECT 1 FROM sh_city LIMIT 1")) is not None


async def healthz(_request: Request) -> Response:
    """The process runs."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def readyz(_request: Request) -> Response:
    """The database answers and its writers keep up."""
    try:
        db = database()
        await asyncio.wait_for(db.read(_answers), READY_WITHIN_S)
        pressure = db.pressure()
    except (RuntimeError, ServiceHubError, TimeoutError, sa.exc.SQLAlchemyError) as error:
        return JSONResponse({"status": "unavailable", "why": type(error).__name__}, 503, {"Cache-Control": "no-store"})
    body = {"status": "ok", "writes_queued": pressure.writes_queued, "write_p99_s": round(pressure.write_p99_s, 4)}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


ROUTES = [Route("/healthz", healthz), Route("/readyz", readyz)]
