"""explain, diff, try, verify, gc and quarantine over real published versions."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from pipeline.cli import run_command_line
from pipeline.document import Edit, replay

SEEDS = Path(__file__).parents[1] / "seeds"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output with two versions: punctuation kept, then widened; a copy; a broken row."""
    folder = tmp_path_factory.mktemp("audit")
    (folder / "in").mkdir()
    for path in SEEDS.glob("00[34]*.txt"):
        (folder / "in" / path.name).write_bytes(path.read_bytes())
    copied = min(SEEDS.glob("004*.txt"))
    (folder / "in" / "copy.txt").write_bytes(copied.read_bytes())
    (folder / "in" / "rows.jsonl").write_text('{"id": "x", "text": "一行。"}\n{broken\n', "utf-8")
    base = ["--input", str(folder / "in"), "--output", str(folder / "out")]
    assert run_command_line([*base, "--set", "punctuation.width=keep"]) == 0
    assert run_command_line(base) == 0
    return folder / "out"


def lines(capfd: pytest.CaptureFixture[str], *args: str, code: int = 0) -> list[str]:
    capfd.readouterr()
    assert run_command_line(args) == code
    return capfd.readouterr().out.splitlines()


def key(output: Path, start: str) -> str:
    return next(str(p) for p in (output.parent / "in").iterdir() if p.name.startswith(start))


def test_explain_shows_edits_in_context(output: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = "\n".join(lines(capfd, "explain", key(output, "003"), "--output", str(output)))
    assert "ascii-comma: " in out
    assert "[-,-]{+，+}" in out
    assert "kept" in out
    assert out.index("punctuation:") < out.index("repetition:")


def test_explain_takes_the_end_of_a_path_and_a_longer_one(
    output: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = key(output, "004")
    for name in (Path(whole).name, f"in/{Path(whole).name}", f"/elsewhere{whole}", f"{whole}#0"):
        assert whole in lines(capfd, "explain", name, "--output", str(output))[0]
    assert "#4096" not in lines(capfd, "explain", "rows.jsonl#0", "--output", str(output))[0]
    for nothing in (f"{Path(whole).name}#7", "nothing#7", "#", "/", ""):
        lines(capfd, "explain", nothing, "--output", str(output), code=2)


def test_explain_asks_whether_a_file_of_that_name_was_meant(
    output: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, said in (("004", f"did you mean {key(output, '004')}?"), ("nobody", "name an id")):
        assert run_command_line(["explain", name, "--output", str(output)]) == 2
        assert said in capfd.readouterr().err


def test_explain_a_dropped_document_names_its_twin(
    output: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # The smallest key stays, and "004..." sorts before "copy.txt".
    out = "\n".join(lines(capfd, "explain", key(output, "copy"), "--output", str(output)))
    assert "exact-duplicate" in out
    assert f"stays instead: {key(output, '004')} (Jaccard 1.000)" in out


def test_text_at_every_stage_and_json_replay(
    output: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name = key(output, "003")
    source = "\n".join(lines(capfd, "explain", name, "--output", str(output), "--at", "input"))
    assert source == Path(name).read_text("utf-8")
    last = "\n".join(lines(capfd, "explain", name, "--output", str(output), "--at", "repetition"))
    found = json.loads("\n".join(lines(capfd, "explain", name, "--output", str(output), "--json")))
    edits = [Edit(**edit) for step in found["steps"] for edit in step]
    assert replay(source, edits) == last == found["columns"]["text"]


def test_diff_names_the_setting_and_the_documents(
    output: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    old = min(p.name for p in (output / "versions").iterdir())
    found = json.loads("\n".join(lines(capfd, "diff", old, "--output", str(output), "--json")))
    assert found["totals"]["changed"] == 2
    assert {"setting": "punctuation.width", "was": "keep", "now": "cjk"} in found["recipe"]
    assert found["rules"]["punctuation:ascii-comma"] > 0


def test_diff_compares_with_the_version_before(
    output: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first, second = sorted(p.name for p in (output / "versions").iterdir())
    said = lines(capfd, "diff", "--output", str(output))
    assert said[0] == f"{first} -> {second}"
    assert lines(capfd, "diff", "v000001", "v000002", "--output", str(output)) == said
    assert run_command_line(["diff", "v00000", "--output", str(output)]) == 2
    assert f"versions there: {first}, {second}" in capfd.readouterr().err


def test_try_explains_one_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_bytes("他说,今天是周一。".encode("gb18030"))
    out = "\n".join(lines(capfd, "try", str(tmp_path / "a.txt")))
    assert "gb18030" in out
    assert out.endswith("他说，今天是周一。")


def test_try_reads_as_a_run_does(
    output: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = str(output.parent / "in/rows.jsonl")
    tried = lines(capfd, "try", rows)
    assert "  kept" in tried
    assert "  quarantined: json-syntax" in tried
    assert run_command_line(["try", rows, "--records", "1"]) == 0
    assert "there are more records" in capfd.readouterr().err
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    assert "  quarantined: binary" in lines(capfd, "try", str(tmp_path / "a.png"))
    page = io.TextIOWrapper(io.BytesIO("<html><body><p>他说,好。</p></body></html>".encode()))
    monkeypatch.setattr("sys.stdin", page)
    from_stdin = lines(capfd, "try", "-")
    assert from_stdin[0] == "-"
    assert from_stdin[-1] == "他说，好。"
    lines(capfd, "try", str(tmp_path), code=2)


def test_quarantine_lists_and_shows(output: Path, capfd: pytest.CaptureFixture[str]) -> None:
    listed = lines(capfd, "quarantine", "list", "--output", str(output))
    assert listed[0].split() == ["1", "json-syntax"]
    shown = lines(capfd, "quarantine", "show", "json-syntax", "--output", str(output))
    assert any("{broken" in line for line in shown)


def test_unknown_names_are_errors(output: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for args in (["explain", "nobody"], ["diff", "v9"], ["quarantine", "show", "nobody"]):
        lines(capfd, *args, "--output", str(output), code=2)
    lines(capfd, "explain", key(output, "003"), "--output", str(output), "--at", "x", code=2)


def test_verify_finds_what_was_changed_and_gc_keeps_the_current(
    output: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert lines(capfd, "verify", str(output), "--deep") == []
    old = min((output / "versions").iterdir())
    (old / "README.md").write_text("other")
    faults = lines(capfd, "verify", str(output), code=12)
    assert len(faults) == 1
    assert str(old / "README.md") in faults[0]
    removed = lines(capfd, "gc", str(output), "--keep", "0")
    assert f"removed {old}" in removed
    assert lines(capfd, "verify", str(output), "--deep") == []
    assert lines(capfd, "gc", str(output), "--keep", "0") == []
