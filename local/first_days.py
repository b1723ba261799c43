"""How a property company comes onto the platform, as `make demo` tells it (OB-01, UM-07)."""

from __future__ import annotations

import secrets
from typing import Any

from local.client import post_file, wait_until
from local.stage import Player, Stage
from local.teller import Teller

_BASE_31 = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LICENCE = "%PDF-1.7\n1 0 obj <</Title (营业执照)>> endobj\ntrailer <<>>\n%%EOF\n".encode()


def play(stage: Stage, tell: Teller) -> Player:
    """A company applies, is refused, puts it right, is approved and opens its first community.

    Returns
    -------
    Player
        Its administrator, signed in with the new role.

    Raises
    ------
    local.client.Unexpected
        The platform did something else than the chapter expects.
    """
    tell.chapter("序、物业公司入驻", "A property company comes onto the platform")
    reviewer, human = stage.first("market_officer"), stage.human()
    applicant = stage.sign_up(human)
    said = {
        "name": f"{applicant.name[:1]}氏物业服务有限公司",
        "credit_code": _credit_code(),
        "qualification_ids": [_send_licence(applicant)],
        "introduction": "管理两个小区，共 600 户",
    }
    wanted = {"kind": "property_company", **said}
    application = applicant.client.post("/onboarding/applications", wanted)
    tell.say(
        f"{applicant.name}为{said['name']}（{said['credit_code']}）提交入驻申请："
        f"{application['state_zh']}",
        f"{application['application_id']}: {application['state_en']}",
    )
    application = _decide(reviewer, application, "refusal", reason="请补充公司简介")
    tell.say(
        f"招商专员{reviewer.name}驳回：{application['state_zh']}",
        "The market officer refuses it and says why; the credit code is free again",
    )
    again = {**said, "introduction": "2019 年成立，管理两个小区，共 600 户"}
    path = f"/onboarding/applications/{application['application_id']}"
    body = {**again, "version": application["version"]}
    application = applicant.client.post(f"{path}/resubmission", body)
    application = _decide(reviewer, application, "approval")
    chief = _handed_over(stage, stage.enrol(applicant, human.phone), application)
    tell.say(
        f"修改后通过：{applicant.name}收到短信，设好密码和验证器，成为公司管理员",
        "Approved: the others heard of it; invited by SMS, the applicant administers the company",
    )
    _open_first_community(chief, application, tell)
    return chief


def _credit_code() -> str:
    """A credit code that nobody has, its check character worked out (GB 32100)."""
    body = "91320114MA" + "".join(secrets.choice(_BASE_31) for _ in range(7))
    total = sum(_BASE_31.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return body + _BASE_31[-total % 31]


def _send_licence(applicant: Player) -> str:
    wanted = {"content_type": "application/pdf", "size_bytes": len(_LICENCE)}
    place = applicant.client.post("/onboarding/qualifications", wanted)
    post_file(place, "licence.pdf", _LICENCE)
    return str(place["qualification_id"])


def _decide(
    reviewer: Player, application: dict[str, Any], path: str, **facts: str
) -> dict[str, Any]:
    """Take the application on, look at its file, and decide."""
    url = f"/onboarding/reviews/{application['application_id']}"
    claimed = reviewer.client.post(f"{url}/claim", {"version": application["version"]})

    def examined() -> bool:
        files = reviewer.client.get(url)["qualifications"]
        return all(file["state"] == "accepted" for file in files)

    wait_until(examined, "the licence examined")
    body = {**facts, "version": claimed["version"]}
    decided: dict[str, Any] = reviewer.client.post(f"{url}/{path}", body)
    return decided


def _handed_over(stage: Stage, applicant: Player, application: dict[str, Any]) -> Player:
    """The applicant, once the news of the approval has made them the administrator."""

    def administers() -> Player | None:
        chief = stage.again(applicant)
        grants = chief.client.get("/community/me")["grants"]
        return chief if any(one["role"] == "company_admin" for one in grants) else None

    return wait_until(administers, f"{application['name']} taken on")


def _open_first_community(chief: Player, application: dict[str, Any], tell: Teller) -> None:
    path = f"/onboarding/applications/{application['application_id']}"
    shown = chief.client.get(path)
    _tell_guidance(shown, tell)
    wanted = {
        "company_id": shown["company_id"],
        "name": "望溪家园",
        "address": "南京市雨花台区望溪路 9 号",
    }
    chief.client.post("/community/communities", wanted)

    def opened() -> dict[str, Any] | None:
        found: dict[str, Any] = chief.client.get(path)
        done = {step["step"] for step in found["guidance"] if step["done"]}
        return found if "community" in done else None

    _tell_guidance(wait_until(opened, "the community among what is done"), tell)


def _tell_guidance(shown: dict[str, Any], tell: Teller) -> None:
    steps = shown["guidance"]
    undone = next(step for step in steps if not step["done"])
    done = sum(step["done"] for step in steps)
    tell.say(f"入驻引导 {done}/{len(steps)}，下一步：{undone['next_zh']}", undone["next_en"])
