"""Reminders: what somebody must not forget. A slice that only a test adds to the server."""
