"""The columns an import knows, what their headings are called elsewhere, and what may be wrong with a row."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from customers.models.search import normal

FIELDS: dict[str, tuple[str | LazyText, tuple[str, ...]]] = {
    "customer_number": (_("Customer number"), ("客户编号", "用户编号", "customer", "customer no", "cust_no")),
    "name": (_("Name"), ("姓名", "名称", "客户名称", "用户名称", "用电客户名称", "customer name")),
    "kind": (_("Kind"), ("类型", "客户类型", "用户类型", "customer kind")),
    "phone": (_("Phone"), ("电话", "手机", "联系电话", "手机号码", "mobile", "telephone")),
    "email": (_("E-mail"), ("邮箱", "电子邮件", "电子邮箱", "mail")),
    "postal_address": (_("Postal address"), ("通信地址", "通讯地址", "邮寄地址")),
    "language": (_("Language"), ("语言", "lang")),
    "contact_method": (_("Preferred contact"), ("联系方式", "首选联系方式", "contact")),
    "is_key": (_("Key customer"), ("重要客户", "大客户", "key")),
    "is_vulnerable": (_("Vulnerable"), ("弱势客户", "特殊客户", "vulnerable customer")),
    "vulnerability": (_("What to bear in mind"), ("注意事项", "关怀说明")),
    "do_not_contact": (_("Do not contact"), ("请勿联系", "勿扰")),
    "branch": (_("Branch code"), ("供电单位编码", "单位编码", "供电单位", "branch", "org_no")),
    "manager": (_("User name of the account manager"), ("客户经理", "account manager")),
    "account_number": (_("Account number"), ("户号", "用电户号", "account", "account no", "cons_no")),
    "tariff": (_("Tariff class"), ("电价类别", "电价", "tariff")),
    "opened_on": (_("Opened on"), ("立户日期", "开户日期")),
    "closed_on": (_("Closed on"), ("销户日期",)),
    "address": (_("Address of the premise"), ("用电地址", "地址", "address", "premise")),
    "area": (_("Transformer area code"), ("台区编码", "台区", "台区编号", "transformer area", "tg_no")),
    "area_class": (_("Area"), ("城乡类别", "区域", "area class")),
    "meter_number": (_("Meter number"), ("表号", "电能表号", "资产编号", "meter", "meter no")),
    "installed_on": (_("Meter installed on"), ("装表日期", "安装日期")),
}
NEEDED = ("customer_number",)

WORDS: dict[str, dict[str, str]] = {
    "kind": {
        "household": "household 居民 居民客户 低压居民",
        "commercial": "commercial 商业 一般工商业 低压非居民",
        "industrial": "industrial 大工业 工业 高压",
        "public_body": "public_body publicbody 机关 公共机构 事业单位",
        "prosumer": "prosumer 光伏 分布式电源 发电客户",
    },
    "language": {"zh-hans": "zh zh-hans zh-cn 中文 汉语", "en": "en english 英文 英语"},
    "contact_method": {
        "phone": "phone 电话",
        "sms": "sms 短信",
        "email": "email e-mail 邮件 电子邮件",
        "letter": "letter 信函 信件",
    },
    "area_class": {
        "urban": "urban 城市 城区 城镇 市区",
        "rural": "rural 农村",
        "remote": "remote 边远 偏远 特殊边远",
    },
    **{
        name: {"true": "true yes y t 1 是 有", "false": "false no n f 0 否 无"}
        for name in ("is_key", "is_vulnerable", "do_not_contact")
    },
}
MEANS = {
    name: {normal(word): value for value, words in values.items() for word in words.split()}
    for name, values in WORDS.items()
}
"""What the words of a cell mean; other words are left as they are, and rejected later with their row."""

PROBLEMS: dict[str, str | LazyText] = {
    "control": _("contains control characters"),
    "unreadable": _("cannot be read as a row of this file"),
    "too_long": _("a cell is longer than it may be"),
    "customer_number": _("customer number is missing, longer than 20, or has other than letters, digits and hyphens"),
    "name": _("a new customer needs a name"),
    "kind": _("kind of customer is not known"),
    "phone": _("phone has fewer than 5 or more than 20 digits, or other characters"),
    "email": _("e-mail address is not one"),
    "language": _("language is not known"),
    "contact_method": _("preferred contact is not known"),
    "yes_no": _("yes or no is expected"),
    "branch": _("there is no such branch, or it is not yours"),
    "other_branch": _("this customer or account belongs to a branch that is not yours"),
    "manager": _("there is no such person on the staff"),
    "account_number": _("account number is missing, longer than 20, or has other than letters, digits and hyphens"),
    "address": _("a new account needs the address of its premise"),
    "area": _("there is no such transformer area"),
    "area_class": _("area is not known"),
    "date": _("a date is not written as 2026-03-31, or an account closes before it opens"),
    "meter_number": _("meter number is longer than 30, or has other than letters, digits and hyphens"),
}


def guessed(header: Sequence[str]) -> dict[str, int]:
    """Which column each field is likely to be, from its heading."""
    known = {normal(heading): at for at, heading in reversed(list(enumerate(header)))}
    found: dict[str, int] = {}
    for name, (label, others) in FIELDS.items():
        for heading in (name, str(label), *others):
            at = known.get(normal(heading))
            if at is not None and at not in found.values():
                found[name] = at
                break
    return found
