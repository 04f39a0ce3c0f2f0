"""Tables of users. Only `users` is audited state: no event ever tells of a password, a login or a session."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, Table, Text

from flagkeeper.storage.dialects import BigId
from flagkeeper.storage.metadata import audited, metadata

users = Table(
    "users",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("username", Text, unique=True),
    Column("email", Text, unique=True),
    Column("name", Text),
    Column("root_role", BigInteger, ForeignKey("roles.id"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("account_type", Text, nullable=False, server_default="User"),
    info=audited("user", "id"),
)

passwords = Table(
    "passwords",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
"""The password of a user is the one with the highest number; those before it may not be used again."""

scim_users = Table(
    "scim_users",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_name", Text, nullable=False, unique=True),
    Column("external_id", Text),
    Column("root_role", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
"""Whom an identity provider keeps, and what it says of them (`content`, JSON): it follows from what the provider sent,
and the users that it makes are what is audited. Who is not active there is here, and among the users not."""

user_logins = Table(
    "user_logins",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("seen_at", BigInteger),
    Column("attempts", Integer, nullable=False),
)
"""When somebody last logged in, and how often it went wrong since."""

sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", Text, primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ip", Text),
    Column("user_agent", Text),
    Column("auth_type", Text, nullable=False, server_default="simple"),
)
"""`ip`, `user_agent`: from where and with what it was opened, so that people recognise theirs. NULL: an older release
did not say."""

login_networks = Table(
    "login_networks",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("network", Text, primary_key=True),
    Column("seen_at", BigInteger, nullable=False),
)
"""Where somebody has logged in from, and when last."""

user_splashes = Table(
    "user_splashes",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("splash_id", Text, primary_key=True),
    Column("seen", Boolean, nullable=False),
)
"""Which screens of the web interface somebody has been shown."""

user_feedback = Table(
    "user_feedback",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("feedback_id", Text, primary_key=True),
    Column("given_at", BigInteger),
    Column("never_show", Boolean, nullable=False),
)
"""For what somebody has been asked for feedback."""

user_subscriptions = Table(
    "user_subscriptions",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("subscription", Text, primary_key=True),
)
"""Which kinds of mails somebody wants."""
