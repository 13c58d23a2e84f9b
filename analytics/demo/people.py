"""Made-up customers: who customer number so-and-so is, computed from the number alone, so that nobody need be kept in memory.

Names are common surnames with common given names, places do not exist. China's numbering plan sets no telephone numbers
aside for stories. The first 10,000 customers get 138-0000-xxxx, the row of zeros that everybody uses as a placeholder; the
rest get numbers from 154, a prefix that has never been opened, which no network can reach. E-mail is at example.org (RFC 2606).
"""

from __future__ import annotations

from typing import NamedTuple

PLACEHOLDERS = 10_000
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆"
)
GIVEN_FIRST = "建国志文晓海春秋玉秀桂明永德家俊思雨子浩佳欣美丽红金宝庆学立新光振东成长伟芳"
GIVEN_SECOND = ["", *"华强平军英兰珍芳梅霞燕勇斌磊涛杰鹏飞宇轩涵怡婷敏静丽娟艳波辉刚林生荣福贵明亮"]
STREETS = [
    "和平路", "滨河大道", "解放街", "青年路", "柳荫街", "望江路", "建设路", "桃园街", "松柏路", "文昌街", "晨光路", "银杏大道",
    "环城东路", "新民街", "竹溪路", "长虹街", "育才路", "石桥街", "梧桐路", "春晖街", "锦绣路", "东风街", "南湖路", "丰收街",
]  # fmt: skip
COMMUNITIES = [
    "阳光花园",
    "滨河家园",
    "绿洲新城",
    "幸福小区",
    "金桂苑",
    "水岸名邸",
    "翠竹苑",
    "安居小区",
    "书香苑",
    "和谐家园",
    "东湖新村",
    "枫林湾",
]
VILLAGES = [
    "柳树村",
    "石桥村",
    "上河村",
    "下河村",
    "杏花村",
    "双井村",
    "大槐村",
    "清泉村",
    "红枫村",
    "河湾村",
    "白塔村",
    "前进村",
]
SHOPS = ["便利店", "餐馆", "五金店", "药房", "超市", "理发店", "洗衣店", "诊所", "旅馆", "茶楼"]
PLANTS = ["纺织厂", "机械厂", "食品厂", "塑料制品厂", "建材厂", "冷链物流中心", "电子厂"]
BODIES = ["小学", "卫生院", "社区服务中心", "图书馆", "污水处理站", "敬老院"]
FRAILTIES = ["家中有人使用制氧机", "独居老人，听力不好", "行动不便，需上门服务", "家中有婴儿", "使用家用呼吸机"]
SECOND_ACCOUNT_EVERY = 20
FIRST_ACCOUNT = 7_000_000_000
HOUSEHOLDS = 891
KINDS = (("industrial", 996), ("public_body", 986), ("prosumer", 971), ("commercial", HOUSEHOLDS))
"""From which of a thousand on customers are of which kind; all others are households."""


class Customer(NamedTuple):
    position: int
    kind: str
    name: str
    phone: str
    email: str
    address: str
    language: str
    contact_method: str
    is_key: bool
    vulnerability: str
    do_not_contact: bool

    @property
    def account(self) -> str:
        """The number of the first account."""
        return account_number(self.position)

    @property
    def segment(self) -> str:
        """What policies call them."""
        return "key" if self.is_key else self.kind


def mixed(number: int, seed: int) -> int:
    """64 well-mixed bits from a small number (the finaliser of SplitMix64)."""
    z = (number * 0x9E3779B97F4A7C15 + seed * 0xD1B54A32D192ED03 + 0x632BE59BD9B4E019) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return z ^ (z >> 31)


def account_number(position: int) -> str:
    """Accounts are numbered through: first one for each customer, then the second ones."""
    return str(FIRST_ACCOUNT + position)


def kind_of(index: int, seed: int) -> str:
    """What kind of customer that is, for less than all of them costs."""
    share = mixed(index, seed) % 1000
    if share < HOUSEHOLDS:
        return "household"
    return next(kind for kind, least in KINDS if share >= least)


def customer(index: int, seed: int, *, county: str, is_rural: bool) -> Customer:
    bits = mixed(index, seed) >> 10
    street, house = STREETS[bits % len(STREETS)], bits // 32 % 180 + 1
    if is_rural:
        address = f"{county}{VILLAGES[bits // 7 % len(VILLAGES)]}{house % 9 + 1}组{house}号"
    else:
        estate = COMMUNITIES[bits // 11 % len(COMMUNITIES)]
        floor = bits // 13 % 18 + 1
        address = f"{county}{street}{house}号{estate}{bits // 17 % 20 + 1}栋{floor}0{bits // 19 % 4 + 1}室"
    bits >>= 12
    person = name(bits)
    kind, said = kind_of(index, seed), person
    match kind:
        case "industrial":
            said = f"滨河{street[:2]}{PLANTS[bits % len(PLANTS)]}"
        case "public_body":
            said = f"{county}{street[:2]}{BODIES[bits % len(BODIES)]}"
        case "commercial":
            said = f"{street[:2]}{person[0]}记{SHOPS[bits % len(SHOPS)]}"
    bits >>= 8
    if index < PLACEHOLDERS:
        phone = f"1380000{index * 7919 % PLACEHOLDERS:04d}"
    else:
        phone = f"154{index:08d}"
    has_mail = index >= PLACEHOLDERS or bits % 100 < 35
    method = "email" if has_mail and bits // 100 % 10 < 2 else "sms" if bits // 1000 % 10 < 3 else "phone"
    return Customer(
        position=index,
        kind=kind,
        name=said,
        phone=phone,
        email=f"customer{index}@example.org" if has_mail else "",
        address=address,
        language="en" if bits // 7 % 100 < 4 else "zh-hans",
        contact_method=method,
        is_key=kind == "industrial" or (kind == "public_body" and bits % 3 == 0),
        vulnerability=FRAILTIES[bits % len(FRAILTIES)] if kind == "household" and bits // 11 % 1000 < 18 else "",
        do_not_contact=bits // 13 % 1000 < 3,
    )


def name(bits: int) -> str:
    return (
        SURNAMES[bits % len(SURNAMES)]
        + GIVEN_FIRST[bits // 64 % len(GIVEN_FIRST)]
        + GIVEN_SECOND[bits // 4096 % len(GIVEN_SECOND)]
    )


def has_second_account(index: int) -> bool:
    return index % SECOND_ACCOUNT_EVERY == 7


def second_accounts_before(index: int) -> int:
    """How many customers with a lower number have a second account."""
    return (index + 12) // SECOND_ACCOUNT_EVERY
