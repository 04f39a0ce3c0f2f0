"""Table of requests for access: those that are open."""

from sqlalchemy import BigInteger, Column, Table, Text

from flagkeeper.storage.metadata import audited, metadata

access_requests = Table(
    "access_requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text),
    Column("auth_type", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    info=audited("user-access-request", "id"),
)
"""No row has the address of an account: whoever makes one decides on the request. `issuer`, `subject`: who the provider
says it is; what is let in is this identity, and not whoever has the address later."""
