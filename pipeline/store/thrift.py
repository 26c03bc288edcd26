"""Thrift's compact protocol, as far as the footer of a Parquet file needs it.

What is read is written again byte for byte: the structure is kept as it stands, known or not.
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT = (
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12,
)  # fmt: skip

Struct = dict[int, tuple[int, Any]]
"""Field → (type, value), in the order of the bytes."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list: the type of its elements, and their values."""

    type: int
    values: list[Any]


class Reader:
    """Reads values from bytes, one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def struct(self) -> Struct:
        """Read a struct up to its stop."""
        fields: Struct = {}
        number = 0
        while head := self._byte():
            delta, kind = head >> 4, head & 15
            number = number + delta if delta else self._number()
            fields[number] = (kind, kind == TRUE if kind <= FALSE else self._value(kind))
        return fields

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _bytes(self, n: int) -> bytes:
        self.at += n
        return self.data[self.at - n : self.at]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
        return value | byte << shift

    def _number(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)

    def _value(self, kind: int) -> Any:
        if kind in (I16, I32, I64):
            return self._number()
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            head = self._byte()
            size = head >> 4 if head >> 4 < 15 else self._varint()
            return Items(head & 15, [self._value(head & 15) for _ in range(size)])
        if kind == DOUBLE:
            return self._bytes(8)
        if kind in (TRUE, FALSE, BYTE):  # as elements of a list: one byte each
            return self._byte()
        raise ValueError(f"thrift type {kind}")


def written(fields: Struct) -> bytes:
    """Return a struct as bytes."""
    out = bytearray()
    before = 0
    for number, (kind, value) in fields.items():
        head = (TRUE if value else FALSE) if kind <= FALSE else kind
        if 0 < number - before < 16:
            out.append(number - before << 4 | head)
        else:
            out.append(head)
            out += _number(number)
        before = number
        if kind > FALSE:
            out += _value(kind, value)
    return bytes(out) + b"\0"


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(value: int) -> bytes:
    return _varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _value(kind: int, value: Any) -> bytes:
    if kind in (I16, I32, I64):
        return _number(value)
    if kind == BINARY:
        return _varint(len(value)) + bytes(value)
    if kind == STRUCT:
        return written(value)
    if kind in (LIST, SET):
        n = len(value.values)
        head = bytes([n << 4 | value.type]) if n < 15 else bytes([240 | value.type]) + _varint(n)
        return head + b"".join(_value(value.type, item) for item in value.values)
    return bytes(value) if kind == DOUBLE else bytes([value])
