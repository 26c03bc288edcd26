"""Loads what every worker would load by itself, before there are any: tables, patterns, rules.

They are loaded when a text first asks for them, so texts that ask for most of them are cleaned:
0.25 s once, which two forked workers would spend twice. Nothing depends on it but time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.cleaning import Cleaner
from pipeline.document import RawDocument
from pipeline.records import Placed

_DAMAGED = "这一行字是被读错了编码的，所以谁也看不懂它原来说的是什么。"
_TEXTS = (
    "原標題：臺灣的圖書館\n"
    "　　來源：某某網　　作者：張三　　2015年03月12日 10:30\n"
    "　　某地３月１２日电（记者 李四）记者获悉，，这项工作已于去年开始，目前进展\n"
    "顺利。“我们会继续努力，”他说，“请大家放心。。”\n"
    "　　臺灣的圖書館裡有許多關於歷史的書，後來他們說:這些書很好(真的)。\n"
    "　　進(jìn)步的人(rén)在學(xué)校(xiào)裡讀(dú)書(shū)。\n"
    f"　　{_DAMAGED.encode().decode('gbk', 'replace')}\n"
    f"　　{_DAMAGED.encode().decode('latin-1')}\n"
    "　　（责任编辑：王五）\n"
    "相关阅读：\n"
    "分享到：微信 微博\n"
    "Copyright © 2015 All Rights Reserved\n"
    "http://www.example.com/a.html\n",
    "The library is open, and that is all which we have heard from the others.\n",
    "これは日本語の文章です。ﾊﾝｶｸ\n한국어 문장입니다.\n",
    "\u200b零宽\ufeff字符 e\u0301 ㎡ \ue5d2\ufffd\n" + "这里有一行长的字出现了两次\n" * 2,
)


def warm(values: Mapping[str, Any]) -> None:
    """Clean some lines with the options of a recipe, and forget them."""
    cleaner = Cleaner(values)
    records = [RawDocument("", i, text, str(i)) for i, text in enumerate(_TEXTS)]
    rows = cleaner.rows([Placed(0, record) for record in records])
    cleaner.features(rows)
    cleaner.lines(rows)
