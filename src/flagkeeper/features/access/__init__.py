"""Access: what roles allow, and who has which role in a project."""
