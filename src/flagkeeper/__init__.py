"""Flagkeeper: a self-hosted feature-management server whose event log is the source of truth about change."""

__version__ = "0.1.0"
