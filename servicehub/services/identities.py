"""Who users are elsewhere: their id at our WeChat app, learned in WeChat's own browser, needed to pay or to be paid there."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from servicehub import crypto
from servicehub.domain.access import Actor
from servicehub.models.identity import WechatIdentity

_CONTEXT = "sh_wechat_identity.openid_enc"


def remember(session: Session, actor: Actor, openid: str, *, now: datetime) -> None:
    """Keep the actor's openid, the newest one."""
    found = session.get(WechatIdentity, actor.user_id) or WechatIdentity(
        user_id=actor.user_id, openid_enc="", seen_at=now
    )
    found.openid_enc, found.seen_at = crypto.encrypt(openid, _CONTEXT), now
    session.add(found)
    session.flush()


def openid_of(session: Session, user_id: int) -> str:
    """The user's openid; empty when none is known, or it cannot be read any more."""
    found = session.get(WechatIdentity, user_id)
    if found is None:
        return ""
    try:
        return crypto.decrypt(found.openid_enc, _CONTEXT)
    except crypto.Undecipherable:
        return ""
