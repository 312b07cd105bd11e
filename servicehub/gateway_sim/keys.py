"""The keys and certificates of both sides, made once and kept in a folder that nobody else may read."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from servicehub import clock

LIFE = timedelta(days=1825)
BITS = 2048
PAYSCORE_SERVICE = "500001"
TRANSFER_SCENE = "1005"


class Keys:
    """Merchant's and platform's keys: `wechat_merchant`, `wechat_platform`, `alipay_app`, `alipay_platform`. Stripe has secrets."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
        self.home = home
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self._certificates: dict[str, x509.Certificate] = {}

    @cached_property
    def facts(self) -> dict[str, str]:
        """Numbers and secrets that both sides know; what an older folder lacks is added."""
        file = self.home / "facts.json"
        found: dict[str, str] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        if "app_secret" not in found:
            facts = {
                "merchant_id": "1900000109",
                "app_id": "wxd678efh567hg6787",
                "api_v3_key": secrets.token_hex(16),
                "app_secret": secrets.token_hex(16),
                "public_key_id": f"PUB_KEY_ID_01{secrets.randbelow(10**26):026}",
                "alipay_app_id": "2021000000000001",
                "seller_id": "2088000000000001",
                "stripe_secret_key": f"sk_test_{secrets.token_hex(16)}",
                "stripe_webhook_secret": f"whsec_{secrets.token_hex(16)}",
            }
            found = facts | found
            _write(file, json.dumps(found).encode())
        return found

    def key(self, name: str) -> rsa.RSAPrivateKey:
        """The private key of that name."""
        if name not in self._keys:
            file = self.key_file(name)
            if not file.is_file():
                made = rsa.generate_private_key(65537, BITS)
                form = serialization.PrivateFormat.PKCS8
                _write(file, made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
            loaded = serialization.load_pem_private_key(file.read_bytes(), None)
            if not isinstance(loaded, rsa.RSAPrivateKey):
                raise TypeError(f"{file.name} is no RSA key")
            self._keys[name] = loaded
        return self._keys[name]

    def key_file(self, name: str) -> Path:
        """Where the private key lies, as PEM."""
        return self.home / f"{name}.key.pem"

    def public_file(self, name: str) -> Path:
        """Where the public key lies, as PEM."""
        file = self.home / f"{name}.pub.pem"
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        _write(file, self.key(name).public_key().public_bytes(serialization.Encoding.PEM, form))
        return file

    def certificate(self, name: str) -> x509.Certificate:
        """The certificate of that name; `root` signs the others."""
        if name not in self._certificates:
            file = self.home / f"{name}.crt.pem"
            if not file.is_file():
                _write(file, self._certified(name).public_bytes(serialization.Encoding.PEM))
            self._certificates[name] = x509.load_pem_x509_certificate(file.read_bytes())
        return self._certificates[name]

    def certificate_file(self, name: str) -> Path:
        """Where the certificate lies, as PEM."""
        self.certificate(name)
        return self.home / f"{name}.crt.pem"

    def serial(self, name: str) -> str:
        """A certificate's serial number as WeChat Pay writes it."""
        return f"{self.certificate(name).serial_number:X}"

    def alipay_number(self, name: str) -> str:
        """A certificate's number as Alipay writes it: md5 of the issuer and the serial number."""
        certificate = self.certificate(name)
        parts = (
            ("CN", NameOID.COMMON_NAME),
            ("OU", NameOID.ORGANIZATIONAL_UNIT_NAME),
            ("O", NameOID.ORGANIZATION_NAME),
            ("C", NameOID.COUNTRY_NAME),
        )
        issuer = ",".join(f"{k}={certificate.issuer.get_attributes_for_oid(oid)[0].value!s}" for k, oid in parts)
        text = f"{issuer}{certificate.serial_number}"
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    def _certified(self, name: str) -> x509.Certificate:
        issuer = _name("Simulated root") if name == "root" else self.certificate("root").subject
        began = clock.machine_now() - timedelta(days=1)
        return (
            x509.CertificateBuilder()
            .subject_name(_name("Simulated root" if name == "root" else name))
            .issuer_name(issuer)
            .public_key(self.key(name).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(began)
            .not_valid_after(began + LIFE)
            .sign(self.key("root"), hashes.SHA256())
        )


def environment(keys: Keys, address: str) -> dict[str, str]:
    """The variables with which the product takes the simulated accounts for its own; `address` is where the simulator listens."""
    facts = keys.facts
    wechat = {
        "MERCHANT_ID": facts["merchant_id"],
        "APP_ID": facts["app_id"],
        "PRIVATE_KEY_FILE": str(keys.key_file("wechat_merchant")),
        "CERTIFICATE_SERIAL": keys.serial("wechat_merchant"),
        "API_V3_KEY": facts["api_v3_key"],
        "PUBLIC_KEY_FILE": str(keys.public_file("wechat_platform")),
        "PUBLIC_KEY_ID": facts["public_key_id"],
        "PAYSCORE_SERVICE_ID": PAYSCORE_SERVICE,
        "TRANSFER_SCENE_ID": TRANSFER_SCENE,
        "SHARING_RECEIVER": "1900000999",
        "SHARING_RECEIVER_NAME": "示例平台有限公司",
        "API": address,
        "APP_SECRET": facts["app_secret"],
        "OAUTH_PAGE": address,
        "OAUTH_API": address,
    }
    alipay = {
        "APP_ID": facts["alipay_app_id"],
        "SELLER_ID": facts["seller_id"],
        "SHARING_RECEIVER": "2088000000000999",
        "PRIVATE_KEY_FILE": str(keys.key_file("alipay_app")),
        "APP_CERTIFICATE_FILE": str(keys.certificate_file("alipay_app")),
        "ALIPAY_CERTIFICATE_FILE": str(keys.certificate_file("alipay_platform")),
        "ROOT_CERTIFICATE_FILE": str(keys.certificate_file("root")),
        "FREEZE": "true",
        "API": f"{address}/gateway.do",
    }
    stripe = {
        "SECRET_KEY": facts["stripe_secret_key"],
        "WEBHOOK_SECRET": facts["stripe_webhook_secret"],
        "CURRENCY": "cny",
        "LIVE": "false",
        "API": address,
    }
    accounts = {"WECHAT": wechat, "ALIPAY": alipay, "STRIPE": stripe}
    return {
        f"SERVICEHUB_{channel}__{name}": value for channel, fields in accounts.items() for name, value in fields.items()
    }


def signed(key: rsa.RSAPrivateKey, text: str) -> str:
    """RSA with SHA-256 (PKCS #1 v1.5), base64: what both platforms use."""
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(key: rsa.RSAPublicKey, text: str, signature: str) -> bool:
    """Whether `signature` is the one of `text`."""
    try:
        key.verify(base64.b64decode(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def opened(key: rsa.RSAPrivateKey, sealed: str) -> str:
    """A name that was encrypted for the platform. Raises: ValueError for what was not."""
    form = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - as the platform has it
    return key.decrypt(base64.b64decode(sealed), form).decode()


def sealed(api_v3_key: str, text: str, about: str) -> dict[str, str]:
    """AES-256-GCM as WeChat Pay's messages carry it."""
    nonce = secrets.token_hex(6)
    cipher = AESGCM(api_v3_key.encode()).encrypt(nonce.encode(), text.encode(), about.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": about,
        "ciphertext": base64.b64encode(cipher).decode(),
        "original_type": about,
    }


def _name(common: str) -> x509.Name:
    parts = (
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, "Simulated"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Payments"),
        (NameOID.COMMON_NAME, common),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
