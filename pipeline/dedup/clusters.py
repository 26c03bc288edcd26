"""Connected components of links between documents, in numpy alone (importing scipy costs 0.9 s)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ranks = NDArray[np.int64]


class Forest:
    """Sets of documents 0..n-1, merged link by link in whole arrays; the root is the smallest."""

    def __init__(self, n: int) -> None:
        self.parent: Ranks = np.arange(n, dtype=np.int64)

    def link(self, left: Ranks, right: Ranks) -> None:
        """Merge the sets of `left[i]` and `right[i]` for every i.

        Each round hangs the larger root of a link below the smaller and halves the paths; the
        number of rounds is logarithmic in the longest chain.
        """
        while left.size:
            left, right = self.roots(left), self.roots(right)
            open_ = left != right
            low = np.minimum(left, right)[open_]
            high = np.maximum(left, right)[open_]
            np.minimum.at(self.parent, high, low)
            left, right = low, high

    def roots(self, documents: Ranks) -> Ranks:
        """Return the smallest document of the set of each, and shorten the paths."""
        root = self.parent[documents]
        while True:
            above = self.parent[root]
            if np.array_equal(above, root):
                self.parent[documents] = root
                return root
            root = above
