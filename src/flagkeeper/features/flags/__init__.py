"""Flags: what applications ask about, with their strategies and variants in each environment, and their tags."""
