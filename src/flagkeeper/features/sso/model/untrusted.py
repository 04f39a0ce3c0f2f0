"""What a provider said, and proves nothing."""


class Untrusted(Exception):
    """An answer that proves nothing. The message says why, without a word of it."""
