"""How deep JSON may nest: reading it calls itself once a level, and the stack ends before memory does."""

import re
from itertools import accumulate

DEEPEST = 100
"""Levels of brackets."""

_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_BLOCK = 16_384
"""Bytes that are looked at at a time."""
_NO_BACKSLASH = re.compile(rb"[^\\]")


def is_too_deep(text: bytes) -> bool:
    """Whether JSON nests deeper than `DEEPEST`. Whether it is JSON at all is not looked at."""
    if text.count(b"[") + text.count(b"{") <= DEEPEST:
        return False
    in_string = depth = start = 0
    while start < len(text):
        # No block ends between a backslash and what it is about.
        last = _NO_BACKSLASH.search(text, start + _BLOCK - 1)
        end = last.end() if last else len(text)
        block = text[start:end].replace(rb"\\", b"").replace(rb"\"", b"")
        start = end
        parts = block.split(b'"')  # what is left of quotes begins or ends a string
        brackets = b"".join(parts[in_string::2]).translate(None, _NO_BRACKET)
        in_string ^= (len(parts) - 1) & 1
        depths = list(accumulate(map(_STEP.__getitem__, brackets), initial=depth))
        if max(depths) > DEEPEST:
            return True
        depth = depths[-1]
    return False
