"""An estate with everything in it that a route can name, and a good request for each route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.community import actions, permissions, shapes
from chalicelib.community.claims import actions as claims
from chalicelib.community.claims import shapes as claim_shapes
from chalicelib.community.households import actions as households
from chalicelib.community.households import shapes as household_shapes
from shared import ids
from shared.app import Operation
from shared.auth import PLATFORM, RESIDENTS, SIGNED_IN, Caller, Grant, Permission, Role
from tests.community.register.register_files import ID_NUMBER, a_row
from tests.community.register.scene import CLERK, NOW, Register, a_register
from tests.conftest import Cloud
from tests.harness.rights import hold

OWNER_NAME, OWNER_PHONE, OWNER_ID = "欧阳秋实", "13912345678", ID_NUMBER
PERSONAL = (OWNER_NAME, OWNER_PHONE, OWNER_ID)
"""What stands in the register and in no answer."""
ADMIN, RESIDENT = ids.person_id("test", "admin"), ids.person_id("test", "resident")
WORKER = ids.person_id("test", "worker")
CHILD, BINDER = ids.person_id("test", "child"), ids.person_id("test", "binder")


@dataclass(frozen=True)
class Request:
    """A good request: the values of its path, its query, its body."""

    parts: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    def url(self, operation: Operation) -> str:
        """Where it goes."""
        path = operation.path
        for name, value in self.parts.items():
            path = path.replace(f"{{{name}}}", value)
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{path}?{query}" if query else path


@dataclass(frozen=True)
class Estate:
    """A company, its community, a register with owners, a household, claims, and an import."""

    register: Register
    company_id: str
    import_id: str
    version: int
    own_claim: str = ""
    claim: str = ""

    @property
    def community_id(self) -> str:
        """The one community."""
        return self.register.community_id

    def grants(self, role: Role) -> tuple[Grant, ...]:
        """A grant of the role where it reaches everything in the estate."""
        if role in (Role.PLATFORM_ADMIN, Role.SECURITY_AUDITOR):
            return (Grant(role, PLATFORM),)
        if role is Role.COMPANY_ADMIN:
            return (Grant(role, self.company_id), Grant(role, self.community_id))
        if role is Role.PROPERTY_OFFICER:
            # Where the officer's mandate is of the whole company, or of one community.
            return (Grant(role, self.company_id), Grant(role, self.community_id))
        room = f"{self.community_id}/3/1/502"
        return (Grant(role, room if role in RESIDENTS else self.community_id),)

    def requests(self) -> dict[str, Request]:
        """A good request for each operation, by the name of its view."""
        community = {"community_id": self.community_id}
        room = {"room_id": ids.room_id(self.community_id, "3", "1", "502")}
        imported = {"import_id": self.import_id}
        page = {"limit": "5"}
        role = {"person_id": WORKER, "role": "cashier", "scope": self.community_id}
        return {
            "show_me": Request(),
            "register_company": Request(
                body={"name": "万福物业", "credit_code": "91320114MA1MWXYQ0K"}
            ),
            "list_companies": Request(query=page),
            "register_community": Request(
                body={
                    "company_id": self.company_id,
                    "name": "云栖苑",
                    "address": "南京市建邺区云栖路6号",
                }
            ),
            "list_communities": Request(query={"company_id": self.company_id, **page}),
            "get_community": Request(community),
            "show_statistics": Request(community),
            "grant_role": Request(body={**role, "name": "小钱"}),
            "revoke_role": Request(body={**role, "reason": "离职"}),
            "list_grants": Request(query={"scope": self.community_id, **page}),
            "bind_resident": Request(room, body={"person_id": WORKER, "relation": "tenant"}),
            "unbind_resident": Request(
                room, body={"person_id": CLERK, "relation": "tenant", "reason": "搬走"}
            ),
            "list_residents": Request(room, page),
            "list_users": Request(community, {"building": "3", **page}),
            "add_member": Request(
                room,
                body={"person_id": WORKER, "relation": "family_member"},
            ),
            "switch_rights": Request({**room, "person_id": CHILD}, body=_SWITCHED),
            "list_homes": Request(),
            "claim_room": Request(room, body={"relation": "owner"}),
            "get_claim": Request({"claim_id": self.own_claim}),
            "list_claims": Request(query={"scope": self.community_id, **page}),
            "decide_claim": Request(
                {"claim_id": self.claim}, body={"confirm": False, "reason": "查无此人"}
            ),
            "withdraw_claim": Request({"claim_id": self.own_claim}),
            "request_import": Request(community, body={"file_name": "台账.xlsx"}),
            "list_imports": Request(community, page),
            "get_import": Request(imported),
            "list_import_rows": Request(imported, page),
            "list_import_findings": Request(imported, page),
            "commit_import": Request(imported, body={"version": self.version}),
            "list_buildings": Request(community),
            "list_rooms": Request({**community, "building": "3"}, page),
            "get_room": Request(room),
            "edit_room": Request(room, body={"version": 2, "built_area_dm2": 9_000}),
            "export_register": Request(community, body={"format": "csv"}),
        }


_SWITCHED = {
    "relation": "family_member",
    "rights": {"pay": True, "open": True, "order": False, "vote": False},
}


def rows() -> list[list[Any]]:
    """Two rooms with an owner who must not be recognised."""
    owned = {
        "楼栋号": "3栋",
        "业主姓名": OWNER_NAME,
        "证件号码": OWNER_ID,
        "联系电话": OWNER_PHONE,
    }
    return [a_row(**owned, 房号="502"), a_row(**owned, 房号="503")]


def an_estate(cloud: Cloud) -> Estate:
    """An estate as it stands once its register is in and one resident is bound."""
    register = a_register(cloud)

    def admin(allows: Permission) -> Caller:
        return Caller(ADMIN, (Grant(Role.PLATFORM_ADMIN, PLATFORM),), allows)

    company = actions.register_company(
        admin(permissions.REGISTER_COMPANY),
        shapes.RegisterCompany(name="安居物业", credit_code="91320114MA1MABCD0K"),
        "key-0001",
        NOW,
    )
    community = actions.register_community(
        admin(permissions.REGISTER_COMMUNITY),
        shapes.RegisterCommunity(
            company_id=company.id, name="清河家园", address="南京市雨花台区清河路18号"
        ),
        register.table,
        NOW,
    )
    register.community_id = community.id
    estate = Estate(register, company.id, "", 0)
    # What a role has on a company reaches the community without being stored for it.
    hold(CLERK, *(estate.grants(role)[0] for role in Role if role is not Role.TENANT))
    register.bring_in(*rows())
    estate = _lived_in(estate)
    # A second file: a new owner is proposed, a phone of nobody is found, a note is changed.
    found = register.dry_run_of(
        a_row(楼栋号="3栋", 房号="502", 业主姓名=OWNER_NAME + "婷", 联系电话=OWNER_PHONE),
        a_row(楼栋号="3栋", 房号="503", 业主姓名=OWNER_NAME, 证件号码=OWNER_ID[:-1] + "1"),
        a_row(楼栋号="3栋", 房号="504", 业主姓名=None, 联系电话=OWNER_PHONE),
        # Somebody mixed the columns up, and wrote into the note what belongs elsewhere.
        a_row(楼栋号="4栋", 房号="401", 建筑面积=OWNER_PHONE, 交房日期=OWNER_ID),
        a_row(楼栋号="4栋", 房号="402", 房屋用途=OWNER_PHONE, 楼层=OWNER_ID),
        a_row(楼栋号="3栋", 房号="502", 业主姓名=OWNER_NAME, 备注=f"找{OWNER_NAME} {OWNER_PHONE}"),
    )
    return replace(estate, import_id=found.id, version=found.version or 0)


def _lived_in(estate: Estate) -> Estate:
    """The estate with an owner, a child and a tenant in one room, and two who claim another."""
    room_id = ids.room_id(estate.community_id, "3", "1", "502")
    manager = Grant(Role.COMMUNITY_MANAGER, estate.community_id)
    hold(BINDER, manager)
    binder = Caller(BINDER, (manager,), permissions.BIND_RESIDENT)
    for person_id, relation in ((RESIDENT, "owner"), (CHILD, "family_member"), (CLERK, "tenant")):
        wanted = household_shapes.BindResident(
            person_id=person_id,
            relation=relation,  # type: ignore[arg-type]  # one of three words
        )
        households.bind_resident(binder, room_id, wanted, NOW)
    other = ids.room_id(estate.community_id, "3", "1", "503")
    claimed = claim_shapes.ClaimRoom(relation="owner")
    own, another = (
        claims.claim_room(Caller(person_id, (), SIGNED_IN), other, claimed, "key-0001", NOW)
        for person_id in (CLERK, WORKER)
    )
    return replace(estate, own_claim=own.id, claim=another.id)


def allowed(allows: Permission, role: Role) -> bool:
    """Whether a role has a permission."""
    return allows is SIGNED_IN or role in allows.roles
