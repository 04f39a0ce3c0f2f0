"""Notifications: what others changed in the flags that somebody made or likes."""
