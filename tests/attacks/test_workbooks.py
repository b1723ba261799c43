"""Workbooks that one reader finds small and another one huge; each ended the process before.

They are refused, or read as what was scanned: the far cell of a sheet would take gigabytes.
"""

from __future__ import annotations

import io
import zipfile

import pytest
from openpyxl import Workbook

from chalicelib.community.register.model import RegisterRefused
from chalicelib.community.register.sheet import Sheet, read_sheets

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_NAMESPACES = f'{_MAIN} xmlns:r="{_RELATION}" xmlns:q="{_RELATION}"'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def sheet(cells: str) -> str:
    return f"<worksheet {_MAIN}><sheetData>{cells}</sheetData></worksheet>"


SMALL = sheet('<row r="1"><c r="A1"><v>1</v></c></row>')
FAR = sheet(
    '<row r="1"><c r="A1"><v>1</v></c></row><row r="300000"><c r="ZZ300000"><v>2</v></c></row>'
)
TWO = {"xl/worksheets/small.xml": SMALL, "xl/worksheets/far.xml": FAR}
TO_SMALL, TO_FAR = 'r:id="s"', 'r:id="f"'
RELATIONS = [("s", "worksheets/small.xml"), ("f", "worksheets/far.xml")]


def listed(*identifiers: str) -> str:
    """The list of sheets, all of the same name; each tells by its attributes where it stands."""
    sheets = [f'<sheet name="A" sheetId="1" {said}/>' for said in identifiers]
    return f"<sheets>{''.join(sheets)}</sheets>"


def workbook(
    sheets: str,
    parts: dict[str, str],
    relations: list[tuple[str, str]] | None = None,
    texts: list[str] | None = None,
) -> bytes:
    """A workbook with these parts, and with the styles that any has."""
    real = io.BytesIO()
    Workbook().save(real)
    targets = [
        f'<Relationship Id="{name}" Type="{_RELATION}/worksheet" Target="{target}"/>'
        for name, target in relations or RELATIONS
    ]
    made = io.BytesIO()
    with zipfile.ZipFile(real) as source, zipfile.ZipFile(made, "w") as archive:
        for name in ("[Content_Types].xml", "_rels/.rels", "xl/styles.xml"):
            archive.writestr(name, source.read(name))
        archive.writestr("xl/workbook.xml", f"<workbook {_NAMESPACES}>{sheets}</workbook>")
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}">{"".join(targets)}</Relationships>',
        )
        items = "".join(f"<si><t>{text}</t></si>" for text in texts or ["text"])
        archive.writestr("xl/sharedStrings.xml", f"<sst {_MAIN}>{items}</sst>")
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def of_one(cells: str, texts: list[str] | None = None) -> bytes:
    parts = {"xl/worksheets/small.xml": sheet(cells)}
    return workbook(listed(TO_SMALL), parts, RELATIONS[:1], texts)


def sizes(sheets: tuple[Sheet, ...]) -> list[tuple[int, int]]:
    return [(len(found.rows), max(map(len, found.rows))) for found in sheets]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            workbook(listed(TO_FAR, TO_SMALL), TWO),
            id="one name, two sheets",
        ),
        pytest.param(
            workbook(listed(TO_FAR) + listed(TO_SMALL).replace("sheets>", "ext>"), TWO),
            id="a sheet outside the list of sheets",
        ),
        pytest.param(
            workbook(
                listed(TO_SMALL),
                {"xl/worksheets/Part.xml": SMALL, "xl/worksheets/part.xml": FAR},
                [("s", "worksheets/Part.xml")],
            ),
            id="parts that differ by a capital",
        ),
        pytest.param(
            of_one('<row r="300000"><c r="ZZ300000" t="str"><v></v></c></row>'),
            id="an empty value far away",
        ),
        pytest.param(
            of_one(
                '<row r="1"><c r="A300000"/></row><row><c><v>1</v></c></row>'
                '<row r="1"><c r="A1"><v>1</v></c></row>'
            ),
            id="cells with and without their place",
        ),
        pytest.param(
            of_one('<row><c t="s"><v>1</v><v>0</v></c></row>', ["long", *["short"] * 20]),
            id="two values in a cell",
        ),
    ],
)
def test_a_workbook_that_can_be_read_in_two_ways_is_refused(data: bytes) -> None:
    with pytest.raises(RegisterRefused):
        read_sheets(data)


@pytest.mark.parametrize("identifiers", ['q:id="s" r:id="f"', 'r:id="s" q:id="f"'])
def test_what_is_read_is_what_was_scanned(identifiers: str) -> None:
    data = workbook(listed(identifiers), TWO)
    assert sizes(read_sheets(data)) == [(1, 1)]


def test_one_text_in_every_cell_counts_in_every_cell() -> None:
    cells = "<row>" + '<c t="s"><v>0</v></c>' * 50 + "</row>"
    assert sizes(read_sheets(of_one(cells * 40, ["字" * 1_000]))) == [(40, 50)]
    with pytest.raises(RegisterRefused, match="zip_bomb"):
        # 300 KB as it is sent, 12 GB once every cell holds its own text.
        read_sheets(of_one(cells * 40, ["字" * 100_000]))
