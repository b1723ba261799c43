"""A family's chapter of the day: a room is claimed and let, and a tenant moves out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from local.client import Unexpected
from local.stage import Player, Stage
from local.teller import Teller

_CLAIMS = {"pending": "等待物业核对", "confirmed": "与台账相符，立即绑定"}


@dataclass(frozen=True)
class Family:
    """Who lives in a room, and who did."""

    room_id: str
    owner: Player
    daughter: Player
    former_tenant: Player


def live(manager: Player, path: str, stage: Stage, tell: Teller) -> Family:
    """Play it in the community at `path`, in one of its rooms that stands empty.

    Raises
    ------
    local.client.Unexpected
        The platform did something else than the chapter expects.
    """
    room = _empty_room(manager, path)
    url = f"/community/rooms/{room['room_id']}"
    owner, daughter, tenant = (stage.sign_up(stage.human()) for _ in range(3))
    tell.say(
        f"{owner.name}、{daughter.name}、{tenant.name}从微信小程序登录，绑定手机号",
        "Three people come from the WeChat mini-program and bind their phones",
    )
    owner = _claimed(manager, owner, url, room, stage, tell)
    for person, relation, zh in ((daughter, "family_member", "女儿"), (tenant, "tenant", "租客")):
        en = relation.replace("_", " ")
        added = {"person_id": person.person_id, "relation": relation}
        owner.client.post(f"{url}/members", added)
        tell.say(f"{owner.name}把{zh}{person.name}加进家里", f"The owner adds a {en}")
    rights = {"pay": False, "open": True, "order": True, "vote": False}
    switched = {"relation": "tenant", "rights": rights}
    answer = owner.client.ask("PUT", f"{url}/residents/{tenant.person_id}/rights", switched)
    if answer.status != 200 or answer.json["rights"] != rights:
        raise Unexpected(f"{tenant.username} may something else than their landlord said")
    tell.say(
        "租客可以开门、下单；物业费由业主自己交，表决权不能给租客",
        "The tenant opens doors and orders; the owner pays, and no tenant votes",
    )
    _moved_out(owner, stage.again(tenant), url, stage, tell)
    return Family(room["room_id"], owner, stage.again(daughter), tenant)


def _empty_room(manager: Player, path: str) -> dict[str, Any]:
    building = manager.client.get(f"{path}/buildings")["items"][0]["building"]
    rooms = manager.client.get(f"{path}/buildings/{building}/rooms?limit=100")["items"]
    found: dict[str, Any] = secrets.choice(
        [room for room in rooms if room["owners"] and room["state"] != "occupied"]
    )
    return found


def _claimed(
    manager: Player, owner: Player, url: str, room: dict[str, Any], stage: Stage, tell: Teller
) -> Player:
    """The owner, confirmed by the manager, since no phone of theirs is known."""
    wanted = {"relation": "owner"}
    claim = owner.client.post(f"{url}/claims", wanted)
    tell.say(
        f"{owner.name}认领{room['original']}：{_CLAIMS[claim['state']]}",
        "A room is claimed; of the register the answer tells nothing",
    )
    decided = {"confirm": True, "reason": "已核对房产证原件"}
    manager.client.post(f"/community/claims/{claim['claim_id']}/decision", decided)
    tell.say(f"{manager.name}核对后确认", "Staff confirm it: bound in the same write")
    return stage.again(owner)


def _moved_out(owner: Player, tenant: Player, url: str, stage: Stage, tell: Teller) -> None:
    homes = tenant.client.get("/community/me/homes")["items"]
    gone = {"person_id": tenant.person_id, "relation": "tenant", "reason": "租约到期"}
    owner.client.post(f"{url}/departures", gone)
    left = tenant.client.get("/community/me/homes")["items"]
    refused = stage.again(tenant).client.ask("GET", f"{url}/residents")
    if len(homes) != 1 or left or refused.status != 404:
        raise Unexpected(f"{tenant.username} moved out and still lives there")
    tell.say(
        f"{tenant.name}搬走：原来的令牌立刻看不到这个家，再登录：{refused.status}",
        "The tenant moves out: the table knows it at once, everything else within the minute",
    )
