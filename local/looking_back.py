"""The last chapter of the day: an auditor finds what happened in it, and that they looked.

The hours of the day are sealed when they are over, so a check looks at those before.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from local.client import Unexpected, wait_until
from local.stage import Player, Stage
from local.teller import Teller, time_of
from shared import clock


def look_back(ticket_id: str, resident: Player, stage: Stage, tell: Teller) -> None:
    """Find the steps of a ticket, all that one person did, and the search itself.

    Raises
    ------
    local.client.Unexpected
        Somebody who is no auditor sees the log, or the log was bent.
    """
    tell.chapter("十三、操作日志", "The activity log")
    auditor = stage.first("security_auditor")
    steps = _found(auditor, f"subject_id={ticket_id}", 6)
    tell.say(
        f"审计员{auditor.name}查工单：{len(steps)} 条记录，谁、何时、做了什么",
        f"{auditor.username} searches the log by the ticket",
    )
    for one in steps:
        tell.detail(f"{time_of(one['at'])}  {one['type']:<16} {one['actor_id'][:10]}…")
    own = _found(auditor, f"person_id={resident.person_id}", 1)
    tell.say(
        f"再查{resident.name}：{len(own)} 条，有本人做的，也有别人对其做的",
        "The same by person: what they did, and what was done to them",
    )
    path = f"/audit/activities?person_id={resident.person_id}"
    refused = resident.client.ask("GET", path)
    if refused.status != 404:
        raise Unexpected(f"a resident who looks into the log is answered {refused.status}")
    looked = _searched(auditor, resident)
    tell.say(
        f"{resident.name}自己查不到；审计员的这次查询也已入档：{looked['at'][11:19]}Z",
        "Nobody but an auditor sees the log, and that the auditor looked stands in it",
    )
    _check(auditor, tell)


def _found(auditor: Player, query: str, least: int) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]] | None:
        page = auditor.client.get(f"/audit/activities?{query}&limit=100")
        items: list[dict[str, Any]] = page["items"]
        return items if len(items) >= least else None

    return wait_until(found, f"{least} activities of {query}")


def _searched(auditor: Player, resident: Player) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        items = _found(auditor, f"person_id={auditor.person_id}", 0)
        return next(
            (
                one
                for one in items
                if one["type"] == "ActivitySearched"
                and one["data"].get("person_id") == resident.person_id
            ),
            None,
        )

    return wait_until(found, "the search in the log")


def _check(auditor: Player, tell: Teller) -> None:
    now = clock.now()
    wanted = {
        "since": clock.to_text(now - timedelta(hours=48)),
        "until": clock.to_text(now),
    }
    report = auditor.client.post("/audit/checks", wanted)
    bent = [one for one in report["findings"] if one["kind"].startswith("row")]
    if bent:
        raise Unexpected(f"the log was bent: {bent[0]['kind_en']} in {bent[0]['hour']}")
    tell.say(
        f"校验此前已封存的 {report['hours']} 小时、{report['rows']} 条记录：没有改动、缺失或添加",
        "The hours before are held against their seals: no row was changed, taken away or added",
    )
