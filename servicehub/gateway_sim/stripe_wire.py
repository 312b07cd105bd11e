"""How Stripe is spoken to: nested forms, bearer keys, requests that are carried out once for a key, errors, signed messages."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from servicehub.gateway_sim.platform import Platform, now

Json = dict[str, Any]
Handler = Callable[[Request, Json], Json]
API_VERSION = "2026-10-28.endive"
KEPT = timedelta(hours=24)
"""How long it is remembered what a key was used for."""
RECEIVER = "/api/payments/notify/stripe"
"""An account's receiver of messages is set by hand on Stripe's pages; here it is at the shop that a payment returns to."""


class Refused(Exception):
    """A request that Stripe answers with an error. `kept`: it was begun, so that its key answers the same again."""

    def __init__(
        self, status: int, message: str, *, code: str = "", param: str = "", kind: str = "", kept: bool = False
    ) -> None:
        super().__init__(message)
        self.status, self.kept = status, kept
        found = {"code": code, "message": message, "param": param, "type": kind or "invalid_request_error"}
        self.body: Json = {"error": {name: value for name, value in found.items() if value}}


def missing(what: str, no: str, status: int = 404) -> Refused:
    """There is no such thing."""
    return Refused(status, f"No such {what}: '{no}'", code="resource_missing", param="id" if status == 404 else what)


def nested(text: str) -> Json:
    """A form with names like `a[b][0][c]`, as objects in objects; places in a list are names too."""
    made: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        *way, last = re.findall(r"[^\[\]]+", name)
        inner = made
        for step in way:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return made


def number(prefix: str, *, mode: str = "") -> str:
    """A new id: pi_…, cs_test_…"""
    return f"{prefix}_{mode}{secrets.token_hex(12)}"


class Wire:
    """Checks what comes in and signs what goes out, for one account in test mode."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def guarded(self, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint around a request's handler."""

        async def endpoint(request: Request) -> Response:
            body = (await request.body()).decode()
            if self._platform.stumbles():
                return _answered(500, {"error": {"type": "api_error", "message": "An unknown error occurred"}})
            if request.headers.get("authorization", "") != f"Bearer {self._platform.keys.facts['stripe_secret_key']}":
                return _answered(401, Refused(401, "Invalid API Key provided").body)
            asked = nested(body if request.method == "POST" else request.url.query)
            if request.method != "POST":
                return self._carried_out(handle, request, asked)[0]
            return await self._platform.answered(self._once(handle, request, asked, body))

        return endpoint

    def _once(self, handle: Handler, request: Request, asked: Json, body: str) -> Response:
        """Carried out once for each key; whoever asks again hears the same, also when it was an error."""
        key = request.headers.get("idempotency-key", "")
        if not key:
            return self._carried_out(handle, request, asked)[0]
        what = hashlib.sha256(f"{request.url.path}\n{body}".encode()).hexdigest()
        known = self._platform.get("stripe-key", key)
        if known is not None and now() - datetime.fromisoformat(known["at"]) < KEPT:
            if known["what"] != what:
                same = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                )
                return _answered(400, Refused(400, same, kind="idempotency_error").body)
            return _answered(known["status"], known["answer"], {"Idempotent-Replayed": "true"})
        answer, kept = self._carried_out(handle, request, asked)
        if kept:
            document = {"what": what, "status": answer.status_code, "answer": json.loads(bytes(answer.body))}
            self._platform.put("stripe-key", key, document | {"at": now().isoformat()})
        return answer

    def _carried_out(self, handle: Handler, request: Request, asked: Json) -> tuple[Response, bool]:
        """The answer, and whether its key stands for it from now on."""
        try:
            return _answered(200, handle(request, asked)), True
        except Refused as refusal:
            return _answered(refusal.status, refusal.body), refusal.kept
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return _answered(400, Refused(400, f"Missing or wrong parameter: {error}").body), False

    def tell(self, shop: str, event: str, about: Json) -> None:
        """Send an event about an object as it is now to the shop that lies at the same address as `shop`."""
        place = urlsplit(shop)
        body = json.dumps(
            {
                "id": number("evt"),
                "object": "event",
                "api_version": API_VERSION,
                "created": int(now().timestamp()),
                "data": {"object": about},
                "livemode": False,
                "pending_webhooks": 1,
                "request": {"id": None, "idempotency_key": None},
                "type": event,
            }
        )

        def message() -> tuple[bytes, dict[str, str]]:
            secret = self._platform.keys.facts["stripe_webhook_secret"]
            if self._platform.faults.forge:
                secret = secret[::-1]
            stamp = int(now().timestamp())
            sign = hmac.new(secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
            signature = f"t={stamp},v1={sign},v0={secrets.token_hex(32)}"
            return body.encode(), {"Stripe-Signature": signature, "Content-Type": "application/json; charset=utf-8"}

        self._platform.send(f"{place.scheme}://{place.netloc}{RECEIVER}", message)


def _answered(status: int, document: Json, more: dict[str, str] | None = None) -> Response:
    headers = {"Request-Id": number("req"), "Stripe-Version": API_VERSION, **(more or {})}
    return Response(json.dumps(document), status, headers=headers, media_type="application/json")
