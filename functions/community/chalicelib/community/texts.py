"""What people read of `community`: code → (zh-CN, en)."""

from __future__ import annotations

from shared.auth import Role
from shared.i18n import Texts

TEXTS: Texts = {
    "mandate_missing": (
        "物业专员须有授权委托书：编号和截止日期。",
        "A property officer needs a mandate: its number and its last day.",
    ),
    "mandate_of_officers_only": (
        "只有物业专员需要授权委托书。",
        "Only a property officer has a mandate.",
    ),
    "mandate_too_long": (
        "授权委托最长 {limit} 年。",
        "A mandate is given for {limit} years at most.",
    ),
    "officer_of_another_firm": (
        "此人已受另一家公司委托。",
        "This person acts for another firm.",
    ),
    "role_not_on_this_scope": (
        "角色 {role} 不能授予这个范围。",
        "The role {role} cannot be granted on this scope.",
    ),
    "role_not_yours_to_give": (
        "您无权授予角色 {role}。",
        "The role {role} is not yours to give.",
    ),
    "not_to_yourself": ("不能为自己授权或绑定。", "Not to yourself."),
    "not_a_residents_role": (
        "{role} 不是业主、家庭成员或租客。",
        "{role} is not a resident's role.",
    ),
    "not_a_scope": ("不是有效的范围。", "This is not a scope."),
    "not_a_company": ("没有这家物业公司。", "There is no such property company."),
    "too_many_grants": (
        "此人的授权已达上限 {limit} 项。",
        "This person has reached the limit of {limit} grants.",
    ),
    "too_many_residents": (
        "此房屋的住户已达上限 {limit} 人。",
        "The room has reached the limit of {limit} residents.",
    ),
    "until_for_tenants_only": (
        "只有租客可以设定到期日。",
        "Only a tenancy has a last day.",
    ),
    "until_in_the_past": ("到期日不能早于今天。", "The last day is in the past."),
    "lease_too_long": (
        "租期不能超过 {limit} 年。",
        "A lease is at most {limit} years long.",
    ),
    "not_for_this_relation": (
        "{role} 不能拥有此项权利。",
        "A {role} cannot have this right.",
    ),
    "too_many_open_claims": (
        "您有 {limit} 个认领申请尚未处理，请等待处理或先撤回。",
        "{limit} claims of yours still wait; wait for them or take one back.",
    ),
    "room_not_registered": (
        "房产台账中没有这套房屋，请先补录或驳回。",
        "The register does not have this room: add it first, or refuse.",
    ),
    "too_many_claims": (
        "每天最多提交 {limit} 次认领申请，请明天再试。",
        "At most {limit} claims a day; try again tomorrow.",
    ),
    "too_many_communities": (
        "该公司的小区已达上限 {limit} 个。",
        "The company has reached the limit of {limit} communities.",
    ),
    "not_in_this_state": (
        "当前状态（{state}）不允许此操作。",
        "This is not possible in the state {state}.",
    ),
    "no_dry_run": (
        "还没有可查看的预检结果（{state}）。",
        "There is no dry run to look at yet ({state}).",
    ),
    "dry_run_expired": (
        "预检结果已超过七天，请重新上传。",
        "The dry run is older than seven days; upload the file again.",
    ),
    "nothing_to_commit": (
        "所有楼栋都有错误，没有可以提交的内容。",
        "Every building has an error; there is nothing to commit.",
    ),
    "building_busy": (
        "该楼栋正在导入，请稍后再试。",
        "An import is changing this building; try again in a moment.",
    ),
    "too_many_exports": (
        "每天最多导出 {limit} 次房产台账，请明天再试。",
        "The register can be exported {limit} times a day; try again tomorrow.",
    ),
    "list_changed": (
        "该楼栋的房屋刚刚更新，请从第一页重新开始。",
        "The rooms of this building have just changed; start again from the first page.",
    ),
    "inner_exceeds_built": (
        "套内面积不能大于建筑面积。",
        "The inner area cannot exceed the built-up area.",
    ),
}

ROLES: dict[Role, tuple[str, str]] = {
    Role.PLATFORM_ADMIN: ("平台管理员", "platform administrator"),
    Role.SECURITY_AUDITOR: ("安全审计员", "security auditor"),
    Role.COMPANY_ADMIN: ("物业公司管理员", "company administrator"),
    Role.COMMUNITY_MANAGER: ("项目经理", "community manager"),
    Role.FINANCE_CLERK: ("财务经办", "finance clerk"),
    Role.FINANCE_APPROVER: ("财务审批", "finance approver"),
    Role.CASHIER: ("收银员", "cashier"),
    Role.DISPATCHER: ("调度员", "dispatcher"),
    Role.BUTLER: ("管家", "butler"),
    Role.TECHNICIAN: ("维修工", "technician"),
    Role.PATROL: ("巡逻员", "patrol"),
    Role.STOREKEEPER: ("仓管员", "storekeeper"),
    Role.BUYER: ("采购员", "buyer"),
    Role.GATE_GUARD: ("门岗", "gate guard"),
    Role.MARKET_OFFICER: ("招商专员", "market officer"),
    Role.GOODS_OFFICER: ("商品专员", "goods officer"),
    Role.PROPERTY_OFFICER: ("物业专员", "property officer"),
    Role.ORDER_OFFICER: ("订单专员", "order officer"),
    Role.PROMOTION_OFFICER: ("推广专员", "promotion officer"),
    Role.OWNER_SERVICE: ("业主客服", "owner service"),
    Role.OWNER: ("业主", "owner"),
    Role.FAMILY_MEMBER: ("家庭成员", "family member"),
    Role.TENANT: ("租客", "tenant"),
}
