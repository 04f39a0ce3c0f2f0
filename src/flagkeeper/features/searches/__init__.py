"""Saved searches of the event log: queries that have a name, kept for oneself or shared with everybody."""
