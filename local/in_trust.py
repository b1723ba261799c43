"""Chapters of the day about trust: who acts for another, who looks at a phone, who is forgotten."""

from __future__ import annotations

from typing import Any

from local.client import Client, Unexpected, wait_until
from local.family import Family
from local.stage import Player, Stage
from local.teller import Teller, time_of


def act_for_grandmother(family: Family, stage: Stage, tell: Teller) -> None:
    """A grandmother without a phone is registered, and a repair reported in her name.

    Raises
    ------
    local.client.Unexpected
        The platform did something else than the chapter expects.
    """
    tell.chapter("九、外婆没有手机", "Acting for a grandmother")
    daughter, name = family.daughter, stage.human().name.text
    registered = {"name": name, "kind": "elderly"}
    grandmother = daughter.client.post("/identity/dependents", registered)["person_id"]
    added = {"person_id": grandmother, "relation": "family_member"}
    family.owner.client.post(f"/community/rooms/{family.room_id}/members", added)
    tell.say(
        f"{daughter.name}登记了没有手机的外婆{name}，户主把她加进家里",
        "Somebody without an account: a person of her own, with a mandate for who registered her",
    )
    acting = daughter.client.post("/identity/sessions/acting", {"person_id": grandmother})
    wanted = {
        "room_id": family.room_id,
        "place": "own",
        "kind": "normal",
        "category": "door_window",
        "title": "阳台门推不动",
        "description": "外婆房间的阳台门推不动，请上门看看",
    }
    own = Client(stage.base_url, acting["access_token"])
    ticket = own.post("/repairs/tickets", wanted)
    done = _in_the_log(
        stage.first("security_auditor"),
        f"subject_id={ticket['ticket_id']}",
        lambda one: one["actor_id"] == daughter.person_id and one["for_id"] == grandmother,
        "the report in two names",
    )
    tell.say(
        f"{daughter.name}代外婆报修“{ticket['title']}”；日志里有两个人：谁动的手，替谁",
        "The log names both: whose hands it were, and in whose name",
    )
    tell.detail(f"{done['type']}  actor {done['actor_id'][:12]}…  for {done['for_id'][:12]}…")


def look_at_phone(family: Family, community_id: str, stage: Stage, tell: Teller) -> None:
    """A clerk sees a phone in full, for a reason; an auditor finds that they did.

    Raises
    ------
    local.client.Unexpected
        As above.
    """
    tell.chapter("十、看一次电话，留一次痕", "A phone is looked at")
    clerk, owner = stage.first("cashier", community_id), family.owner
    masked = owner.client.get("/identity/me")["phone"]
    wanted = {"fields": ["phone"], "reason": "fees"}
    shown = clerk.client.post(f"/identity/persons/{owner.person_id}/disclosures", wanted)
    if "*" in shown["phone"]:
        raise Unexpected("a phone that was asked for in full is still masked")
    tell.say(
        f"收银员{clerk.name}因收费查看{owner.name}的电话：{masked} → {shown['phone']}",
        f"{clerk.username} unmasks a phone, and says why",
    )
    found = _in_the_log(
        stage.first("security_auditor"),
        f"person_id={owner.person_id}",
        lambda one: one["type"] == "PersonalDataShown" and one["actor_id"] == clerk.person_id,
        "the look at the phone",
    )
    tell.say(
        "审计员按人查：谁在何时因何看过",
        "Written before it was answered; the auditor finds who, when, what and why",
    )
    looked = f"{'、'.join(found['data']['fields'])}（{found['data']['reason']}）"
    tell.detail(f"{time_of(found['at'])}  {found['type']}  {looked}")


def forget(family: Family, stage: Stage, tell: Teller) -> None:
    """The tenant who moved out has all that is known of them destroyed.

    Raises
    ------
    local.client.Unexpected
        As above.
    """
    tell.chapter("十一、注销", "Somebody is forgotten")
    tenant = stage.again(family.former_tenant)
    tenant.client.post("/identity/me/erasure", {})
    after = tenant.client.ask("GET", "/identity/me")
    again = stage.again(tenant).client.get("/community/me")["person_id"]
    if after.status not in (401, 404) or again == tenant.person_id:
        raise Unexpected(f"{tenant.username} was erased and is still there")
    tell.say(
        f"{tenant.name}注销账号：密钥已销毁，姓名电话无从恢复，旧令牌：{after.status}",
        "The key of their details is destroyed; ids and counts stay as they are",
    )
    tell.say(
        "同一个微信再来，已是新人",
        "Whoever comes from the same WeChat afterwards is somebody new",
    )


def _in_the_log(auditor: Player, query: str, fits: Any, what: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        page = auditor.client.get(f"/audit/activities?{query}&limit=100")
        return next((one for one in page["items"] if fits(one)), None)

    return wait_until(found, what)
