"""The pairs just below the threshold: compared, and both stay. The report shows the closest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.options import DedupOptions
from pipeline.dedup.verify import Numbers, Verdicts
from pipeline.runs import begins

BAND = 0.1  # of Jaccard below the threshold: as far as a reader would think of moving it
MOST = 24  # pairs that are kept: a screen full


class Misses(NamedTuple):
    """Pairs of documents, `left` < `right`, both int64 (k,), and their `jaccard` float64 (k,)."""

    left: Numbers
    right: Numbers
    jaccard: NDArray[np.float64]

    @classmethod
    def none(cls) -> Misses:
        """Return no pairs."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float64))

    @classmethod
    def of(cls, left: Numbers, right: Numbers, verdicts: Verdicts, options: DedupOptions) -> Misses:
        """Return those of the pairs that were compared that do not match by little."""
        low = options.jaccard - BAND
        below = (verdicts.jaccard >= low) & (verdicts.jaccard < options.jaccard)
        rows = np.flatnonzero(below & ~verdicts.match)
        a, b = left[rows], right[rows]
        return cls(np.minimum(a, b), np.maximum(a, b), verdicts.jaccard[rows])

    def plus(self, other: Misses) -> Misses:
        """Return both together."""
        return Misses(
            np.concatenate((self.left, other.left)),
            np.concatenate((self.right, other.right)),
            np.concatenate((self.jaccard, other.jaccard)),
        )

    def where(self, rows: NDArray[np.bool_] | Numbers) -> Misses:
        """Return some of the pairs."""
        return Misses(self.left[rows], self.right[rows], self.jaccard[rows])

    def closest(self) -> Misses:
        """Return the MOST closest of the distinct pairs, the closest first."""
        order = np.lexsort((self.right, self.left, -self.jaccard))
        found = self.where(order)
        fresh = begins(found.left, found.right)
        return found.where(fresh).where(np.arange(min(int(fresh.sum()), MOST)))
