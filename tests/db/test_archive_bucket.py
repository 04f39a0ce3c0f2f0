"""The archive in a bucket, against a real server that speaks S3."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from flagkeeper.eventlog.archive import store
from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.archiver import Moved, RetentionPolicy
from flagkeeper.eventlog.archive.blob_store import BlobStore, open_blob_store
from flagkeeper.eventlog.archive.check import check
from flagkeeper.kernel.errors import BadData, Unavailable
from tests.archive import archived, archiver, everything, fill
from tests.log import ALICE, Log

pytestmark = pytest.mark.slow

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-may-see",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    before = {name: os.environ.get(name) for name in KEYS}
    os.environ.update(KEYS)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture
def bucket(endpoint: str) -> Iterator[Any]:
    """A client for looking behind the scenes."""
    client: Any = boto3.client("s3", endpoint_url=endpoint, region_name="eu-central-1")
    name = f"logs-{threading.get_ident()}-{os.urandom(4).hex()}"
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    client.bucket_name = name
    yield client
    client.close()


@pytest.fixture
def blobs(bucket: Any, endpoint: str) -> BlobStore:
    return open_blob_store(f"s3://{bucket.bucket_name}/flags/log", endpoint=endpoint, region="eu-central-1")


def keys(bucket: Any) -> list[str]:
    listed = bucket.list_objects_v2(Bucket=bucket.bucket_name)
    return [each["Key"] for each in listed.get("Contents", [])]


def test_events_move_into_a_bucket_and_are_read_from_it(log: Log, blobs: BlobStore, bucket: Any) -> None:
    fill(log, 1_200)
    before = everything(log)
    assert archiver(log, blobs, RetentionPolicy(keep_events=120)).run(ALICE) == Moved(3, 1_080)
    assert archived(log, blobs) == before[:1_080]
    segments = [f"flags/log/{segment.file}" for segment in log.read(store.segments)]
    assert keys(bucket) == [f"flags/log/manifests/0000000{number}.json" for number in (1, 2, 3)] + segments
    archive = Archive(blobs)
    assert log.read(archive.rows, [1, 700, 1_150]) == [before[0].row, before[699].row]
    assert log.read(archive.first_id, before[600].row.created_at) is not None

    seen: list[tuple[int, int]] = []
    report = check(blobs, log.reader, lambda done, total: seen.append((done, total)))
    assert (report.segments, report.events, report.problems) == (3, 1_080, [])
    assert seen[-1] == (report.size, report.size)


def test_damage_and_loss_in_a_bucket_are_noticed(log: Log, blobs: BlobStore, bucket: Any) -> None:
    fill(log, 900)
    archiver(log, blobs, RetentionPolicy(keep_events=100), largest=400).run(ALICE)
    first, second = log.read(store.segments)
    key = f"flags/log/{first.file}"
    content = bucket.get_object(Bucket=bucket.bucket_name, Key=key)["Body"].read()
    bucket.put_object(Bucket=bucket.bucket_name, Key=key, Body=content[:-30] + b"x" + content[-29:])
    with pytest.raises(Unavailable, match="checksum is wrong"):
        log.read(Archive(blobs).rows, [3])
    bucket.delete_object(Bucket=bucket.bucket_name, Key=f"flags/log/{second.file}")
    with pytest.raises(Unavailable, match="cannot be used now"):
        log.read(Archive(blobs).rows, [500])
    problems = check(blobs, log.reader, lambda _done, _total: None).problems
    assert len(problems) == 2
    assert "checksum is wrong" in problems[0]


def test_a_bucket_out_of_reach_is_an_error_that_shows_no_secret(log: Log, endpoint: str, tmp_path: Path) -> None:
    fill(log, 300)
    missing = open_blob_store("s3://there-is-no-such-bucket/x", endpoint=endpoint, region="eu-central-1")
    nowhere = open_blob_store("s3://logs/x", endpoint="http://127.0.0.1:1", region="eu-central-1")
    for blobs in (missing, nowhere):
        with pytest.raises(Unavailable) as refused:
            archiver(log, blobs).run(ALICE)
        assert blobs.shown in refused.value.message
        assert KEYS["AWS_SECRET_ACCESS_KEY"] not in refused.value.message
    assert log.read(store.segments) == []
    assert everything(log)[0].row.id == 1


@pytest.mark.parametrize(
    ("address", "options"),
    [
        ("relative/folder", {}),
        ("ftp://host/folder", {}),
        ("s3://", {}),
        ("s3:///prefix", {}),
        ("s3://key:secret@bucket/prefix", {}),
        ("s3://bucket/prefix?region=x", {}),
        ("s3://bucket", {"endpoint": "minio:9000"}),
        ("/folder", {"endpoint": "http://minio:9000"}),
        ("/folder", {"region": "eu-central-1"}),
    ],
)
def test_addresses_that_make_no_sense_are_refused(address: str, options: dict[str, str]) -> None:
    with pytest.raises(BadData) as refused:
        open_blob_store(address, **options)
    assert "key:secret" not in refused.value.message
