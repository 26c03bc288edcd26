"""Learns the lines that a site puts on its pages: those that recur, though no rule knows them.

No text is seen, only `LineRecords`. Four passes over them, in chunks of any size:

1. a sketch (an array of counters, one hash; counts can only come out too high) says which lines may
   be frequent enough at all;
2. of reprints of one article on one site the first is found: only that is counted;
3. the lines that may be frequent are counted exactly, per site, with where on the page they stood;
4. every line is judged by the counts and by its neighbours.

Memory is that of the sketch and of the frequent lines, however large the corpus. The result depends
on the set of documents alone: counts are sums and examples are the smallest ranks.

A line goes when it recurs in enough documents of its site and hardly anywhere else, and is long, or
stands in a run of such lines. What recurs for other reasons is told apart by shape and place:
clauses and headings are never learned, sentences only where they keep their place at an edge of
the page or stand among lines of the site, forms with changing
values (`阅读 1234 次`) only beside other lines of the site.
Measured on real reprints: with these conditions precision 1.00 and recall .97; "occurs twice
anywhere" has a precision of .33.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup import line_verdicts as verdicts
from pipeline.dedup.line_counts import (
    EXAMPLES,
    NOBODY,
    Chunks,
    Ints,
    SitesOptions,
    Tallies,
    Words,
    count,
    salted,
)
from pipeline.dedup.line_verdicts import Known, Pages, totals
from pipeline.text.removal import Reason
from pipeline.text.sketches.line_hashes import LineRecords, mix

__all__ = ["RULES", "SiteRemovals", "SitesOptions", "learn"]

RULES = ("site-line", "site-template", "site-heading", "outside-article")
NOTED = "site_lines"  # the table in which a note that begins so is looked up
_PAGE = "outside the article, on a page of which {} of {} lines are the site's"


@dataclass(frozen=True, slots=True)
class SiteRemovals:
    """m lines that go, sorted by document and line.

    `owner`, `line` int64 (m,): rank of the document, number of the line in its text. `rule` uint8
    (m,): index into RULES. `name` uint64 (m,): of the line among those of all sites, odd where it
    is the same in every document, even for one of fixed form; 0 for lines outside an article.
    `documents`, `site_documents` int64 (m,): in how many of how many. `examples` int64 (m, 3):
    ranks of documents that have the line, -1 where there are fewer.
    """

    owner: Ints
    line: Ints
    rule: NDArray[np.uint8]
    name: Words
    documents: Ints
    site_documents: Ints
    examples: Ints

    def __len__(self) -> int:
        return len(self.owner)

    def reasons(self) -> tuple[Ints, tuple[Reason, ...]]:
        """Return the number of each line's reason, and the reasons.

        Of a line of the site the reason has the name only. The counts, which every new document of
        the site moves, are in `of_sites`: they would alter the receipts of all others.
        """
        outside = self.rule == verdicts.OUTSIDE
        counts = (np.where(outside, n, 0) for n in (self.documents, self.site_documents))
        columns = (self.rule.astype(np.uint64), self.name, *(n.astype(np.uint64) for n in counts))
        mark = np.zeros(len(self), np.uint64)
        for column in columns:
            mark = mix(mark ^ column)
        _, first, why = np.unique(mark, return_index=True, return_inverse=True)
        rows = zip(*(column[first].tolist() for column in columns), strict=True)
        return why.astype(np.int64), tuple(_reason(*row) for row in rows)

    def of_sites(self) -> Ints:
        """Return a row for each line of a site that goes somewhere: its first, in order of name."""
        rows = np.flatnonzero(self.name)
        return rows[np.unique(self.name[rows], return_index=True)[1]]


def _reason(rule: int, name: int, documents: int, total: int) -> Reason:
    note = _PAGE.format(documents, total) if rule == verdicts.OUTSIDE else f"{NOTED} {name:016x}"
    return Reason(RULES[rule], note)


def learn(chunks: Chunks, site: Words, options: SitesOptions) -> tuple[SiteRemovals, Tallies]:
    """Return which lines of which documents go, and the counts.

    `site` uint64 (n,): a stable hash of each document's site, 0 where it has none.

    Nothing is kept from one run to the next but the lines themselves: a document that is new can
    make another one a reprint, and move every count of its site. Counting all again costs 17 µs a
    document of 32 lines (12,000 documents on one core), a fiftieth of cleaning it.
    """
    tallies, concerned = count(chunks, site, options)
    exact, template, pair = (verdicts.known(tally, options) for tally in tallies)
    pages = Pages(salted(site), totals(site, tallies[0].sites))
    counted = (exact, template, pair)
    # What goes recurs itself, or stands between lines, in a page, or below a heading of such.
    some = (records.take(concerned[records.owner]) for records in chunks())
    parts = [_removals(records, pages, options, counted) for records in some]
    return _sorted(parts), tallies


def _removals(
    records: LineRecords, pages: Pages, options: SitesOptions, counted: tuple[Known, Known, Known]
) -> SiteRemovals:
    chosen, rule, found, goes = verdicts.judge(records, pages, options, counted)
    documents = np.zeros(len(chosen), np.int64)
    examples = np.full((len(chosen), EXAMPLES), NOBODY, np.int64)
    name = np.zeros(len(chosen), np.uint64)
    totals = found[0].total[chosen]
    for by_form, what in ((False, counted[0]), (True, counted[1])):
        mine = ((rule == verdicts.FORM) == by_form) & (rule != verdicts.OUTSIDE)
        row = found[by_form].row[chosen[mine]]
        documents[mine] = what.tally.documents[row]
        examples[mine] = what.tally.examples[row]
        name[mine] = what.tally.key[row] - np.uint64(by_form)  # keys are odd
    # Of a line outside the article the counts say how many lines of its page were learned.
    page, lines = verdicts.pages_of(records)
    learned = np.bincount(page[goes], minlength=len(lines))
    mine = rule == verdicts.OUTSIDE
    documents[mine] = learned[page[chosen[mine]]]
    totals[mine] = lines[page[chosen[mine]]]
    return SiteRemovals(
        records.owner[chosen].astype(np.int64),
        records.line[chosen].astype(np.int64),
        rule.astype(np.uint8),
        name,
        documents,
        totals,
        np.where(examples == NOBODY, -1, examples),
    )


def _sorted(parts: list[SiteRemovals]) -> SiteRemovals:
    """Join the parts in order of document and line."""
    if not parts:
        none = np.zeros(0, np.int64)
        empty = np.zeros((0, EXAMPLES), np.int64)
        words = np.zeros(0, np.uint64)
        return SiteRemovals(none, none, np.zeros(0, np.uint8), words, none, none, empty)
    joined = [np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(SiteRemovals)]
    order = np.lexsort((joined[1], joined[0]))
    return SiteRemovals(*(array[order] for array in joined))
