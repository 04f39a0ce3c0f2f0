"""Segments: named sets of constraints that many strategies share."""
