"""The mojibake stage: its cases, the two damaged seeds, and what must hold whatever the damage."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.census import census, code_points
from pipeline.document import Document, replay
from pipeline.stages.chain import run_text
from pipeline.text.mojibake import codecs, gate, gbk, layers, shift, utf8
from pipeline.text.mojibake.chains import chain_name
from pipeline.text.ngram import Model
from tests.stage_cases import check, load

SEEDS = Path(__file__).parents[1] / "seeds"
# From the Constitution of the PRC and, below, the Universal Declaration of Human Rights.
CLAUSES = [
    "中华人民共和国的一切权力属于人民。",
    "人民行使国家权力的机关是全国人民代表大会和地方各级人民代表大会。",
    "公民有劳动的权利和义务，国家通过各种途径，创造劳动就业条件。",
    "国家尊重和保障人权，任何公民享有宪法和法律规定的权利。",
    "中华人民共和国公民有受教育的权利和义务。",
    "国家发展自然科学和社会科学事业，普及科学和技术知识。",
]
DECLARATION = (
    "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神相對待。"
)
clean = st.lists(st.sampled_from(CLAUSES), min_size=2, max_size=6, unique=True).map("".join)


def repaired(text: str) -> Document:
    out = run_text(text, ["mojibake"])
    assert isinstance(out, Document)
    return out


@pytest.mark.parametrize("case", load("mojibake"))
def test_case(case: dict[str, Any]) -> None:
    check("mojibake", case)


def as_gbk(text: str, mark: str) -> str:
    """UTF-8 as Windows reads it in GBK; a byte that makes no pair becomes `mark`."""
    table = gbk.characters()
    out, data, i = "", text.encode(), 0
    while i < len(data):
        pair = int.from_bytes(data[i : i + 2], "big")
        if data[i] < 0x80:
            out += chr(data[i])
            i += 1
        elif data[i] == 0x80:
            out += "€"
            i += 1
        elif i + 1 < len(data) and table[pair]:
            out += table[pair]
            i += 2
        else:
            out += mark
            i += 1
    return out


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(clean, st.integers(1, 3), st.sampled_from(["�", "?"]))
def test_every_depth_comes_back_but_for_marks(text: str, depth: int, mark: str) -> None:
    damaged = text
    for _ in range(depth):
        damaged = as_gbk(damaged, mark)
    out = repaired(damaged)
    pattern = "".join(".{0,3}" if c == "�" else re.escape(c) for c in out.text)
    assert re.fullmatch(pattern, text)
    assert replay(damaged, out.edits) == out.text
    assert repaired(out.text).text == out.text
    assert {e.rule for e in out.edits} == {chain_name(("utf8-as-gbk",) * depth)}


@pytest.mark.parametrize(
    ("text", "true", "wrong", "rule"),
    [
        (CLAUSES[3], "utf-8", "latin-1", "utf8-as-cp1252"),
        (CLAUSES[5], "gb18030", "latin-1", "gbk-as-cp1252"),
        (CLAUSES[0], "gb18030", "cp949", "gbk-as-cp949"),
        (DECLARATION, "big5", "gb18030", "big5-as-gbk"),
        (DECLARATION, "big5", "latin-1", "big5-as-cp1252"),
    ],
)
def test_other_chains(text: str, true: str, wrong: str, rule: str) -> None:
    out = repaired(text.encode(true).decode(wrong))
    assert out.text == text
    assert [e.rule for e in out.edits] == [rule]
    assert all(0.5 < e.confidence <= 1 for e in out.edits)


@pytest.mark.parametrize("name", codecs.ONE_BYTE)
@pytest.mark.parametrize("true", ["utf-8", "gb18030", "big5"])
def test_bytes_read_in_the_table_of_another_country_come_back(name: str, true: str) -> None:
    text = DECLARATION if true == "big5" else "\n".join(CLAUSES[:3])
    codec = {"macroman": "mac-roman"}.get(name, name)
    damaged = "".join(
        chr(byte) if (char := bytes((byte,)).decode(codec, "replace")) == "�" else char
        for byte in text.encode(true)
    )
    out = repaired(f"前言\n{damaged}\n后记")
    assert out.text == f"前言\n{text}\n后记"
    origin = {"utf-8": "utf8", "gb18030": "gbk"}.get(true, true)
    # Where two tables take all characters for the same bytes, the usual one gives the name.
    usual = {"iso8859-9": "cp1254", "iso8859-7": "cp1253", "koi8-u": "koi8-r"}.get(name, "cp1252")
    assert {e.rule for e in out.edits} <= {f"{origin}-as-{x}" for x in (name, usual, "cp1252")}


@pytest.mark.parametrize("outer", ["latin-1", "cp1251", "koi8-r", "cp437", "gb18030"])
@pytest.mark.parametrize(
    ("true", "inner"),
    [("gb18030", "latin-1"), ("gb18030", "cp437"), ("big5", "latin-1"), ("utf-8", "cp850")],
)
def test_bytes_beneath_a_layer_of_utf8_come_back(true: str, inner: str, outer: str) -> None:
    text = DECLARATION if true == "big5" else "\n".join(CLAUSES)
    first = text.encode(true).decode(inner)
    data = first.encode()
    wrong = (
        "".join(bytes((x,)).decode(outer, "replace").replace("�", chr(x)) for x in data)
        if outer != "gb18030"
        else as_gbk(first, "�")
    )
    out = repaired(wrong)
    marked = re.escape(out.text).replace("�", ".{0,3}")
    assert re.fullmatch(marked, text)
    assert all("+" in e.rule for e in out.edits)
    assert repaired(out.text).text == out.text


def test_euc_jp_read_in_other_tables_comes_back() -> None:
    text = "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。"
    for wrong in ("latin-1", "koi8-r", "cp437", "mac-roman", "big5"):
        damaged = text.encode("euc_jp").decode(wrong, "replace")
        out = repaired(damaged)
        assert out.text == text or wrong == "big5", wrong
    assert {e.rule for e in repaired(text.encode("euc_jp").decode("latin-1")).edits} == {
        "euc-jp-as-cp1252"
    }


@pytest.mark.parametrize("wrong", ["big5", "cp932", "cp949", "euc_jp", "gbk"])
@pytest.mark.parametrize("true", ["utf-8", "gb18030", "big5"])
@pytest.mark.parametrize("mark", ["�", "?", ""])
def test_lossy_readings_are_repaired_once_or_left_alone(true: str, wrong: str, mark: str) -> None:
    text = DECLARATION if true == "big5" else "\n".join(CLAUSES)
    damaged = text.encode(true).decode(wrong, "replace").replace("�", mark)
    out = repaired(damaged)
    assert repaired(out.text).text == out.text
    if true == "gb18030" and mark == "�":
        pattern = "".join(".{0,3}" if c == "�" else re.escape(c) for c in out.text)
        assert re.fullmatch(pattern, text, re.DOTALL)


def test_a_text_of_questions_is_soon_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    best = shift.Shifts._best

    def counting(self: shift.Shifts, text: str, q: int) -> shift.Realigned | None:
        nonlocal asked
        asked += 1
        return best(self, text, q)

    monkeypatch.setattr(shift.Shifts, "_best", counting)
    text = "县里?" * 1000
    assert repaired(text).text == text
    assert 0 < asked <= shift.MAX_VAIN


def test_seed_001_is_brought_into_step() -> None:
    (path,) = SEEDS.glob("001_*.txt")
    text = path.read_text("utf-8")
    out = repaired(text)
    found = {e.before: e.after for e in out.edits}
    assert found["?;笔a"] == "。槐蔭"
    assert found["?!痹趪?guó)"] == "。”在國"
    assert found["?jī)?nèi)"] == "內"
    assert found["??茷橹黧w"] == "專科為主體"
    assert "怎么干,?" in out.text, "one question is a question"
    assert out.text.count("?") == 1


def test_seed_000_has_no_damage_left_but_marks() -> None:
    (path,) = SEEDS.glob("000_*.txt")
    text = path.read_text("utf-8")
    out = repaired(text)
    assert "比亚迪济南基地新厂区加快建设，部分新厂房即将�" in out.text
    assert "一股“调改”潮" in out.text, "filled: nothing else is valid through all layers"
    assert "再也“�”" in out.text, "not filled: the bytes do not say"
    assert out.columns["damage_marks"] == out.text.count("�") == 6
    assert {e.rule for e in out.edits} == {"utf8-as-gbk×3"}


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_any_text_gives_receipts_that_replay(text: str) -> None:
    out = repaired(text)
    assert replay(text, out.edits) == out.text


@given(st.lists(st.text(max_size=30), min_size=1, max_size=8))
def test_the_gate_sees_each_text_alone(texts: list[str]) -> None:
    together = gate.suspects(texts, census(texts))
    assert together.tolist() == [int(gate.suspects([t], census([t]))[0]) for t in texts]


@pytest.mark.parametrize("name", codecs._BUILDERS)
def test_readings_agree_with_the_codecs_of_python(name: str) -> None:
    python = {"gbk": "gbk", "big5": "cp950", "macroman": "mac-roman"}.get(name, name)
    reading = codecs.reading(name)
    known = [c for c in range(0x80, 0x10000) if reading.first[c] != codecs.FOREIGN]
    agree = total = 0
    for code in known:
        try:
            expected = chr(code).encode(python)
        except UnicodeEncodeError:
            continue
        data, _ = reading.encode(np.array([code], np.uint32))
        total += 1
        agree += data == expected
    assert total >= 100
    assert agree >= 0.98 * total  # cp932 has two codes for some characters


@pytest.mark.parametrize(
    "damaged",
    [
        as_gbk("".join(CLAUSES), "�"),
        "項目,?;笔a正以奮發有為的姿態,,跑出加速度。",
        "龘靐齉齾爩鱻麤龗灪吁龖厵滟爨癵?",
        "锟斤拷锟斤拷",
    ],
)
def test_work_grows_with_length_not_faster(damaged: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = 0
    batch, single = Model.log_probs, Model.log_prob

    def log_probs(self: Model, codes: Any) -> Any:
        nonlocal counted
        counted += len(codes)
        return batch(self, codes)

    def log_prob(self: Model, a: int, b: int, c: int) -> float:
        nonlocal counted
        counted += 1
        return single(self, a, b, c)

    monkeypatch.setattr(Model, "log_probs", log_probs)
    monkeypatch.setattr(Model, "log_prob", log_prob)
    work = []
    for times in (40, 160):
        counted = 0
        repaired((damaged + "\n") * times)
        work.append(counted)
    assert work[1] <= 4.4 * work[0] + 1000


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from([*CLAUSES, DECLARATION, "a?", "“引”—·"]), min_size=1, max_size=4),
    st.sampled_from(["gbk", "cp1252", "cp949"]),
    st.sampled_from(["�", "?", ""]),
    st.integers(0, 40),
    st.sampled_from(["", "?", "](", "x`"]),
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 3)), max_size=3),
)
def test_lines_at_once_are_as_lines_token_by_token(
    lines: list[str],
    name: str,
    mark: str,
    cut: int,
    beside: str,
    lost: list[tuple[int, int]],
) -> None:
    python = {"gbk": "gbk", "cp1252": "latin-1"}.get(name, name)
    raw = "\n".join(beside + line + beside for line in lines).encode()[cut:]
    for at, size in lost:
        raw = raw[:at] + raw[at + size :]
    text = raw.decode(python, "replace").replace("�", mark) + "\n" + CLAUSES[0]
    codes = code_points(text)
    core = utf8.CORE_SINGLE if name in utf8.SINGLE else utf8.CORE
    data, starts = utf8.view(name).encode(codes)
    edges = [-1, *(m.start() for m in re.finditer(b"\n", data)), len(data)]
    tokens = [
        undone
        for a, b in pairwise(edges)
        if core.search(data, a + 1, b)
        for undone in utf8.Line(name, core, data, (a + 1, b), starts, codes).stretches()
    ]
    assert list(layers.undo(name, codes).rows()) == tokens


def test_holes_are_reported_with_their_bytes() -> None:
    hole = "家".encode()[:2] + b"?" + "人".encode()[1:]
    raw = "国".encode() + hole + "民".encode()
    assert utf8.decode(raw) == ("国��民", [hole, b""]), "of two characters something is left"
    assert utf8.decode(raw[:5] + "民".encode()) == ("国�民", [hole[:2]])


READINGS: dict[str, Callable[[str], str]] = {
    "utf-8 as latin-1": lambda text: text.encode().decode("latin-1"),
    "utf-8 as cp437": lambda text: text.encode().decode("cp437"),
    "gbk as latin-1": lambda text: text.encode("gbk").decode("latin-1"),
}
LINES = (
    "今天天气很好，我们一起去公园散步，看见湖边的柳树已经发芽。",
    "孩子们在草地上奔跑，老人坐在长椅上聊天，大家都很高兴。",
)


@pytest.mark.parametrize("pair", list(permutations(READINGS, 2)), ids=" + ".join)
def test_two_lines_that_were_damaged_in_two_ways(pair: tuple[str, str]) -> None:
    """Undoing the one must neither spoil the other nor end the search."""
    damaged = "\n".join(READINGS[name](line) for name, line in zip(pair, LINES, strict=True))
    assert repaired(damaged).text == "\n".join(LINES)
