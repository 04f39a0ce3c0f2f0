"""Credentials: who stands behind a secret or a session, kept in memory."""
