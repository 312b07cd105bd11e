"""The demo city's invented people: 64 technicians, 320 customers, the operators, and the log-ins that a visitor may use.

Owns names, plans and skills, all drawn from one seed. Nobody here exists; every phone is 199 0000 xxxx.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from servicehub.domain.technician import CertificateStatus, Gender, Level, Transport

SURNAMES = (
    "周张陈李王吴赵刘孙何徐朱高林郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石"
    "姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
FEMALE = [
    "桂芳",
    "秀梅",
    "丽娟",
    "海燕",
    "小琴",
    "彩霞",
    "晓兰",
    "若溪",
    "雪梅",
    "佳怡",
    "婷婷",
    "素珍",
    "巧云",
    "春燕",
    "玉兰",
    "红霞",
    "美玲",
    "艳萍",
    "月娥",
    "慧敏",
    "冬梅",
    "翠英",
    "惠珍",
    "银凤",
    "晓燕",
    "雅琴",
    "静怡",
    "思琪",
]
MALE = [
    "国强",
    "建军",
    "永刚",
    "文斌",
    "国栋",
    "立军",
    "志强",
    "海涛",
    "宝山",
    "长青",
    "德明",
    "志远",
    "卫东",
    "新民",
    "俊杰",
    "浩然",
    "振华",
    "学文",
    "庆林",
    "少华",
    "大勇",
    "建平",
    "树林",
    "伟民",
    "子轩",
    "明辉",
]


@dataclass(frozen=True, slots=True)
class LogIn:
    """How a visitor gets in: `secret` is a password, or empty where the code appears on the page."""

    face: str
    title: str
    name: str
    secret: str = ""


PORTRAITS: dict[Gender, tuple[int, ...]] = {
    Gender.FEMALE: (1, 5, 13, 3, 20, 2, 21, 9, 19, 15, 23, 11, 16, 22, 24),
    Gender.MALE: (6, 4, 12, 18, 8, 10, 7, 14, 17),
}
"""Which of the drawn portraits fit."""
OPERATOR_PASSWORD = "servicehub-demo"  # noqa: S105 - shown on the first page of a demo that production refuses
OPERATORS: tuple[tuple[str, str, str], ...] = (
    ("admin", "admin", "顾明"),
    ("dispatch", "dispatcher", "韩雪"),
    ("support", "support", "田甜"),
    ("finance", "finance", "钱进"),
    ("quality", "quality", "严谨"),
    ("pudong", "city_manager", "浦江"),
)
"""Log-in name, role and display name; the city manager sees Pudong only."""
MANAGED_DISTRICT = "310115"
"""Of the city manager."""
VISITOR_CUSTOMER = "19900000001"
VISITOR_TECHNICIAN = "19900000002"
LOGINS: tuple[LogIn, ...] = (
    LogIn("customer", "Customer", VISITOR_CUSTOMER),
    LogIn("technician", "Technician", VISITOR_TECHNICIAN),
    *(LogIn("operator", role, name, OPERATOR_PASSWORD) for name, role, _ in OPERATORS),
)


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate: kind, state and last valid day."""

    kind: str
    status: CertificateStatus
    issued_on: date
    expires_on: date


@dataclass(frozen=True, slots=True)
class Worker:
    """One technician. `week` holds (weekday, start, end, is_break) in local minutes."""

    number: int
    name: str
    phone: str
    gender: Gender
    level: Level
    transport: Transport
    years: int
    skills: tuple[str, ...]
    papers: tuple[Paper, ...]
    week: tuple[tuple[int, int, int, bool], ...]
    night: bool
    joined_on: date
    portrait: str
    punctuality: float
    """Chance to arrive on time in the made-up history."""


@dataclass(frozen=True, slots=True)
class Guest:
    """One customer; `loyalty` weighs how many historic orders are theirs."""

    number: int
    name: str
    phone: str
    loyalty: float
    joined_on: date


TRADES: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("cleaning", 28, ("cleaning",)),
    ("appliance", 10, ("appliance",)),
    ("repair", 12, ("repair",)),
    ("massage", 14, ("massage",)),
)
LEVELS = [Level.TRAINEE] * 8 + [Level.BRONZE] * 20 + [Level.SILVER] * 20 + [Level.GOLD] * 12 + [Level.CHIEF] * 4
SHIFTS: tuple[tuple[int, int, tuple[int, int]], ...] = (
    (480, 1020, (720, 765)),
    (600, 1200, (840, 885)),
    (720, 1350, (1050, 1095)),
)
"""Early, middle and late shift with its break."""


def phone(number: int) -> str:
    """The `number`-th invented phone."""
    return f"1990000{number:04d}"


def technicians(seed: int, today: date, count: int = 64) -> list[Worker]:
    """The city's technicians, the visitor's first; the same for the same seed and day."""
    random = Random(seed)
    levels = LEVELS[:]
    random.shuffle(levels)
    trades = [trade for trade, n, _ in TRADES for _ in range(n)]
    if count < len(trades):
        trades = [trades[i * len(trades) // count] for i in range(count)]
    names = _names(random, len(trades))
    return [_worker(random, i, trade, levels[i], names[i], today) for i, trade in enumerate(trades)]


def customers(seed: int, today: date, count: int = 320) -> list[Guest]:
    """The city's customers, the visitor's first; forty of them order often."""
    random = Random(seed + 1)
    guests = []
    for i in range(count):
        surname = random.choice(SURNAMES)
        title = random.choice(("女士", "女士", "先生"))
        loyalty = 6.0 if i < max(count // 8, 2) else random.uniform(0.3, 1.4)
        number = 1 if i == 0 else 1000 + i
        guests.append(
            Guest(i, f"{surname}{title}", phone(number), loyalty, today - timedelta(days=random.randint(121, 500)))
        )
    return guests


def _names(random: Random, count: int) -> list[tuple[str, str]]:
    seen: set[str] = set()
    names: list[tuple[str, str]] = []
    while len(names) < count:
        pair = (random.choice(SURNAMES) + random.choice(FEMALE), random.choice(SURNAMES) + random.choice(MALE))
        if not seen & set(pair):
            seen |= set(pair)
            names.append(pair)
    return names


def _worker(random: Random, i: int, trade: str, level: Level, names: tuple[str, str], today: date) -> Worker:
    female = {"cleaning": 0.86, "appliance": 0.1, "repair": 0.0, "massage": 0.71}[trade] > random.random()
    fitting = PORTRAITS[Gender.FEMALE if female else Gender.MALE]
    skills = [trade]
    if trade == "cleaning":
        skills += [s for s, chance in (("deep", 0.6), ("care", 0.4)) if random.random() < chance or i < 3]
    if trade == "appliance" and random.random() < 0.5:
        skills.append("care")
    night = (trade == "massage" and random.random() < 0.3) or (trade == "repair" and random.random() < 0.4)
    return Worker(
        number=i,
        name=names[0] if female else names[1],
        phone=VISITOR_TECHNICIAN if i == 0 else phone(2000 + i),
        gender=Gender.FEMALE if female else Gender.MALE,
        level=Level.GOLD if i == 0 else level,
        transport=random.choices([Transport.EBIKE, Transport.TRANSIT, Transport.CAR], [70, 20, 10])[0],
        years=random.randint(1, 12),
        skills=tuple(skills),
        papers=_papers(random, i, trade, today),
        week=_week(random, i, trade),
        night=night,
        joined_on=today - timedelta(days=random.randint(130, 1500)),
        portrait=f"av-{fitting[i % len(fitting)]}",
        punctuality=random.uniform(0.88, 0.99),
    )


def _papers(random: Random, i: int, trade: str, today: date) -> tuple[Paper, ...]:
    """Six have a paper that expires within 30 days, two an expired one, three a new one under review, one a rejected one."""
    kinds = ["identity", "background", "health"]
    kinds += {"massage": ["massage"], "repair": ["electrician", "locksmith", "refrigeration"]}.get(trade, [])
    papers = []
    for kind in kinds:
        left = random.randint(60, 360)
        status = CertificateStatus.APPROVED
        if kind == kinds[-1] and i % 10 == 7:
            left = random.randint(3, 29)
        if kind == kinds[-1] and i in (45, 61):
            left = -random.randint(2, 20)
        if kind == kinds[-1] and i in (13, 33, 53):
            status = CertificateStatus.PENDING
        if kind == "health" and i == 24:
            status = CertificateStatus.REJECTED
        expires = today + timedelta(days=left)
        papers.append(Paper(kind, status, expires - timedelta(days=365), expires))
    return tuple(papers)


def _week(random: Random, i: int, trade: str) -> tuple[tuple[int, int, int, bool], ...]:
    if i == 0:
        return tuple((day, 420, 1380, False) for day in range(7))
    if trade in ("massage", "repair") and i % 13 == 5:
        return tuple((day, 1200, 1560, False) for day in range(6))
    start, end, pause = SHIFTS[2] if trade == "massage" else random.choice(SHIFTS)
    free = random.sample(range(7), 1) if trade != "massage" else [random.randint(0, 4)]
    days = [day for day in range(7) if day not in free]
    return tuple(row for day in days for row in ((day, start, end, False), (day, *pause, True)))
