"""Environments: the stages in which a flag has its own state (development, production)."""
