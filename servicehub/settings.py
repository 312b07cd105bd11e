"""Typed settings, read from the environment (`SERVICEHUB_…`) once.

Owns names, defaults and the refusal of unsafe values outside development. Reads nothing but the environment.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only-secret-never-in-production"  # noqa: S105 - refused in production below


WECHAT_PAY_API = "https://api.mch.weixin.qq.com"
WECHAT_PAGE, WECHAT_API = "https://open.weixin.qq.com", "https://api.weixin.qq.com"
"""Where WeChat's browser logs in, and where its codes are exchanged."""
ALIPAY_API = "https://openapi.alipay.com/gateway.do"
STRIPE_API = "https://api.stripe.com"
_NO_HUNDREDTHS = "bhd bif clp djf gnf isk jod jpy kmf krw kwd mga omr pyg rwf tnd ugx vnd vuv xaf xof xpf"

_SHARE_FAULTS = {
    "no_sharing": "SERVICEHUB_PAYMENT_CHANNELS contains {}, which shares nothing in partner mode: take it out.",
    "receiver": "SERVICEHUB_{}__SHARING_RECEIVER is not set: nobody receives the platform's share.",
    "receiver_name": "SERVICEHUB_{}__SHARING_RECEIVER_NAME is not set: the channel compares it with the receiver.",
}


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
    sharing_receiver: str = ""
    """Partner mode: the platform's own merchant number, which receives its share; `merchant_id` is then the company's…"""
    sharing_receiver_name: str = ""
    """…and its full registered name."""
    api: str = WECHAT_PAY_API
    app_secret: SecretStr | None = None
    """Of the app: with it, customers pay inside WeChat's own browser."""
    oauth_page: str = WECHAT_PAGE
    oauth_api: str = WECHAT_API
    payscore_service_id: str = ""
    """Of the WeChat Pay score service (支付分, with confirmation by the customer); empty: no guarantees by WeChat."""
    payscore_entry: str = ""
    """Where the customer confirms: a page or mini-program link of the merchant that opens `wxpayScoreUse` inside WeChat, the only
    place where it opens. `{package}` and `{mch_id}` are filled in."""
    transfer_scene_id: str = ""
    """Of the transfers to technicians' wallets (商家转账, which they confirm): the scene that was granted, 1005 for pay of work.
    Empty: no payouts by WeChat. Technicians are known by their log-in there, so `app_secret` is needed too."""
    transfer_report: dict[str, str] = Field(
        default_factory=lambda: {"岗位类型": "上门服务师傅", "报酬说明": "上门服务报酬"}
    )
    """What the scene wants to be told, by the names that the scene gives (`transfer_scene_report_infos`)."""

    @property
    def pays_out(self) -> bool:
        """Whether technicians can be paid to their wallets."""
        return bool(self.transfer_scene_id) and self.app_secret is not None


class AlipayAccount(BaseModel):
    """A merchant's account at Alipay (certificate mode). Files hold PEM text."""

    app_id: str
    seller_id: str
    """The merchant's own number, 2088…: a message that names another one is not ours."""
    private_key_file: Path
    app_certificate_file: Path
    alipay_certificate_file: Path
    root_certificate_file: Path
    sharing_receiver: str = ""
    """Partner mode: the platform's own number, 2088…, which receives its share; `seller_id` is then the company's."""
    api: str = ALIPAY_API
    freeze: bool = False
    """Whether customers may freeze an amount (预授权) when they pay after the service; needs that product in the contract."""


class StripeAccount(BaseModel):
    """An account at Stripe. Its endpoint for messages is `base_url` + /api/payments/notify/stripe."""

    secret_key: SecretStr
    """sk_live_… or sk_test_…; a restricted key (rk_…) needs to write products, Checkout Sessions, PaymentIntents and refunds, and
    to read balance transactions, charges and disputes (for bills)."""
    webhook_secret: SecretStr
    """whsec_…, of that endpoint."""
    currency: str = "cny"
    """Three small letters; one that has hundredths, in which all amounts are counted."""
    live: bool = False
    """Whether real money moves: the key's mode, and the only one whose messages are taken."""
    manual_capture: bool = False
    """Customers authorise the amount, and it is taken by a request of ours."""
    api: str = STRIPE_API

    @property
    def counts_hundredths(self) -> bool:
        """Whether Stripe counts the currency as amounts are counted here; of others it would take a hundred times as much."""
        return bool(re.fullmatch(r"[a-z]{3}", self.currency)) and self.currency not in _NO_HUNDREDTHS


class Settings(BaseSettings):
    """Every knob of the installation. The README's configuration table is made from this class."""

    model_config = SettingsConfigDict(
        env_prefix="SERVICEHUB_",
        env_nested_delimiter="__",
        extra="ignore",
        hide_input_in_errors=True,  # an account without one of its fields would be printed whole
    )

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
    invoice_seller: str = ""
    """The company on invoices; the brand without one."""
    invoice_seller_tax_no: str = ""
    """Its taxpayer number; with one, every day's value-added tax is booked as owed."""
    invoice_tax_bp: int = Field(default=100, ge=0, le=2_000)
    """The rate of value-added tax that prices contain, basis points."""
    brand_color: str = "#0B7D6C"
    city: str = "shanghai"
    """Slug of the city that this installation opens with."""

    settlement_mode: Literal["self_operated", "partner"] = "self_operated"
    """Who sells and is paid: the platform, which pays technicians for their work, or (`partner`) the company that comes, of whose
    payments the platform claims its commission as a share. Orders keep the mode in which they were paid."""
    payment_channels: list[str] = Field(default_factory=lambda: ["simulator"])
    """Who takes payments, in the order in which they are offered: wechat, alipay, stripe, cash at the door
    (after the service), or the simulator inside this process."""
    wechat: WechatPayAccount | None = None
    alipay: AlipayAccount | None = None
    stripe: StripeAccount | None = None
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
        accounts = ((self.wechat, WECHAT_PAY_API), (self.alipay, ALIPAY_API), (self.stripe, STRIPE_API))
        if self.wechat is not None and (self.wechat.oauth_page, self.wechat.oauth_api) != (WECHAT_PAGE, WECHAT_API):
            return True
        return any(account is not None and account.api != real for account, real in accounts)

    @staticmethod
    def _payscore_opens(account: WechatPayAccount) -> bool:
        """Whether customers find to where they confirm; the simulator has a page of its own."""
        entry = account.payscore_entry
        return account.api != WECHAT_PAY_API or (entry.startswith(("https://", "weixin://")) and "{package}" in entry)

    def share_faults(self) -> list[tuple[str, str]]:
        """What keeps the platform from claiming its share in partner mode, as (kind, channel).

        Kinds: `no_sharing` (the channel cannot), `receiver`, `receiver_name` (not set).
        """
        accounts = {"wechat": self.wechat, "alipay": self.alipay}
        open_ = [(channel, accounts.get(channel)) for channel in self.payment_channels]
        faults = [("no_sharing", channel) for channel, _account in open_ if channel == "stripe"]
        faults += [("receiver", channel) for channel, account in open_ if account and not account.sharing_receiver]
        if "wechat" in self.payment_channels and self.wechat is not None and not self.wechat.sharing_receiver_name:
            faults.append(("receiver_name", "wechat"))
        return faults

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
            problems.append("SERVICEHUB_WECHAT__API, …ALIPAY__API or …STRIPE__API is not the real one: unset it.")
        if self.env == "production" and self.stripe is not None and not self.stripe.live:
            problems.append("SERVICEHUB_STRIPE__LIVE is not true: test cards would pay for real orders.")
        if self.stripe is not None and not self.stripe.counts_hundredths:
            problems.append(
                "SERVICEHUB_STRIPE__CURRENCY has no hundredths, in which amounts are counted: choose another."
            )
        problems += [
            f"SERVICEHUB_PAYMENT_CHANNELS names {channel}, but SERVICEHUB_{channel.upper()}__… is not set."
            for channel in self.payment_channels
            if channel in ("wechat", "alipay", "stripe") and getattr(self, channel) is None
        ]
        if self.wechat is not None and self.wechat.payscore_service_id and not self._payscore_opens(self.wechat):
            problems.append(
                "SERVICEHUB_WECHAT__PAYSCORE_ENTRY must be an https address with {package} in it: "
                "customers confirm guarantees there."
            )
        if self.settlement_mode == "partner":
            problems += [_SHARE_FAULTS[kind].format(channel.upper()) for kind, channel in self.share_faults()]
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
