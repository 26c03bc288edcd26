"""One input record (a mapping) to a RawDocument: the fields that the recipe names, and the rest."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from pipeline.document import RawDocument
from pipeline.readers.base import BadInputError
from pipeline.readers.options import InputOptions, LimitOptions

MAX_FIELD_NAME = 1024
"""Characters of a field's name: a longer one is data in the wrong place."""
OTHER_TEXTS = ("content", "正文")
"""Where the text is if there is no `text` and the recipe names no other field; the first counts."""


class FieldMap:
    """The mapping of a recipe, turned round once."""

    def __init__(self, options: InputOptions, limits: LimitOptions) -> None:
        defaults = InputOptions().fields
        self.ours = {**defaults, **options.fields}
        self.text = self.ours["text"]
        self.others = OTHER_TEXTS if self.text == defaults["text"] else ()
        self.mapped = set(self.ours.values())
        self.columns: dict[str, list[str]] = {}  # a row has few of the fields that it may have
        for ours, theirs in self.ours.items():
            if ours not in ("text", "id", "charset"):
                self.columns.setdefault(theirs, []).append(ours)
        self.keep = options.extras == "keep"
        self.max_depth = limits.max_json_depth

    def settle(self, names: Sequence[str]) -> None:
        """Take the field of the text from the columns of a table."""
        self.text = self._field_of_text(names)
        self.others = ()
        self.mapped.add(self.text)

    def _field_of_text(self, names: Collection[str]) -> str:
        if self.text in names:
            return self.text
        return next((name for name in self.others if name in names), self.text)

    def document(self, path: str, number: int, record: Mapping[str, Any]) -> RawDocument:
        """Return the document of a record; BadInputError where it has no text."""
        text = self._field_of_text(record)
        data = _text(record, text)
        fields: dict[str, object] = {}
        extras = {}
        for theirs, value in record.items():
            if theirs not in self.mapped:
                extras[theirs] = value
            elif value is not None:
                for ours in self.columns.get(theirs, ()):
                    fields[ours] = as_text(value)
        if text != self.text:
            extras.pop(text, None)
        if extras and self.keep:
            fields["extra"] = self._extras(extras)
        number_or_name = record.get(self.ours["id"])
        charset = record.get(self.ours["charset"])
        return RawDocument(
            path,
            number,
            data,
            "" if number_or_name is None else as_text(number_or_name),
            charset if isinstance(charset, str) else "",
            fields,
        )

    def _extras(self, extras: dict[str, Any]) -> str:
        if max(map(len, extras)) > MAX_FIELD_NAME:
            raise BadInputError(
                "not-an-object", f"a field name of over {MAX_FIELD_NAME} characters"
            )
        if depth_exceeds(extras, self.max_depth):
            raise BadInputError("json-too-deep", f"deeper than {self.max_depth}")
        return as_json(extras)


def encodable(value: Any) -> Any:
    """Return a JSON value with lone surrogates (JSON has them, UTF-8 cannot) as U+FFFD."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    elif isinstance(value, dict):
        return {encodable(key): encodable(item) for key, item in value.items()}
    elif isinstance(value, list):
        return [encodable(item) for item in value]
    return value


def _text(record: Mapping[str, Any], name: str) -> str | bytes:
    data = record.get(name)
    if isinstance(data, str | bytes):
        return data
    if data is None:
        names = ", ".join(list(record)[:10])[:200]
        raise BadInputError("text-missing", f"no field {name!r} among: {names}")
    raise BadInputError("text-not-a-string", f"{name!r} is of type {type(data).__name__}")


def as_text(value: object) -> str:
    """Return a field's value as text: a string as it is, anything else as JSON."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value if isinstance(value, str) else as_json(value)


def as_json(value: object) -> str:
    """Return a value as one line of strict JSON, whatever it holds."""
    try:
        return orjson.dumps(
            value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
        ).decode()
    except TypeError:  # integers beyond 64 bits, dates, decimals, bytes
        return json.dumps(_strict(value), ensure_ascii=False, default=str)


def _strict(value: Any) -> Any:
    """Return a value without NaN and infinities, which are no JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(k): _strict(v) for k, v in value.items()}
    return [_strict(v) for v in value] if isinstance(value, list) else value


def depth_exceeds(value: object, limit: int) -> bool:
    """Tell whether lists and objects are nested deeper than `limit`, level by level."""
    level = [value]
    for _ in range(limit + 1):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(v for v in item.values() if isinstance(v, dict | list))
            elif isinstance(item, list):
                inner.extend(v for v in item if isinstance(v, dict | list))
        if not inner:
            return False
        level = inner
    return True
