"""Connected components of links between documents, in numpy alone (importing scipy costs 0.9 s)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ranks = NDArray[np.int64]


class Forest:
    """Sets of documents 0..n-1, merged link by link in whole arrays; the root is the smallest."""

    def __init__(self, n: int) -> None:
        # 32 bits where they do: ten million documents then take 40 MB.
        self.parent = np.arange(n, dtype=np.int32 if n < 1 << 31 else np.int64)

    def link(self, left: Ranks, right: Ranks) -> None:
        """Merge the sets of `left[i]` and `right[i]` for every i.

        Each round hangs the larger root of a link below the smaller and halves the paths; the
        number of rounds is logarithmic in the longest chain.
        """
        while left.size:
            left, right = self.roots(left), self.roots(right)
            low, high = np.minimum(left, right), np.maximum(left, right)
            open_ = low != high
            left, right = low[open_], high[open_]
            np.minimum.at(self.parent, right, left.astype(self.parent.dtype))

    def roots(self, documents: Ranks) -> Ranks:
        """Return the smallest document of the set of each, and shorten the paths."""
        root = self.parent[documents]
        while True:
            above = self.parent[root]
            if np.array_equal(above, root):
                self.parent[documents] = root
                return root.astype(np.int64)
            root = above

    def crowds(self) -> tuple[Ranks, Ranks]:
        """Return (root, member) of the sets of more than one, members ascending."""
        while True:
            above = self.parent[self.parent]
            if np.array_equal(above, self.parent):
                break
            self.parent = above
        places = np.arange(len(above), dtype=above.dtype)
        moved = above != places
        crowded = moved.copy()
        crowded[above[moved]] = True
        members = np.flatnonzero(crowded)
        return above[members].astype(np.int64), members
