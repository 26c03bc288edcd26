"""What a process that is ours alone leaves out: imported before anything heavy."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder


class _WithoutPandas(MetaPathFinder):
    """Refuses to find pandas, as if it were not installed; leaves the rest to other finders."""

    def find_spec(self, fullname: str, *_: object) -> None:
        """Raise ModuleNotFoundError for pandas."""
        if fullname == "pandas":
            raise ModuleNotFoundError(f"{fullname} is not used here", name=fullname)


def without_pandas() -> None:
    """Keep pyarrow from importing pandas to look at each list that it is given: 0.4 s."""
    sys.meta_path.insert(0, _WithoutPandas())
