"""The live tail: events as they happen, for as long as somebody listens (Server-Sent Events)."""
