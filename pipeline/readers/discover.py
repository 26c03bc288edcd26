"""Finds the input files: files, folders and globs, in sorted byte order, without opening any."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator, Sequence

from pipeline.errors import UsageError
from pipeline.readers.base import InputFile, shown
from pipeline.readers.options import InputOptions
from pipeline.readers.remote import find_remote, is_remote


def discover(inputs: Sequence[str], options: InputOptions) -> list[InputFile]:
    """Return every file that the inputs name, once, in the byte order of the paths.

    What is found in a folder and cannot be read (pipes, devices, broken links, ...) is returned
    too, with its `fault`. Raises UsageError for an input that does not exist.
    """
    found: dict[str, InputFile] = {}
    for given in inputs:
        named = find_remote if is_remote(given) else _named
        for file in named(given, options):
            found[file.path] = file
    return sorted(found.values(), key=lambda file: os.fsencode(file.path))


def _named(given: str, options: InputOptions) -> Iterator[InputFile]:
    path = os.path.normpath(given)
    if os.path.lexists(path):
        paths = [path]
    else:
        paths = [os.path.normpath(p) for p in glob.glob(given, recursive=True)]
        if not paths:
            raise UsageError(f"no such input: {shown(given)}", "name a file, a folder or a glob")
    for one in paths:
        if os.path.isdir(one) and (one == path or not os.path.islink(one)):
            yield from _walk(one, options)
        else:
            yield _looked_at(one, follow=one == path or options.follow_links)


def _walk(folder: str, options: InputOptions) -> Iterator[InputFile]:
    """Walk a folder without recursion, so that no depth of folders can end it."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if not options.hidden and entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        yield _looked_at(entry.path, follow=options.follow_links)
        except OSError as error:
            yield InputFile(here, fault="unreadable", detail=error.strerror or str(error))


def _looked_at(path: str, *, follow: bool) -> InputFile:
    """Return what `stat` says about a path. A link to a folder is never followed from a folder."""
    try:
        about = os.stat(path, follow_symlinks=False)
        if stat.S_ISLNK(about.st_mode):
            target = os.readlink(path)
            try:
                about = os.stat(path)
            except OSError as error:
                return InputFile(path, fault="link-broken", detail=f"{target}: {error.strerror}")
            if not follow or not stat.S_ISREG(about.st_mode):
                return InputFile(path, fault="link", detail=f"to {shown(target)}")
    except OSError as error:
        return InputFile(path, fault="unreadable", detail=error.strerror or str(error))
    if not stat.S_ISREG(about.st_mode):
        return InputFile(path, fault="not-a-file", detail=_kind(about.st_mode))
    stamp = (about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino)
    return InputFile(path, *stamp[:2], stamp=stamp)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "character device"}
    return kinds.get(stat.S_IFMT(mode), "device")
