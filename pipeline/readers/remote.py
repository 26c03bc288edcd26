"""Object stores (s3://, gs://, ...) through pyarrow.fs: found and opened like files.

Credentials and endpoints come from the environment (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, ...); in
an address they would end in the published `input_path`, so they are refused there.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from pipeline.errors import UsageError
from pipeline.readers.base import BadInputError, InputFile, shown
from pipeline.readers.options import InputOptions

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_remote(path: str) -> bool:
    """Tell an address from a path."""
    return _ADDRESS.match(path) is not None


def find_remote(address: str, options: InputOptions) -> Iterator[InputFile]:
    """Yield the objects that an address names: one, all under a prefix, or those of a glob."""
    parts = urlsplit(address)
    if parts.username or parts.password or parts.query:
        raise UsageError(
            f"credentials or options in an address: {parts.scheme}://{parts.hostname}/...",
            "set AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, ... in the environment",
        )
    scheme, _, path = address.partition("://")
    wild = re.search(r"[*?\[]", path)
    base = path[: wild.start()].rpartition("/")[0] if wild else path.rstrip("/")
    try:
        found = _below(_store(scheme, base.partition("/")[0]), base)
    except OSError as error:
        raise UsageError(
            f"cannot read {address}: {error}", "check the address and the key"
        ) from error
    files = [
        InputFile(f"{scheme}://{one.path}", one.size, one.mtime_ns or 0)
        for one in found
        if (not wild or fnmatch.fnmatchcase(one.path, path))
        and (options.hidden or not one.base_name.startswith("."))
    ]
    if not files:
        raise UsageError(f"no such input: {shown(address)}", "name an object, a prefix or a glob")
    yield from files


def _below(store: Any, base: str) -> list[Any]:
    """Return what Arrow says of the object of this name, or of all objects under the prefix."""
    from pyarrow import fs

    about = store.get_file_info(base)
    if about.type != fs.FileType.File:
        about = store.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
    found = about if isinstance(about, list) else [about]
    return [one for one in found if one.type == fs.FileType.File]


def open_remote(file: InputFile) -> BinaryIO:
    """Open an object that was planned; BadInputError where it is gone, or another one."""
    scheme, _, path = file.path.partition("://")
    try:
        store = _store(scheme, path.partition("/")[0])
        about = store.get_file_info(path)
        if file.mtime_ns and (about.size, about.mtime_ns) != (file.size, file.mtime_ns):
            raise BadInputError("changed-during-run", f"size was {file.size}, is {about.size}")
        return cast("BinaryIO", store.open_input_file(path))
    except OSError as error:
        raise BadInputError("unreadable", str(error)[:300]) from error


@cache
def _store(scheme: str, bucket: str) -> Any:
    """Return the file system of a bucket; one connection pool for each in a process."""
    from pyarrow import fs

    try:
        return fs.FileSystem.from_uri(f"{scheme}://{bucket}{_endpoint(scheme)}")[0]
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot open {scheme}://{bucket}: {error}", "check the address"
        ) from error


def _endpoint(scheme: str) -> str:
    """Return the endpoint of the environment as Arrow wants it, which reads none itself."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL") if scheme == "s3" else ()
    given = urlsplit(next((os.environ[name] for name in names if os.environ.get(name)), ""))
    if not given.netloc:
        return ""
    return f"?endpoint_override={given.netloc}&scheme={given.scheme}"
