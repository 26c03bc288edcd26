"""What every result says about where it was measured."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Return processor, Python, and the versions of what the speed depends on."""
    model = ""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = (line for line in info.read_text().splitlines() if "model name" in line)
        model = next(lines, "").partition(":")[2].strip()
    packages = ("numpy", "pyarrow", "opencc", "orjson", "datasketch", "ftfy")
    return {
        "processor": model or platform.processor(),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def save(name: str, content: dict[str, Any]) -> Path:
    """Write a result with the machine it was measured on; return its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    text = json.dumps({"machine": machine(), **content}, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", "utf-8")
    return path
