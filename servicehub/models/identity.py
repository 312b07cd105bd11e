"""Who users are elsewhere."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from servicehub.models.base import at, fk


class WechatIdentity(SQLModel, table=True):
    """A user's id at our WeChat app. Personal data, therefore encrypted."""

    __tablename__ = "sh_wechat_identity"

    user_id: int = Field(sa_column=fk("sh_user.id", primary_key=True))
    openid_enc: str
    seen_at: datetime = Field(sa_column=at())
