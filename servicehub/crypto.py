"""Secrets of the installation: field encryption, keyed look-up indexes, tokens, codes and passwords.

Every key is derived by HKDF from `settings.secret`; `settings.old_secrets` still decrypt. Owns the format of encrypted
fields and the normal form of phone numbers. Knows no table: the caller names the column as `context` ("table.column"),
which is authenticated with the value, so that a ciphertext moved to another column fails. The row's id is not part of the
context because a value is usually encrypted before its row has one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from servicehub.errors import BadPhone
from servicehub.settings import get_settings

_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
"""The OWASP profile for argon2id: about 50 ms and 19 MiB a check."""
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$c2VydmljZWh1Yi1ub2JvZHk$rJ0mUAk1PpVx2gqRkSVQ3Q1hkJ0f0a3S8mRZ8mE3o0Y"
"""Compared against when there is no such user, so that both answers take the same time."""


class Undecipherable(ValueError):
    """The value was not encrypted with a key of this installation, or not for this column, or was altered."""


@dataclass(frozen=True)
class _Keys:
    current: str
    fields: dict[str, AESGCM]
    index: bytes
    mac: bytes


def _derive(secret: str, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=b"servicehub", info=purpose.encode()).derive(secret.encode())


def _key_id(secret: str) -> str:
    return _derive(secret, "key-id").hex()[:8]


@lru_cache(maxsize=4)
def _keys_of(secret: str, old: tuple[str, ...]) -> _Keys:
    every = (secret, *old)
    return _Keys(
        current=_key_id(secret),
        fields={_key_id(s): AESGCM(_derive(s, "field")) for s in every},
        # The index is compared in SQL and cannot be read back, so it keeps the first secret that the installation had.
        index=_derive(every[-1], "index"),
        mac=_derive(secret, "mac"),
    )


def _keys() -> _Keys:
    settings = get_settings()
    return _keys_of(settings.secret, tuple(settings.old_secrets))


def encrypt(value: str, context: str) -> str:
    """`v1.<key id>.<base64 of nonce and ciphertext>`; `context` is "table.column"."""
    keys = _keys()
    nonce = secrets.token_bytes(12)
    sealed = keys.fields[keys.current].encrypt(nonce, value.encode(), context.encode())
    return f"v1.{keys.current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(token: str, context: str) -> str:
    """The value that `encrypt` took.

    Raises: Undecipherable.
    """
    try:
        version, key_id, body = token.split(".", 2)
        raw = base64.urlsafe_b64decode(body)
        if version != "v1":
            raise Undecipherable(f"format {version}")
        return _keys().fields[key_id].decrypt(raw[:12], raw[12:], context.encode()).decode()
    except Undecipherable:
        raise
    except (ValueError, KeyError, InvalidTag) as exc:
        raise Undecipherable(context) from exc


def is_stale(token: str) -> bool:
    """Whether the value was encrypted with an earlier secret and should be written again."""
    return token.split(".", 2)[1] != _keys().current


def blind_index(kind: str, value: str) -> str:
    """32 hexadecimal digits by which an encrypted value is found; equal for equal `kind` and `value` only."""
    return hmac.new(_keys().index, f"{kind}|{value}".encode(), hashlib.sha256).hexdigest()[:32]


def mac(purpose: str, data: str) -> str:
    """64 hexadecimal digits that only this installation can make of `data` for `purpose`."""
    return hmac.new(_keys().mac, f"{purpose}|{data}".encode(), hashlib.sha256).hexdigest()


def same(a: str, b: str) -> bool:
    """Equality in constant time."""
    return hmac.compare_digest(a.encode(), b.encode())


def new_token() -> str:
    """256 random bits for a cookie or a link."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a token. The token is random, so that a plain hash suffices."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_code(digits: int = 6) -> str:
    """A one-time code."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def hash_password(password: str) -> str:
    """Argon2id; takes about 50 ms, so call it in a thread."""
    return _HASHER.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether `password` made `stored`; takes as long when there is nothing stored. Call it in a thread."""
    try:
        return _HASHER.verify(stored or _NOBODY, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def password_is_stale(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def phone_e164(raw: str, region: str = "CN") -> str:
    """The number as `+8619900000000`; numbers without a country belong to `region`.

    Raises: BadPhone.
    """
    try:
        parsed = phonenumbers.parse(raw[:40], region)
    except phonenumbers.NumberParseException as exc:
        raise BadPhone from exc
    if not phonenumbers.is_valid_number(parsed):
        raise BadPhone
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
