"""Totals: what a run comes to, counted from the corpus and its decisions, and the law they keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.corpus import Corpus
from pipeline.errors import ConservationError, QuarantineLimitError
from pipeline.removals import STAGE as SITES
from pipeline.stages import ORDER
from pipeline.store.groups import groups

_COMPARISONS = (b"compared", b"uncompared", b"paragraphs_uncompared")


def totals(
    corpus: Corpus, decisions: pa.Table, counts: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    """Return what run.json says of the records. `counts`: what `Writer.write` returned."""
    edits = counts["edits"]
    metadata = decisions.schema.metadata or {}
    return {
        "funnel": funnel(corpus, decisions, counts["kept"]),
        "edits": {name: edits[name] for name in (*dict(ORDER), SITES) if name in edits},
        "reasons": reasons(corpus, decisions),
        "dedup": {k.decode(): int(v) for k, v in metadata.items() if k in _COMPARISONS},
    }


def funnel(
    corpus: Corpus, decisions: pa.Table, left: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """Count documents, paragraphs and characters: in, kept, dropped, quarantined.

    `left`: paragraphs and characters of the published data.
    """
    table = corpus.table
    status = table.column("status")
    decided = pc.not_equal(decisions.column("reason"), "")
    kept = pc.and_(pc.equal(status, "kept"), pc.invert(decided))
    quarantined = pc.equal(status, "quarantined")
    dropped = pc.invert(pc.or_(kept, quarantined))
    masks = {"kept": kept, "dropped": dropped, "quarantined": quarantined}
    records = table.column("records")
    out = {
        "documents": {
            "in": _total(records),
            **{name: _total(records.filter(mask)) for name, mask in masks.items()},
        }
    }
    for unit, name in (("paragraphs", "n_paragraphs"), ("characters", "n_chars")):
        total = _total(table.column(f"{name}_in"))
        out[unit] = {"in": total, "kept": left[name], "dropped": max(total - left[name], 0)}
    return out


def _total(column: pa.ChunkedArray) -> int:
    return int(pc.sum(column).as_py() or 0)


def reasons(corpus: Corpus, decisions: pa.Table) -> dict[str, int]:
    """Count dropped and quarantined records by reason."""
    decided = decisions.column("reason")
    found = pc.if_else(pc.not_equal(decided, ""), decided, corpus.table.column("reason"))
    table = pa.table({"reason": found, "records": corpus.table.column("records")})
    by_reason = groups(table, ["reason"])
    names = table.column("reason").take(pa.array(by_reason.first)).to_pylist()
    sums = by_reason.sums(table.column("records").to_numpy()).tolist()
    return {name: n for name, n in zip(names, sums, strict=True) if name}


def check_laws(facts: Mapping[str, Any], rows: Mapping[str, int], max_share: float) -> None:
    """Raise where a record is not exactly one of kept, dropped or quarantined, and written once.

    `rows`: what was written to each folder. `max_share` (0-1) of the records may be in quarantine.
    """
    documents = facts["funnel"]["documents"]
    fates = documents["kept"] + documents["dropped"] + documents["quarantined"]
    written = {"ledger": documents["in"], "data": documents["kept"],
               "quarantine": documents["quarantined"]}  # fmt: skip
    wrong = {name: (rows[name], n) for name, n in written.items() if rows[name] != n}
    if fates != documents["in"] or wrong:
        raise ConservationError(f"records do not add up: {documents}, written {wrong}")
    share = documents["quarantined"] / max(documents["in"], 1)
    if share > max_share:
        raise QuarantineLimitError(
            f"{documents['quarantined']} of {documents['in']} records are in quarantine, "
            f"a share of {share:.3f}",
            f"run.max_quarantine_share is {max_share}; reasons: {facts['reasons']}",
        )
