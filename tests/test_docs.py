"""What the documentation shows is what the program does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from pipeline.document import Document, replay
from tests import stage_cases

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_reference_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "tools/build_docs.py", "--check"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def test_the_tables_of_the_benchmarks_are_those_of_the_results() -> None:
    done = subprocess.run(
        [sys.executable, "tools/build_tables.py", "--check"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def test_every_benchmark_is_on_its_page() -> None:
    page = (ROOT / "docs/benchmarks.md").read_text("utf-8")
    missing = [p.name for p in (ROOT / "benchmarks").glob("*.py") if p.name not in page]
    assert not missing


TEXT = ROOT / "pipeline/text"


@pytest.mark.parametrize("index", sorted(TEXT.rglob("__init__.py")), ids=lambda p: p.parent.name)
def test_every_module_of_text_stands_in_its_index(index: Path) -> None:
    """The docstring of a folder says what each of its modules is for."""
    named = set(re.findall(r"`(\w+)`", index.read_text("utf-8")))
    there = {p.stem for p in index.parent.glob("[a-z]*")}
    assert named - {"decide"} == there


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


def follow(page: Path, folder: Path) -> int:
    """Do what a page says in a folder: its commands and its named files, in order; count commands.

    A block below `<!-- file: NAME -->` is the content of that file; below `<!-- change: NAME -->`
    it says which lines of a recipe lose their `# `.
    """
    ran = 0
    blocks = re.findall(
        r"(?:<!-- (file|change): (\S+) -->\n)?```(\w+)\n(.*?)```",
        page.read_text("utf-8"),
        re.DOTALL,
    )
    for kind, name, language, code in blocks:
        if kind == "file":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(code, "utf-8")
        elif kind == "change":
            uncomment(folder / name, code)
        elif language == "sh":
            lines = [line.partition("  #")[0] for line in code.splitlines()]
            commands = [line for line in lines if line.startswith("python -m pipeline")]
            for line in commands:
                run_line(line, folder)
            ran += len(commands)
    return ran


def uncomment(recipe: Path, wanted: str) -> None:
    """Set the options of a TOML text in a recipe that shows each with its default."""
    text = recipe.read_text("utf-8")
    for section, options in tomllib.loads(wanted).items():
        for key in options:
            line = next(x for x in wanted.splitlines() if x.startswith(f"{key} = "))
            start = text.index(f"[{section}]")
            rest, n = re.subn(rf"^# {key} = .*$", line, text[start:], count=1, flags=re.MULTILINE)
            assert n == 1, f"{section}.{key}"
            text = text[:start] + rest
    recipe.write_text(text, "utf-8")


def run_line(line: str, folder: Path) -> str:
    """Run a command line as a shell would, with this Python; return what it prints."""
    here = {"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=folder, env={**os.environ, **here},
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stderr.decode()}"
    return done.stdout.decode()


def test_the_tutorial_runs(tmp_path: Path) -> None:
    """The commands of the tutorial, in order, on a folder of GBK files."""
    folder = tmp_path / "my/folder"
    folder.mkdir(parents=True)
    for name, text in (
        ("a", "他说,今天是周一。\n第二段在这里,还有话要说。"),
        ("b", "另一篇短文。"),
    ):
        (folder / f"{name}.txt").write_bytes(text.encode("gbk"))
    assert follow(ROOT / "docs/tutorial.md", tmp_path) >= 9
    assert run_python(ROOT / "docs/tutorial.md", tmp_path) == 1
    said = run_line("python -m pipeline diff --output my/corpus", tmp_path)
    assert "punctuation.width: cjk -> keep" in said


def test_the_commands_of_the_readme_run(tmp_path: Path) -> None:
    for name in ("seeds", "configs"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "my/folder").mkdir(parents=True)
    (tmp_path / "my/folder/a.txt").write_text("他说,今天是周一。", "utf-8")
    (tmp_path / "page.txt").write_text("他说,今天是周一。", "utf-8")
    (tmp_path / "in.jsonl").write_text('{"id": "a", "text": "他说,好。"}\n', "utf-8")
    run_line("python -m pipeline --set punctuation.width=keep", tmp_path)
    run_line("python -m pipeline", tmp_path)
    assert follow(ROOT / "README.md", tmp_path) >= 6
    assert (tmp_path / "out.jsonl").stat().st_size
    assert (tmp_path / "my/corpus/current/report.html").is_file()


def test_both_readmes_show_the_same_commands() -> None:
    def commands(name: str) -> list[str]:
        blocks = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)
        return [line.partition("  #")[0].rstrip() for x in blocks for line in x.splitlines()]

    assert commands("README.md") == commands("README.zh-CN.md")


def test_the_rule_and_the_stage_of_the_guide_work(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/default.toml").write_bytes((ROOT / "configs/default.toml").read_bytes())
    article = "图书馆昨日开放，读者很多。\n他说，今天是周一。\n"
    (tmp_path / "page.txt").write_text(f"{article}本报道由晨光读书会赞助播出", "utf-8")
    assert follow(ROOT / "docs/extending.md", tmp_path) == 3
    said = run_line("python -m pipeline try page.txt --config my.toml", tmp_path)
    assert "sponsor-line: " in said
    assert said.rstrip().endswith(article.rstrip())
    spec = spec_from_file_location("the_end", tmp_path / "pipeline/stages/the_end.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    apply = stage_cases.one(module.STAGE.build(module.STAGE.options()))
    for case in tomllib.loads((tmp_path / "tests/cases/the_end.toml").read_text("utf-8"))["case"]:
        out = apply(Document("a", case["input"]))
        assert out.text == case.get("expect", case["input"])
        assert replay(case["input"], out.edits) == out.text


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
    from tests.runs import publish

    source = tmp_path / "in"
    source.mkdir()
    (source / "a.txt").write_text("他说,今天是周一。", "utf-8")
    publish(source, tmp_path / "output")
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
