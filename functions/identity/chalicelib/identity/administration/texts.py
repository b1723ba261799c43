"""What operators read: code → (zh-CN, en)."""

from __future__ import annotations

from shared.i18n import Texts

TEXTS: Texts = {
    "one_of_two": ("手机号与姓名请二选一。", "Give either a phone or a name."),
    "merge_asked": (
        "该账号已有待确认的合并。",
        "Another merge of this account waits for a second word.",
    ),
    "no_such_merge": (
        "最近七天没有人申请过这一合并。",
        "Nobody asked for this merge in the last seven days.",
    ),
    "second_person_needed": (
        "须由另一位管理员确认。",
        "Another administrator than the one who asked must agree.",
    ),
    "not_mergeable": (
        "两个账号须均为正常状态，且被合并账号没有代办关系。",
        "Both accounts must be active, and no mandates may hang on the one that goes.",
    ),
    "too_many_disclosures": (
        "今天查看完整信息已达上限 {limit} 次。",
        "You have looked at full details {limit} times today.",
    ),
}
