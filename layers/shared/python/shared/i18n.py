"""Words: every text a person reads exists in zh-CN and in en, chosen by `Accept-Language`."""

from __future__ import annotations

import re
from collections.abc import Mapping

Texts = Mapping[str, tuple[str, str]]
"""Code → (zh-CN, en); `{name}` stands for a parameter of the error."""

LANGUAGES = ("zh-CN", "en")
_MAX_HEADER = 200

COMMON: Texts = {
    "invalid_request": (
        "请求有误，未做任何更改。",
        "The request is not valid; nothing changed.",
    ),
    "unauthenticated": ("请先登录。", "Sign in first."),
    "not_found": ("没有找到。", "Not found."),
    "body_too_large": (
        "内容太大，最多 {limit_bytes} 字节。",
        "The body is too large: at most {limit_bytes} bytes.",
    ),
    "unsupported_media_type": (
        "请以 application/json 发送。",
        "Send the body as application/json.",
    ),
    "stale_version": (
        "内容已被他人更新，请刷新后重试。",
        "This was changed by somebody else; load it again.",
    ),
    "internal_error": (
        "系统出错，请稍后再试。",
        "Something went wrong on our side; try again later.",
    ),
    "missing_field": ("缺少必填字段。", "A required field is missing."),
    "unknown_field": ("不认识的字段。", "This field is not known."),
    "wrong_type": ("类型应为 {expected}。", "Expected {expected}."),
    "wrong_value": ("取值不符：{reason}", "The value does not fit: {reason}"),
    "wrong_form": ("格式不符。", "The form is not right."),
    "wrong_choice": ("不在可选值之内。", "Not one of the values to choose from."),
    "too_short": ("至少 {limit} 个字符。", "At least {limit} characters."),
    "too_long": ("最多 {limit} 个字符。", "At most {limit} characters."),
    "too_few": ("至少 {limit} 项。", "At least {limit} items."),
    "too_many": ("最多 {limit} 项。", "At most {limit} items."),
    "too_small": ("不能小于 {limit}。", "Not less than {limit}."),
    "too_great": ("不能大于 {limit}。", "Not more than {limit}."),
    "given_twice": ("只能出现一次。", "May be given only once."),
    "malformed_json": ("不是有效的 JSON：{reason}", "Not valid JSON: {reason}"),
    "missing_header": ("缺少请求头。", "This header is missing."),
    "bad_idempotency_key": (
        "应为 8 至 64 个字母、数字、下划线或连字符。",
        "Must be 8 to 64 letters, digits, underscores or hyphens.",
    ),
    "idempotency_key_reused": (
        "同一个 Idempotency-Key 已用于另一个请求。",
        "This Idempotency-Key was used for a different request.",
    ),
    "bad_cursor": (
        "游标无效，请从第一页开始。",
        "The cursor is not valid; start at the first page.",
    ),
}

_QUALITY = r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?"
_RANGE = re.compile(rf"\s*([A-Za-z]{{1,8}}|\*)(?:-[\w-]*)?\s*(?:;\s*[qQ]=({_QUALITY}))?\s*")


def choose(accept_language: str | None) -> str:
    """The language for an `Accept-Language` header (RFC 9110 §12.5.4); zh-CN if none fits."""
    wanted: dict[str, float] = {}
    if accept_language and len(accept_language) <= _MAX_HEADER:
        for match in map(_RANGE.fullmatch, accept_language.split(",")):
            if match:
                name, quality = match.group(1).lower(), float(match.group(2) or 1)
                wanted[name] = max(quality, wanted.get(name, 0.0))
    others = wanted.get("*", 0.0)
    chinese, english = wanted.get("zh", others), wanted.get("en", others)
    if chinese == english and {"zh", "en"} <= wanted.keys():
        return "zh-CN" if [*wanted].index("zh") < [*wanted].index("en") else "en"
    return "en" if english > chinese else "zh-CN"


def text(texts: Texts, code: str, params: Mapping[str, str], language: str) -> str:
    """The words for `code`; every code has its words, or the build fails."""
    return texts[code][LANGUAGES.index(language)].format_map(params)
