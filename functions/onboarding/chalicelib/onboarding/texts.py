"""What people read of onboarding: code → (zh-CN, en), states, and what to do next."""

from __future__ import annotations

from chalicelib.onboarding.guidance.progress import Milestone
from chalicelib.onboarding.model import State
from shared.i18n import Texts

TEXTS: Texts = {
    "busy": ("操作过于频繁，请稍后重试。", "Too much at once; try again in a moment."),
    "wrong_check_character": (
        "统一社会信用代码的校验位不符，请核对。",
        "The check character of the credit code does not fit; compare it with the licence.",
    ),
    "credit_code_taken": (
        "该统一社会信用代码已有申请或已入驻。",
        "There is an application, or a company, with this credit code already.",
    ),
    "own_application": ("不能审核自己的申请。", "Nobody reviews their own application."),
    "not_your_review": (
        "该申请由其他审核人员处理，请先接手。",
        "Another reviewer has this application; take it on first.",
    ),
    "not_in_this_state": (
        "申请当前状态（{state}）不能进行此操作。",
        "The application's state ({state}) does not allow this.",
    ),
    "timeline_full": (
        "该申请往返次数过多，请撤回后重新申请。",
        "This application went back and forth too often; withdraw it and apply anew.",
    ),
    "too_many_applications": (
        "今天的申请已达上限 {limit} 次。",
        "You have applied {limit} times today; try again tomorrow.",
    ),
    "too_many_uploads": (
        "每天最多上传 {limit} 个文件，请明天再试。",
        "At most {limit} files a day; try again tomorrow.",
    ),
    "qualification_twice": ("同一份资质只能添加一次。", "This qualification is already there."),
    "no_such_qualification": ("没有这份资质文件。", "There is no such qualification."),
    "qualification_refused": (
        "这份资质文件无法使用，请重新上传。",
        "This file cannot be used; upload another.",
    ),
    "no_month_for_open": (
        "只有已结束的申请按月查询。",
        "Only applications that ended are listed by month.",
    ),
}

STATES: dict[State, tuple[str, str]] = {
    State.SUBMITTED: ("待审核", "waiting for review"),
    State.IN_REVIEW: ("审核中", "in review"),
    State.APPROVED: ("已通过", "approved"),
    State.REFUSED: ("未通过，可修改后重新提交", "refused; may be put right and sent again"),
    State.WITHDRAWN: ("已撤回", "withdrawn"),
}

MILESTONES: dict[Milestone, tuple[str, str]] = {
    Milestone.ACCOUNT: ("管理员账号已交付", "administrator account handed over"),
    Milestone.COMMUNITY: ("小区已开通", "community opened"),
    Milestone.REGISTER: ("房产台账已导入", "house register imported"),
    Milestone.STAFF: ("员工已加入", "staff taken on"),
}

NEXT: dict[Milestone, tuple[str, str]] = {
    Milestone.ACCOUNT: (
        "请打开邀请短信中的链接，设置密码和动态验证码。",
        "Open the link in your invitation, and set a password and a second factor.",
    ),
    Milestone.COMMUNITY: (
        "请开通贵公司管理的第一个小区：填写名称和地址。",
        "Open the first community that your company runs: its name and address.",
    ),
    Milestone.REGISTER: (
        "请上传小区的房产台账（Excel 或 CSV），核对预检结果后提交。",
        "Upload the community's house register (Excel or CSV), look at the dry run, commit it.",
    ),
    Milestone.STAFF: (
        "请邀请项目经理、管家和维修工，并授予角色。",
        "Invite managers, butlers and technicians, and give them their roles.",
    ),
}
