"""What people say and what is written back: stories from stories.yaml with their blanks filled in, notes, messages, comments."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import yaml

from analytics.demo import people

THINGS = {
    "zh": ["冰箱", "空调", "电视机", "洗衣机", "热水器", "电脑主机", "路由器"],
    "en": ["refrigerator", "air conditioner", "television", "washing machine", "computer"],
}
PARTS = {"zh": ["熔断器", "电能表", "接户线", "断路器", "刀闸"], "en": ["fuse", "meter", "service line", "breaker"]}
STREETS_EN = ["Heping Road", "Riverside Avenue", "Youth Road", "Willow Street", "Station Road", "Ginkgo Avenue"]
ESTATES_EN = ["Sunshine Garden", "Riverside Homes", "Greenland", "Jade Court"]

NOTES = [
    "已电话联系台区经理，下午到现场。", "客户情绪较激动，注意沟通方式。", "已调取用电采集数据。", "等待检修班组反馈现场照片。",
    "客户要求上门时提前半小时打电话。", "已与营业厅核对收费记录。", "现场无法进入，需物业配合。",
    "该台区近期多次反映，建议列入改造。",
]  # fmt: skip
CONTACTS = [
    "已向客户说明处理流程和时限。",
    "客户表示理解，等待处理结果。",
    "客户补充了故障时间和现象。",
    "约定次日上午现场核查。",
    "",
]
NO_ANSWER = ["无人接听", "关机", "客户正忙，要求稍后再打", "占线"]
QUESTIONS = [
    "请您提供近两个月的电费账单照片。",
    "请您告知方便我们上门核查的时间。",
    "请提供损坏电器的购买凭证或维修单。",
    "请您确认电能表的表号和当前示数。",
]
ANSWERS = [
    "资料已提供，请查收。",
    "周末上午在家，可以上门。",
    "表号和示数已经拍照发给客服。",
    "维修单在这里，请尽快处理。",
]
MESSAGES = [
    "我们已安排人员到现场核查，请您保持电话畅通。",
    "备件已到货，预计今天完成处理。",
    "多次致电未能联系上您，请回拨95598。",
]
URGINGS = ["客户再次来电催促处理", "客户询问进度，要求尽快答复", "客户表示再不处理将向12398反映", ""]
RETURNS = ["不属于本班组职责范围", "户号与地址不符，请核实", "应由营业班组处理"]
TRANSFERS = ["现场判断为计量问题，转营业计量班", "需配电抢修班配合处理", "属地供电所处理更及时", "问题涉及其他班组职责"]
WITHDRAWALS = ["问题已自行解决，不再投诉", "客户表示误会，申请撤诉", "已与工作人员沟通清楚"]
REJECTIONS = ["内容为空号或恶意骚扰", "不属于供电企业受理范围且无法核实"]
REFERRALS = ["市场监督管理局", "物业主管部门", "市政路灯管理处", "通信运营商"]
REFER_REASONS = ["转供电加价由市场监管部门负责", "产权不属于供电公司"]
SEND_BACKS = ["答复内容未说明原因，请补充", "责任认定依据不足，请补充现场照片"]
SATISFIED = ["处理很快，谢谢。", "师傅态度很好。", "解释得很清楚。", "问题解决了，满意。", ""]
DISSATISFIED = ["等了太久。", "答复没有说到点子上。", "还是没有彻底解决。", "来了几趟都不一样的说法。", ""]
NOT_SOLVED = ["问题还在，请重新处理。", "今天又停电了，根本没解决。", "钱还没有退回来。", ""]
LATE_REOPENINGS = ["过了几天同样的问题又出现了。", "答应的改造没有做，请继续处理。"]
ESCALATIONS = ["客户扬言联系媒体，请主管关注", "多部门协调困难，请主管定夺"]
ARRIVALS = ["抢修人员已到现场，开始排查", "已到现场，正在核查", "已到现场测量", ""]
RESTORATIONS = ["故障已隔离，已恢复供电", "更换熔断器后恢复供电", "合闸送电，电压正常", ""]
MADE_SAFE = ["现场已停电并设围栏", "隐患已消除，现场安全", ""]
HOLDS = {
    "no-access": ["客户家中无人，已留预约单", "物业未开配电间，约定改日进入"],
    "customer-asked": ["客户出差，要求回来后再处理", "客户来电要求下周再上门"],
    "appraisal": ["电能表已送检，等待检定结果", "损坏电器已送专业机构鉴定"],
}
RELEASES = ["已与客户约定，今日上门", "检定结果已出具", "客户已返回，恢复处理"]
EXTENSION_REASONS = ["需停电检修配合，计划排在下周", "涉及多个部门，现场取证尚未完成", "备件到货延期，需要更多时间"]
GRANTS = ["情况属实，同意延期并告知客户", "同意延期，请按新时限完成"]
DECLINES = ["理由不充分，请按原时限办结", "可协调其他班组完成，不同意延期"]
REMOVALS = {
    "VOL": ["台区变压器已增容，电压合格", "已调整三相负荷并复测电压", "低压线路改造完成，末端电压恢复正常"],
    "BIL": ["多收电费已退至客户账户", "已更正电费并完成退补"],
    "*": ["原因已消除，现场复核合格"],
}
MERGERS = ["与前一投诉反映同一问题", "同一客户同一诉求重复登记"]


class Texts:
    """The stories and answers of the made-up utility."""

    def __init__(self) -> None:
        written: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "stories.yaml").read_text(encoding="utf-8"))
        self._remedies = written.pop("remedies")
        self._answers = written.pop("answers")
        self._stories = written

    def story(self, code: str, language: str, rng: Random) -> str:
        lines = self._stories.get(code, self._stories["*"])[language]
        text: str = lines[int(rng.random() * len(lines))]
        return text.format_map(_Blanks(language, rng)) if "{" in text else text

    def remedy(self, category: str, language: str, rng: Random) -> str:
        if category not in self._remedies or rng.random() < 0.3:
            return ""
        return str(rng.choice(self._remedies[category][language]))

    def answer(self, cause: str, outcome: str, language: str, rng: Random) -> str:
        group = cause.partition("-")[0]
        if outcome == "unverifiable" or group not in self._answers:
            group = "none"
        text: str = self._answers[group][language]
        return text.replace("{part}", rng.choice(PARTS[language]))


class _Blanks(dict[str, str]):
    """Fills in what a story leaves open, each blank only when it is there."""

    def __init__(self, language: str, rng: Random) -> None:
        super().__init__()
        self._language, self._rng = language, rng

    def __missing__(self, blank: str) -> str:
        rng, zh = self._rng, self._language == "zh"
        match blank:
            case "street":
                return rng.choice(people.STREETS if zh else STREETS_EN)
            case "estate":
                return rng.choice(people.COMMUNITIES if zh else ESTATES_EN)
            case "thing":
                return rng.choice(THINGS[self._language])
            case "staff":
                return f"（工号{rng.randint(1001, 1899)}）"
            case "time":
                hour = rng.randint(6, 22)
                return f"{hour}点" if zh else f"{hour}:00"
            case "n":
                return str(rng.randint(3, 7))
            case "days":
                return str(rng.randint(4, 40))
            case "hours":
                return str(rng.randint(2, 9))
            case "month":
                return str(rng.randint(1, 12))
            case "kwh":
                return str(rng.randint(60, 900))
            case "amount":
                return str(rng.randint(6, 240) * 10)
        raise KeyError(blank)
