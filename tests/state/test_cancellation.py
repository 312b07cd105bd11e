"""Cancelling and the editor of its terms by public handlers: what was shown is what happens; numbers are read or refused."""

from __future__ import annotations

from asyncio import run
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from servicehub.domain.access import SYSTEM, OperatorRole, Role
from servicehub.domain.cancellation import RANGES
from servicehub.domain.order import OrderStatus
from servicehub.errors import Invalid
from servicehub.models.account import User
from servicehub.models.cancellation import FreeCancellation
from servicehub.models.order import Order
from servicehub.services import accounts, policies
from servicehub.services.accounts import Browser
from servicehub.state.base import ToastState
from servicehub.state.customer.change import CancelState
from servicehub.state.operator.cancellation import CancellationState, typed_numbers
from servicehub.texts.cancellation import NUMBERS, typed
from tests import journey
from tests.state.conftest import NOWHERE

STANDARD = {name: typed(name, RANGES[name][0]) for name in NUMBERS}
S = CancellationState


class Shop:
    """A customer with two accepted orders whose visits are near, and people of his city, logged in."""

    def __init__(self, people: Any, fixed_clock: Any) -> None:
        self.people, self.database, self.clock = people, people.database, fixed_clock
        self.database.write_now(self._prepare)

    def _prepare(self, session: Session) -> None:
        world = journey.build(session)
        made = [world.accepted(start_at=world.town.local(f"2026-03-03 {hour}:00")) for hour in (14, 15)]
        self.customer, self.city_id, self.numbers = world.customer, world.town.city_id, [order.no for order in made]
        self.clock.now = made[0].start_at - timedelta(hours=1)

    def login(self, user_id: int) -> str:
        def enter(session: Session) -> str:
            return accounts.open_session(session, session.get_one(User, user_id), Browser(), now=self.clock.now)

        return str(self.database.write_now(enter))

    def somebody(self, role: Role, number: int, operator_role: OperatorRole | None = None) -> str:
        more = {"operator_role": operator_role} if operator_role else {}
        phone = f"1991000{number:04d}"
        user = self.database.write_now(
            accounts.register, SYSTEM, city_id=self.city_id, role=role, phone=phone, now=self.clock.now, **more
        )
        return self.login(user.id)

    def statuses(self) -> list[OrderStatus]:
        def read(session: Session) -> list[OrderStatus]:
            return [session.exec(select(Order.status).where(Order.no == no)).one() for no in self.numbers]

        return list(self.database.read_now(read))

    def taken(self) -> int:
        return int(self.database.read_now(lambda session: len(session.exec(select(FreeCancellation.n)).all())))

    def terms(self) -> tuple[int, dict[str, Any]]:
        def read(session: Session) -> tuple[int, dict[str, Any]]:
            row = policies.in_force(session, self.city_id, "order", self.clock.now)
            return row.version, row.document["cancellation"]

        return self.database.read_now(read)  # type: ignore[no-any-return]


@pytest.fixture
def shop(people: Any, fixed_clock: Any) -> Shop:
    return Shop(people, fixed_clock)


def path(no: str) -> str:
    """An address that names the order and has no page, so that nothing is loaded unasked."""
    return f"{NOWHERE}{no}/"


def test_a_stale_preview_is_refused_and_the_new_price_shown_before_it_is_charged(tabs: Any, shop: Shop) -> None:
    async def story() -> None:
        async with tabs() as tab:
            cookie = shop.login(shop.customer.user_id)
            first, second = map(path, shop.numbers)
            for name, at in (("one", first), ("two", second)):
                await tab.fire(CancelState.load, cookie, token=name, path=at)
            assert [shown.rule_key for shown in tab.seen(CancelState, "preview")[-2:]] != ["", ""]
            await tab.fire(CancelState.submit, cookie, token="one", path=first, form={"reason": "plans"})
            assert shop.statuses() == [OrderStatus.CANCELLED, OrderStatus.ACCEPTED]

            await tab.fire(CancelState.submit, cookie, token="two", path=second, form={"reason": "plans"})
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"
            assert shop.statuses()[1] is OrderStatus.ACCEPTED
            shown = tab.seen(CancelState, "preview")[-1]
            assert (shown.fee, shown.rule_key) == ("¥20", "late")

            await tab.fire(CancelState.submit, cookie, token="two", path=second, form={"reason": "plans"})
            assert shop.statuses()[1] is OrderStatus.CANCELLED
            await tab.fire(CancelState.submit, cookie, token="two", path=second, form={"reason": "plans"})
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"

    run(story())
    assert shop.taken() == 1


def test_nothing_is_cancelled_before_its_price_was_shown(tabs: Any, shop: Shop) -> None:
    async def story() -> None:
        async with tabs() as tab:
            cookie, (first, second) = shop.login(shop.customer.user_id), map(path, shop.numbers)
            await tab.fire(CancelState.submit, cookie, path=first, form={"reason": "plans"})
            assert shop.statuses() == [OrderStatus.ACCEPTED] * 2
            await tab.fire(CancelState.submit, cookie, path=second, form={"reason": "plans"})
            assert shop.statuses() == [OrderStatus.ACCEPTED] * 2
            assert tab.seen(CancelState, "problem")[-2:] == ["价格有更新，请确认后再提交"] * 2

    run(story())


def test_strangers_and_others_cancel_nothing(tabs: Any, shop: Shop) -> None:
    async def story() -> None:
        async with tabs() as tab:
            for number, role in enumerate((Role.CUSTOMER, Role.TECHNICIAN), 1):
                cookie = shop.somebody(role, number)
                for handler, payload in ((CancelState.load, {}), (CancelState.submit, {"form": {}})):
                    await tab.fire(handler, cookie, token=f"t{number}", path=path(shop.numbers[0]), **payload)
            assert all(shown.no == "" for shown in tab.seen(CancelState, "preview"))

    run(story())
    assert (shop.statuses()[0], shop.taken()) == (OrderStatus.ACCEPTED, 0)


def test_an_administrator_changes_a_category_and_adopts_it_once(tabs: Any, shop: Shop) -> None:
    async def story() -> None:
        async with tabs() as tab:
            cookie = shop.somebody(Role.OPERATOR, 1, OperatorRole.ADMIN)
            await tab.fire(S.discard, cookie)
            await tab.fire(S.choose, cookie, scope="daily")
            await tab.fire(S.save, cookie, form={"late_bp": "12.5", "free_per_month": "2", "grace_minutes": " "})
            page = tab.seen(S, "page")[-1]
            assert [row.text for row in page.table if row.is_new] == [
                "距上门不足 3 小时：收取 12.5%，最高 ¥50", "上述临近上门取消，每自然月前 2 次免费，您的全部订单合并计算",
            ]  # fmt: skip
            assert page.changes == (
                "日常保洁 · 临近上门违约金比例：同标准 → 12.5%",
                "日常保洁 · 每月免费临近取消次数：同标准 → 2",
            )
            assert shop.terms()[0] == 1
            await tab.fire(S.adopt, cookie, form={"reason": " "})
            assert shop.terms()[0] == 1
            await tab.fire(S.adopt, cookie, form={"reason": "试行"})
            await tab.fire(S.adopt, cookie, form={"reason": "试行"})

    run(story())
    version, terms = shop.terms()
    assert (version, terms["by_category"]) == (2, {"daily": {"late_bp": 1250, "free_per_month": 2}})


def test_a_draft_that_others_overtook_is_not_adopted(tabs: Any, shop: Shop) -> None:
    async def story() -> None:
        async with tabs() as tab:
            cookie = shop.somebody(Role.OPERATOR, 1, OperatorRole.ADMIN)
            for token in ("a", "b"):
                await tab.fire(S.discard, cookie, token=token)
                await tab.fire(S.save, cookie, token=token, form=STANDARD | {"late_bp": "25"})
            for token in ("a", "b"):
                await tab.fire(S.adopt, cookie, token=token, form={"reason": "x"})
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"

    run(story())
    assert shop.terms()[0] == 2


@pytest.mark.parametrize("role", [role for role in OperatorRole if role is not OperatorRole.ADMIN])
def test_other_operators_may_try_but_not_adopt(tabs: Any, shop: Shop, role: OperatorRole) -> None:
    async def story() -> None:
        async with tabs() as tab:
            cookie = shop.somebody(Role.OPERATOR, 1, role)
            await tab.fire(S.discard, cookie)
            await tab.fire(S.save, cookie, form=STANDARD)
            assert tab.seen(S, "page")[-1].changes
            await tab.fire(S.adopt, cookie, form={"reason": "x"})
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"

    run(story())
    assert shop.terms()[0] == 1


def test_customers_and_technicians_read_and_change_nothing_here(tabs: Any, shop: Shop) -> None:
    async def story() -> None:
        async with tabs() as tab:
            for number, role in enumerate((Role.CUSTOMER, Role.TECHNICIAN), 1):
                cookie = shop.somebody(role, number)
                for handler, payload in (
                    (S.choose, {"scope": ""}), (S.save, {"form": STANDARD}), (S.follow, {}), (S.adopt, {"form": {"reason": "x"}}),
                ):  # fmt: skip
                    await tab.fire(handler, cookie, token=f"t{number}", **payload)
            assert all(page.version == 0 for page in tab.seen(S, "page"))

    run(story())
    assert shop.terms()[0] == 1


def test_wrong_numbers_and_unknown_categories_say_what_is_wrong(tabs: Any, shop: Shop) -> None:
    async def story() -> None:
        async with tabs() as tab:
            cookie = shop.somebody(Role.OPERATOR, 1, OperatorRole.ADMIN)
            await tab.fire(S.discard, cookie)
            for changed, told in (
                ({"late_bp": "101"}, "临近上门违约金比例（%）：请输入 0 到 100 之间的数值。"),
                ({"late_cap_fen": ""}, "临近上门违约金上限（元）：请输入 0 到 10000 之间的数值。"),
                ({"free_per_month": "1.5"}, "每月免费临近取消次数：请输入 0 到 31 之间的数值。"),
                ({"wait_minutes": {"a": 1}}, "技师上门等候时长（分钟）：请输入 1 到 120 之间的数值。"),
            ):
                await tab.fire(S.save, cookie, form=STANDARD | changed)
                assert tab.seen(ToastState, "toast_text")[-1] == told
            await tab.fire(S.choose, cookie, scope="spa")
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"
            assert tab.seen(S, "page")[-1].changes == ()

    run(story())


@pytest.mark.parametrize("wrong", ["", "-1", "1e2", "٢٢", "9999999", None])
@pytest.mark.parametrize("name", list(NUMBERS))
def test_what_is_no_number_in_range_names_its_field(name: str, wrong: object) -> None:
    with pytest.raises(Invalid) as refused:
        typed_numbers(STANDARD | {name: wrong}, whole=True)
    assert refused.value.params["field"] == name


def test_every_number_can_be_typed_as_it_is_shown() -> None:
    for end in (0, 1):
        shown = {name: typed(name, RANGES[name][end]) for name in NUMBERS}
        assert typed_numbers(shown, whole=True) == {name: RANGES[name][end] for name in NUMBERS}
    assert typed_numbers({}, whole=False) == {}
