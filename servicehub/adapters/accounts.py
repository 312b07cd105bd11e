"""Whether the keys and certificates of a payment account fit together, found out without asking anybody."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from servicehub import clock
from servicehub.settings import AlipayAccount, Settings, StripeAccount, WechatPayAccount

T = TypeVar("T")
SECRET_CHARS = 32
LEAST_BITS = 2048
REPORT_CHARS = 32


class _Unfit(ValueError):
    """One sentence that says what to mend."""


def fault_of(channel: str, settings: Settings) -> str:
    """What is wrong with the account of a channel, in a sentence; empty when nothing is."""
    account = {"wechat": settings.wechat, "alipay": settings.alipay, "stripe": settings.stripe}.get(channel)
    if account is None:
        return f"no account is set: SERVICEHUB_{channel.upper()}__…"
    try:
        if isinstance(account, WechatPayAccount):
            _check_wechat(account)
        elif isinstance(account, StripeAccount):
            _check_stripe(account)
        else:
            _check_alipay(account, clock.machine_now())
    except _Unfit as fault:
        return str(fault)
    return ""


def _check_wechat(account: WechatPayAccount) -> None:
    _private_key(account.private_key_file, "SERVICEHUB_WECHAT__PRIVATE_KEY_FILE")
    _public_key(account.public_key_file, "SERVICEHUB_WECHAT__PUBLIC_KEY_FILE")
    rules = (
        (account.merchant_id.isdigit(), "SERVICEHUB_WECHAT__MERCHANT_ID is a number of digits"),
        (
            bool(re.fullmatch(r"[0-9A-Fa-f]{16,40}", account.certificate_serial)),
            "SERVICEHUB_WECHAT__CERTIFICATE_SERIAL is the hexadecimal number of the merchant's certificate",
        ),
        (len(account.api_v3_key) == SECRET_CHARS, "SERVICEHUB_WECHAT__API_V3_KEY has 32 characters"),
        (
            account.public_key_id.startswith("PUB_KEY_ID_"),
            "SERVICEHUB_WECHAT__PUBLIC_KEY_ID begins with PUB_KEY_ID_",
        ),
        (
            not account.payscore_service_id or account.payscore_service_id.isdigit(),
            "SERVICEHUB_WECHAT__PAYSCORE_SERVICE_ID is a number of digits",
        ),
        (
            not account.transfer_scene_id or account.transfer_scene_id.isdigit(),
            "SERVICEHUB_WECHAT__TRANSFER_SCENE_ID is a number of digits",
        ),
        (
            not account.transfer_scene_id or account.app_secret is not None,
            "SERVICEHUB_WECHAT__APP_SECRET is needed for payouts (…TRANSFER_SCENE_ID): payees log in with it",
        ),
        (
            not account.transfer_scene_id
            or all(0 < len(text) <= REPORT_CHARS for text in account.transfer_report.values()),
            "SERVICEHUB_WECHAT__TRANSFER_REPORT has texts of 1 to 32 characters",
        ),
    )
    for holds, rule in rules:
        if not holds:
            raise _Unfit(rule)


def _check_alipay(account: AlipayAccount, now: datetime) -> None:
    key = _private_key(account.private_key_file, "SERVICEHUB_ALIPAY__PRIVATE_KEY_FILE")
    own = _certificates(account.app_certificate_file, "SERVICEHUB_ALIPAY__APP_CERTIFICATE_FILE")[0]
    platform = _certificates(account.alipay_certificate_file, "SERVICEHUB_ALIPAY__ALIPAY_CERTIFICATE_FILE")[0]
    roots = _certificates(account.root_certificate_file, "SERVICEHUB_ALIPAY__ROOT_CERTIFICATE_FILE")
    if own.public_key() != key.public_key():
        raise _Unfit("SERVICEHUB_ALIPAY__APP_CERTIFICATE_FILE belongs to another key than …PRIVATE_KEY_FILE")
    if not account.seller_id.startswith("2088") or not account.seller_id.isdigit():
        raise _Unfit("SERVICEHUB_ALIPAY__SELLER_ID is a number that begins with 2088")
    for certificate, name in (own, "APP_CERTIFICATE_FILE"), (platform, "ALIPAY_CERTIFICATE_FILE"):
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise _Unfit(
                f"SERVICEHUB_ALIPAY__{name} is not valid now: it ends {certificate.not_valid_after_utc:%Y-%m-%d}"
            )
    if not any(root.subject == root.issuer for root in roots):
        raise _Unfit("SERVICEHUB_ALIPAY__ROOT_CERTIFICATE_FILE holds no root certificate")
    chain = [*roots, *_certificates(account.alipay_certificate_file, "")[1:]]
    if not any(_issued(platform, issuer) for issuer in chain):
        raise _Unfit("SERVICEHUB_ALIPAY__ALIPAY_CERTIFICATE_FILE was not issued by the root certificates")


def _check_stripe(account: StripeAccount) -> None:
    mode = "live" if account.live else "test"
    rules = (
        (
            bool(re.fullmatch(rf"[sr]k_{mode}_[0-9A-Za-z]{{16,}}", account.secret_key.get_secret_value())),
            f"SERVICEHUB_STRIPE__SECRET_KEY begins with sk_{mode}_ or rk_{mode}_ while …LIVE is {account.live}",
        ),
        (
            bool(re.fullmatch(r"whsec_[0-9A-Za-z+/=]{16,}", account.webhook_secret.get_secret_value())),
            "SERVICEHUB_STRIPE__WEBHOOK_SECRET begins with whsec_",
        ),
        (
            account.counts_hundredths,
            "SERVICEHUB_STRIPE__CURRENCY is three small letters of a currency that has hundredths",
        ),
    )
    for holds, rule in rules:
        if not holds:
            raise _Unfit(rule)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _read(file: Path, name: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _Unfit(f"{name}: {file} cannot be read ({error.strerror})") from error


def _private_key(file: Path, name: str) -> rsa.RSAPrivateKey:
    key = _loaded(lambda: serialization.load_pem_private_key(_read(file, name), None), name, "private key")
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < LEAST_BITS:
        raise _Unfit(f"{name} is no RSA key of 2048 bits or more")
    return key


def _public_key(file: Path, name: str) -> None:
    if not isinstance(
        _loaded(lambda: serialization.load_pem_public_key(_read(file, name)), name, "public key"), rsa.RSAPublicKey
    ):
        raise _Unfit(f"{name} is no RSA key")


def _certificates(file: Path, name: str) -> list[x509.Certificate]:
    return _loaded(lambda: x509.load_pem_x509_certificates(_read(file, name)), name, "certificate")


def _loaded(load: Callable[[], T], name: str, what: str) -> T:
    try:
        return load()
    except _Unfit:
        raise
    except (ValueError, TypeError) as error:
        raise _Unfit(f"{name} holds no {what} in PEM form") from error
