"""Powers of one odd number modulo 2^32, and of its inverse: hashes of stretches from sums.

With sums of unit · base^place up to each place, the hash of any stretch is a difference of two,
times a power of the inverse: a line of any length costs as much as a shingle.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

_BASE = 0x9E3779B1  # odd, so that it has an inverse; 2^32 / golden ratio
_known: list[tuple[Words, Words]] = [(np.ones(1, np.uint32), np.ones(1, np.uint32))]


def powers_to(n: int) -> tuple[Words, Words]:
    """Return the first n powers of the base, and of its inverse: uint32 (n,) each."""
    base, inverse = _known[0]
    while len(base) < n:
        size = len(base)
        base = np.concatenate((base, base * np.uint32(pow(_BASE, size, 1 << 32))))
        inverse = np.concatenate((inverse, inverse * np.uint32(pow(_BASE, -size, 1 << 32))))
        _known[0] = base, inverse
    return base[:n], inverse[:n]


def running_sums(units: NDArray[np.unsignedinteger]) -> Words:
    """Return the sums of unit · base^place up to each place: uint32 (n + 1,)."""
    sums = np.zeros(len(units) + 1, np.uint32)
    np.multiply(units, powers_to(len(units))[0], out=sums[1:])
    np.cumsum(sums[1:], dtype=np.uint32, out=sums[1:])
    return sums


def stretches(sums: Words, n: int) -> Words:
    """Return the hash of the n units that begin at each place where n are left: uint32."""
    hashes = sums[n:] - sums[: max(len(sums) - n, 0)]
    hashes *= powers_to(len(hashes))[1]
    return hashes
