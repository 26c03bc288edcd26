"""What the documentation shows is what the program does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_reference_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "tools/build_docs.py", "--check"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def test_what_the_readmes_show_is_what_comes_out() -> None:
    done = subprocess.run(
        [sys.executable, "tools/build_pictures.py", "--check"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([\w./-]+)[)#]", prose):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_snippets_are_valid(page: Path) -> None:
    """TOML parses, Python compiles, every command shown is one that exists."""
    from pipeline.cli import cli

    for language, code in re.findall(r"```(\w+)\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        if language == "toml":
            tomllib.loads(code)
        elif language == "python":
            compile(code, str(page), "exec")
        elif language in ("sh", "cron", "cron"):
            for words in re.findall(r"python -m pipeline([^\n|<>&#]*)", code):
                first = words.split()[0] if words.split() else "run"
                assert first.startswith("-") or first in cli.commands, first


def test_the_tutorial_runs(tmp_path: Path) -> None:
    """The commands of the tutorial, in order, on a folder of GBK files."""
    folder = tmp_path / "my/folder"
    folder.mkdir(parents=True)
    for name, text in (
        ("a", "他说,今天是周一。\n第二段在这里,还有话要说。"),
        ("b", "另一篇短文。"),
    ):
        (folder / f"{name}.txt").write_bytes(text.encode("gbk"))
    page = (ROOT / "docs/tutorial.md").read_text("utf-8")
    ran = 0
    for code in re.findall(r"```sh\n(.*?)```", page, re.DOTALL):
        for line in code.strip().splitlines():
            if "diff v000001" in line:
                name = min(p.name for p in (tmp_path / "my/corpus/versions").iterdir())
                line = re.sub(r"v000001-\w+", name, line)  # noqa: PLW2901
            command = [sys.executable, *line.split()[1:]]
            done = subprocess.run(
                command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{line}\n{done.stderr.decode()}"
            ran += 1
    assert ran >= 8
    assert run_python(ROOT / "docs/tutorial.md", tmp_path) == 1


def run_python(page: Path, folder: Path) -> int:
    """Run the Python snippets of a page in a folder, in one process; return how many there are."""
    found = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(found)], cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return len(found)


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_python_of_the_readme_runs_and_says_what_it_says(tmp_path: Path, page: str) -> None:
    from pipeline import clean
    from pipeline.driver import run
    from pipeline.recipe import load
    from pipeline.report.terminal import Silent

    source = tmp_path / "in"
    source.mkdir()
    (source / "a.txt").write_text("他说,今天是周一。", "utf-8")
    run(load(None, {"input.paths": [str(source)], "output.path": str(tmp_path / "output")}),
        Silent())  # fmt: skip
    assert run_python(ROOT / page, tmp_path) == 1
    said = re.search(r"text(?:\(\))?  # (.+)", (ROOT / page).read_text("utf-8"))
    assert said is not None
    assert clean("他说,今天是周一。").text == said[1]


def test_the_completion_that_the_readme_shows_is_there() -> None:
    code = "import sys; sys.argv = ['pipeline']; from pipeline.__main__ import main; main()"
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False,
            env={**os.environ, "_PIPELINE_COMPLETE": f"{shell}_source"},
        )  # fmt: skip
        assert b"_PIPELINE_COMPLETE" in done.stdout, done.stderr.decode()
    completed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False,
        env={**os.environ, "_PIPELINE_COMPLETE": "bash_complete", "COMP_WORDS": "pipeline exp",
             "COMP_CWORD": "1"},
    )  # fmt: skip
    assert completed.stdout.decode().split() == ["plain,explain"]


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_first_rows_of_the_table_are_what_comes_out(name: str) -> None:
    from pipeline import clean

    rows = re.findall(r"^\| `([^`⏎]+)` \| ([^|`]+) \|", (ROOT / name).read_text("utf-8"), re.M)
    assert len(rows) >= 2
    for before, after in rows:
        assert clean(before).text == after.strip()
