"""What happened when: the event timeline, and what changed around a moment."""
