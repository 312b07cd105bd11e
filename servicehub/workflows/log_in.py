"""Logging in where a transaction meets something slow: a message to send, a password to compare.

Each step is a transaction of its own, and nothing slow runs inside one.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from servicehub import crypto
from servicehub.adapters.sms import sms_channel
from servicehub.db import Database
from servicehub.domain.access import Role
from servicehub.errors import BadPassword
from servicehub.services import accounts
from servicehub.services.accounts import Browser, LogIn
from servicehub.settings import get_settings
from servicehub.texts import N_, Locale, say

CODE_TEXT = N_("[{brand}] Your code is {code}. It is valid for 5 minutes; never tell it to anybody.")
_COMPARING = asyncio.Semaphore(4)
"""Argon2 takes 19 MiB and a core each time: a crowd of log-ins waits instead of exhausting the machine."""


async def send_code(
    database: Database, phone: str, role: Role, browser: Browser, *, locale: Locale, now: datetime
) -> str:
    """Make a code and send it; returns the challenge to give back with it.

    Raises: BadPhone, TooManyTries, Unavailable.
    """
    sent = await database.write(accounts.request_code, phone, role, browser, now=now)
    if sent.code:
        text = say(locale, CODE_TEXT, brand=get_settings().brand_name, code=sent.code)
        await sms_channel().send(sent.phone, text)
    return sent.challenge


async def by_code(
    database: Database, challenge: str, phone: str, code: str, browser: Browser, *, now: datetime
) -> LogIn:
    """Log in a customer or technician by the code that was sent.

    Raises: BadCode, BadPhone.
    """
    city = get_settings().city
    result = await database.write(accounts.log_in_by_code, challenge, phone, code, browser, city=city, now=now)
    if result.refusal:
        raise result.refusal
    return result


async def by_password(database: Database, name: str, password: str, browser: Browser, *, now: datetime) -> LogIn:
    """Log in an operator; the attempt is counted first, so that parallel guesses count too.

    Raises: BadPassword, TooManyTries.
    """
    attempt = await database.write(accounts.begin_password, name, now=now)
    if attempt.refusal:
        raise attempt.refusal
    async with _COMPARING:
        fits = await asyncio.to_thread(crypto.verify_password, attempt.stored, password)
        if not fits or not attempt.stored:
            raise BadPassword
        stale = crypto.password_is_stale(attempt.stored)
        new_hash = await asyncio.to_thread(crypto.hash_password, password) if stale else None
    return await database.write(accounts.finish_password, name, attempt.user_id, browser, new_hash=new_hash, now=now)
