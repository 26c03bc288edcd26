"""What cleaning counts and reads besides the stages: fast ways against their definitions."""

from __future__ import annotations

import subprocess
import sys
from urllib.parse import urlsplit

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.census import code_points
from pipeline.cleaning import host_of, paragraphs
from pipeline.stages.base import PARAGRAPHS
from pipeline.text.codes import STRETCH, flags_of

LINES = st.text(alphabet="a中\U0001f600\uffff \t\r\x0b\x1c\x85\xa0\u2028\u3000\n\n\n", max_size=40)


@given(st.lists(LINES, max_size=6))
def test_paragraphs_are_the_lines_that_are_not_blank(texts: list[str]) -> None:
    assert paragraphs(texts) == [
        sum(not line.isspace() for line in text.split("\n") if line) for text in texts
    ]


def test_paragraphs_of_a_very_long_text() -> None:
    long = "一行\n \n" * (PARAGRAPHS // 5 + 10)
    assert paragraphs(["a", long, ""]) == [1, long.count("一"), 0]


@given(st.text(alphabet=st.characters(codec=None), max_size=20))
def test_code_points_are_those_of_ord(text: str) -> None:
    assert code_points(text).tolist() == list(map(ord, text))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com", "https://news.example.com.cn:80/a?b", "http://Example.COM/x",
        "http://example.com\n", "http://a.com\n/x", "http://a@b.cn/", "http://a.com#f", "http://..",
        " http://a.com/x", "ftp://a.com/x", "http://[::1]/", "a.com", "",
    ],
)  # fmt: skip
def test_hosts_are_those_of_the_standard_library(url: str) -> None:
    assert host_of(url) == (urlsplit(url).hostname or "")


def test_an_address_that_is_none_has_no_host() -> None:
    assert host_of("http://[a.com/") == ""


def test_what_workers_share_is_loaded_before_they_are_forked() -> None:
    program = """if True:
        from pipeline.recipe import load
        from pipeline.text import ngram
        from pipeline.text.metadata import grammar
        from pipeline.text.annotations import readings
        from pipeline.text.boilerplate import rules
        from pipeline.text.sketches import shadow
        from pipeline.text.script import t2s
        from pipeline.text.mojibake import codecs, flags
        from pipeline.warm import warm
        warm(load(None).values)
        tables = (grammar.grammar, ngram.load, readings._table, rules.builtin_rules, shadow.table,
                  t2s.tables_of_t2s, codecs.reading, flags.flags)
        print(*(table.__name__ for table in tables if not table.cache_info().currsize))
    """
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


@pytest.mark.parametrize("shape", [(0,), (7,), (STRETCH + 3,), (STRETCH + 3, 2), (0, 4)])
def test_flags_are_looked_up_in_stretches_of_any_shape(shape: tuple[int, ...]) -> None:
    table = np.arange(65536, dtype=np.uint32).astype(np.uint8)
    codes = np.arange(np.prod(shape), dtype=np.uint32).reshape(shape) * 3
    assert flags_of(codes, table).tolist() == table[np.minimum(codes, 65535)].tolist()
