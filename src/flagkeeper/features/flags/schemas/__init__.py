"""Flags on the wire."""
