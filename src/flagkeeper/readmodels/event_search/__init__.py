"""The event log over HTTP, as Unleash's tools know it."""
