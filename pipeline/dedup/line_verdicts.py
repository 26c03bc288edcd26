"""Judges every line of a document by the counts of its site and by its neighbours.

See `pipeline.dedup.lines` for the reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.dedup import line_counts as counts
from pipeline.dedup.line_counts import Flags, Ints, SitesOptions, Tally, Words
from pipeline.dedup.pages import outside_article
from pipeline.runs import runs
from pipeline.text.sketches.line_hashes import LABEL, LEADS, PICTURE, PROSE, STRUCTURE, LineRecords

LINE, FORM, HEADING, OUTSIDE = range(4)
_FORM_SHARE, _FORM_LINES = 0.25, 20  # a head or tail of forms is at most this part of a text
_OUTERMOST_LINES, _OUTERMOST_DRIFT = 2.0, 1.5  # first or last on the page: half the share will do
_TEXT_SENTENCES, _TEXT_SHARE = 8, 0.4  # so many sentences, this share of the lines: a text
_COPY_SHARE = 0.5  # of its sentences recur: the text is that of other documents
_EVERY_SHARE = 0.8  # of the documents have a form: no neighbour need always be the same
_PICTURE_LINES = 4  # above or below a picture that is the site's
_CLOSING_LINES, _CLOSING_SHARE = 0.5, 0.4  # the very last or first: even `（完）` is the site's


@dataclass(frozen=True, slots=True)
class Known:
    """A tally with what follows from it alone: bool (k,) each, and `everywhere` int64 (k,).

    `present` bool (SLOTS,): where there may be a key. Most lines are unknown, and a look here costs
    a hundredth of a search.
    """

    tally: Tally
    present: Flags
    everywhere: Ints
    steady: Flags
    outermost: Flags
    closing: Flags


def known(tally: Tally, options: SitesOptions) -> Known:
    """Return a tally with its verdicts: how often on all sites, and where on the page."""
    present = np.zeros(counts.SLOTS, bool)
    present[counts.slots(tally.key)] = True
    return Known(
        tally,
        present,
        _everywhere(tally),
        _steady(tally, options.edge_lines, options.drift),
        _steady(tally, _OUTERMOST_LINES, _OUTERMOST_DRIFT),
        _steady(tally, _CLOSING_LINES, _OUTERMOST_DRIFT),
    )


def _everywhere(tally: Tally) -> Ints:
    """Return in how many documents of all sites each line of a tally occurs."""
    lines, inverse = np.unique(tally.line, return_inverse=True)
    totals = np.zeros(len(lines), np.int64)
    np.add.at(totals, inverse, tally.documents)
    return totals[inverse]


def _steady(tally: Tally, lines: float, drift: float) -> Flags:
    """Say which lines keep their distance from the start or the end, and stand near it.

    `lines`: the largest mean distance; `drift`: the largest standard deviation.
    """
    n = np.maximum(tally.documents, 1)
    out = np.zeros(len(n), bool)
    for first in (0, 2):
        mean = tally.sums[:, first] / n
        variance = np.maximum(tally.sums[:, first + 1] / n - mean * mean, 0)
        out |= (mean <= lines) & (np.sqrt(variance) <= drift)
    return out


@dataclass(frozen=True, slots=True)
class Pages:
    """Of every document of the corpus (n,): the salt of its site, and how many the site has."""

    salt: Words
    total: Ints


@dataclass(frozen=True, slots=True)
class Standing:
    """What the counts say of m lines: `row` of the tally (-1: none), share (0-1), the verdicts."""

    row: Ints
    total: Ints
    share: counts.Shares
    frequent: Flags
    home: Flags
    steady: Flags
    closing: Flags


def totals(site: Words, sites: Mapping[int, int]) -> Ints:
    """Return of each document how many its site has: int64 (n,)."""
    homes, inverse = np.unique(site, return_inverse=True)
    return np.array([sites.get(home, 0) for home in homes.tolist()], np.int64)[inverse]


def standing(
    records: LineRecords, keyed: Words, total: Ints, options: SitesOptions, what: Known
) -> Standing:
    """Look the lines up by their keys; `total`: how many documents the site of each has."""
    tally = what.tally
    row = np.full(len(records), -1, np.int64)
    maybe = np.flatnonzero(what.present.take(counts.slots(keyed), mode="clip"))
    row[maybe] = tally.find(keyed[maybe])
    # What follows is computed for the known ones only.
    at = np.flatnonzero((row >= 0) & (total >= options.site_documents))
    mine, n = row[at], len(records)
    documents = tally.documents[mine]
    share = np.zeros(n)
    share[at] = documents / np.maximum(total[at], 1)
    outermost = what.outermost[mine] & ((records.shape[at] & PROSE) != 0)
    least = np.where(outermost, options.min_share / 2, options.min_share)
    enough = (documents >= options.min_documents) & (share[at] >= least)
    frequent, home, steady, closing = np.zeros((4, n), bool)
    frequent[at] = enough
    home[at] = documents >= options.home_share * what.everywhere[mine]
    steady[at] = what.steady[mine]
    closing[at] = what.closing[mine] & (share[at] >= _CLOSING_SHARE)
    return Standing(row, total, share, frequent, home, steady, closing)


def judge(
    records: LineRecords, pages: Pages, options: SitesOptions, counted: tuple[Known, Known, Known]
) -> tuple[Ints, Ints, tuple[Standing, Standing], Flags]:
    """Return the places of the lines that go, why, what the counts say, and which were learned."""
    total = pages.total[records.owner]
    line, form, pair = (
        standing(records, keyed, total, options, what)
        for what, (_, keyed) in zip(counted, counts.keys(records, pages.salt), strict=True)
    )
    plain = (records.shape & (STRUCTURE | LEADS)) == 0
    prose = (records.shape & PROSE) != 0
    by_line = line.frequent & plain & (~prose | line.steady | _in_run(records, line, options))
    alone = by_line & line.home & ((records.chars >= options.min_chars) | line.closing)
    paired = pair.frequent & (pair.share >= options.template_share)
    paired[1:] |= paired[:-1] & counts.follows_above(records)[1:]
    # A label whose value happens to be a sentence is one still, beside those that it always has.
    said = prose & ~(paired & ((records.shape & LABEL) != 0))
    by_form = form.frequent & plain & ~said & (form.share >= options.template_share)
    by_form &= ~by_line & (form.steady | paired | (form.share >= _EVERY_SHARE))
    anchor = by_line & (line.share >= options.template_share / 2)
    goes = _with_company(records, by_line, by_form, alone, anchor, options)
    between = _between(records, goes)
    goes |= between & form.frequent & ~prose & ((records.shape & STRUCTURE) == 0)
    goes |= between & ((records.shape & PICTURE) != 0) & _near_edge(records)
    goes |= _emptied(records, line, form, pair, options) & _below(records, goes)
    labels = form.frequent & form.steady & plain & ~prose & ((records.shape & LABEL) != 0)
    goes |= _outside(records, goes) & labels
    goes &= ~_copies(records, line.frequent & prose, prose)
    share = np.maximum(line.share, form.share)
    familiar = line.frequent | form.frequent
    outside, titles = outside_article(records, goes, familiar, share, options)
    goes &= ~titles
    heading = ~goes & ~plain & line.frequent & _heads_nothing(records, goes) & ~titles
    outside &= ~heading
    chosen = np.flatnonzero(goes | heading | outside)
    why = np.select([outside, heading, line.frequent], [OUTSIDE, HEADING, LINE], FORM)
    return chosen, why[chosen].astype(np.int64), (line, form), goes


def _in_run(records: LineRecords, line: Standing, options: SitesOptions) -> Flags:
    """Say which lines stand in a run of lines of the site that is long enough."""
    run, first = _runs(records, line.frequent)
    lines = np.diff(first, append=len(records))
    return line.frequent & (lines >= options.run_lines)[run]


def _runs(records: LineRecords, flags: Flags) -> tuple[Ints, Ints]:
    """Return the run of each line, and the first line of each run of equal flags in a document."""
    start = ~counts.follows_above(records)
    start[1:] |= flags[1:] != flags[:-1]
    return np.cumsum(start) - 1, np.flatnonzero(start)


def _with_company(
    records: LineRecords,
    by_line: Flags,
    by_form: Flags,
    alone: Flags,
    anchor: Flags,
    options: SitesOptions,
) -> Flags:
    """Say which lines go: those that go by themselves, and those in the right company.

    Short lines go in a run that is long enough or holds a line that goes by itself; forms only in
    a run with a line that is the same in a good share of the site's documents, and only where the
    run is a small part of the text: forms may be the content (`时间：` in the notices of a hall,
    `采购人：` in those of an office).
    """
    if not len(records):
        return alone
    recurs = by_line | by_form
    run, first = _runs(records, recurs)
    lines = np.diff(first, append=len(records))
    chars = np.add.reduceat(records.chars, first, dtype=np.int64)
    long = (lines >= options.run_lines) & (chars >= options.run_chars)
    enough = long & (np.add.reduceat(by_line, first, dtype=np.int64) >= 2)
    enough |= np.logical_or.reduceat(alone, first)
    anchored = np.logical_or.reduceat(anchor & alone, first)
    anchored |= long & np.logical_or.reduceat(anchor, first)
    anchored &= (chars <= _FORM_SHARE * _document_chars(records)[first]) & (lines <= _FORM_LINES)
    return alone | (by_line & enough[run]) | (recurs & anchored[run])


def pages_of(records: LineRecords) -> tuple[Ints, Ints]:
    """Return the number of each line's document within the chunk, and how many lines it has."""
    _, lines = runs(records.owner)
    return np.repeat(np.arange(len(lines)), lines), lines


def _copies(records: LineRecords, shared: Flags, prose: Flags) -> Flags:
    """Say which lines belong to a text of sentences most of which recur: copies, not frames.

    Versions of one statute in a folder of their own share nearly every sentence. Whole pages, on
    which sentences are few, are not meant, nor a short report with its disclaimers.
    """
    page, lines = pages_of(records)
    chars = np.where(prose, records.chars, 0)
    said = np.bincount(page, chars, len(lines))
    common = np.bincount(page, np.where(shared, chars, 0), len(lines))
    sentences = np.bincount(page, prose, len(lines))
    text = (sentences >= _TEXT_SENTENCES) & (sentences >= _TEXT_SHARE * lines)
    return (text & (common > _COPY_SHARE * said))[page]


def _between(records: LineRecords, goes: Flags) -> Flags:
    """Say which lines stand directly between two that go."""
    out = np.zeros(len(records), bool)
    follows = counts.follows_above(records)
    out[1:-1] = goes[:-2] & goes[2:] & follows[1:-1] & follows[2:]
    return out


def _near_edge(records: LineRecords) -> Flags:
    """Say which lines stand among the first or the last of their page.

    There a picture is a code to scan or a badge, and its address is new with every issue.
    """
    return np.minimum(records.top, records.bottom) <= _PICTURE_LINES


def _emptied(
    records: LineRecords, line: Standing, form: Standing, pair: Standing, options: SitesOptions
) -> Flags:
    """Say which lines are labels without a value (`校对者：`) that on most pages have one.

    What always ends in its colon leads into something, and is the page's own.
    """
    out = (records.shape & (STRUCTURE | LEADS)) == LEADS
    out &= form.frequent & form.steady & (form.share >= options.template_share)
    out &= line.share < form.share / 2
    out[1:] &= (pair.frequent & (pair.share >= options.template_share))[:-1]
    result: Flags = out
    return result


def _below(records: LineRecords, goes: Flags) -> Flags:
    """Say which lines stand directly below one that goes."""
    out = np.zeros(len(records), bool)
    out[1:] = goes[:-1] & counts.follows_above(records)[1:]
    return out


def _outside(records: LineRecords, goes: Flags) -> Flags:
    """Say which lines are the first (last) of a page, directly above (below) one that goes.

    A label in a rarer wording (`原文链接` where most say `原文地址`) has no share of its own.
    """
    follows = counts.follows_above(records)
    out = np.zeros(len(records), bool)
    out[:-1] = goes[1:] & follows[1:] & (records.top[:-1] == 0)
    out[1:] |= goes[:-1] & follows[1:] & (records.bottom[1:] == 0)
    return out


def _document_chars(records: LineRecords) -> Ints:
    """Return for each line how many letters its document has."""
    page, _ = pages_of(records)
    return np.bincount(page, records.chars)[page].astype(np.int64)


def _heads_nothing(records: LineRecords, goes: Flags) -> Flags:
    """Say below which headings nothing is left up to the next heading or the end."""
    n = len(records)
    if not n:
        return goes
    places = np.where(goes, n, np.arange(n))
    stays = np.minimum.accumulate(places[::-1])[::-1]  # the next line that stays, from here on
    below = np.concatenate((stays[1:], [n]))
    last = np.minimum(below, n - 1)
    over = (below == n) | (records.owner[last] != records.owner)
    over |= (records.shape[last] & STRUCTURE) != 0
    followed = np.zeros(n, bool)
    followed[:-1] = goes[1:] & (records.owner[1:] == records.owner[:-1])
    result: Flags = over & followed
    return result
