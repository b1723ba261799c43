"""The words of a register in zh-CN and en: findings, refusals, names of uses and states."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.community.register.model import Finding, State, Use
from shared.i18n import Texts, text

FINDINGS: Texts = {
    "cell_error": (
        "单元格是错误值 {value}，请改正后再导入。",
        "The cell holds the error {value}; correct it.",
    ),
    "cell_formula": (
        "公式没有计算结果。请用表格软件打开并保存，或改填数值。",
        "The formula has no stored result; open and save the file, or type the value.",
    ),
    "cell_undecodable": (
        "含有无法识别的字符编码，请重新输入该单元格。",
        "The cell holds bytes that are no character; type it again.",
    ),
    "building_missing": (
        "没有楼栋号（只在合并单元格内自动沿用）；补上之前，本工作表的楼栋都不能提交。",
        "No building; until it is there, no building of this sheet can be committed.",
    ),
    "building_unclear": (
        "楼栋号“{value}”无法识别，请写成 3、3栋 或 A座。",
        "The building “{value}” is not clear; write 3, 3栋 or A座.",
    ),
    "building_is_date": (
        "楼栋号被表格软件变成了日期（{value}），请设为文本后重新填写。",
        "The building was turned into a date ({value}); format it as text and type it again.",
    ),
    "unit_unclear": (
        "单元号“{value}”无法识别，请写成 1 或 1单元。",
        "The unit “{value}” is not clear; write 1 or 1单元.",
    ),
    "unit_is_date": (
        "单元号被表格软件变成了日期（{value}），请设为文本后重新填写。",
        "The unit was turned into a date ({value}); format it as text and type it again.",
    ),
    "room_missing": ("没有房号。", "No room number."),
    "room_unclear": (
        "房号“{value}”无法识别，请写成 502 或 502室，楼栋和单元另列填写。",
        "The room “{value}” is not clear; write 502 or 502室, building and unit in their columns.",
    ),
    "room_is_date": (
        "房号被表格软件变成了日期（{value}），请设为文本后重新填写，例如 502室。",
        "The room was turned into a date ({value}); format it as text and type it again.",
    ),
    "rooms_joined": (
        "“{value}”是两套打通的房屋：请写明按一套还是两套登记，两套请分两行。",
        "“{value}” joins two rooms: is it one or two? Give two rooms a row each.",
    ),
    "room_areas_differ": (
        "同一房屋在第 {rows} 行的建筑面积不一致。",
        "The same room has different built-up areas in rows {rows}.",
    ),
    "room_rows_disagree": (
        "同一房屋在第 {rows} 行的该列内容不一致。",
        "The same room says different things in this column in rows {rows}.",
    ),
    "room_on_two_sheets": (
        "同一房屋出现在两个工作表中。",
        "The same room stands on two sheets.",
    ),
    "room_repeated": (
        "重复的一行，已按同一房屋处理。",
        "The row repeats a room and adds no owner.",
    ),
    "too_many_co_owners": (
        "共有人超过 {limit} 位。",
        "More than {limit} co-owners.",
    ),
    "area_unreadable": ("面积“{value}”不是数字。", "The area “{value}” is no number."),
    "area_not_positive": ("面积“{value}”必须大于 0。", "The area “{value}” must be above 0."),
    "area_too_large": ("面积“{value}”过大。", "The area “{value}” is too large."),
    "area_merged": (
        "面积单元格合并了几套房屋，请每套分别填写。",
        "The area is merged over several rooms; give each its own.",
    ),
    "inner_area_exceeds_built": (
        "套内面积大于建筑面积。",
        "The inner area is larger than the built-up area.",
    ),
    "area_missing": (
        "没有建筑面积，暂不能按面积计费。",
        "No built-up area: charges by area are not possible yet.",
    ),
    "floor_unreadable": (
        "楼层“{value}”无法识别，已留空。",
        "The floor “{value}” is not clear; left empty.",
    ),
    "use_unknown": (
        "房屋用途“{value}”不在列表中，已留空。",
        "The use “{value}” is not known; left empty.",
    ),
    "state_unknown": (
        "房屋状态“{value}”不在列表中，已留空。",
        "The state “{value}” is not known; left empty.",
    ),
    "unsold_with_owner": (
        "状态为未售却有业主，状态已留空。",
        "Unsold, yet with an owner; the state is left empty.",
    ),
    "owner_unreadable": (
        "业主姓名无法识别，请每位写全名，以“、”分隔。",
        "The owner is not clear; write full names, separated by “、”.",
    ),
    "owner_missing": (
        "有证件或电话但没有业主姓名，均未采用。",
        "An identity number or phone without an owner's name; not taken.",
    ),
    "id_number_lost_digits": (
        "证件号码被存成数字，尾数已丢失；已留空，请设为文本后重填。",
        "The identity number was stored as a number and lost digits; left empty.",
    ),
    "id_number_wrong": (
        "身份证号校验位不符，已留空。",
        "The identity number's check character is wrong; left empty.",
    ),
    "id_number_unreadable": (
        "证件号码无法识别，已留空。",
        "The identity number is not clear; left empty.",
    ),
    "id_numbers_not_one_each": (
        "共 {people} 位业主，证件号码数目不符，已留空。",
        "There are {people} owners but not as many identity numbers; left empty.",
    ),
    "phone_unreadable": (
        "联系电话无法识别，已留空。",
        "The phone is not clear; left empty.",
    ),
    "phones_are_contacts": (
        "有多个号码、非手机号或注明他人，只作联系方式，不能凭此申请绑定房屋。",
        "Several phones, no mobile or somebody else's: contacts only, none may claim the room.",
    ),
    "phone_on_many_rooms": (
        "同一电话登记在 5 套以上房屋，不能凭此申请绑定房屋。",
        "This phone stands on more than five rooms; it cannot bind any of them.",
    ),
    "date_does_not_exist": (
        "日期“{value}”不存在。",
        "There is no such day as “{value}”.",
    ),
    "date_out_of_range": (
        "日期“{value}”不在 1950 至 2100 年之间。",
        "The date “{value}” is not between 1950 and 2100.",
    ),
    "date_to_confirm": (
        "日期“{value}”不完整，待确认，已留空。",
        "The date “{value}” is incomplete: to be confirmed, left empty.",
    ),
    "date_unreadable": (
        "日期“{value}”无法识别，已留空。",
        "The date “{value}” is not clear; left empty.",
    ),
    "digits_lost": (
        "“{value}”被存成数字，尾数已丢失，已留空。",
        "“{value}” was stored as a number and lost digits; left empty.",
    ),
    "text_too_long": (
        "文字超过 {limit} 个字符，已留空。",
        "More than {limit} characters; left empty.",
    ),
    "row_ignored": ("不是房屋，已跳过。", "The row is no room; skipped."),
    "sheet_hidden": ("隐藏的工作表，已跳过。", "A hidden sheet; skipped."),
    "sheet_without_headings": (
        "没有台账表头，已跳过。",
        "The sheet has no register headings; skipped.",
    ),
    "heading_twice": ("表头重复。", "The heading stands twice."),
    "heading_unknown": ("不认识的表头，该列未采用。", "The heading is not known; not taken."),
    "heading_missing": ("缺少表头。", "The heading is missing."),
}

REFUSALS: Texts = {
    "file_empty": ("文件是空的。", "The file is empty."),
    "file_too_large": ("文件超过 {limit_mb} MB。", "The file is larger than {limit_mb} MB."),
    "file_type_unknown": (
        "不是 .xlsx、.xls 或 CSV 文件（UTF-8、GB18030），请另存后再上传。",
        "Not an .xlsx, .xls or CSV file (UTF-8, GB18030); save it as one of them.",
    ),
    "file_damaged": ("文件已损坏，无法读取。", "The file is damaged and cannot be read."),
    "file_encrypted": ("文件有密码，请去掉密码后再上传。", "The file has a password; remove it."),
    "csv_damaged": (
        "CSV 第 {line} 行的引号不成对或内容过长。",
        "The quotes of CSV line {line} do not match, or a value is too long.",
    ),
    "zip_bomb": (
        "文件解压后过大，已拒绝。",
        "The file holds too much once unpacked; refused.",
    ),
    "xml_declaration": (
        "文件内含不允许的声明，已拒绝。",
        "The file holds a declaration that is not allowed; refused.",
    ),
    "too_many_sheets": ("工作表超过 {limit} 个。", "More than {limit} sheets."),
    "too_many_rows": ("超过 {limit} 行。", "More than {limit} rows."),
    "too_many_columns": ("超过 {limit} 列。", "More than {limit} columns."),
    "too_many_findings": (
        "问题超过 {limit} 处，请检查表头和格式后再上传。",
        "More than {limit} problems; check the headings and the format.",
    ),
    "too_many_buildings": (
        "一个文件最多 {limit} 栋楼，请分成几个文件。",
        "A file has at most {limit} buildings; split it.",
    ),
    "building_too_large": (
        "一栋楼最多 {limit} 套房屋。",
        "A building has at most {limit} rooms.",
    ),
    "no_headings": (
        "没有找到台账表头（至少要有“{wanted}”等三列）。",
        "No register headings found (at least three, “{wanted}” among them).",
    ),
}

USE_NAMES: Mapping[Use, tuple[str, str]] = {
    Use.RESIDENTIAL: ("住宅", "residential"),
    Use.SHOP: ("商铺", "shop"),
    Use.OFFICE: ("办公", "office"),
    Use.PARKING: ("车位", "parking"),
    Use.STORAGE: ("储藏室", "storage"),
    Use.OTHER: ("其他", "other"),
}
STATE_NAMES: Mapping[State, tuple[str, str]] = {
    State.UNSOLD: ("未售", "unsold"),
    State.SOLD: ("已售未交付", "sold, not handed over"),
    State.VACANT: ("空置", "vacant"),
    State.OCCUPIED: ("自住", "lived in"),
    State.LET: ("出租", "let"),
    State.RENOVATING: ("装修中", "being renovated"),
}


def finding_text(finding: Finding, language: str) -> str:
    """The reason of a finding in "zh-CN" or "en"."""
    return text(FINDINGS, finding.code, dict(finding.params), language)
