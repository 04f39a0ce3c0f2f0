"""Usage: which applications read flags, and how often each flag was on or off. Measured, not audited."""
