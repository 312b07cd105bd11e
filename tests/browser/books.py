"""What the books and the catalogue say of every amount that a page may show. Read here by plain SQL, not by the product's queries.

A page shows amounts that have to be there and others that may be: `Books.wrong` names what is missing and what nothing explains.
Amounts are absolute fen.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import accumulate
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from playwright.sync_api import Page
from sqlmodel import Session

from servicehub.domain.cancellation import CancellationPolicy
from servicehub.domain.commission import RATES
from servicehub.domain.money import BP, share_bp
from servicehub.domain.payment import TIPS_FEN
from servicehub.domain.points import PointsPolicy
from servicehub.domain.withdrawal import WithdrawalPolicy
from tests.browser import accounts, worked_out
from tests.browser.accounts import Allowed

ZONE = ZoneInfo("Asia/Shanghai")
SHOWN = re.compile(r"¥\s?([\d,]+(?:\.\d{1,2})?)")
SCALES = ".xtick, .ytick"
"""Texts of a plot's axes: round numbers of a scale."""
FLOOR_PCT = 70
"""Of the median income per hour, where no policy names another floor."""
PASSED_ON = ("travel", "tip", "reschedule_fee")
"""Kinds of lines of which no commission is taken."""

FIGURES = {
    "income": ("commission", "fee_income", "penalty_income"),
    "given": ("subsidy", "comp", "chargeback"),
}
"""Figures of a day's money that are made of several groups of accounts."""


def amounts(text: str) -> Counter[int]:
    """Every amount in yuan of a text, signs left out, in fen."""
    return Counter(int(Decimal(found.replace(",", "")) * 100) for found in SHOWN.findall(text.replace("\n", " ")))


def amounts_on(page: Page) -> Counter[int]:
    """Every amount that the open page shows, but for the scales of plots."""
    scales = Counter[int]()
    for label in page.locator(SCALES).all_text_contents():
        scales += amounts(label)
    return amounts(page.locator("body").inner_text()) - scales


@dataclass(frozen=True, slots=True)
class Post:
    """One posting with its entry."""

    entry: int
    key: str
    kind: str
    ref: str
    day: date
    account: str
    fen: int

    @property
    def pays_points(self) -> bool:
        """Points that paid or came back, which are shown in yuan; those that were earned are counted."""
        return self.account.startswith("points:") and self.kind in ("payment", "refund")


@dataclass(slots=True)
class Visit:
    """An order, as far as money goes."""

    id: int
    customer: int
    technician: int
    total: int
    first_due: int
    created: str
    start: str
    status: str
    take_home: int
    """What whoever accepted it was shown."""
    lines: set[int] = field(default_factory=set)
    units: set[int] = field(default_factory=set)
    others: set[int] = field(default_factory=set)
    """Of its payments, refunds, earnings and offers, whatever became of them."""
    posts: list[Post] = field(default_factory=list)

    def cash(self) -> set[int]:
        """What came in and went out."""
        moved = (post for post in self.posts if post.kind != "credit")
        return {abs(post.fen) for post in moved if post.account.startswith(("cash:", "wallet:")) or post.pays_points}

    def price(self) -> set[int]:
        """What its price is made of, and what may be due of it."""
        return self.lines | self.units | {self.total, self.first_due, self.total - self.first_due}


def rows(session: Session, query: str) -> list[Any]:
    return list(session.execute(sa.text(query)))


def fens(session: Session, query: str) -> set[int]:
    """Every number of a result, signs left out."""
    return {abs(fen) for row in rows(session, query) for fen in row if fen is not None}


def of(posts: Iterable[Post], prefix: str) -> int:
    """Sum over accounts whose codes begin so."""
    return sum(post.fen for post in posts if post.account.startswith(prefix))


def spans(posts: Iterable[Post]) -> set[int]:
    """Sums of each day, and of each number of days up to the last, of what was earned."""
    daily: dict[date, int] = defaultdict(int)
    for post in posts:
        daily[post.day] += post.fen
    back = [daily[day] for day in sorted(daily, reverse=True)]
    return {abs(fen) for fen in [*daily.values(), *accumulate(back)]} | {0}


class Books:
    """The seeded city's books as they were when the crawl began, and the ids of the user and the technician who look at it."""

    def __init__(self, session: Session, customer: int, technician: int, begins: datetime) -> None:
        self.customer, self.technician = customer, technician
        self.posts = [
            Post(entry, key, kind, ref, _day(at), account, fen)
            for entry, key, kind, ref, at, account, fen in rows(
                session,
                "SELECT e.id, e.key, e.kind, e.ref, e.at, a.account, a.amount_fen "
                "FROM sh_posting a JOIN sh_journal_entry e ON e.id = a.entry_id ORDER BY e.id",
            )
        ]
        self.orders = {
            no: Visit(*rest, json.loads(commission).get("net_fen", 0))
            for no, *rest, commission in rows(
                session,
                "SELECT no, id, customer_id, coalesce(technician_id, 0), total_fen, first_due_fen, created_at, start_at, status, "
                "commission FROM sh_order",
            )
        }
        self._fill(session)
        self.prices = self._catalogue(session)
        self.forecasts = self._forecasts(session)
        floors = [document["fair_floor_pct"] for document in self.documents if "fair_floor_pct" in document]
        self.per_hour = worked_out.per_hour(session, begins, floors[-1] if floors else FLOOR_PCT)
        self.proposals: dict[int, int] = {}
        self._proposed(session)
        self.limits = {getattr(WithdrawalPolicy(), name) for name in ("least_fen", "most_fen", "second_from_fen")}
        self.withdrawals = fens(session, "SELECT amount_fen, fee_fen FROM sh_withdrawal")
        self.asked_back = fens(session, "SELECT asked_fen, returned_fen FROM sh_deposit_request")
        self.targets = {fen for document in self.documents if (fen := document.get("target_fen", 0))}
        self.paid = _by_status(session, "SELECT status, sum(amount_fen) FROM sh_payment GROUP BY status")
        self.returned = _by_status(session, "SELECT status, sum(amount_fen) FROM sh_refund GROUP BY status")
        self.moved = fens(session, "SELECT amount_fen FROM sh_payment UNION SELECT amount_fen FROM sh_refund")
        self.moved |= fens(session, "SELECT sum(amount_fen) FROM sh_refund GROUP BY payment_id")
        self.batches = self._batches(session)
        self.bills = fens(session, "SELECT amount_fen, fee_fen FROM sh_bill_row")
        self.bills |= fens(session, "SELECT their_fen, our_fen, their_fen - our_fen FROM sh_difference")
        self.bills |= fens(
            session, "SELECT net_fen, fee_fen, ledger_fen, unexplained_fen, net_fen - ledger_fen FROM sh_bill"
        )

    def _fill(self, session: Session) -> None:
        by_id = {visit.id: visit for visit in self.orders.values()}
        for order_id, unit, fen in rows(session, "SELECT order_id, unit_fen, amount_fen FROM sh_order_line"):
            by_id[order_id].lines.add(abs(fen))
            by_id[order_id].units.add(abs(unit))
        for visit in by_id.values():
            visit.others.add(visit.take_home)
        for query in (
            "SELECT order_id, amount_fen, amount_fen FROM sh_payment",
            "SELECT order_id, amount_fen, amount_fen FROM sh_refund",
            "SELECT order_id, net_fen, commission_fen FROM sh_earning",
            "SELECT order_id, labour_fen, pass_through_fen FROM sh_earning",
            "SELECT order_id, tax_fen, coupon_share_fen FROM sh_earning",
            "SELECT order_id, take_home_fen, take_home_fen FROM sh_offer",
        ):
            for order_id, *fens in rows(session, query):
                by_id[order_id].others |= set(fens)
        for post in self.posts:
            kind, _, number = post.ref.partition(":")
            if kind == "order":
                by_id[int(number)].posts.append(post)

    def _catalogue(self, session: Session) -> set[int]:
        """Prices, what coupons and rules take or give, and prices less a coupon."""
        prices = fens(session, "SELECT price_fen, price_fen * min_quantity FROM sh_service_item")
        given = fens(session, "SELECT amount_fen, cap_fen, min_spend_fen FROM sh_coupon")
        percents = fens(session, "SELECT percent_bp FROM sh_coupon")
        given |= {price * bp // BP for price in prices for bp in percents} - {0}
        rest = fens(session, "SELECT price_fen FROM sh_add_on")
        rest |= fens(session, "SELECT next_unit_off_fen, deposit_fen FROM sh_service_item")
        documents = [json.loads(document) for (document,) in rows(session, "SELECT document FROM sh_policy")]
        self.documents = documents
        self.terms = {fen for document in documents for fen in _named(document, "fen")} | {0}
        self.terms |= {getattr(CancellationPolicy(), name) for name in ("late_cap_fen", "apology_coupon_fen")}
        self.shares = {part for document in documents for part in _named(document, "bp")}
        rest |= {fen for document in documents for fen in _named(document, "fen", "fee")}
        return prices | given | rest | {price - less for price in prices for less in given}

    def _batches(self, session: Session) -> dict[str, Allowed]:
        """Number of a settlement batch -> its sum by its entries; their postings, sums of these, and what was held then."""
        keys: dict[str, set[str]] = defaultdict(set)
        for no, order_id in rows(
            session, "SELECT b.no, e.order_id FROM sh_settlement_batch b JOIN sh_earning e ON e.batch_id = b.id"
        ):
            keys[no].add(f"mature:{order_id}")
        held = {no: int(fen) for no, fen in rows(session, "SELECT no, held_fen FROM sh_settlement_batch")}
        found: dict[str, Allowed] = {}
        for no, named in keys.items():
            posts = [post for post in self.posts if post.key in named]
            parts = {-of(posts, f"{name}:") for name in ("t_avail", "tech_debt", "t_deposit")}
            found[no] = {of(posts, "t_pending:")}, {abs(post.fen) for post in posts} | parts | {held[no], 0}
        return found

    def _forecasts(self, session: Session) -> set[int]:
        """What orders that wait for somebody would bring him, at any rate that is in force for anybody."""
        rates = self.shares | {
            bp for document in self.documents for bp in _named(document.get("commission", {}).get("rates", {}), "")
        }
        funders = fens(session, "SELECT funder_platform_bp FROM sh_coupon") | {BP}
        prices: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        for order_id, kind, fen in rows(
            session,
            "SELECT l.order_id, l.kind, l.amount_fen FROM sh_order_line l JOIN sh_order o ON o.id = l.order_id "
            "WHERE o.status IN ('matching', 'assigned')",
        ):
            prices[order_id][2 if fen < 0 else 1 if kind in PASSED_ON else 0] += abs(fen)
        self.rates = {bp for bp in rates | set(RATES.values()) if bp <= BP}
        found: set[int] = set()
        for labour, passed, off in prices.values():
            bases = {labour - (off - share_bp(off, platform)) for platform in funders}
            found |= {base - share_bp(base, bp) + passed for base in bases for bp in self.rates}
        return found

    def _proposed(self, session: Session) -> None:
        """Add-ons of a visit, whatever became of them; while one is open, what it brings whoever comes, at any rate in force."""
        by_id = {visit.id: visit for visit in self.orders.values()}
        for number, order_id, fen, lines, status in rows(
            session,
            "SELECT p.id, o.id, p.amount_fen, p.lines, p.status FROM sh_proposal p "
            "JOIN sh_order o ON o.id = p.order_id OR o.lead_id = p.order_id",
        ):
            extras = [(line["unit_fen"], line["quantity"]) for line in json.loads(lines)]
            by_id[order_id].others |= {fen, *(unit for unit, _n in extras), *(unit * n for unit, n in extras)}
            self.proposals[number] = fen
            self.prices |= {fen}  # notices to both sides name it
            if status in ("open", "accepted"):
                by_id[order_id].others |= {fen - share_bp(fen, bp) for bp in self.rates}

    def wrong(self, face: str, path: str, shown: Counter[int]) -> Iterator[str]:
        """What an open page shows wrongly."""
        address = urlsplit(re.sub(r"^/en/", "/", path))
        must, may = self._allowed(face, address.path, {key: found[0] for key, found in parse_qs(address.query).items()})
        yield from (f"{path}: {fen} fen are missing" for fen in sorted(must - set(shown)))
        yield from (f"{path}: nothing explains {fen} fen" for fen in sorted(set(shown) - must - may))

    def _allowed(self, face: str, path: str, query: Mapping[str, str]) -> Allowed:
        named = re.search(r"\d{16}", path)
        visit = self.orders.get(named[0]) if named else None
        if visit is not None:
            return self._of_order(face, path, visit)
        if path.startswith("/operator/"):
            return self._of_operators(path, query)
        if path.startswith("/technician/"):
            return self._of_technician(path)
        return self._of_customer(path, query) if face == "customer" else (set(), self.prices)

    def _of_order(self, face: str, path: str, visit: Visit) -> Allowed:
        if path.startswith("/technician/income/"):
            earned = {abs(p.fen) for p in visit.posts if p.account.startswith("t_pending:") and p.fen < 0}
            return earned | {visit.total}, self._traced(visit)
        if path.startswith("/technician/"):
            return set(), visit.others
        if path.startswith("/operator/"):
            reads = {abs(post.fen) for post in visit.posts} if face in ("admin", "finance") else set()
            return visit.lines | {visit.total} | reads, self._traced(visit)
        if path == f"/orders/{re.findall(r'[0-9]{16}', path)[0]}/":
            return visit.lines | {visit.total} | visit.cash(), visit.price() | set(TIPS_FEN) | visit.others
        fees = {share_bp(visit.total, bp) for bp in self.shares if 0 <= bp <= BP}
        return set(), self._traced(visit) | self.prices | fees | {visit.total - fee for fee in fees}

    def _traced(self, visit: Visit) -> set[int]:
        """Everything that the books and the rows know of an order."""
        paid = [p.fen for p in visit.posts if p.account.startswith(("cash:", "wallet:")) or p.pays_points]
        into, back = sum(fen for fen in paid if fen > 0), -sum(fen for fen in paid if fen < 0)
        sums = {into, back, into - back, abs(visit.total - into), visit.total - back}
        return visit.price() | visit.others | {abs(post.fen) for post in visit.posts} | sums | {0}

    def _of_customer(self, path: str, query: Mapping[str, str]) -> Allowed:
        mine = [visit for visit in self.orders.values() if visit.customer == self.customer]
        purse = [post for post in self.posts if post.account == f"wallet:{self.customer}"]
        points = [post for post in self.posts if post.account == f"points:{self.customer}"]
        paid = {abs(post.fen) for post in points if post.pays_points}
        moved = {abs(post.fen) for visit in mine for post in visit.posts if post.account.startswith("cash:")} | paid
        due = {int(query["tip"])} if query.get("tip", "").isdigit() else set()
        addon = self.proposals.get(int(query.get("addon") or 0), 0)
        due |= {addon} - {0}
        again = self.orders.get(query.get("again", "")) or self.orders.get(query.get("o", ""))
        pages: dict[str, Callable[[], Allowed]] = {
            "/orders/": lambda: (set(), {visit.total for visit in mine}),
            "/me/": lambda: ({-of(purse, "wallet:")}, set()),
            "/wallet/": lambda: ({-of(purse, "wallet:")}, {abs(post.fen) for post in purse}),
            "/points/": lambda: ({-of(points, "points:")}, {100}),
            "/me/payments/": lambda: (moved, {abs(post.fen) for post in purse}),
            "/pay/": lambda: (due, self._sheet((again.price() if again else set()) | due, purse, points)),
            "/book/": lambda: (set(), self.prices | {a - b for a in self.prices for b in self.prices}),
        }
        return pages[path]() if path in pages else (set(), self.prices)

    def _sheet(self, due: set[int], purse: Sequence[Post], points: Sequence[Post]) -> set[int]:
        """What the sheet of a payment says: what is due, what points and the balance pay of it, and the rest."""
        balance, most = -of(purse, "wallet:"), PointsPolicy().most_bp
        off = {min(-of(points, "points:"), fen * most // BP) for fen in due}
        left = due | {fen - part for fen in due for part in off}
        return left | off | {min(balance, fen) for fen in left} | {fen - balance for fen in left if fen >= balance}

    def _of_technician(self, path: str) -> Allowed:
        mine = [post for post in self.posts if re.match(rf"t_\w+:{self.technician}\b", post.account)]
        earned = [post for post in mine if post.account.startswith("t_pending:") and post.fen < 0]
        nets = {abs(post.fen) for post in earned}
        parts = {-of(mine, f"t_{name}:") for name in ("pending", "avail", "withdraw")}
        deposit = -of(mine, "t_deposit:")
        pages: dict[str, Callable[[], Allowed]] = {
            "/technician/income/": lambda: (
                (parts | ({deposit} if self.targets else set())) - {0},
                nets | spans(earned) | {deposit} | self.targets,
            ),
            "/technician/deposit/": lambda: ({deposit}, self._deposit(mine, deposit)),
            "/technician/withdraw/": lambda: ({-of(mine, "t_avail:")}, self.limits | self.withdrawals),
            "/technician/statement/": lambda: (parts | {deposit}, self._statement(self.technician)),
            "/technician/offers/": lambda: (set(), self.forecasts),
        }
        shown: dict[date, int] = defaultdict(int)
        for visit in self.orders.values():
            if visit.technician == self.technician:
                shown[_day(visit.start)] += visit.take_home
        planned = {visit.take_home for visit in self.orders.values()} | set(shown.values())
        planned |= set(self.proposals.values())
        return pages[path]() if path in pages else (set(), spans(earned) | {abs(post.fen) for post in mine} | planned)

    def _deposit(self, mine: Sequence[Post], held: int) -> set[int]:
        """The target, what is missing to it, what is available, and what was asked back."""
        missing = {max(target - held, 0) for target in self.targets}
        return self.targets | missing | self.asked_back | {-of(mine, "t_avail:"), 0}

    def _statement(self, technician: int) -> set[int]:
        """Balances, sums of each kind of entry and month, and every movement with what it is made of."""
        mine = [post for post in self.posts if re.match(rf"(t_\w+|tech_debt):{technician}\b", post.account)]
        months = {post.day.replace(day=1) for post in self.posts}
        balances = {-sum(post.fen for post in mine if post.day < month) for month in months} | {-of(mine, "")}
        sums: dict[Any, int] = defaultdict(int)
        for post in mine:
            sums[post.kind, post.day.replace(day=1)] += post.fen
        entries = {post.entry for post in mine}
        parts = {abs(post.fen) for post in self.posts if post.entry in entries}
        owed = {abs(of(mine, f"{name}:")) for name in ("t_pending", "t_avail", "t_withdraw", "t_deposit", "tech_debt")}
        return {abs(fen) for fen in [*balances, *sums.values()]} | parts | owed | {0}

    def _of_lists(self, path: str, query: Mapping[str, str]) -> Allowed:
        """The figures above the lists of payments and refunds, which are about all of them unless the address narrows them."""
        paid, back = self.paid, self.returned
        figures = (
            {paid["kept"] + paid["extra"] + paid["late"], paid["extra"] + paid["late"], paid["pending"]}
            if path == "/operator/payments/"
            else {back["succeeded"] + back["balance"], back["new"] + back["sent"], back["failed"]}
        )
        narrowed = set(paid.values()) | set(back.values()) | {0}
        return (set() if query else figures, self.moved | narrowed | figures)

    def _of_operators(self, path: str, query: Mapping[str, str]) -> Allowed:
        if path in ("/operator/payments/", "/operator/refunds/"):
            return self._of_lists(path, query)
        totals = {visit.total for visit in self.orders.values()}
        group: dict[str, list[int]] = defaultdict(list)
        for post in self.posts:
            group[post.account.partition(":")[0]].append(post.fen)
        held = {name: abs(sum(fens)) for name, fens in group.items()}
        mirrored = {
            sum(side) for fens in group.values() for side in ([f for f in fens if f > 0], [-f for f in fens if f < 0])
        }
        labour = sum(held.get(name, 0) for name in ("t_pending", "t_avail", "t_deposit"))
        flows = self._days()
        number = re.search(r"/technicians/(\d+)/", path)
        earned = [p for p in self.posts if number and re.match(rf"t_pending:{number[1]}\b", p.account)]
        if number:
            matured = {sum(p.fen for p in earned if p.fen > 0)}
            sold = {visit.total for visit in self.orders.values() if visit.technician == int(number[1])}
            incomes = spans(p for p in earned if p.fen < 0) | matured | sold
            return {abs(of(earned, ""))}, self._statement(int(number[1])) | incomes | self.targets
        booked = {abs(post.fen) for post in self.posts}
        moved = {post.account for post in self.posts if post.account.startswith(("cash:", "suspense:", "tax_payable:"))}
        by_hand = {abs(sum(p.fen for p in self.posts if p.account == account)) for account in moved} - {0}
        pages: dict[str, Allowed] = {
            "/operator/vouchers/": (by_hand, booked),
            "/operator/": (set(), totals | flows | self._sold()),
            "/operator/reconciliation/": (set(), self.bills | booked | {0}),
            "/operator/money/": ({held["t_pending"], held["t_avail"]}, set(held.values()) | flows | {0}),
            "/operator/ledger/": (set(), mirrored | set(held.values()) | booked | accounts.of_traces(self.posts) | {0}),
            "/operator/ledger/account/": accounts.of_account(self.posts, query.get("code", "")),
            "/operator/ledger/group/": accounts.of_group(self.posts, query.get("name", "")),
            "/operator/settlements/": self._settled(query, held["t_pending"], booked | flows | {0}),
            "/operator/settlement-mode/": ({labour}, self.terms),
            "/operator/cancellation/": (set(), self.terms),
            "/operator/commission/": worked_out.example(self.rates, self.terms),
            "/operator/dispatch/fairness/": self.per_hour,
            "/operator/withdrawals/": ({held.get("t_deposit", 0)}, self._deposits() | self.withdrawals | self.limits),
        }
        return pages.get(path, (set(), totals | booked))

    def _settled(self, query: Mapping[str, str], pending: int, may: set[int]) -> Allowed:
        """One batch where the address names it, else what is pending, a day's sums, and all batches."""
        if "batch" in query:
            return self.batches.get(query["batch"], (set(), set()))
        return {pending}, may.union(*(must | parts for must, parts in self.batches.values()))

    def _deposits(self) -> set[int]:
        """Every technician's, what of it repays a debt, what was asked back, and what is asked for."""
        sums: Counter[str] = Counter()
        for post in self.posts:
            if post.account.startswith(("t_deposit:", "tech_debt:")):
                sums[post.account] += post.fen
        return {abs(fen) for fen in sums.values()} | self.asked_back | self.targets | {0}

    def _days(self) -> set[int]:
        """Sums of each day: of each kind of entry by group of account and by its sign; and what was ordered."""
        sums: dict[Any, int] = defaultdict(int)
        for post in self.posts:
            name = post.account.partition(":")[0]
            up = post.fen > 0
            keys: list[tuple[Any, ...]] = [(post.kind, name), (name,), (name, up), (name, post.kind, up)]
            keys.append((post.account, up, ""))
            if name in ("t_pending", "t_avail") and not up and post.kind != "mature":
                keys.append(("earned",))
            keys += [(figure,) for figure, names in FIGURES.items() if name in names]
            for key in keys:
                sums[(*key, post.day)] += post.fen
        return {abs(fen) for fen in sums.values()} | {0}

    def _sold(self) -> set[int]:
        """What was ordered on each day, in fen and in whole yuan."""
        sums: dict[date, int] = defaultdict(int)
        for visit in self.orders.values():
            if visit.status not in ("pending_payment", "expired", "cancelled"):
                sums[_day(visit.created)] += visit.total
        return {fen for total in sums.values() for fen in (total, total // 100 * 100)}


def _by_status(session: Session, query: str) -> dict[str, int]:
    """Sums of a table's rows by their status; 0 for one that no row has."""
    return defaultdict(int, {status: int(fen) for status, fen in rows(session, query)})


def _day(at: str) -> date:
    """The local day of an instant as SQLite keeps it."""
    return datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(ZONE).date()


def _named(document: Any, *words: str, name: str = "") -> Iterator[int]:
    """Every number of a policy's document whose name has one of these words in it."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _named(value, *words, name=str(key))
    elif isinstance(document, list):
        for value in document:
            yield from _named(value, *words, name=name)
    elif isinstance(document, int) and not isinstance(document, bool) and any(word in name for word in words):
        yield document
