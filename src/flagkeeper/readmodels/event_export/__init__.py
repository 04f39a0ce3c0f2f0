"""Exporting the event log over HTTP."""
