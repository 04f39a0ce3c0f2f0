"""What SDKs have seen does not go back when events move into the archive, in any environment."""

from pathlib import Path

from flagkeeper.eventlog.archive import live
from flagkeeper.eventlog.archive.archiver import RetentionPolicy
from flagkeeper.eventlog.catalogue.feature import FeatureEnvironmentEnabled
from flagkeeper.eventlog.catalogue.payload import SegmentData
from flagkeeper.eventlog.catalogue.segment import SegmentCreated
from flagkeeper.eventlog.read import log_position
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.environments import commands as environments
from flagkeeper.readmodels.client_features.follower import ClientFeatures
from flagkeeper.readmodels.client_features.queries import read_revisions
from tests.archive import archiver, place_in
from tests.log import ALICE, Log


def enable(unit: Unit, environment: str, count: int) -> None:
    for number in range(count):
        event = FeatureEnvironmentEnabled(feature_name=f"f{number}", project="default", environment=environment)
        unit.record(event)


def everywhere(unit: Unit) -> None:
    """Something that concerns SDKs in every environment."""
    data = SegmentData(
        id=1, name="s", description=None, constraints=[], created_by="ada", created_at="2026-01-01T00:00:00.000Z",
        project=None,
    )  # fmt: skip
    unit.record(SegmentCreated(project=None, data=data))


def loaded(log: Log) -> ClientFeatures:
    features = ClientFeatures()
    log.read(lambda tx: features.load(tx, log_position(tx)))
    return features


def test_revisions_stay_when_their_events_are_archived(log: Log, tmp_path: Path) -> None:
    log.run(environments.seed)
    log.run(enable, "development", 30)
    log.run(everywhere)
    log.run(enable, "production", 300)
    before = log.read(read_revisions)
    assert before.keys() == {None, "development", "production"}
    assert before["development"] < before[None] < before["production"] == log.count()

    archiver(log, place_in(tmp_path), RetentionPolicy(keep_events=100)).run(ALICE)
    assert log.read(live.first_id) > max(before["development"], before[None] or 0)
    assert log.read(read_revisions) == before
    after = loaded(log).state
    assert (after.revision("development"), after.revision("production")) == (before[None], before["production"])


def test_revisions_stay_when_everything_is_archived_but_what_concerns_no_client(log: Log, tmp_path: Path) -> None:
    log.run(environments.seed)
    log.run(enable, "production", 20)
    for _ in range(3):
        log.run(enable, "development", 100)
    before = log.read(read_revisions)
    place = place_in(tmp_path)
    for keep in (150, 1):
        archiver(log, place, RetentionPolicy(keep_events=keep)).run(ALICE)
        assert log.read(read_revisions) == before
    log.run(enable, "production", 1)
    assert log.read(read_revisions) == {**before, "production": log.count()}
