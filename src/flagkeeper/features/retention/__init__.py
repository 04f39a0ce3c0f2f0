"""Keeping the log for years: archive, legal holds, and pseudonyms for people who are gone."""
