"""Of a whole page, the article: the run of lines in which sentences outweigh everything else."""

from __future__ import annotations

import numpy as np

from pipeline.dedup.line_counts import Flags, Ints, Shares, SitesOptions, follows_above
from pipeline.text.sketches.line_hashes import PROSE, LineRecords

_PROSE_WORTH = 40  # letters beyond which a sentence counts no more: cards have long ones as well
_SHORT_COST, _LEARNED_COST = 5, 30  # letters that a line which is no sentence takes away
_ABOVE, _BELOW = 4, 10  # new lines next to the article that stay: lead, captions, a list at the end
_PARAGRAPH_CHARS = 80  # letters of a sentence that stays wherever it stands; other lines 20 more
_TITLE_ABOVE, _TITLE_CHARS = 30, 8  # lines above the article among which its title is, and its size
_TITLES = 3  # of the longest: a caption and a lead are longer
_TITLE_SHARE = 0.5  # of a site's documents: what more of them have is no title


def outside_article(
    records: LineRecords,
    goes: Flags,
    familiar: Flags,
    share: Shares,
    options: SitesOptions,
) -> tuple[Flags, Flags]:
    """Say which lines of whole pages lie outside the article, and which may be its title.

    `goes`: the lines that were learned; `familiar`: those and others that recur; `share`: of the
    site's documents that have the line or its form. Of other texts no line is either.

    A text is a whole page where enough of its lines were learned. Its article is the run of lines
    with the largest sum (Kadane): sentences add their letters, other lines and, more so, lines of
    the site take away, so that headlines, cards and times of other articles fall out though they
    are new on every page. The longest lines closely above the article and the nearest may be its
    title, and stay even where they were learned: other pages list it.
    """
    out, titles = np.zeros((2, len(records)), bool)
    rare = (share < _TITLE_SHARE) & (records.chars >= _TITLE_CHARS)
    bounds = np.flatnonzero(np.diff(records.owner, prepend=-1, append=-1))
    prose = (records.shape & PROSE) != 0
    worth = np.where(prose, np.minimum(records.chars.astype(np.int64), _PROSE_WORTH), -_SHORT_COST)
    worth = np.where(goes, -_LEARNED_COST, worth)
    stays = records.chars >= np.where(prose, _PARAGRAPH_CHARS, _PARAGRAPH_CHARS + 20)
    # A player or a box may cut an article in two, and what a service says of cookies may be longer
    # than the whole of it: new sentences that stand together stay wherever they stand.
    new = prose & ~goes & ~familiar
    together = new[1:] & new[:-1] & follows_above(records)[1:]
    stays[1:] |= together
    stays[:-1] |= together
    sizes = np.diff(bounds)
    gone = np.concatenate(([0], np.cumsum(goes)))
    enough = np.minimum(options.page_share * sizes, options.page_learned)
    whole = (sizes >= options.page_lines) & (np.diff(gone[bounds]) >= enough)
    for first, last in zip(bounds[:-1][whole].tolist(), bounds[1:][whole].tolist(), strict=True):
        start, end = _best_run(worth[first:last])
        if end == start:
            continue  # no sentence at all: nothing says what the page is about
        mine = familiar[first:last]
        above, below = mine[:start][::-1], mine[end:]
        lead = max(0, start - _run_of(~above[:_ABOVE]))
        end += _run_of(~below[:_BELOW])
        out[first : first + lead] = out[first + end : last] = True
        top = first + min(start, _run_of(~(stays & ~goes)[first : first + start]))
        high = max(first, top - _TITLE_ABOVE)
        places = high + np.flatnonzero(rare[high:top])
        longest = places[np.argsort(records.chars[places], kind="stable")[-_TITLES:]]
        titles[longest] = titles[places[-1:]] = True
    outside: Flags = out & ~goes & ~stays & ~titles
    return outside, titles


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
