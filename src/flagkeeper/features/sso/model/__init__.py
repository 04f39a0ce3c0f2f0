"""What single sign-on is about: its settings, what providers say, and whom they mean. Pure."""
