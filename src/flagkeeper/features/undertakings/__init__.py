"""Undertakings: changes that are too large for one unit, done piece by piece, by whichever server is there."""
