"""The believable estate from one seed: two companies, three communities, 600 rooms, and people.

Pure: the same seed gives the same estate.  What chance decides are names, areas, streets, owners
and how each room is lived in; which kinds of building there are is written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from random import Random

from local.estate.invent import Human, Inventor
from local.estate.rooms import Block, Layout, Room, fill
from shared.auth import Role

SEED = 20261122
ROOMS = 600
_WORDS = {
    Role.PLATFORM_ADMIN: "admin",
    Role.SECURITY_AUDITOR: "auditor",
    Role.COMPANY_ADMIN: "chief",
    Role.COMMUNITY_MANAGER: "manager",
    Role.FINANCE_CLERK: "clerk",
    Role.FINANCE_APPROVER: "approver",
    Role.GATE_GUARD: "guard",
    Role.MARKET_OFFICER: "market",
    Role.GOODS_OFFICER: "goods",
    Role.ORDER_OFFICER: "orders",
    Role.PROMOTION_OFFICER: "promotion",
    Role.OWNER_SERVICE: "service",
    Role.PROPERTY_OFFICER: "host",
}
_OFFICE = (Role.COMMUNITY_MANAGER, Role.DISPATCHER, Role.CASHIER, Role.GATE_GUARD)
_OFFICERS = (
    *(Role.MARKET_OFFICER, Role.GOODS_OFFICER, Role.ORDER_OFFICER, Role.PROMOTION_OFFICER),
    Role.OWNER_SERVICE,
)
_COMPANY = (Role.COMPANY_ADMIN, Role.FINANCE_CLERK, Role.FINANCE_APPROVER)


@dataclass(frozen=True)
class Member:
    """A member of staff: an account and one role.

    `building` narrows the role to a part of the community; empty for all of it.
    """

    username: str
    name: str
    phone: str
    role: Role
    building: str = ""


@dataclass(frozen=True)
class Binding:
    """A resident's account and the room it is bound to."""

    username: str
    name: str
    phone: str
    relation: Role
    room: Room


@dataclass(frozen=True)
class Stranger:
    """Somebody with an account and nothing else."""

    username: str
    name: str
    phone: str


@dataclass(frozen=True)
class Complaint:
    """What a resident reports broken in their home, or around it."""

    username: str
    room: Room
    place: str
    category: str
    title: str
    description: str


@dataclass(frozen=True)
class Community:
    """A community with its register, the people who work there and those who live there."""

    name: str
    address: str
    title: str
    rooms: tuple[Room, ...]
    staff: tuple[Member, ...]
    bindings: tuple[Binding, ...]
    complaints: tuple[Complaint, ...]

    @property
    def manager(self) -> Member:
        """Who runs it."""
        return next(one for one in self.staff if one.role is Role.COMMUNITY_MANAGER)


@dataclass(frozen=True)
class Company:
    """A property company with its communities."""

    name: str
    credit_code: str
    staff: tuple[Member, ...]
    communities: tuple[Community, ...]

    @property
    def chief(self) -> Member:
        """Its administrator."""
        return next(one for one in self.staff if one.role is Role.COMPANY_ADMIN)


@dataclass(frozen=True)
class Estate:
    """Everything there is to seed; `stranger` has an account and no right anywhere.

    `officers` work for the platform; `host` acts for the first company, by its mandate.
    """

    admin: Member
    auditor: Member
    officers: tuple[Member, ...]
    host: Member
    stranger: Stranger
    companies: tuple[Company, ...]

    @property
    def communities(self) -> tuple[Community, ...]:
        """The communities of all companies."""
        return tuple(one for company in self.companies for one in company.communities)


@dataclass(frozen=True)
class _Site:
    """What one community is made of, before chance has spoken."""

    blocks: tuple[Block, ...]
    technicians: int
    extra: tuple[Role, ...]
    residents: tuple[Role, ...]


def _flats(*areas_dm2: int) -> tuple[Layout, ...]:
    return tuple(Layout("住宅", area) for area in areas_dm2)


def _shops(label: str, count: int, handed_over_on: date) -> Block:
    layouts = tuple(Layout("商铺", 4_250 + 730 * (place % 4)) for place in range(count))
    return Block(label, label, layouts, 1, handed_over_on, number="S{:0>2}")


def _parking(count: int, handed_over_on: date) -> Block:
    layouts = (Layout("车位", 2_862),) * count
    return Block("地下车库", "地下车库", layouts, 1, handed_over_on, number="B1-{}", first_floor=-1)


def _high_rise() -> _Site:
    """Towers above a garage, five years old: 220 rooms."""
    day = date(2021, 6, 30)
    pairs = _flats(11_846, 12_571)
    return _Site(
        (
            Block("1", "1栋", _flats(8_943, 10_218, 10_218, 8_943), 18, day, units=1),
            Block("2", "2栋", pairs, 11, day, units=2),
            Block("3", "3栋", pairs, 11, date(2022, 9, 28), units=2),
            _shops("清风街商铺", 12, day),
            _parking(48, day),
        ),
        technicians=4,
        extra=(Role.PATROL, Role.STOREKEEPER, Role.BUYER),
        residents=(
            *(Role.OWNER,) * 6,
            *(Role.FAMILY_MEMBER,) * 2,
            *(Role.TENANT,) * 2,
        ),
    )


def _walk_up() -> _Site:
    """Six floors without a lift, from the turn of the century: 190 rooms."""
    day = date(2003, 11, 8)
    blocks = [
        Block(str(n), f"{n}幢", _flats(7_236, 8_640), 6, day, units=3, number="{}")
        for n in range(1, 6)
    ]
    return _Site(
        (*blocks, _shops("沿街门面", 10, day)),
        technicians=3,
        extra=(),
        residents=(*(Role.OWNER,) * 4, Role.FAMILY_MEMBER, *(Role.TENANT,) * 2),
    )


def _villas() -> _Site:
    """Villas by a pond and eleven-floor houses behind them: 190 rooms."""
    day = date(2018, 4, 20)
    villas = tuple(Layout("别墅", 22_380 + 1_475 * (place % 5)) for place in range(24))
    houses = [
        Block(str(n), f"{n}号楼", _flats(13_109, 13_924), 11, day, units=2) for n in range(1, 4)
    ]
    return _Site(
        (
            Block("听荷苑", "听荷苑", villas, 1, day, number="{}号"),
            *houses,
            _shops("听荷里商铺", 10, day),
            _parking(24, day),
        ),
        technicians=3,
        extra=(Role.PATROL,),
        residents=(*(Role.OWNER,) * 4, Role.FAMILY_MEMBER, Role.TENANT),
    )


_CITIES = (
    ("江苏省南京市", ("雨花台区", "江宁区", "栖霞区", "建邺区")),
    ("江苏省苏州市", ("吴中区", "相城区", "姑苏区")),
)
_STREETS = ("清河路", "梧桐巷", "云锦路", "石榴新街", "望溪路", "听荷路", "丹桂街", "采石大道")
_COMMUNITY_NAMES = (
    ("清河", "云锦", "望溪", "栖云"),
    ("梧桐", "石榴", "丹桂", "柳营"),
    ("听荷", "枕水", "兰亭", "鹿鸣"),
)
_COMMUNITY_KINDS = ("家园", "新村", "雅苑")
_FIRMS = ("安居", "和邻", "守望", "嘉禾", "润泽")


_COMPLAINTS = (
    ("own", "water", "卫生间地漏返水", "洗澡时卫生间地漏返水，排得很慢"),
    ("own", "electric", "客厅插座没电", "客厅电视墙的插座今天早上开始没电"),
    ("own", "door_window", "入户门关不严", "入户门变形，关门时要用力顶一下"),
    ("own", "wall", "北卧墙面渗水", "下雨后北卧室外墙一侧渗水起皮"),
    ("public", "public_area", "楼道灯不亮", "楼道声控灯坏了两天，晚上看不清台阶"),
    ("public", "other", "信箱锁坏了", "一楼信箱的锁芯脱落，打不开"),
)
_COMPLAINTS_EACH = 2


def plan(seed: int = SEED) -> Estate:
    """The estate that this seed gives."""
    inventor = Inventor(Random(seed))
    random = inventor.random
    streets = random.sample(_STREETS, 3)
    firms = random.sample(_FIRMS, 2)
    communities: list[Community] = []
    for place, site in enumerate((_high_rise(), _walk_up(), _villas())):
        city, districts = _CITIES[place // 2]
        name = random.choice(_COMMUNITY_NAMES[place]) + _COMMUNITY_KINDS[place]
        address = f"{city}{random.choice(districts)}{streets[place]}{random.randint(2, 199)}号"
        communities.append(_community(name, address, site, inventor))
    communities[2] = _with_second_home(communities[0], communities[2])
    companies = tuple(
        Company(
            name=f"{_CITIES[place][0][3:5]}{firm}物业服务有限公司",
            credit_code=inventor.credit_code(),
            staff=tuple(_member(inventor, role) for role in _COMPANY),
            communities=tuple(own),
        )
        for place, (firm, own) in enumerate(
            zip(firms, (communities[:2], communities[2:]), strict=True)
        )
    )
    stranger, auditor, admin = inventor.human(), inventor.human(), inventor.human()
    return Estate(
        admin=Member("admin", "平台管理员", admin.phone, Role.PLATFORM_ADMIN),
        auditor=Member("auditor", auditor.name.text, auditor.phone, Role.SECURITY_AUDITOR),
        stranger=Stranger(_username(inventor, stranger), stranger.name.text, stranger.phone),
        officers=tuple(_member(inventor, role) for role in _OFFICERS),
        host=_member(inventor, Role.PROPERTY_OFFICER),
        companies=companies,
    )


def _community(name: str, address: str, site: _Site, inventor: Inventor) -> Community:
    rooms: list[Room] = []
    for block in site.blocks:
        rooms += fill(block, inventor, _owners_of(rooms))
    roles = [*_OFFICE, *(Role.TECHNICIAN,) * site.technicians, *site.extra]
    staff = [_member(inventor, role) for role in roles]
    for block in site.blocks[:2]:
        staff.append(_member(inventor, Role.BUTLER, block.key))
    bindings = _bindings(rooms, site.residents, inventor)
    return Community(
        name=name,
        address=address,
        title=f"{name}房产台账（截至2026年10月31日）",
        rooms=tuple(rooms),
        staff=tuple(staff),
        bindings=tuple(bindings),
        complaints=tuple(_complaints(bindings, inventor)),
    )


def _owners_of(rooms: Sequence[Room]) -> tuple[Human, ...]:
    return tuple(room.owners[0] for room in rooms if room.owners and room.state == "自住")


def _member(inventor: Inventor, role: Role, building: str = "") -> Member:
    human = inventor.human()
    username = inventor.username(human.name.surname, _WORDS.get(role, role.value))
    return Member(username, human.name.text, human.phone, role, building)


def _bindings(
    rooms: Sequence[Room], relations: Sequence[Role], inventor: Inventor
) -> list[Binding]:
    """Owners and their families in rooms they live in, tenants in rooms that are let."""
    lived_in = [room for room in rooms if room.use in ("住宅", "别墅") and room.state == "自住"]
    let = [room for room in rooms if room.use == "住宅" and room.state == "出租"]
    homes = inventor.random.sample(lived_in, relations.count(Role.OWNER))
    families = homes[-relations.count(Role.FAMILY_MEMBER) :]
    rented = inventor.random.sample(let, relations.count(Role.TENANT))
    return [
        *(_binding(inventor, home.owners[0], Role.OWNER, home) for home in homes),
        *(
            _binding(inventor, inventor.human(home.owners[0].name.family), Role.FAMILY_MEMBER, home)
            for home in families
        ),
        *(_binding(inventor, inventor.human(), Role.TENANT, home) for home in rented),
    ]


def _binding(inventor: Inventor, human: Human, relation: Role, room: Room) -> Binding:
    username = _username(inventor, human)
    return Binding(username, human.name.text, human.phone, relation, room)


def _username(inventor: Inventor, human: Human) -> str:
    return inventor.username(human.name.surname, human.name.given)


def _complaints(bindings: Sequence[Binding], inventor: Inventor) -> list[Complaint]:
    """The last of the residents have something to report; the first has everything in order."""
    found = inventor.random.sample(_COMPLAINTS, _COMPLAINTS_EACH)
    return [
        Complaint(one.username, one.room, *words)
        for one, words in zip(bindings[-_COMPLAINTS_EACH:], found, strict=True)
    ]


def _with_second_home(first: Community, other: Community) -> Community:
    """The other community, one of its homes owned by an owner of the first."""
    known, replaced = first.bindings[0], other.bindings[0]
    owner, sold_by = known.room.owners[0], replaced.room.owners[0]
    moved = {
        room: replace(room, owners=tuple(owner if one == sold_by else one for one in room.owners))
        for room in other.rooms
    }
    bindings = [
        replace(one, room=moved[one.room])
        for one in other.bindings
        if one.room is not replaced.room
    ]
    second = replace(known, room=moved[replaced.room])
    return replace(other, rooms=tuple(moved.values()), bindings=(second, *bindings))
