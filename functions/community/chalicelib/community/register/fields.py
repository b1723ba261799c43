"""The fields of what the house register accepts and answers, each with an example."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.community.register import rules
from chalicelib.community.register.model import MAX_AREA_DM2, MAX_NOTE_CHARS, Kind, State, Use
from shared.requests import PERSONAL, Id

ImportId = Annotated[Id, Meta(examples=["imp_7k2m9x4a_01kan6s5d7f9h2k4m6p8r0t3vx"])]
BuildingName = Annotated[str, Meta(examples=["3"])]
UnitName = Annotated[str, Meta(examples=["1"])]
RoomNumber = Annotated[str, Meta(examples=["502"])]
RoomAsWritten = Annotated[
    str, Meta(description="As the file writes it.", examples=["3栋-1单元-502"])
]
RoomName = Annotated[str, Meta(examples=["3-1-502"])]
RoomCode = Annotated[str, Meta(examples=["QH-3-1-502"])]
Floor = Annotated[int, Meta(examples=[5])]
AreaDm2 = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_AREA_DM2,
        description="Area in dm² (0.01 m²): 89.43 m² is 8943.",
        examples=[8943],
    ),
]
InnerAreaDm2 = Annotated[AreaDm2, Meta(examples=[7120])]
FileName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=120,
        pattern=r"^[^/\\\x00-\x1f]+$(?!\n)",
        examples=["房产台账.xlsx"],
        extra=PERSONAL,
    ),
]
SheetName = Annotated[str, Meta(examples=["房产台账"])]
RowNumber = Annotated[int, Meta(description="1-based; 0 is the whole sheet.", examples=[17])]
Heading = Annotated[str, Meta(examples=["建筑面积"])]
Start = Annotated[str, Meta(pattern=r"^[0-9]{1,6}$(?!\n)", examples=["20"])]
Version = Annotated[int, Meta(ge=1, examples=[2])]
# An import is open at first, and has no version that could be committed.
ShownVersion = Annotated[int, Meta(examples=[2])]
ShownState = Annotated[rules.ImportState, Meta(examples=[rules.ImportState.READY])]
Purpose = Annotated[Use, Meta(examples=[Use.RESIDENTIAL])]
Occupancy = Annotated[State, Meta(examples=[State.OCCUPIED])]
ShownKind = Annotated[Kind, Meta(examples=[Kind.CHANGED])]
Note = Annotated[
    str, Meta(max_length=MAX_NOTE_CHARS, examples=["2026 年 11 月实测面积"], extra=PERSONAL)
]
Count = Annotated[int, Meta(examples=[0])]
Many = Annotated[int, Meta(examples=[60])]
OwnerName = Annotated[str, Meta(description="Masked.", examples=["张*"])]
Phone = Annotated[str, Meta(description="Masked.", examples=["138****0042"])]
FieldName = Annotated[str, Meta(examples=["built_area_dm2"])]
Before = Annotated[str, Meta(examples=["88.00"])]
After = Annotated[str, Meta(examples=["89.43"])]
FindingCode = Annotated[str, Meta(examples=["area_unreadable"])]
FindingReason = Annotated[str, Meta(examples=["面积“八十九”不是数字。"])]
RefusalCode = Annotated[str, Meta(examples=["file_too_large"])]
RefusalReason = Annotated[str, Meta(examples=["文件超过 10 MB。"])]
