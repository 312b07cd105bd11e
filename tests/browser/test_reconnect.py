"""A phone changes networks: the server still holds the old socket, the page comes back by itself and has lost nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import Page, WebSocketRoute, expect
from sqlmodel import Session, select

from servicehub.models.order import OrderLine
from tests.browser import acts
from tests.browser.conftest import Site, settle


@dataclass
class Cable:
    """The page's sockets. A cut is seen by the page only: the server's end stays open, as behind a dead network."""

    page: Page
    sockets: list[WebSocketRoute] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.route_web_socket(re.compile("/_event"), self._lay)

    def _lay(self, socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        socket.on_close(lambda _code, _reason: None)  # and so the server is not told
        self.sockets.append(socket)

    def cut(self) -> None:
        """Lose the connection and wait until the page has found a new one."""
        before = len(self.sockets)
        self.sockets[-1].close(code=3001, reason="the network changed")
        for _ in range(800):
            if len(self.sockets) > before:
                break
            self.page.wait_for_timeout(50)
        assert len(self.sockets) > before, "the page never came back"
        settle(self.page)


def test_a_draft_outlives_a_lost_connection(site: Site) -> None:
    customer = site.customer()
    cable = Cable(customer)
    customer.goto("/s/cleaning-2h/")
    settle(customer)
    more = customer.get_by_role("button", name=re.compile("增加|加一|Add|擦内窗")).first
    bar = customer.get_by_role("contentinfo")
    plain = bar.inner_text()
    more.click()
    expect(bar).not_to_have_text(plain, use_inner_text=True)
    dearer = bar.inner_text()

    cable.cut()
    expect(bar).to_have_text(dearer, use_inner_text=True)
    acts.Taps(customer).on("选时间预约")
    acts.Taps(customer).on(re.compile("^确认 "))
    customer.wait_for_url(re.compile("/book/"))
    settle(customer)
    customer.get_by_text("家有宠物").click()
    customer.get_by_label("给师傅留言").fill("门铃坏了，请敲门")
    customer.get_by_label("给师傅留言").blur()
    settle(customer)

    cable.cut()
    expect(customer.get_by_label("给师傅留言")).to_have_value("门铃坏了，请敲门")
    expect(customer.get_by_label("家有宠物")).to_be_checked()
    acts.Taps(customer).on("提交订单")
    customer.wait_for_url(re.compile(r"/pay/\?o=\d{16}"))
    found = re.search(r"o=(\d{16})", customer.url)
    assert found is not None
    order = site.database.read_now(acts.order_of, found.group(1))
    assert order.requirements == ["pets"]
    assert "add_on" in site.database.read_now(_kinds_of_lines, order.id)


def test_a_page_is_live_again_after_a_lost_connection(site: Site) -> None:
    database = site.database
    technician_id = database.read_now(acts.visitor_technician)
    customer = site.customer()
    technician = site.technician()
    acts.go_online(technician)
    no = acts.book_with(customer, technician_id)
    cable = Cable(customer)
    customer.goto(f"/orders/{no}/")
    expect(customer.get_by_role("heading", name="订单详情")).to_be_visible()

    cable.cut()
    acts.accept(technician)
    expect(customer.get_by_text("已接单").first).to_be_visible()
    expect(customer.get_by_text("当前无网络").locator("visible=true")).to_have_count(0)


def _kinds_of_lines(session: Session, order_id: int) -> list[str]:
    return list(session.exec(select(OrderLine.kind).where(OrderLine.order_id == order_id)))
