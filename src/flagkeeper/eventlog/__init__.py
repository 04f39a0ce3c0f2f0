"""The event log: the heart of Flagkeeper. `README.md` beside this file states its invariants."""
