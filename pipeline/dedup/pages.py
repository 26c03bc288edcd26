"""Of a whole page, the article: the run of lines in which sentences outweigh everything else."""

from __future__ import annotations

import numpy as np

from pipeline.dedup.line_counts import Flags, Ints, SitesOptions
from pipeline.text.line_hashes import PROSE, LineRecords

_PROSE_WORTH = 40  # letters beyond which a sentence counts no more: cards have long ones as well
_SHORT_COST, _LEARNED_COST = 5, 30  # letters that a line which is no sentence takes away
_ABOVE, _BELOW = 4, 10  # new lines next to the article that stay: lead, captions, a list at the end
_PARAGRAPH_CHARS = 80  # letters of a sentence that stays wherever it stands; other lines 20 more
_TITLE_ABOVE = 15  # lines above the article among which the longest is its title


def outside_article(
    records: LineRecords,
    goes: Flags,
    familiar: Flags,
    options: SitesOptions,
) -> Flags:
    """Say which lines of whole pages lie outside the article; none of other texts.

    `goes`: the lines that were learned; `familiar`: those and others that recur.

    A text is a whole page where enough of its lines were learned. Its article is the run of lines
    with the largest sum (Kadane): sentences add their letters, other lines and, more so, lines of
    the site take away, so that headlines, cards and times of other articles fall out though they
    are new on every page. The longest line closely above the article stays as its title.
    """
    out = np.zeros(len(records), bool)
    bounds = np.flatnonzero(np.diff(records.owner, prepend=-1, append=-1))
    prose = (records.shape & PROSE) != 0
    worth = np.where(prose, np.minimum(records.chars.astype(np.int64), _PROSE_WORTH), -_SHORT_COST)
    worth = np.where(goes, -_LEARNED_COST, worth)
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        n = last - first
        enough = min(options.page_share * n, options.page_learned)
        if n < options.page_lines or goes[first:last].sum() < enough:
            continue
        start, end = _best_run(worth[first:last])
        if end == start:
            continue  # no sentence at all: nothing says what the page is about
        mine = familiar[first:last]
        above, below = mine[:start][::-1], mine[end:]
        lead = max(0, start - _run_of(~above[:_ABOVE]))
        end += _run_of(~below[:_BELOW])
        out[first : first + lead] = out[first + end : last] = True
        high = first + max(0, start - _TITLE_ABOVE)
        titles = np.where(goes[high : first + start], 0, records.chars[high : first + start])
        if titles.any():
            out[high + int(titles.argmax())] = False
    stays = records.chars >= np.where(prose, _PARAGRAPH_CHARS, _PARAGRAPH_CHARS + 20)
    result: Flags = out & ~goes & ~stays
    return result


def _run_of(flags: Flags) -> int:
    """Return how many flags are set before the first that is not."""
    return len(flags) if flags.all() else int(flags.argmin())


def _best_run(worth: Ints) -> tuple[int, int]:
    """Return the bounds of the run with the largest sum, the first of equals; (0, 0) if negative.

    >>> _best_run(np.array([-1, 3, -1, 4, -9, 5]))
    (1, 4)
    """
    sums = np.concatenate(([0], np.cumsum(worth)))
    lowest = np.minimum.accumulate(sums)
    gain = sums - lowest
    end = int(gain.argmax())
    if gain[end] <= 0:
        return 0, 0
    return int(np.flatnonzero(sums[: end + 1] == lowest[end])[-1]), end
