"""Versions of every subject that a change touched. What older servers write to `event_versions`, and read from it, goes
through a view of that name, as long as they may run beside this schema."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SUBJECTS = """
INSERT INTO log_subjects (id, kind, path)
SELECT row_number() OVER (ORDER BY min(v.event_id)), min(v.kind), e.subject
FROM event_versions v JOIN events e ON e.id = v.event_id GROUP BY e.subject
"""
VERSIONS = """
INSERT INTO log_versions (event_id, subject_id, schema, state)
SELECT v.event_id, s.id, v.schema, v.state
FROM event_versions v JOIN events e ON e.id = v.event_id JOIN log_subjects s ON s.path = e.subject
"""
VIEW = """
CREATE VIEW event_versions AS
SELECT v.event_id, s.kind, v.schema, v.state
FROM log_versions v JOIN log_subjects s ON s.id = v.subject_id JOIN events e ON e.id = v.event_id AND e.subject = s.path
WHERE v.state IS NOT NULL
"""
INSERTED = """
INSERT INTO log_subjects (id, kind, path)
SELECT (SELECT coalesce(max(id), 0) + 1 FROM log_subjects), NEW.kind, e.subject
FROM events e WHERE e.id = NEW.event_id AND NOT EXISTS (SELECT 1 FROM log_subjects s WHERE s.path = e.subject);
INSERT INTO log_versions (event_id, subject_id, schema, state)
SELECT NEW.event_id, s.id, NEW.schema, NEW.state
FROM events e JOIN log_subjects s ON s.path = e.subject WHERE e.id = NEW.event_id;
"""
UPDATED = """
UPDATE log_versions SET state = NEW.state WHERE event_id = OLD.event_id AND subject_id = (
    SELECT s.id FROM log_subjects s JOIN events e ON e.subject = s.path WHERE e.id = OLD.event_id);
"""
DELETED = "DELETE FROM log_versions WHERE event_id = OLD.event_id;"


def upgrade() -> None:
    op.create_table(
        "log_subjects",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_subjects")),
        sa.UniqueConstraint("path", name=op.f("uq_log_subjects_path")),
    )
    op.create_table(
        "log_versions",
        sa.Column("event_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("subject_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("schema", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_log_versions_event_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["subject_id"], ["log_subjects.id"], name=op.f("fk_log_versions_subject_id")),
        sa.PrimaryKeyConstraint("event_id", "subject_id", name=op.f("pk_log_versions")),
    )
    op.execute(SUBJECTS)
    op.execute(VERSIONS)
    op.create_index("ix_log_versions_subject_id_event_id", "log_versions", ["subject_id", "event_id"])
    op.drop_table("event_versions")
    op.execute(VIEW)
    for act, body in (("INSERT", INSERTED), ("UPDATE", UPDATED), ("DELETE", DELETED)):
        _instead_of(act, body)


def _instead_of(act: str, body: str) -> None:
    name = f"event_versions_{act.lower()}"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {name} INSTEAD OF {act} ON event_versions BEGIN {body} END")
        return
    kept = "OLD" if act == "DELETE" else "NEW"
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN {kept}; END $$")
    op.execute(f"CREATE TRIGGER {name} INSTEAD OF {act} ON event_versions FOR EACH ROW EXECUTE FUNCTION {name}()")
