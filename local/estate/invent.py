"""People, numbers and streets that look real and cannot be anyone's.

Check characters are right, so every validator takes the numbers; what they point at is not there:

- identity numbers and credit codes name a province 39, which GB/T 2260 does not have
- mobile numbers begin with 154, which no operator has been given
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

_SURNAMES = """
王wang71 李li70 张zhang67 刘liu54 陈chen45 杨yang31 黄huang22 赵zhao21 吴wu20 周zhou20 徐xu15
孙sun15 马ma13 朱zhu13 胡hu12 郭guo12 何he12 林lin11 高gao11 罗luo10 郑zheng9 梁liang9 谢xie8
宋song7 唐tang7 许xu7 韩han7 邓deng6 冯feng6 曹cao6 彭peng6 曾zeng6 肖xiao6 田tian5 董dong5
潘pan5 袁yuan5 蔡cai5 蒋jiang5 余yu5 于yu5 杜du5 叶ye5 程cheng4 魏wei4 苏su4 吕lv4 丁ding4 任ren4
卢lu4 姚yao4 沈shen4 钟zhong4 姜jiang4 崔cui4 谭tan4 陆lu4 范fan3 汪wang3 廖liao3 石shi3 金jin3
韦wei3 贾jia3 夏xia3 方fang3 邹zou3 熊xiong3 白bai3 孟meng3 秦qin3 邱qiu3 侯hou3 江jiang3 尹yin3
薛xue2 段duan2 雷lei2 龙long2 史shi2 陶tao2 贺he2 顾gu2 毛mao2 郝hao2 龚gong2 邵shao2 万wan2 钱qian2
严yan2 欧阳ouyang1
"""
"""Surnames with their reading and how many of a thousand people have them, roughly."""

_WOMEN = (
    "晓xiao 雨yu 思si 梦meng 诗shi 佳jia 欣xin 玉yu 秀xiu 桂gui 春chun 雪xue 丽li 海hai 文wen",
    """芳fang 娜na 敏min 静jing 艳yan 娟juan 霞xia 兰lan 英ying 梅mei 红hong 婷ting 慧hui 琳lin
    颖ying 倩qian 洁jie 怡yi 蓉rong 萍ping 月yue 琴qin 莹ying 璐lu 涵han 瑶yao 岚lan 华hua""",
)
_MEN = (
    "志zhi 国guo 建jian 海hai 子zi 嘉jia 天tian 俊jun 文wen 晓xiao 永yong 家jia 宏hong 新xin",
    """伟wei 强qiang 磊lei 军jun 勇yong 杰jie 涛tao 明ming 超chao 刚gang 平ping 辉hui 鹏peng
    华hua 飞fei 斌bin 波bo 宇yu 浩hao 凯kai 健jian 帆fan 林lin 东dong 晨chen 睿rui 昊hao 源yuan""",
)
"""What given names of two characters begin with, and what they, or those of one, end with."""
_ONE_CHARACTER_OF_TEN = 2

_NOWHERE = "39"
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_UNASSIGNED = "154"


@dataclass(frozen=True)
class Name:
    """A person's name, the family it begins with, and how both parts are read."""

    text: str
    family: str
    surname: str
    given: str


@dataclass(frozen=True)
class Human:
    """Somebody whom a house register may name."""

    name: Name
    id_number: str
    phone: str


def _readings(table: str) -> tuple[tuple[str, str, int], ...]:
    found = re.findall(r"([一-鿿]+)([a-z]+)(\d*)", table)
    return tuple((text, reading, int(weight or 1)) for text, reading, weight in found)


SURNAMES = _readings(_SURNAMES)
_GIVEN = {True: tuple(map(_readings, _WOMEN)), False: tuple(map(_readings, _MEN))}


def id_check(first: str) -> str:
    """The check character of a resident's identity number from its first 17 digits (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(first, _ID_WEIGHTS, strict=True))
    return _ID_CHECKS[total % 11]


def organisation_check(first: str) -> str:
    """The check character of an organisation code from its first eight (GB 11714)."""
    weighted = zip(first, _ORGANISATION_WEIGHTS, strict=True)
    check = 11 - sum(int(character, 36) * weight for character, weight in weighted) % 11
    return {10: "X", 11: "0"}.get(check, str(check))


def credit_check(first: str) -> str:
    """The check character of a unified social credit code from its first 17 (GB 32100)."""
    total = sum(
        _CREDIT_CHARACTERS.index(character) * pow(3, place, 31)
        for place, character in enumerate(first)
    )
    return _CREDIT_CHARACTERS[-total % 31]


class Inventor:
    """Invents from one seed; no name, phone, identity number or user name comes twice."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._taken: set[str] = set()

    def human(self, family: str | None = None) -> Human:
        """Somebody grown up; with a surname, somebody of that family."""
        woman = self.random.random() < 0.5
        return Human(self._name(woman, family), self._id_number(woman), self._phone())

    def username(self, surname: str, word: str) -> str:
        """`wang.fang`, or with the first free number behind it."""
        wanted = username = f"{surname}.{word}"
        number = 1
        while not self._is_new(username):
            number += 1
            username = f"{wanted}{number}"
        return username

    def credit_code(self) -> str:
        """A property company's unified social credit code (统一社会信用代码)."""
        organisation = "MA" + "".join(self.random.choices(_CREDIT_CHARACTERS, k=6))
        first = f"91{_NOWHERE}0100{organisation}{organisation_check(organisation)}"
        return first + credit_check(first)

    def _name(self, woman: bool, wanted: str | None) -> Name:
        known = [entry for entry in SURNAMES if wanted in (None, entry[0])]
        weights = [weight for _, _, weight in known]
        while True:
            family, read, _ = self.random.choices(known, weights)[0]
            given = [self.random.choice(characters) for characters in _GIVEN[woman]]
            if self.random.randrange(10) < _ONE_CHARACTER_OF_TEN:
                given = given[1:]
            text = family + "".join(character for character, _, _ in given)
            if self._is_new(text):
                return Name(text, family, read, "".join(reading for _, reading, _ in given))

    def _phone(self) -> str:
        return self._new(lambda: f"{_UNASSIGNED}{self.random.randrange(10**8):08d}")

    def _id_number(self, woman: bool) -> str:
        def invent() -> str:
            born = date(1950, 1, 1) + timedelta(days=self.random.randrange(54 * 365))
            place = self.random.choice(("0102", "0104", "0106", "0114", "0505"))
            # The last digit of the serial is odd for men.
            serial = self.random.randrange(500) * 2 + (not woman)
            first = f"{_NOWHERE}{place}{born:%Y%m%d}{serial:03d}"
            return first + id_check(first)

        return self._new(invent)

    def _new(self, invent: Callable[[], str]) -> str:
        while not self._is_new(value := invent()):
            continue
        return value

    def _is_new(self, value: str) -> bool:
        """Whether nothing was called so before; from now on something is."""
        known = value in self._taken
        self._taken.add(value)
        return not known
