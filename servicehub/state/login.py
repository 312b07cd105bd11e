"""The customer's and technician's log-in page: asks for a code, shows the demo's message, says why a try failed.

The log-in itself is a form post (`api.session`); nothing secret passes through here.
"""

from datetime import datetime

import reflex as rx

from servicehub import clock, crypto
from servicehub.adapters.sms import simulator
from servicehub.db import database
from servicehub.domain.access import Role
from servicehub.errors import ServiceHubError
from servicehub.routes import LONGEST_PATH, same_site
from servicehub.services.accounts import CODE_LIFE, Browser
from servicehub.settings import get_settings
from servicehub.state import reflex_internals
from servicehub.state.base import AppState, handler, roles
from servicehub.texts.refusals import REFUSALS, refusal, refusal_of_code
from servicehub.workflows import log_in


@roles("public")
class LoginState(AppState, rx.State):
    """What the form shows. The challenge names a sent code and is worthless without it."""

    is_technician: bool = False
    challenge: str = ""
    phone: str = ""
    demo_text: str = ""
    """The simulated short message; empty where simulators are not allowed."""
    problem: str = ""
    next_path: str = ""
    valid_minutes: int = int(CODE_LIFE.total_seconds()) // 60
    _sent_at: datetime | None = None
    _address: str = ""

    @handler
    async def open(self) -> None:
        """Read the address, and ask anew once a code's life is over.

        Comes again when a lost connection is back, and late where a visitor is quicker than the page: what he did stays done.
        """
        self._read_address()
        code = self._query("error")
        self.problem = refusal_of_code(self._locale(), code) if code in REFUSALS else ""
        if self._sent_at is None or clock.now() - self._sent_at > CODE_LIFE:
            self._forget()

    def _read_address(self) -> None:
        """Which role and where to return; an address that was read has no say any more."""
        address = reflex_internals.page_address(self)
        if address != self._address:
            self.is_technician = self._query("role") == Role.TECHNICIAN
            self.next_path = same_site(self._query("next", LONGEST_PATH + 1), "")
            self._address = address

    def _forget(self) -> None:
        self.challenge, self.demo_text, self._sent_at = "", "", None

    @handler
    async def choose(self, role: str) -> None:
        """Switch between the two kinds of log-in."""
        self._read_address()
        self.is_technician, self.problem = role == Role.TECHNICIAN, ""
        self._forget()

    @handler
    async def request_code(self, form: dict) -> None:
        """Send a code to the phone of the form."""
        await self._send(str(form.get("phone", ""))[:40])

    @handler
    async def resend(self) -> None:
        """Another code for the same phone."""
        await self._send(self.phone)

    async def _send(self, phone: str) -> None:
        self._read_address()
        role = Role.TECHNICIAN if self.is_technician else Role.CUSTOMER
        browser = Browser(crypto.mac("ip", self.router.session.client_ip))
        self.problem = ""
        try:
            challenge = await log_in.send_code(database(), phone, role, browser, locale=self._locale(), now=clock.now())
        except ServiceHubError as error:
            self.problem = refusal(self._locale(), error)
            return
        self.phone, self.challenge, self._sent_at = phone, challenge, clock.now()
        if get_settings().simulators_allowed:
            self.demo_text = simulator().last(crypto.phone_e164(phone))

    @handler
    async def change_phone(self) -> None:
        """Back to the first step."""
        self.problem = ""
        self._forget()


@roles("public")
class OperatorLoginState(AppState, rx.State):
    """What the operators' form says after a failed try."""

    problem: str = ""
    next_path: str = ""

    @handler
    async def open(self) -> None:
        """Read the address: where to return, what went wrong."""
        self.next_path = same_site(self._query("next", LONGEST_PATH + 1), "")
        code = self._query("error")
        self.problem = refusal_of_code(self._locale(), code) if code in REFUSALS else ""
