"""How values are written in each language: money, days, times, durations, distances, counts, masks.

Owns the patterns (they are locale data, not sentences, and therefore no catalogue entries). Never reads the clock and
never decides a time zone: `now` and `tz` (an IANA name) are passed in. Money comes in as integer fen.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from servicehub.texts import LOCALE, Locale

CITY_TZ = "Asia/Shanghai"
MINUS = "\u2212"
_ZH_WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_EN_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EN_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ZH_NEAR = {-1: "昨天", 0: "今天", 1: "明天", 2: "后天"}
_EN_NEAR = {-1: "Yesterday", 0: "Today", 1: "Tomorrow"}


def _in(locale: Locale | None) -> Locale:
    return locale or LOCALE.get()


def amount(fen: int, *, always_decimals: bool = False) -> str:
    """`fen` as yuan figures without a symbol: `128`, `12.6`, `1,286.00` with `always_decimals`."""
    whole, rest = divmod(abs(fen), 100)
    decimals = f".{rest:02d}" if always_decimals else (f".{rest:02d}".rstrip("0") if rest else "")
    return f"{whole:,}{decimals}"


def plain(fen: int) -> str:
    """`fen` as it stands in a field: `1286.5`."""
    return amount(fen).replace(",", "")


def yuan(fen: int, *, always_decimals: bool = False, signed: bool = False) -> str:
    """`¥128`, `¥12.6`, `−¥30`; `signed` also writes a plus. Tables and receipts set `always_decimals`."""
    sign = MINUS if fen < 0 else "+" if signed and fen > 0 else ""
    return f"{sign}¥{amount(fen, always_decimals=always_decimals)}"


def weekday(on: date, *, locale: Locale | None = None) -> str:
    return (_EN_WEEKDAYS if _in(locale) == "en" else _ZH_WEEKDAYS)[on.weekday()]


def month_day(on: date, *, locale: Locale | None = None) -> str:
    """`11月23日` / `23 Nov`."""
    return f"{on.day} {_EN_MONTHS[on.month - 1]}" if _in(locale) == "en" else f"{on.month}月{on.day}日"


def full_day(on: date, *, locale: Locale | None = None) -> str:
    """`2027年1月3日` / `3 Jan 2027`."""
    text = month_day(on, locale=locale)
    return f"{text} {on.year}" if _in(locale) == "en" else f"{on.year}年{text}"


def day(on: date, today: date, *, locale: Locale | None = None) -> str:
    """Near days by name, others with their weekday, other years with the year."""
    speech = _in(locale)
    near = (_EN_NEAR if speech == "en" else _ZH_NEAR).get((on - today).days)
    if near:
        return near
    if on.year != today.year:
        return full_day(on, locale=speech)
    if speech == "en":
        return f"{weekday(on, locale=speech)} {month_day(on, locale=speech)}"
    return f"{month_day(on, locale=speech)} {weekday(on, locale=speech)}"


def clock_time(at: datetime, tz: str = CITY_TZ) -> str:
    """`14:00`, 24 hours, in the zone `tz`."""
    return f"{at.astimezone(ZoneInfo(tz)):%H:%M}"


def day_time(at: datetime, now: datetime, tz: str = CITY_TZ, *, locale: Locale | None = None) -> str:
    """`今天 14:00`, `11月23日 周一 14:00` / `Mon 23 Nov, 14:00`."""
    zone = ZoneInfo(tz)
    named = day(at.astimezone(zone).date(), now.astimezone(zone).date(), locale=locale)
    comma = "," if _in(locale) == "en" else ""
    return f"{named}{comma} {clock_time(at, tz)}"


def span(start: datetime, end: datetime, now: datetime, tz: str = CITY_TZ, *, locale: Locale | None = None) -> str:
    """A visit's window: `今天 14:00–17:00`; the end names its day only if it is another one."""
    zone = ZoneInfo(tz)
    same_day = start.astimezone(zone).date() == end.astimezone(zone).date()
    until = clock_time(end, tz) if same_day else day_time(end, now, tz, locale=locale)
    return f"{day_time(start, now, tz, locale=locale)}–{until}"


def stamp(at: datetime, tz: str = CITY_TZ) -> str:
    """`2026-11-22 14:38:05` for logs, ledgers and exports."""
    return f"{at.astimezone(ZoneInfo(tz)):%Y-%m-%d %H:%M:%S}"


def relative(at: datetime, now: datetime, tz: str = CITY_TZ, *, locale: Locale | None = None) -> str:
    """`5 分钟前` / `5 min ago`; older than seven days, or in the future: the day."""
    age = now - at
    speech = _in(locale)
    if age < timedelta(0) or age >= timedelta(days=7):
        return day_time(at, now, tz, locale=speech)
    seconds = int(age.total_seconds())
    for unit, zh, en in ((86400, "天前", "d ago"), (3600, "小时前", "h ago"), (60, "分钟前", "min ago")):
        if seconds >= unit:
            return f"{seconds // unit} {en if speech == 'en' else zh}"
    return "just now" if speech == "en" else "刚刚"


def crew(people: int, *, locale: Locale | None = None) -> str:
    """`2 位技师` / `2 technicians` of a visit of several people; "" for one."""
    if people == 1:
        return ""
    return f"{people} technicians" if _in(locale) == "en" else f"{people} 位技师"


def duration(minutes: int, *, locale: Locale | None = None) -> str:
    """`40 分钟`, `3 小时`, `1 小时 30 分钟` / `40 min`, `3 h`, `1 h 30 min`."""
    hour_word, minute_word = ("h", "min") if _in(locale) == "en" else ("小时", "分钟")
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} {hour_word}"] if hours else []
    if rest or not hours:
        parts.append(f"{rest} {minute_word}")
    return " ".join(parts)


def timer(seconds: int) -> str:
    """`mm:ss`, and `h:mm:ss` from one hour on; never negative."""
    left = max(0, seconds)
    hours, rest = divmod(left, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes:02d}:{secs:02d}"


def distance(metres: int) -> str:
    """`850m`, `1.2km`."""
    if metres < 1000:
        return f"{metres}m"
    tenths = (metres + 50) // 100
    return f"{tenths // 10}.{tenths % 10}km"


def big_count(n: int, *, locale: Locale | None = None) -> str:
    """`8,600`, `3.2万` / `8.6K`, `32K`: Chinese shortens from 10,000, English from 1,000."""
    unit, mark = (1000, "K") if _in(locale) == "en" else (10000, "万")
    if n < unit:
        return f"{n:,}"
    tenths = n * 10 // unit
    return f"{tenths // 10}{f'.{tenths % 10}' if tenths % 10 and tenths < 1000 else ''}{mark}"


def rating(score_x100: int, *, digits: int = 1) -> str:
    """A score kept in hundredths: `4.9`; technicians show two digits."""
    return f"{score_x100 / 100:.{digits}f}"


def percent(bp: int, *, digits: int = 1) -> str:
    """Basis points as a share: `98.6%`."""
    return f"{bp / 100:.{digits}f}%"


def rate(bp: int) -> str:
    """Basis points with the digits that they need: `22%`, `22.5%`, `22.25%`."""
    return percent(bp, digits=0 if bp % 100 == 0 else 1 if bp % 10 == 0 else 2)


def delta(bp: int, *, points: bool = False) -> str:
    """A change in basis points: `▲12.4%`, `▼1.3pt` for rates."""
    mark = "▲" if bp > 0 else "▼" if bp < 0 else ""
    return f"{mark}{abs(bp) / 100:.1f}{'pt' if points else '%'}"


def mask_phone(phone: str) -> str:
    """`199****6021`."""
    digits = phone.removeprefix("+86").strip()
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 8 else "****"


def mask_name(name: str) -> str:
    """The first letter or character, then two stars: `陈**`, `C**`; used under reviews."""
    return f"{name[:1]}**"


def order_tail(number: str) -> str:
    """The last four digits, by which people name an order on the phone."""
    return number[-4:]
