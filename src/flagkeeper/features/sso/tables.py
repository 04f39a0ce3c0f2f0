"""Tables of whom identity providers know, and of what they have just said. They follow from logins, and are no state
that events tell of."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Table, Text, false

from flagkeeper.storage.metadata import metadata

user_identities = Table(
    "user_identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("admitted", Boolean, nullable=False, server_default=false()),
)
"""`subject`: what the provider calls a person, for ever; names and addresses change. `admitted`: an administrator let
this person in by name, so the rule of domains is not theirs."""

saml_answers = Table(
    "saml_answers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("request_id", Text, nullable=False),
    Column("person", Text),
    Column("ends_at", BigInteger, nullable=False, index=True),
)
"""`id`: the hash of provider and assertion: an answer is taken once, whichever server it is sent to. `code`: the hash
of what fetches it. `person`: JSON, until it was fetched. `ends_at`: from then on the assertion would be too old."""
