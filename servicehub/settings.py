"""Typed settings, read from the environment (`SERVICEHUB_…`) once.

Owns names, defaults and the refusal of unsafe values outside development. Reads nothing but the environment.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only-secret-never-in-production"  # noqa: S105 - refused in production below


WECHAT_PAY_API = "https://api.mch.weixin.qq.com"
ALIPAY_API = "https://openapi.alipay.com/gateway.do"


class WechatPayAccount(BaseModel):
    """A merchant's account at WeChat Pay (API v3 with a public key). Files hold PEM text."""

    merchant_id: str
    app_id: str
    private_key_file: Path
    """The merchant's private key…"""
    certificate_serial: str
    """…and the serial number of its certificate, hexadecimal."""
    api_v3_key: str
    """32 characters; messages are encrypted with it."""
    public_key_file: Path
    """WeChat Pay's public key…"""
    public_key_id: str
    """…and its id, PUB_KEY_ID_…"""
    api: str = WECHAT_PAY_API


class AlipayAccount(BaseModel):
    """A merchant's account at Alipay (certificate mode). Files hold PEM text."""

    app_id: str
    seller_id: str
    """The merchant's own number, 2088…: a message that names another one is not ours."""
    private_key_file: Path
    app_certificate_file: Path
    alipay_certificate_file: Path
    root_certificate_file: Path
    api: str = ALIPAY_API


class Settings(BaseSettings):
    """Every knob of the installation. The README's configuration table is made from this class."""

    model_config = SettingsConfigDict(env_prefix="SERVICEHUB_", env_nested_delimiter="__", extra="ignore")

    env: Literal["development", "demo", "production"] = "development"
    """`production` refuses simulators and the default secret."""
    data_dir: Path = Path("servicehub-data")
    """Where the SQLite database, uploaded pictures and the built front end's stamp live."""
    database_url: str = ""
    """Empty: SQLite in `data_dir`. Else a PostgreSQL URL (`postgresql+psycopg://…`)."""
    redis_url: str = ""
    """Empty: everything in this process. Else Redis carries live updates between processes."""
    role: Literal["all", "web", "worker"] = "all"
    """What this process does; `web` and `worker` need PostgreSQL."""
    secret: str = DEVELOPMENT_SECRET
    """At least 32 characters; every key (fields, look-up index, sessions, codes) is derived from it."""
    old_secrets: list[str] = Field(default_factory=list)
    """Earlier secrets that still decrypt fields."""
    base_url: str = "http://127.0.0.1:8000"
    """The address under which browsers reach the service; also the only allowed Origin."""
    host: str = "127.0.0.1"
    port: int = 8000
    trusted_proxy_hops: int = 0

    brand_name: str = "ServiceHub"
    brand_color: str = "#0B7D6C"
    city: str = "shanghai"
    """Slug of the city that this installation opens with."""

    payment_channels: list[str] = Field(default_factory=lambda: ["simulator"])
    """Who takes payments, in the order in which they are offered: wechat, alipay, or the simulator inside this process."""
    wechat: WechatPayAccount | None = None
    alipay: AlipayAccount | None = None
    sms_channel: Literal["simulator"] = "simulator"
    geocoder_domain: str = ""
    """Host of a Nominatim service; empty searches the built-in gazetteer of the demo city."""
    map_tiles: str = ""
    """Tile URL template for maps; empty draws a plain themed background."""

    routing_url: str = ""
    """Address of an OSRM server with the profiles `bike` and `car`, asked once a week for the ways between the zones of each city;
    empty: distances and speeds alone."""

    hold_minutes: int = 15
    """How long an unpaid order keeps its slot."""
    depart_early_minutes: int = 180
    """How long before the visit a technician may depart."""
    arrive_radius_m: int = 300
    clock_start: str = ""
    """Development and demo only: an ISO instant from which the product's clock runs."""

    @field_validator("secret")
    @classmethod
    def _secret_long_enough(cls, value: str) -> str:
        if len(value) < 32:
            raise ValueError("SERVICEHUB_SECRET must have at least 32 characters")
        return value

    @property
    def sqlalchemy_url(self) -> str:
        """The database's URL, embedded SQLite when none is configured."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'servicehub.db'}"

    @property
    def is_sqlite(self) -> bool:
        return self.sqlalchemy_url.startswith("sqlite")

    @property
    def simulators_allowed(self) -> bool:
        return self.env != "production"

    @property
    def _is_simulated(self) -> bool:
        """Whether a channel is asked somewhere else than at its real address."""
        return (self.wechat is not None and self.wechat.api != WECHAT_PAY_API) or (
            self.alipay is not None and self.alipay.api != ALIPAY_API
        )

    def unsafe(self) -> list[str]:
        """Sentences that say why these settings must not serve the public; empty when they may."""
        problems = []
        if self.secret == DEVELOPMENT_SECRET:
            problems.append("SERVICEHUB_SECRET is the development secret: set one of your own (32 characters or more).")
        if self.env == "production" and self.clock_start:
            problems.append("SERVICEHUB_CLOCK_START shifts the clock: unset it.")
        if self.env == "production" and "simulator" in self.payment_channels:
            problems.append("SERVICEHUB_PAYMENT_CHANNELS contains the payment simulator: name real channels.")
        if self.env == "production" and self._is_simulated:
            problems.append("SERVICEHUB_WECHAT__API or SERVICEHUB_ALIPAY__API is not the real one: unset it.")
        problems += [
            f"SERVICEHUB_PAYMENT_CHANNELS names {channel}, but SERVICEHUB_{channel.upper()}__… is not set."
            for channel in self.payment_channels
            if channel in ("wechat", "alipay") and getattr(self, channel) is None
        ]
        if self.env == "production" and self.sms_channel == "simulator":
            problems.append("SERVICEHUB_SMS_CHANNEL is the SMS simulator: name a real channel.")
        if self.env == "production" and not self.base_url.startswith("https://"):
            problems.append("SERVICEHUB_BASE_URL must start with https:// so that cookies stay private.")
        if self.is_sqlite and self.role != "all":
            problems.append("SERVICEHUB_ROLE web or worker needs PostgreSQL: SQLite has one writing process.")
        return problems


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings; read once."""
    return Settings()
