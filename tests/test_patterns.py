"""Patterns that are kept compiled are those that `re` compiles."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import re, sys
from pathlib import Path
from pipeline import patterns
patterns._FILE = Path(sys.argv[1])
compiled = []
anew = re._compiler._code
re._compiler._code = lambda parsed, flags: compiled.append(1) or anew(parsed, flags)
patterns.remember()
found = re.compile(r"(?P<name>[\\u4e00-\\u9fff]+)(x)?", re.IGNORECASE)
match = found.search("ab 汉字X")
print(len(compiled), match["name"], match[2], found.groups, found.flags, found.pattern)
print(re.compile(b"a+").match(b"aa").end(), re.sub("(?i)é", "e", "É"))
patterns.save()
"""


def ask(kept: Path) -> list[str]:
    """Return what a process of its own says, which keeps its patterns there."""
    command = [sys.executable, "-X", "utf8", "-c", SCRIPT, str(kept)]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, check=True, text=True)
    return done.stdout.splitlines()


def test_a_pattern_that_was_kept_is_not_compiled_and_finds_the_same(tmp_path: Path) -> None:
    kept = tmp_path / "patterns"
    first, again = ask(kept), ask(kept)
    number, _, said = first[0].partition(" ")
    flags = int(re.IGNORECASE | re.UNICODE)
    assert (int(number), said) == (1, f"汉字 X 2 {flags} (?P<name>[\\u4e00-\\u9fff]+)(x)?")
    assert again == [f"0 {said}", "2 e"]


def test_what_cannot_be_read_is_compiled(tmp_path: Path) -> None:
    kept = tmp_path / "patterns"
    for content in (b"", b"torn", (b"\x00" * 100)):
        kept.write_bytes(content)
        assert ask(kept)[0].startswith("1 ")
    ask(tmp_path / "no folder" / "patterns")
