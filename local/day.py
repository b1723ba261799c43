"""A day in a community, played on the running platform through its public door.

In the morning the manager corrects the house register and a technician starts; a resident moves
in, reports a dripping tap, follows it until it is mended, and rates it; in the evening the books
are looked at, a family lets its home to a tenant who moves out again, who has no right is turned
away, and an auditor finds all of it in the log.
"""

from __future__ import annotations

import io
import secrets
import time
from dataclasses import dataclass
from typing import Any

from openpyxl import load_workbook

from local import camera, chain, family, first_days, in_trust
from local.client import Client, Unexpected, fetch, post_file, wait_until
from local.estate import registers
from local.looking_back import look_back
from local.stage import Player, Stage
from local.teller import Teller, time_of
from shared import clock

_MEASURED_ANEW_M2 = 0.12
_KEY = ("楼栋号", "单元号", "房号")


@dataclass(frozen=True)
class Office:
    """The community of the day and who runs it."""

    community_id: str
    name: str
    manager: Player
    dispatcher: Player

    @property
    def path(self) -> str:
        """Where the community stands in the API."""
        return f"/community/communities/{self.community_id}"


def play(stage: Stage, tell: Teller) -> None:
    """Play the day from morning to evening; every run is a day of its own.

    Raises
    ------
    local.client.Unexpected
        The platform did something else than the day expects.
    """
    first_days.play(stage, tell)
    office = _open_office(stage, tell)
    before = office.manager.client.get(f"{office.path}/statistics")
    _correct_register(office, stage, tell)
    technician = _take_on(office, stage, tell)
    resident, room = _move_in(office, stage, tell)
    ticket = _report(office, resident, room, tell)
    _mend(office, ticket, technician, tell)
    _rate(ticket["ticket_id"], resident, tell)
    _follow(ticket["ticket_id"], resident, tell)
    _count(office, before, tell)
    tell.chapter("八、一家人", "A family")
    home = family.live(office.manager, office.path, stage, tell)
    in_trust.act_for_grandmother(home, stage, tell)
    in_trust.look_at_phone(home, office.community_id, stage, tell)
    in_trust.forget(home, stage, tell)
    _turn_away(office, ticket["ticket_id"], stage, tell)
    look_back(ticket["ticket_id"], resident, stage, tell)


def _open_office(stage: Stage, tell: Teller) -> Office:
    manager = stage.first("community_manager")
    scope = next(one.scope for one in stage.people if one.username == manager.username)
    dispatcher = stage.first("dispatcher", scope)
    community = manager.client.get(f"/community/communities/{scope}")
    office = Office(scope, community["name"], manager, dispatcher)
    tell.chapter(f"{office.name}的一天", f"A day in {scope}, {community['address']}")
    return office


def _correct_register(office: Office, stage: Stage, tell: Teller) -> None:
    tell.chapter("一、房产台账", "The house register")
    manager = office.manager
    export = manager.client.post(f"{office.path}/exports", {"format": "xlsx"})
    kept = fetch(export["url"])
    buyer = stage.human()
    corrected = _two_corrections(kept, buyer.name.text, buyer.id_number, buyer.phone)
    tell.say(
        f"项目经理{manager.name}导出台账（{len(kept) / 1024:.0f} KB），改了两处，重新上传",
        f"{manager.username} exports the register, corrects two cells, and uploads it again",
    )
    path = registers.upload(manager.client, office.community_id, "台账更正.xlsx", corrected)
    shown = registers.wait_for_dry_run(manager.client, path)
    totals = shown["totals"]
    tell.say(
        f"预检：{totals['rows']} 行，{totals['unchanged']} 户不变，{totals['changed']} 户更正，"
        f"{totals['transfers_proposed']} 户业主变更待确认，{totals['errors']} 处错误",
        "Dry run: nothing has moved yet",
    )
    for row in manager.client.get(f"{path}/rows?outcome=changed")["items"]:
        for change in row["changes"]:
            tell.detail(f"{row['room']}  {change['field']}: {change['before']} → {change['after']}")
    for row in manager.client.get(f"{path}/rows?outcome=transfer_proposed")["items"]:
        tell.detail(f"{row['room']}  新业主 new owner: {'、'.join(row['proposed_owners'])}")
    done = registers.commit(manager.client, path, shown)
    outcomes = "、".join(f"{b['building']} {b['outcome']}" for b in done["buildings"])
    tell.say(
        "提交：面积已更正；业主变更只是提议，要走过户流程",
        "Committed building by building; a new owner is only proposed, never imported",
    )
    tell.detail(outcomes)


def _two_corrections(kept: bytes, name: str, id_number: str, phone: str) -> bytes:
    """The register with one home measured anew and another sold to somebody."""
    book = load_workbook(io.BytesIO(kept))
    sheet = book.worksheets[0]
    at = {str(cell.value): place for place, cell in enumerate(sheet[1])}
    rows = list(sheet.iter_rows(min_row=2))
    keys = [tuple(row[at[heading]].value for heading in _KEY) for row in rows]
    # A room with co-owners has a row for each of them, which would have to agree.
    owned_alone = [
        row
        for row, key in zip(rows, keys, strict=True)
        if row[at["房屋用途"]].value == "住宅"
        and row[at["证件号码"]].value
        and keys.count(key) == 1
    ]
    measured = secrets.choice(owned_alone)
    sold = secrets.choice([row for row in owned_alone if row is not measured])
    area = measured[at["建筑面积(㎡)"]]
    area.value = round(float(str(area.value)) + _MEASURED_ANEW_M2, 2)
    for heading, value in (("业主姓名", name), ("证件号码", id_number), ("联系电话", phone)):
        sold[at[heading]].value = value
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _take_on(office: Office, stage: Stage, tell: Teller) -> Player:
    """A new technician, whom the dispatcher knows as soon as the news has travelled."""
    tell.chapter("二、新来的维修工", "A new technician")
    technician = stage.take_on(stage.human(), "technician", office.community_id, office.manager)
    name = technician.name
    granted = time.monotonic()
    tell.say(
        f"{office.manager.name}短信邀请{name}，授予维修工角色，范围：{office.name}",
        f"{office.manager.username} invites {technician.username} and grants the role technician",
    )
    path = f"/repairs/technicians?community_id={office.community_id}&limit=100"

    def known() -> bool:
        found = office.dispatcher.client.get(path)["items"]
        return any(one["person_id"] == technician.person_id for one in found)

    wait_until(known, f"{technician.username} among the technicians")
    seconds = time.monotonic() - granted
    tell.say(
        f"{seconds:.1f} 秒后，调度员{office.dispatcher.name}的派单名单里有了{name}",
        "The grant reached repairs as an event: stream, bus, rule, queue",
    )
    return stage.again(technician)


def _move_in(office: Office, stage: Stage, tell: Teller) -> tuple[Player, dict[str, Any]]:
    """A resident bound to a room that somebody lives in, and the room."""
    tell.chapter("三、住户绑定", "A resident moves in")
    manager = office.manager.client
    building = manager.get(f"{office.path}/buildings")["items"][0]["building"]
    rooms = manager.get(f"{office.path}/buildings/{building}/rooms?limit=100")["items"]
    room = secrets.choice([one for one in rooms if one["state"] == "occupied"])
    owner = room["owners"][0]["name"]
    resident = stage.sign_up(stage.human(owner[0]))
    wanted = {"person_id": resident.person_id, "relation": "family_member"}
    manager.post(f"/community/rooms/{room['room_id']}/residents", wanted)
    resident = stage.again(resident)
    tell.say(
        f"{office.manager.name}把{resident.name}绑定到{room['original']}"
        f"（{room['built_area_dm2'] / 100:.2f} ㎡，业主{owner}）",
        f"{resident.username} is bound to {room['room_id']} as a family member",
    )
    me = resident.client.get("/community/me")["grants"][0]
    tell.detail(f"{me['community_name']}  {me['role_name_zh']} {me['role_name_en']}  {me['scope']}")
    return resident, room


def _report(office: Office, resident: Player, room: dict[str, Any], tell: Teller) -> dict[str, Any]:
    """The ticket of a dripping tap, its photo clean."""
    tell.chapter("四、报修", "A repair is reported")
    photo_id = _send_photo(office, resident, tell, dripping=True)
    wanted = {
        "room_id": room["room_id"],
        "place": "own",
        "kind": "normal",
        "category": "water",
        "title": "厨房水龙头漏水",
        "description": "厨房水龙头关不紧，一直滴水，台面已经湿了",
        "photo_ids": [photo_id],
    }
    ticket: dict[str, Any] = resident.client.post("/repairs/tickets", wanted)
    tell.say(
        f"{resident.name}报修“{ticket['title']}”：{ticket['state_zh']}，"
        f"应在 {time_of(ticket['due_at'])} 前派单",
        f"{ticket['ticket_id']}: {ticket['state_en']}",
    )
    _show_clean(ticket["ticket_id"], photo_id, resident, tell)
    return ticket


def _send_photo(office: Office, player: Player, tell: Teller, *, dripping: bool) -> str:
    taken = camera.photograph(clock.now().astimezone(clock.ESTATE_ZONE), dripping=dripping)
    wanted = {
        "community_id": office.community_id,
        "content_type": "image/jpeg",
        "size_bytes": len(taken),
    }
    place = player.client.post("/repairs/photos", wanted)
    post_file(place, "tap.jpg", taken)
    tell.say(
        f"{player.name}拍照上传：{len(taken) / 1024:.0f} KB，"
        f"{camera.tags_in(taken)} 项 EXIF，拍摄位置 {camera.place_of(taken)}",
        "A JPEG that says where it was taken goes to quarantine",
    )
    photo_id: str = place["photo_id"]
    return photo_id


def _show_clean(ticket_id: str, photo_id: str, player: Player, tell: Teller) -> None:
    def released() -> str | None:
        photos = player.client.get(f"/repairs/tickets/{ticket_id}")["photos"]
        return next((p["url"] for p in photos if p["photo_id"] == photo_id), None)

    shown = fetch(wait_until(released, f"{photo_id} released"))
    if camera.place_of(shown) is not None or camera.tags_in(shown):
        raise Unexpected(f"{photo_id} was released with what its camera wrote into it")
    tell.say(
        f"照片已清洗放行：{len(shown) / 1024:.0f} KB，{camera.tags_in(shown)} 项 EXIF，没有位置",
        "Written anew, without EXIF, before anyone else could see it",
    )


def _mend(office: Office, ticket: dict[str, Any], technician: Player, tell: Teller) -> None:
    tell.chapter("五、派单与维修", "Assigned and mended")
    path = f"/repairs/tickets/{ticket['ticket_id']}"
    dispatcher = office.dispatcher
    listed = dispatcher.client.get(f"/repairs/tickets?community_id={office.community_id}")
    tell.say(
        f"调度员{dispatcher.name}有 {len(listed['items'])} 张未结工单，派给{technician.name}",
        f"{dispatcher.username} assigns the job",
    )
    wanted = {
        "worker_id": technician.person_id,
        "version": ticket["version"],
        "note": "带上扳手和阀芯",
    }
    ticket = dispatcher.client.post(f"{path}/assignment", wanted)
    for step, zh, en in (("acceptance", "接单", "accepts"), ("start", "开始维修", "starts")):
        ticket = technician.client.post(f"{path}/{step}", {"version": ticket["version"]})
        tell.say(f"{technician.name}{zh}：{ticket['state_zh']}", f"The technician {en}")
    photo_id = _send_photo(office, technician, tell, dripping=False)
    wanted = {"version": ticket["version"], "photo_ids": [photo_id], "note": "更换陶瓷阀芯，已试水"}
    ticket = technician.client.post(f"{path}/completion", wanted)
    tell.say(
        f"{technician.name}完工：{ticket['state_zh']}", "Finished, with a photo of the new valve"
    )
    _show_clean(ticket["ticket_id"], photo_id, technician, tell)


def _rate(ticket_id: str, resident: Player, tell: Teller) -> None:
    path = f"/repairs/tickets/{ticket_id}"
    wanted = {
        "speed": 5,
        "attitude": 5,
        "quality": 4,
        "comment": "来得很快，不滴水了",
        "version": resident.client.get(path)["version"],
    }
    ticket = resident.client.post(f"{path}/rating", wanted)
    tell.say(
        f"{resident.name}评价：速度 5、态度 5、质量 4，{ticket['state_zh']}",
        "Rated; the ticket is closed",
    )


def _follow(ticket_id: str, resident: Player, tell: Teller) -> None:
    """The trail as the resident reads it, every link of its chain worked out anew."""
    tell.chapter("六、线上留痕", "The trail")
    timeline = resident.client.get(f"/repairs/tickets/{ticket_id}")["timeline"]
    for entry in timeline:
        tell.detail(
            f"{time_of(entry['at'])}  {entry['action']:<7} {entry['actor']:<10} "
            f"{entry['hash'][:12]}…  {entry['note']}"
        )
    if chain.first_break(ticket_id, timeline) is not None:
        raise Unexpected(f"the trail of {ticket_id} does not hold together")
    forged = [dict(entry) for entry in timeline]
    forged[1]["note"] += "。"
    broken = chain.first_break(ticket_id, forged)
    tell.say(
        f"{len(timeline)} 条记录环环相扣；第 2 条多写一个句号，第 {broken} 条就对不上",
        "Each hash covers the one before it, so a changed entry is found out",
    )


def _count(office: Office, before: dict[str, Any], tell: Teller) -> None:
    tell.chapter("七、社区统计", "The community's counts")
    names = {
        "repairs_reported": "报修 reported",
        "repairs_finished": "完工 finished",
        "repairs_rated": "评价 rated",
    }

    def counted() -> dict[str, Any] | None:
        after: dict[str, Any] = office.manager.client.get(f"{office.path}/statistics")
        return after if all(after[name] > before[name] for name in names) else None

    after = wait_until(counted, "the counts of the day")
    tell.say(
        f"{office.name}：{after['buildings']} 栋，{after['rooms']} 户",
        "Counted from the repairs' events, each once",
    )
    for name, words in names.items():
        tell.detail(f"{words}: {before[name]} → {after[name]}")


def _turn_away(office: Office, ticket_id: str, stage: Stage, tell: Teller) -> None:
    tell.chapter("十二、无权者止步", "Who has no right here")
    ticket, rooms = f"/repairs/tickets/{ticket_id}", f"{office.path}/buildings"
    _refused(Client(stage.base_url), ticket, 401, "没有登录", "nobody signed in", tell)
    stranger = stage.first("none")
    _refused(stranger.client, ticket, 404, f"{stranger.name}（无角色）", "no role anywhere", tell)
    neighbour = stage.resident_outside(office.community_id)
    _refused(
        neighbour.client, ticket, 404, f"{neighbour.name}（别的小区）", "another community", tell
    )
    clerk = stage.take_on(stage.human(), "cashier", office.community_id, office.manager)
    name = clerk.name
    holding = {"person_id": clerk.person_id, "role": "cashier", "scope": office.community_id}
    seen = len(stage.again(clerk).client.get(rooms)["items"])
    office.manager.client.post("/community/revocations", {**holding, "reason": "离职"})
    tell.say(
        f"收银员{name}看得到 {seen} 栋楼；随后离职，角色被收回",
        f"{clerk.username} was granted the role cashier, read the register, and left",
    )
    _refused(
        stage.again(clerk).client, rooms, 404, f"{name}再次登录", "revoked, signed in again", tell
    )


def _refused(client: Client, path: str, status: int, zh: str, en: str, tell: Teller) -> None:
    answer = client.ask("GET", path)
    if answer.status != status:
        raise Unexpected(f"GET {path} was answered {answer.status}, not {status}, with {en}")
    said = answer.json.get("title") or answer.json.get("code")
    tell.say(f"{zh}：{answer.status} {said}", f"GET {path}: {en}")
