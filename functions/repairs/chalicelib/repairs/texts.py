"""What people read of repairs: code → (zh-CN, en)."""

from __future__ import annotations

from chalicelib.repairs.model import State
from shared.i18n import Texts

TEXTS: Texts = {
    "busy": ("操作过于频繁，请稍后重试。", "Too much at once; try again in a moment."),
    "not_in_this_state": (
        "工单当前状态不能进行此操作。",
        "The ticket's state does not allow this.",
    ),
    "rating_final": (
        "评价已超过 7 天，不能再修改。",
        "The rating is older than 7 days and stands.",
    ),
    "timeline_full": (
        "该工单流转次数过多，请联系项目经理。",
        "This ticket went round too often; ask the community manager.",
    ),
    "too_many_reports": (
        "今天的报修已达上限 {limit} 次，紧急情况请致电物业。",
        "You have reported {limit} repairs today; call the office if it is urgent.",
    ),
    "same_report_again": (
        "同一问题今天已报修 {limit} 次，请在原工单中查看进度。",
        "You have reported this {limit} times today; follow it in its ticket.",
    ),
    "too_many_uploads": (
        "每小时最多上传 {limit} 张照片，请稍后再试。",
        "At most {limit} photos an hour; try again later.",
    ),
    "photo_twice": ("同一张照片只能添加一次。", "This photo is already there."),
    "no_such_photo": ("没有这张照片。", "There is no such photo."),
    "photo_refused": (
        "这张照片无法使用，请重新上传。",
        "This photo cannot be used; upload another.",
    ),
    "not_a_technician": (
        "此人不是负责该房屋的维修工。",
        "This person is not a technician for this room.",
    ),
    "no_month_for_open": (
        "只有已结束的工单按月查询。",
        "Only tickets that ended are listed by month.",
    ),
}

STATES: dict[State, tuple[str, str]] = {
    State.NEW: ("待派单", "waiting to be assigned"),
    State.DISPATCHED: ("已派单", "assigned"),
    State.ACCEPTED: ("已接单", "accepted"),
    State.WORKING: ("维修中", "being repaired"),
    State.DONE: ("待评价", "done, to be rated"),
    State.CLOSED: ("已完成", "closed"),
    State.WITHDRAWN: ("已撤销", "withdrawn"),
}
