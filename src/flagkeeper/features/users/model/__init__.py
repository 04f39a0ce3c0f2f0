"""What users, passwords and sessions are. Pure."""
