"""A deposit in three browsers: put aside once however often it is pressed, asked back, refused with a reason, and given back."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlmodel import Session, select

from servicehub.domain.access import Actor, Role
from servicehub.domain.deposit import DepositStatus
from servicehub.models.deposit import DepositRequest, load_standings
from servicehub.models.technician import Technician
from servicehub.services import deposits, ledger
from tests.browser import acts
from tests.browser.conftest import Site
from tests.city import NOW


def _earn(session: Session, technician_id: int, fen: int) -> None:
    lines = {ledger.cash("bank"): fen, ledger.available(technician_id): -fen}
    ledger.post(session, f"deposit-story:{technician_id}", "payment", "story", lines, now=NOW)


def _free(session: Session) -> Actor:
    """A technician of whom nothing is open."""
    people = {t.id or 0: t for t in session.exec(select(Technician))}
    standings = load_standings(session, people)
    idle = next(who for who in sorted(people, reverse=True) if not standings[who].running + standings[who].cases)
    return Actor(people[idle].user_id, Role.TECHNICIAN, people[idle].city_id, idle)


def _held(session: Session, technician_id: int) -> int:
    return ledger.balance(session, ledger.deposit(technician_id))


def test_put_aside_asked_back_and_refused(site: Site) -> None:
    database = site.database
    technician_id = database.read_now(acts.visitor_technician)
    database.write_now(_earn, technician_id, 50_000)
    before = database.read_now(_held, technician_id)
    technician, finance = site.technician(), site.operator("finance")
    technician.goto("/technician/income/")
    technician.get_by_role("link", name="保证金").first.click()
    technician.get_by_role("button", name="转入保证金").first.click()
    dialog = technician.locator("dialog[open]")
    dialog.get_by_label("金额").fill("30")
    dialog.get_by_role("button", name="转入保证金").dblclick()
    expect(technician.locator("dialog[open]")).to_have_count(0)
    assert database.read_now(_held, technician_id) == before + 3_000

    technician.get_by_role("button", name="申请退还").first.click()
    technician.locator("dialog[open]").get_by_role("button", name="申请退还").click()
    expect(technician.get_by_text("您已申请退还").first).to_be_visible()

    finance.goto("/operator/withdrawals/")
    finance.get_by_role("button", name="不予退还").first.click()
    dialog = finance.locator("dialog[open]")
    dialog.get_by_role("button", name="不予退还").click()
    expect(dialog).to_be_visible()  # without a reason nothing happens
    dialog.get_by_label("原因").fill("工具箱尚未归还")
    dialog.get_by_role("button", name="不予退还").click()

    expect(technician.get_by_text("工具箱尚未归还").first).to_be_visible()
    expect(technician.get_by_role("button", name="申请退还").first).to_be_visible()
    assert database.read_now(_held, technician_id) == before + 3_000


def test_rules_are_changed_and_a_deposit_is_given_back(site: Site) -> None:
    database = site.database
    admin, finance = site.operator("admin"), site.operator("finance")
    admin.goto("/operator/withdrawals/")
    admin.get_by_role("button", name="修改规则").click()
    dialog = admin.locator("dialog[open]")
    dialog.get_by_label("末次服务后等待天数").fill("0")
    dialog.get_by_label("原因").fill("淡季放宽")
    dialog.get_by_role("button", name="启用").click()
    expect(admin.locator("dialog[open]")).to_have_count(0)
    expect(finance.get_by_role("button", name="修改规则")).to_have_count(0)

    who = database.read_now(_free)
    database.write_now(_earn, who.technician_id, 20_000)
    before = database.read_now(ledger.balance, ledger.available(who.technician_id))
    database.write_now(deposits.put_aside, who, 12_345, key="0123456789abcdef", now=NOW)
    held = database.read_now(_held, who.technician_id)
    no = database.write_now(deposits.ask_back, who, now=NOW)

    finance.goto("/operator/withdrawals/")
    finance.get_by_role("button", name="退还", exact=True).first.click()
    dialog = finance.locator("dialog[open]")
    expect(dialog.get_by_text(f"¥{held / 100:.2f}").first).to_be_visible()
    dialog.get_by_role("button", name="退还", exact=True).click()
    expect(finance.locator("dialog[open]")).to_have_count(0)

    wish = database.read_now(lambda s: s.exec(select(DepositRequest).where(DepositRequest.no == no)).one())
    assert (wish.status, wish.returned_fen) == (DepositStatus.RETURNED, held)
    after = database.read_now(ledger.balance, ledger.available(who.technician_id))
    assert after == before - 12_345 + held
    assert database.read_now(_held, who.technician_id) == 0
    assert [*database.read_now(ledger.verify), *database.read_now(deposits.problems)] == []
