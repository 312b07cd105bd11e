"""What people do in their browsers, as short commands for stories. Names of controls are those of the product's glossary."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from PIL import Image
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as NeverCame
from sqlmodel import Session, col, delete, select

from servicehub import crypto
from servicehub.adapters.pictures import PictureStore
from servicehub.db import Database
from servicehub.domain.access import Actor, Role
from servicehub.domain.order import OrderMode, OrderStatus
from servicehub.models.account import User
from servicehub.models.dispatch import Offer
from servicehub.models.order import Order, load_checklist
from servicehub.models.technician import Technician, TechnicianSkill, TimeOff
from servicehub.services import dispatching, fulfilment, photos, scheduling
from servicehub.services.dispatching import offers
from tests.browser.conftest import Site, settle

T = TypeVar("T")


@dataclass
class Taps:
    """Counts what a thumb does."""

    page: Page
    count: int = 0

    def on(self, name: str | re.Pattern[str], role: str = "button") -> None:
        self.count += 1
        self.page.get_by_role(role, name=name).locator("visible=true").first.click()  # type: ignore[arg-type]


def book(customer: Page, taps: Taps) -> str:
    """From a service's page, which is open, to the paid result; returns the order's number."""
    taps.on("选时间预约")
    taps.on(re.compile("^确认 "))
    customer.wait_for_url(re.compile("/book/"))
    settle(customer)  # nobody submits what he has not seen
    return pay(customer, taps)


def pay(customer: Page, taps: Taps) -> str:
    """From the booking page, filled in, to the paid result; returns the order's number."""
    taps.on("提交订单")
    try:
        customer.wait_for_url(re.compile("/pay/"))
    except NeverCame as error:
        raise AssertionError(f"not booked: {customer.locator('body').inner_text()[:1500]}") from error
    taps.on(re.compile("^确认支付"))
    taps.on("确认付款")
    expect(customer.get_by_text("支付成功").first).to_be_visible()
    found = re.search(r"o=(\d{16})", customer.url)
    assert found is not None
    return found.group(1)


def book_with(customer: Page, technician_id: int) -> str:
    """An order for a technician of one's choice, paid."""
    customer.goto(f"/s/cleaning-2h/?t={technician_id}")
    return book(customer, Taps(customer))


def go_online(technician: Page) -> None:
    switch = technician.get_by_role("switch").first
    expect(switch).to_be_visible()
    if switch.get_attribute("aria-checked") != "true":
        switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")


def accept(technician: Page) -> None:
    technician.get_by_role("button", name="接单", exact=True).first.click()


def finish(site: Site, technician: Page, no: str) -> None:
    """Photos, checklist, done."""
    for kind in ("before", "after"):
        _upload(site, technician, no, kind)
    technician.reload()
    boxes = technician.locator("main input[type=checkbox]")
    expect(boxes).to_have_count(3)
    for i in range(3):
        boxes.nth(i).click(force=True)
        expect(boxes.nth(i)).to_be_checked()
    technician.get_by_role("button", name="完成服务").first.click()
    technician.locator("dialog[open]").get_by_role("button", name=re.compile("完成")).click()


def _upload(site: Site, technician: Page, no: str, kind: str) -> None:
    picture = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": _picture()}
    answer = technician.request.post(
        "/api/photos", multipart={"order": no, "kind": kind, "file": picture}, headers={"Origin": site.url}
    )
    assert answer.ok, answer.text()


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (120, 170, 150)).save(out, "JPEG")
    return out.getvalue()


def serve(site: Site, no: str) -> None:
    """The visit of an accepted or offered order, on time, without its technician's browser; pages read it when they load."""
    database, media = site.database, PictureStore(site.served.data / "media")
    actor, order = begin(site, no)
    for kind in ("before", "after"):
        database.write_now(photos.attach, actor, no, kind, media.put(_picture()), now=order.start_at)
    for line in database.read_now(lambda s: load_checklist(s, order_of(s, no))):
        database.write_now(fulfilment.tick, actor, no, line["key"], done=True, now=order.start_at)
    database.write_now(fulfilment.finish, actor, no, now=order.end_at)


def begin(site: Site, no: str) -> tuple[Actor, Order]:
    """The visit as far as its start."""
    database = site.database
    actor, order = taken(site, no)
    early = order.start_at - timedelta(minutes=30)
    database.write_now(fulfilment.depart, actor, no, now=early)
    database.write_now(fulfilment.arrive, actor, no, order.lat, order.lng, now=order.start_at)
    code = crypto.decrypt(order.start_code_enc, "order.start_code")
    assert database.write_now(fulfilment.start, actor, no, code, now=order.start_at)
    return actor, order


def taken(site: Site, no: str) -> tuple[Actor, Order]:
    """The order, accepted by whom it was offered to."""
    database = site.database
    order = database.read_now(order_of, no)
    actor = database.read_now(_actor_of, order.technician_id or 0)
    if order.status is OrderStatus.ASSIGNED:
        offer = database.read_now(lambda s: s.exec(select(Offer).where(Offer.order_id == order.id)).one())
        database.write_now(
            dispatching.accept, actor, offer.id or 0, now=offer.created_at
        )  # the site's clock may run ahead
    return actor, order


def _actor_of(session: Session, technician_id: int) -> Actor:
    found = session.get_one(Technician, technician_id)
    return Actor(found.user_id, Role.TECHNICIAN, found.city_id, technician_id)


# --- what the database says ---------------------------------------------------------------------------------------


def visitor_technician(session: Session) -> int:
    """The technician whose log-in a demo hands out."""
    return session.exec(select(Technician.id).order_by(Technician.id).limit(1)).one() or 0  # type: ignore[arg-type]


def technician_with(session: Session, skill: str) -> int:
    """Somebody who can do it."""
    able = select(Technician.id).join(TechnicianSkill, col(TechnicianSkill.technician_id) == col(Technician.id))
    return session.exec(able.where(TechnicianSkill.skill == skill).order_by(col(Technician.id)).limit(1)).one() or 0


def order_of(session: Session, no: str) -> Order:
    return session.exec(select(Order).where(Order.no == no)).one()


def phone_of(session: Session, technician_id: int) -> str:
    """The phone by which a technician logs in."""
    user = session.get_one(User, session.get_one(Technician, technician_id).user_id)
    return crypto.decrypt(user.phone_enc, "sh_user.phone_enc").removeprefix("+86")


def eventually(page: Page, database: Database, read: Callable[[Session], T], seconds: float = 60) -> T:
    """The first truthy answer of `read` while the server works on."""
    for _ in range(int(seconds * 10)):
        found = database.read_now(read)
        if found:
            return found
        page.wait_for_timeout(100)
    raise AssertionError("it never came to be")


def to_hall(session: Session, no: str) -> None:
    """The order is taken from whoever is asked and stands in the hall, open to everybody who may have it."""
    order = session.exec(select(Order).where(Order.no == no)).one()
    offers.void(session, order, now=order.created_at)
    scheduling.release(session, order.id or 0)
    session.exec(delete(Offer).where(col(Offer.order_id) == order.id))
    order.status, order.mode, order.technician_id = OrderStatus.MATCHING, OrderMode.GRAB, None
    order.requested_technician_id, order.round, order.deadline_at = None, 1, None
    order.dispatch_at = order.start_at
    session.add(order)
    session.flush()


def somebody_away(session: Session, no: str) -> None:
    """A technician who takes orders, but is off when this order is due."""
    order = session.exec(select(Order).where(Order.no == no)).one()
    last = session.exec(select(Technician).order_by(col(Technician.id).desc()).limit(1)).one()
    last.is_online = True
    off = TimeOff(technician_id=last.id, start_at=order.start_at, end_at=order.end_at)
    session.add_all([last, off])
    session.flush()
