"""Charts of impact metrics: which questions people keep asking them, about a flag or about everything."""
