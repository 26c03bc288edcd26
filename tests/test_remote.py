"""Object stores are read like folders, against a local S3 server."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from pipeline.errors import UsageError
from pipeline.readers import Fault, InputOptions, LimitOptions, Piece, discover, read
from tests import hostile
from tests.runs import publish

server = pytest.importorskip("moto.server")
OPTIONS = InputOptions()


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Serve a bucket with a few objects; return its name."""
    with pytest.MonkeyPatch.context() as patch:
        serving = server.ThreadedMotoServer(port=0)
        serving.start()
        endpoint = f"http://127.0.0.1:{serving.get_host_and_port()[1]}"
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        store = fs.S3FileSystem(endpoint_override=endpoint, allow_bucket_creation=True)
        store.create_dir("corpus")
        objects = {
            "in/a.jsonl": hostile.rows("a", 3) + b"{oops\n",
            "in/deep/b.jsonl.gz": gzip.compress(hostile.rows("b", 2)),
            "in/c.txt": hostile.prose("c").encode("gb18030"),
            "in/d.parquet": hostile.parquet({"text": [hostile.prose("d")]}),
            "other.txt": b"not asked for",
        }
        for name, data in objects.items():
            with store.open_output_stream(f"corpus/{name}", compression=None) as stream:
                stream.write(data)
        yield "s3://corpus"
        serving.stop()


def test_objects_are_found_and_read(bucket: str) -> None:
    files = discover([f"{bucket}/in"], OPTIONS)
    names = ["a.jsonl", "c.txt", "d.parquet", "deep/b.jsonl.gz"]
    assert [file.path for file in files] == [f"{bucket}/in/{name}" for name in names]
    records = [r for f in files for r in read(Piece(f), OPTIONS, LimitOptions())]
    assert [r.reason for r in records if isinstance(r, Fault)] == ["json-syntax"]
    assert len(records) == 8


def test_globs_and_single_objects(bucket: str) -> None:
    assert len(discover([f"{bucket}/in/*.jsonl*"], OPTIONS)) == 2
    assert len(discover([f"{bucket}/in/c.txt"], OPTIONS)) == 1
    for address in (f"{bucket}/nothing", "s3://key:secret@corpus/in"):
        with pytest.raises(UsageError):
            discover([address], OPTIONS)


def test_an_object_that_changed_is_a_fault(bucket: str) -> None:
    (file,) = discover([f"{bucket}/other.txt"], OPTIONS)
    store = fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"])
    with store.open_output_stream("corpus/other.txt") as stream:
        stream.write(b"something else")
    (fault,) = read(Piece(file), OPTIONS, LimitOptions())
    assert isinstance(fault, Fault)
    assert fault.reason == "changed-during-run"


def test_the_main_job_reads_a_bucket(bucket: str, tmp_path: Path) -> None:
    table = pq.read_table(publish(f"{bucket}/in", tmp_path, run__workers=2) / "data")
    assert table.num_rows == 7
    assert table.column("input_path")[0].as_py().startswith("s3://corpus/in/")
