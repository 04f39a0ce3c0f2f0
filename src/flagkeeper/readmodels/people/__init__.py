"""People: to which groups and projects they belong, and what they may do."""
