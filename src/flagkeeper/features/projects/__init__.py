"""Projects: groups of flags that share environments, members and settings."""
