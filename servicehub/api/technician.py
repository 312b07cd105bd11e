"""Where a technician is: positions come as plain posts, often and small, and never through a page's state."""

from __future__ import annotations

import math
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from servicehub import clock
from servicehub.api.callers import actor_of
from servicehub.db import database
from servicehub.domain.access import Role
from servicehub.errors import Invalid
from servicehub.services import technicians


def _coordinate(body: Any, name: str, most: float) -> float:
    value = body.get(name) if isinstance(body, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > most:
        raise Invalid(f"{name} is no coordinate")
    return float(value)


async def report_position(request: Request) -> Response:
    """JSON `{"lat": …, "lng": …}`, WGS-84; answered 204."""
    actor = await actor_of(request, Role.TECHNICIAN)
    try:
        body = await request.json()
    except ValueError as error:
        raise Invalid("no JSON") from error
    lat, lng = _coordinate(body, "lat", 90), _coordinate(body, "lng", 180)
    await database().write(technicians.report_position, actor, lat, lng, now=clock.now())
    return Response(status_code=204)


ROUTES = [Route("/api/technician/position", report_position, methods=["POST"])]
