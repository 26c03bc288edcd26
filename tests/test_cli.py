"""The command line as a user meets it: what it prints where, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli import run_command_line

ROOT = Path(__file__).parents[1]


def call(*args: str, data: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m pipeline` with these arguments in the project's folder."""
    command = [sys.executable, "-m", "pipeline", *args]
    environment = {**os.environ, **env}
    return subprocess.run(
        command, input=data, cwd=ROOT, capture_output=True, check=False, env=environment
    )


def test_run_publishes_and_a_second_run_finds_nothing_new(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    first = call("--output", out)
    assert first.returncode == 0, first.stderr.decode()
    assert first.stdout == b"", "stdout is for data"
    summary = first.stderr.decode()
    assert "documents" in summary
    assert "\x1b" not in summary, "no colour where stderr is no terminal"
    name = os.readlink(tmp_path / "out" / "current")
    second = call("run", "--output", out)
    assert second.returncode == 0
    assert b"nothing new" in second.stderr
    assert os.readlink(tmp_path / "out" / "current") == name


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    result = call("--output", str(tmp_path / "out"), "--dry-run")
    assert result.returncode == 0
    assert b"would clean 5 files" in result.stderr
    assert not (tmp_path / "out").exists()


def test_limit_takes_the_first_records(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("--output", str(out), "--limit", "2").returncode == 0
    facts = json.loads((out / "current" / "run.json").read_bytes())
    assert facts["funnel"]["documents"]["in"] == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--inptu", "x"], "no such option"),
        (["--config", "configs/nwes.toml"], "did you mean configs/news.toml"),
        (["--input", "no/such/path"], "no such input"),
        (["--set", "dedup.jacard=1"], "did you mean jaccard"),
        (["--set", "nonsense"], "section.option=value"),
        (["pipe", "--stages", "mojibkae"], "unknown stage"),
        (["frobnicate"], "frobnicate"),
        (["check", "configs/none.toml"], "cannot read"),
        (["--input", ""], "an input has no name"),
        (["--output", ""], "expected a string: a folder"),
        (["--output", "out\udcd6"], "not utf-8"),
        (["init", "no/such.toml", "--input", "in\udcd6"], "a recipe is utf-8"),
        (["gc", "--keep", "-1"], "not in the range"),
        (["try", "README.md", "--records", "0"], "not in the range"),
        (["try", "/dev/null"], "a pipe or a device"),
        (["quarantine"], "a command is missing"),
    ],
)
def test_a_mistake_is_an_error_a_hint_and_exit_2(args: list[str], said: str) -> None:
    result = call(*args)
    message = result.stderr.decode()
    assert result.returncode == 2, message
    assert message.startswith("error: ")
    assert "\nhint: " in message
    assert said in message.lower()
    assert "Traceback" not in message


def test_check_prints_the_resolved_recipe_with_origins() -> None:
    result = call("check", "configs/news.toml")
    assert result.returncode == 0
    text = result.stdout.decode()
    assert "configs/news.toml" in text
    assert "configs/default.toml" in text
    assert "# default" in text


def test_stages_and_schema_go_to_stdout() -> None:
    listed = call("stages").stdout.decode()
    assert listed.index("mojibake") < listed.index("script") < listed.index("repetition")
    assert json.loads(call("schema").stdout)["title"] == "pipeline recipe"


def test_pipe_keeps_order_fields_and_receipts() -> None:
    lines = [
        {"id": "1", "text": "他说,今天是周一。", "mine": [1, {"a": 2}]},
        {"id": "2", "text": "干净的一行。"},
        {"id": 3, "text": ""},
    ]
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    result = call("pipe", "--stages", "punctuation", data=data)
    assert result.returncode == 0
    out = [json.loads(line) for line in result.stdout.splitlines()]
    assert [o["id"] for o in out] == ["1", "2", 3]
    assert out[0]["text"] == "他说，今天是周一。"
    assert out[0]["mine"] == [1, {"a": 2}]
    edit = out[0]["edits"][0]
    assert (edit["stage"], edit["start"], edit["before"], edit["after"]) == (
        "punctuation", 2, ",", "，",
    )  # fmt: skip
    assert out[1] == {"id": "2", "text": "干净的一行。", "edits": []}


def test_pipe_answers_every_line_even_a_bad_one() -> None:
    data = b'{"id": "a", "text": "\xe5\xa5\xbd"}\nnot json\n[1]\n{"id": "b"}\n{"text": "\\ud800"}'
    result = call("pipe", data=data)
    assert result.returncode == 0
    out = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(out) == 5
    assert [o.get("quarantined", "").split(":")[0] for o in out] == [
        "", "bad-json", "not-an-object", "no-text", "",
    ]  # fmt: skip
    assert out[4]["text"] == "\ufffd"


def test_help_is_all_there() -> None:
    text = call("--help").stdout.decode()
    for command in ("run", "pipe", "check", "stages", "schema"):
        assert command in text


def test_the_python_interface_is_there_whatever_was_imported_before(tmp_path: Path) -> None:
    code = (
        "import pipeline.driver, pipeline.cleaning\n"
        "from pipeline import clean, run\n"
        "from pipeline import clean as again\n"
        "c = again('他说,今天是周一。')\n"
        "assert c.text == '他说，今天是周一。' and len(c.edits) == 1, c\n"
        f"r = run('configs/default.toml', output__path={str(tmp_path / 'out')!r})\n"
        "assert r.version.is_dir()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_rule_knows_tables_bylines_and_what_stands_in_code(
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, said in (
        ("news-ranking", "catches"),
        ("metadata:byline-editor", "leaves"),
        ("ascii-comma", "a rule of punctuation"),
    ):
        assert run_command_line(["rule", name]) == 0
        assert said in capfd.readouterr().out
    for mistyped, meant in (("ascii-coma", "ascii-comma"), ("news-rankings", "news-ranking")):
        assert run_command_line(["rule", mistyped]) == 2
        assert f"did you mean {meant}" in capfd.readouterr().err


@pytest.mark.parametrize("watch", ["", "sys.setprofile(lambda *_: None); "])
def test_leaving_at_once_loses_no_output_and_no_exit_code(watch: str) -> None:
    code = f"import sys; from pipeline.startup import leave; {watch}print('said', end=''); leave(3)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert (done.stdout, done.returncode) == (b"said", 3)


def test_a_profiler_still_has_its_say() -> None:
    code = (
        "import atexit, sys; from pipeline.startup import leave; atexit.register(print, 'last'); "
        "sys.setprofile(lambda *_: None); leave(0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"last\n"


def in_shell(command: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash in which `pipeline` is the program."""
    line = f"pipeline() {{ '{sys.executable}' -m pipeline \"$@\"; }}; {command}"
    environment = {**os.environ, **env}
    return subprocess.run(
        ["bash", "-c", line], cwd=ROOT, capture_output=True, check=False, env=environment
    )


@pytest.mark.parametrize("command", ["rule", "--help", "schema"])
def test_a_reader_that_goes_is_no_error(command: str) -> None:
    result = in_shell(f"pipeline {command} | true; exit ${{PIPESTATUS[0]}}")
    assert (result.returncode, result.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", ["rule", 'pipe <<< \'{"text": "好"}\''])
def test_a_full_disk_behind_stdout_is_75(command: str) -> None:
    result = in_shell(f"pipeline {command} > /dev/full")
    assert result.returncode == 75
    assert result.stderr.startswith(b"error: cannot write: no space left")


def test_closed_streams_are_no_reason_to_fail(tmp_path: Path) -> None:
    result = in_shell(f"pipeline --output {tmp_path}/out <&- >&- 2>&-")
    assert result.returncode == 0
    assert (tmp_path / "out/current").exists()
    assert in_shell("pipeline pipe <&-").returncode == 0


def test_a_charset_that_lacks_a_mark_gets_its_escape() -> None:
    result = call("try", "seeds/003_01085ef3b15ebc0b.txt", PYTHONIOENCODING="gbk")
    assert result.returncode == 0, result.stderr.decode("gbk")
    assert "\\u23ce".encode("gbk") in result.stdout, "⏎ is not in GBK"


def test_names_that_are_no_utf_8_are_read_reported_and_found(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/\xd6\xd0"
    os.mkdir(folder)
    Path(os.fsdecode(folder + b"/a.txt")).write_text("今天是周一。", "utf-8")
    given, out = os.fsdecode(folder), str(tmp_path / "out")
    assert call("--input", given, "--output", out).returncode == 0
    for name in (f"{given}/a.txt", "\\xd6\\xd0/a.txt"):
        found = call("explain", name, "--output", out)
        assert found.stdout.decode().startswith(f"{tmp_path}/\\xd6\\xd0/a.txt\n  kept"), (
            found.stderr
        )


def test_a_name_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x9b2J\u202etxt.\nkept"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / evil).write_text("他说,今天是周一。", "utf-8")
    out = str(tmp_path / "out")
    run = call("--input", str(tmp_path / "in"), "--output", out)
    found = call("explain", str(tmp_path / "in" / evil), "--output", out)
    missing = call("explain", evil + "?", "--output", out)
    assert (run.returncode, found.returncode, missing.returncode) == (0, 0, 2)
    for said in (run.stderr, found.stdout, missing.stderr):
        text = said.decode()
        assert "owned" in text, "the name is shown"
        assert not set("\x1b\x07\x9b\u202e") & set(text)


def test_explain_over_a_damaged_version_says_so(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("--output", str(out)).returncode == 0
    next((out / "current/ledger").iterdir()).write_bytes(b"")
    found = call("explain", "003_01085ef3b15ebc0b.txt", "--output", str(out))
    assert found.returncode == 12, found.stderr.decode()
    assert b"verify --deep" in found.stderr
    assert b"Traceback" not in found.stderr
