"""Users: people, their passwords and their sessions."""
