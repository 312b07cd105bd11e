"""The demo city's districts and its catalogue of 33 services, as data.

Owns prices, durations, add-ons and what is included. Coordinates are GCJ-02 as published; the seed converts them.
"""

from __future__ import annotations

from dataclasses import dataclass

CITY = {"slug": "shanghai", "code": "21", "name_zh": "上海", "name_en": "Shanghai", "timezone": "Asia/Shanghai"}
DEPOSIT = {"target_fen": 50_000, "share_bp": 1_000, "hold_days": 30}
"""What the city asks its technicians to put aside."""

DISTRICTS: tuple[tuple[str, str, str, float, float, str], ...] = (
    # adcode, zh, en, lng, lat (GCJ-02), status
    ("310101", "黄浦区", "Huangpu", 121.490317, 31.222771, "open"),
    ("310104", "徐汇区", "Xuhui", 121.437520, 31.179973, "open"),
    ("310105", "长宁区", "Changning", 121.422200, 31.218123, "open"),
    ("310106", "静安区", "Jing'an", 121.448224, 31.229003, "open"),
    ("310107", "普陀区", "Putuo", 121.392499, 31.241701, "open"),
    ("310109", "虹口区", "Hongkou", 121.491832, 31.260970, "open"),
    ("310110", "杨浦区", "Yangpu", 121.522797, 31.270755, "open"),
    ("310112", "闵行区", "Minhang", 121.375972, 31.111658, "open"),
    ("310115", "浦东新区", "Pudong", 121.567706, 31.245944, "open"),
    ("310113", "宝山区", "Baoshan", 121.489934, 31.398896, "soon"),
    ("310114", "嘉定区", "Jiading", 121.250333, 31.383524, "soon"),
    ("310117", "松江区", "Songjiang", 121.223543, 31.030470, "soon"),
    ("310116", "金山区", "Jinshan", 121.330736, 30.724697, "closed"),
    ("310118", "青浦区", "Qingpu", 121.113021, 31.151209, "closed"),
    ("310120", "奉贤区", "Fengxian", 121.458472, 30.912345, "closed"),
    ("310151", "崇明区", "Chongming", 121.397516, 31.626946, "closed"),
)

CATEGORIES: tuple[tuple[str, str, str], ...] = (
    ("daily", "日常保洁", "Cleaning"),
    ("deep", "深度保洁", "Deep cleaning"),
    ("appliance", "家电清洗", "Appliance cleaning"),
    ("care", "家居养护", "Home care"),
    ("repair", "维修", "Repairs"),
    ("massage", "按摩理疗", "Massage"),
)


@dataclass(frozen=True, slots=True)
class Extra:
    """An add-on: slug, names, price in yuan, minutes, most per order."""

    slug: str
    zh: str
    en: str
    yuan: int
    minutes: int = 0
    most: int = 1


@dataclass(frozen=True, slots=True)
class Item:
    """One service: prices in yuan per unit, minutes at the smallest quantity."""

    category: str
    slug: str
    zh: str
    en: str
    about_zh: str
    about_en: str
    yuan: float
    minutes: int
    unit: str = "visit"
    least: int = 1
    most: int = 1
    extra_minutes: float = 0
    next_off: int = 0
    crew: int = 1
    plan: str = "full"
    deposit_bp: int = 0
    deposit_yuan: int = 0
    skill: str = ""
    certificate: str = ""
    buffer: int = 0
    same_gender: bool = False
    warranty: int = 7
    extras: tuple[Extra, ...] = ()
    included: tuple[tuple[str, str], ...] = ()
    excluded: tuple[tuple[str, str], ...] = ()


_WINDOW = Extra("windows", "擦内窗", "Inside windows", 40, 30)
_WARDROBE = Extra("wardrobe", "整理衣柜（30 分钟）", "Tidy the wardrobe (30 min)", 60, 30, 3)
_VACUUM = Extra("vacuum", "自带吸尘器", "Bring a vacuum cleaner", 15)
_CLEAN_IN = (
    ("客厅卧室除尘", "Dusting of living room and bedrooms"),
    ("厨房台面去油", "Kitchen worktops degreased"),
    ("卫浴除垢消毒", "Bathroom descaled and disinfected"),
    ("全屋地面清洁", "All floors cleaned"),
)
_CLEAN_OUT = (("不含擦外窗", "No outside windows"), ("不含家电拆洗", "No appliance dismantling"))
_DEEP_IN = (
    ("厨房重油污清洁", "Heavy kitchen grease removed"),
    ("卫浴水垢霉斑清除", "Limescale and mould removed"),
    ("门窗踢脚线除尘", "Doors, frames and skirting dusted"),
    ("柜体内外擦拭", "Cupboards wiped inside and out"),
)
_WASH_IN = (
    ("拆洗可拆卸部件", "Removable parts dismantled and washed"),
    ("高温高压除菌", "High-temperature sterilisation"),
    ("清洗前后对比照", "Before and after photos"),
    ("试机确认正常", "Test run afterwards"),
)
_WASH_OUT = (("不含维修与更换配件", "No repair or replacement parts"), ("不含高空作业", "No work at height"))
_CARE_IN = (
    ("专业药剂与设备", "Professional agents and equipment"),
    ("家具保护与归位", "Furniture protected and put back"),
    ("效果现场验收", "Result checked with you on site"),
)
_CARE_OUT = (("不含大件搬运", "No moving of large furniture"),)
_FIX_IN = (
    ("上门检查与报价", "Inspection and quote on site"),
    ("基础工具与人工", "Basic tools and labour"),
    ("完工试用与清理", "Trial and tidy-up at the end"),
)
_FIX_OUT = (("材料按价目另计", "Materials charged by the price list"),)
_BODY_IN = (
    ("持证技师上门", "Certified therapist at your door"),
    ("一客一换床单毛巾", "Fresh sheets and towels for each guest"),
    ("服务前身体状况询问", "Health questions before we begin"),
)
_BODY_OUT = (
    ("不含任何医疗行为", "No medical treatment"),
    ("孕期与术后请先咨询医生", "Ask your doctor first when pregnant or after surgery"),
)


def _daily(hours: int, yuan: int, sqm: int) -> Item:
    return Item(
        "daily", f"cleaning-{hours}h", f"日常保洁 {hours} 小时", f"Cleaning, {hours} hours",
        f"适合 {sqm}㎡ 以内 · 自带环保清洁剂", f"For homes up to {sqm} m² · cleaning agents included",
        yuan, hours * 60, skill="cleaning", extras=(_WINDOW, _WARDROBE, _VACUUM), included=_CLEAN_IN, excluded=_CLEAN_OUT,
    )  # fmt: skip


def _wash(slug: str, zh: str, en: str, about: tuple[str, str], yuan: int, minutes: int, **more: object) -> Item:
    base: dict[str, object] = {
        "unit": "machine", "most": 6, "extra_minutes": minutes * 0.8, "skill": "appliance", "warranty": 15,
        "included": _WASH_IN, "excluded": _WASH_OUT,
    }  # fmt: skip
    return Item("appliance", slug, zh, en, about[0], about[1], yuan, minutes, **(base | more))


def _care(slug: str, zh: str, en: str, about: tuple[str, str], yuan: float, minutes: int, **more: object) -> Item:
    base: dict[str, object] = {"skill": "care", "included": _CARE_IN, "excluded": _CARE_OUT}
    return Item("care", slug, zh, en, about[0], about[1], yuan, minutes, **(base | more))


def _fix(slug: str, zh: str, en: str, about: tuple[str, str], yuan: int, minutes: int, **more: object) -> Item:
    base: dict[str, object] = {
        "plan": "deposit", "deposit_yuan": 30, "skill": "repair", "warranty": 30, "included": _FIX_IN, "excluded": _FIX_OUT,
    }  # fmt: skip
    return Item("repair", slug, zh, en, about[0], about[1], yuan, minutes, **(base | more))


def _body(slug: str, zh: str, en: str, about: tuple[str, str], yuan: int, minutes: int, **more: object) -> Item:
    base: dict[str, object] = {
        "skill": "massage", "certificate": "massage", "buffer": 15, "warranty": 1, "included": _BODY_IN, "excluded": _BODY_OUT,
        "extras": (Extra("longer", "加钟 30 分钟", "30 more minutes", 118, 30, 2),),
    }  # fmt: skip
    return Item("massage", slug, zh, en, about[0], about[1], yuan, minutes, **(base | more))


ITEMS: tuple[Item, ...] = (
    _daily(2, 109, 60),
    _daily(3, 159, 90),
    _daily(4, 205, 130),
    Item(
        "deep", "deep-kitchen-bath", "深度保洁（厨卫重点）", "Deep cleaning, kitchen and bath", "厨卫除垢去油 · 4 小时", "Grease and limescale gone · 4 hours",
        299, 240, skill="deep", included=_DEEP_IN, excluded=_CLEAN_OUT,
        extras=(Extra("hood", "油烟机表面", "Cooker hood surface", 50, 30), Extra("fridge", "冰箱内胆", "Inside of the fridge", 60, 30)),
    ),
    Item(
        "deep", "deep-whole-home", "全屋深度保洁", "Whole-home deep cleaning", "全屋到角落 · 两人同时上门", "The whole home, every corner · by two at once",
        569, 240, crew=2, plan="deposit", deposit_bp=2000, skill="deep", included=_DEEP_IN, excluded=_CLEAN_OUT,
    ),
    Item(
        "deep", "move-in", "开荒保洁", "Move-in cleaning", "装修后首次清洁 · 60㎡ 起", "First cleaning after decoration · from 60 m²",
        7.9, 240, unit="sqm", least=60, most=160, extra_minutes=2.5, plan="deposit", deposit_bp=2000, skill="deep",
        included=_DEEP_IN, excluded=(("高空外窗不提供", "No outside windows at height"),), extras=(Extra("glue", "除胶", "Glue removal", 120, 60),),
    ),
    Item(
        "deep", "windows", "擦玻璃", "Window cleaning", "内外双面 · 10㎡ 起", "Both sides · from 10 m²",
        16, 90, unit="sqm", least=10, most=40, extra_minutes=6, skill="deep", included=(("玻璃与窗框窗槽", "Panes, frames and tracks"),),
        excluded=(("高空外窗不提供", "No outside windows at height"),), extras=(Extra("screens", "纱窗拆洗（扇）", "Fly screen washed (each)", 10, 10, 8),),
    ),
    _wash("ac-wall", "空调挂机清洗", "Wall air conditioner", ("蒸发器深度清洗 · 第 2 台起减 ¥20", "Evaporator deep clean · ¥20 off from the 2nd"), 129, 60, next_off=20, extras=(Extra("steam", "高温蒸汽", "Steam treatment", 30, 15, 6),)),
    _wash("ac-stand", "空调柜机清洗", "Standing air conditioner", ("滤网风轮拆洗", "Filter and fan washed"), 169, 75),
    _wash("ac-central", "中央空调出风口", "Central air outlet", ("按出风口计 · 2 口起", "Per outlet · from 2"), 149, 60, least=2, most=12, extra_minutes=25),
    _wash("hood", "油烟机拆洗", "Cooker hood", ("欧式 / 侧吸 · 重油免拆损", "Chimney or side type · dismantled with care"), 199, 90, most=2, extras=(Extra("integrated", "集成灶", "Integrated cooker", 80, 30),)),
    _wash("washer-drum", "滚筒洗衣机拆洗", "Drum washing machine", ("内筒拆洗除菌", "Drum taken out and disinfected"), 189, 100, most=2, extras=(Extra("dryer", "烘干模块", "Dryer module", 60, 30),)),
    _wash("washer-top", "波轮洗衣机清洗", "Top-loading washing machine", ("波轮夹层去污", "Dirt between the drums removed"), 139, 80, most=2),
    _wash("fridge", "冰箱清洗（双门）", "Two-door fridge", ("食品级清洁剂", "Food-safe agents"), 159, 80, most=2, extras=(Extra("side", "对开门", "Side-by-side", 50, 20),)),
    _wash("heater", "热水器清洗", "Water heater", ("内胆除垢", "Tank descaled"), 149, 70, most=2, extras=(Extra("anode", "镁棒更换", "New anode rod", 89, 20),)),
    _care("mattress", "床垫除螨", "Mattress de-mite", ("高温吸尘 + 紫外线", "Hot vacuum and UV"), 99, 45, unit="piece", most=5, extra_minutes=30, extras=(Extra("sofa", "沙发（座组）", "Sofa (set)", 60, 30, 2),)),
    _care("sofa", "沙发清洗（布艺）", "Fabric sofa", ("按座计 · 3 座起", "Per seat · from 3"), 59, 75, unit="seat", least=3, most=9, extra_minutes=25),
    _care("floor-wax", "木地板打蜡", "Wooden floor waxing", ("进口固体蜡 · 30㎡ 起", "Solid wax · from 30 m²"), 18, 150, unit="sqm", least=30, most=120, extra_minutes=3),
    _care("pest", "蟑螂消杀", "Cockroach control", ("90㎡ 以内 · 90 天质保", "Up to 90 m² · 90-day warranty"), 258, 60, warranty=90),
    _fix("inspection", "上门检测", "Inspection visit", ("可抵扣维修费 · 唯一上门费", "Counts towards the repair · the only call-out fee"), 30, 30, plan="full", deposit_yuan=0),
    _fix("toilet", "马桶疏通", "Toilet unblocking", ("不通不收费 · 30 天质保", "No result, no charge · 30-day warranty"), 120, 45, plan="after", deposit_yuan=0),
    _fix("drain", "下水道 / 地漏疏通", "Drain unblocking", ("机械疏通 · 30 天质保", "By machine · 30-day warranty"), 150, 60, extras=(Extra("deep-pipe", "深管机", "Deep pipe machine", 120, 30),)),
    _fix("tap", "水龙头 / 角阀更换", "Tap or valve replacement", ("材料按价目 30–260 元", "Parts ¥30–260 by the list"), 80, 40, unit="piece", most=6, extra_minutes=20),
    _fix("lamp", "灯具安装 / 更换", "Lamp fitting", ("含旧灯拆除", "Old lamp taken down"), 60, 40, unit="piece", most=10, extra_minutes=20, extras=(Extra("chandelier", "吊灯", "Chandelier", 80, 30, 2),)),
    _fix("socket", "插座开关检修", "Sockets and switches", ("持证电工上门", "By a certified electrician"), 70, 40, unit="piece", most=8, extra_minutes=15, certificate="electrician"),
    _fix("unlock", "开锁", "Lock opening", ("公安备案 · 核验身份住址", "Registered locksmith · identity checked"), 150, 30, plan="after", deposit_yuan=0, certificate="locksmith"),
    _fix("lock-core", "换锁芯（C 级）", "New lock cylinder, class C", ("含锁芯与人工", "Cylinder and labour included"), 298, 45, certificate="locksmith"),
    _fix("ac-repair", "空调加氟 / 维修", "Air conditioner repair", ("持制冷证 · 先检测后维修", "Certified · inspected before repaired"), 180, 60, certificate="refrigeration"),
    _body("tuina-60", "中式推拿 60 分钟", "Tuina massage, 60 min", ("全身经络放松", "Whole-body relaxation"), 238, 60),
    _body("tuina-90", "中式推拿 90 分钟", "Tuina massage, 90 min", ("全身深度舒缓", "Deep whole-body relief"), 328, 90),
    _body("neck", "肩颈调理 60 分钟", "Neck and shoulders, 60 min", ("久坐人群首选", "For those who sit all day"), 228, 60, extras=(Extra("heat", "热敷", "Heat pack", 38, 0), Extra("longer", "加钟 30 分钟", "30 more minutes", 118, 30, 2))),
    _body("foot", "足底反射疗法 60 分钟", "Foot reflexology, 60 min", ("含中药足浴", "With a herbal foot bath"), 198, 60),
    _body("oil-spa", "精油舒缓 SPA 90 分钟", "Aroma oil spa, 90 min", ("植物精油 · 默认同性技师", "Plant oils · same-gender therapist by default"), 398, 90, same_gender=True),
)  # fmt: skip
assert len(ITEMS) == 33  # noqa: S101 - the catalogue's size is part of the city's description

CHECKLISTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "daily": (("kitchen", "厨房清洁完成", "Kitchen done"), ("bath", "卫浴清洁完成", "Bathroom done"), ("floor", "地面与垃圾清理", "Floors done, rubbish out")),
    "deep": (("kitchen", "厨房深度清洁", "Kitchen deep-cleaned"), ("bath", "卫浴深度清洁", "Bathroom deep-cleaned"), ("check", "与客户一起验收", "Checked with the customer")),
    "appliance": (("power", "断电与防护", "Power off, surroundings covered"), ("wash", "拆洗与除菌", "Dismantled, washed, disinfected"), ("test", "试机正常", "Test run fine")),
    "care": (("protect", "周边防护", "Surroundings protected"), ("result", "效果验收", "Result checked")),
    "repair": (("cause", "说明故障原因", "Cause explained"), ("test", "完工试用", "Tried after the work"), ("tidy", "现场清理", "Place tidied")),
    "massage": (("health", "询问身体状况", "Health asked"), ("linen", "更换一次性用品", "Fresh linen used")),
}  # fmt: skip

COUPONS: tuple[dict[str, object], ...] = (
    {"slug": "welcome", "name_zh": "新人立减 30", "name_en": "¥30 off your first order", "kind": "amount", "amount_fen": 3000, "min_spend_fen": 9900, "first_order_only": True, "stock": 5000},
    {"slug": "cleaning-90", "name_zh": "保洁 9 折", "name_en": "10% off cleaning", "kind": "percent", "percent_bp": 1000, "cap_fen": 4000, "category": "daily", "stock": 2000, "funder_platform_bp": 5000},
    {"slug": "appliance-50", "name_zh": "家电清洗满 300 减 50", "name_en": "¥50 off appliance cleaning over ¥300", "kind": "amount", "amount_fen": 5000, "min_spend_fen": 30000, "category": "appliance", "stock": 2000},
    {"slug": "back-20", "name_zh": "老友回归 20", "name_en": "Welcome back: ¥20 off", "kind": "amount", "amount_fen": 2000, "min_spend_fen": 8000, "stock": 2000},
    {"slug": "promise-20", "name_zh": "守约补偿 20", "name_en": "Promise kept: ¥20 for you", "kind": "amount", "amount_fen": 2000, "stock": 100000, "claimable": False},
)  # fmt: skip

HOLIDAYS: tuple[str, ...] = (
    "2026-10-01",
    "2026-10-02",
    "2026-10-03",
    "2027-01-01",
    "2027-02-06",
    "2027-02-07",
    "2027-02-08",
)
"""Statutory holidays with the holiday surcharge, local dates."""
