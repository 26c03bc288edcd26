"""Patterns that are kept compiled are those that Python compiles."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.patterns import Patterns


@pytest.fixture(autouse=True)
def _bytecode_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


CASES: list[tuple[str | bytes, int]] = [
    ("[㐀-鿿]{2,4}(?:·[㐀-鿿]{1,8})?", 0),
    ("(?P<label>编辑|來源)[:/](?P<value>[^\\s]{1,20})(?P=value)?", 0),
    ("(?i:photo)|(?<=[A-Za-z])x(?!y)|\\bфото", 0),
    ("(?x) a  # a comment\n b+? | [^\\d\\W_]", re.MULTILINE),
    ("straße|ſ|\u0130", re.IGNORECASE),
    (b"(?:\\xe4[\\xb8-\\xbf][\\x80-\\xbf])+", 0),
    (b"content-type", re.IGNORECASE),
    ("^.*$", re.DOTALL | re.MULTILINE),
    ("[[\\w_-]|\\Z", re.ASCII),
    ("", 0),
]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_kept_pattern_is_the_one_that_python_compiles(tmp_path: Path) -> None:
    """Patterns are equal where kind, flags and code are; names of groups are compared besides."""
    path = tmp_path / "there" / "patterns"
    first = Patterns(path)
    made = [first.compile(p, int(flags)) for p, flags in CASES]
    first.save()
    again = Patterns(path)
    found = [again.compile(p, int(flags)) for p, flags in CASES]
    assert not again.new
    python = [re.compile(p, flags) for p, flags in CASES]
    assert made == found == python
    assert [(x.groups, dict(x.groupindex)) for x in found] == [
        (x.groups, dict(x.groupindex)) for x in python
    ]


def test_what_others_have_kept_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "patterns"
    one, two = Patterns(path), Patterns(path)
    one.compile("一", 0)
    two.compile("二", 0)
    one.save()
    two.save()
    three = Patterns(path)
    assert [three.compile(p, 0).pattern for p in "一二"] == ["一", "二"]
    assert not three.new


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda _: b"", lambda d: d[:-1] + b"!"])
def test_a_spoilt_file_is_as_none(tmp_path: Path, spoil: object) -> None:
    path = tmp_path / "patterns"
    one = Patterns(path)
    one.compile("一[二三]", 0)
    one.save()
    path.write_bytes(spoil(path.read_bytes()))  # type: ignore[operator]
    two = Patterns(path)
    assert two.compile("一[二三]", 0).match("一三")
    assert two.new


def test_an_error_is_the_one_that_python_raises(tmp_path: Path) -> None:
    with pytest.raises(re.error, match="missing \\)"):
        Patterns(tmp_path / "patterns").compile("(", 0)


def test_with_no_bytecode_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "patterns"
    code = (
        "import re, sys; from pathlib import Path; from pipeline.patterns import Patterns;"
        "p = Patterns(Path(sys.argv[1])); p.compile('a', 0); p.save()"
    )
    env = {"PYTHONPATH": "."}
    subprocess.run([sys.executable, "-B", "-c", code, str(path)], check=True, env=env)
    assert not path.exists()
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, env=env)
    assert path.exists()
