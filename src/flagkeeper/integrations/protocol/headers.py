"""Extra HTTP headers, which people write as a JSON object. Pure."""

import re

import msgspec

MOST_HEADERS = 20
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"})
"""They belong to the connection, not to the message."""


def read_headers(text: str) -> dict[str, str]:
    """The headers.

    Raises:
        ValueError: `text` is no JSON object of strings, or a header could not be sent.
    """
    if not text.strip():
        return {}
    try:
        found = msgspec.json.decode(text, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ValueError(f'Extra headers are a JSON object of strings, {{"name": "value"}}: {error}.') from error
    if len(found) > MOST_HEADERS:
        raise ValueError(f"At most {MOST_HEADERS} extra headers are sent.")
    for name, value in found.items():
        if not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise ValueError(f"{name[:100]!r} cannot be an extra header.")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"The value of the header {name} has characters that no header may have.")
    return found


def with_extra(own: dict[str, str], extra: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Our headers and the extra ones, which win; and a warning where those cannot be read."""
    try:
        found = read_headers(extra)
    except ValueError as error:
        return own, (f"Sent without the extra headers. {error}",)
    named = {name.lower() for name in found}
    return {name: value for name, value in own.items() if name.lower() not in named} | found, ()


def check_value(text: str) -> None:
    """Raises `ValueError` when `text` cannot be the value of a header."""
    if not _VALUE.fullmatch(text):
        raise ValueError("This is sent as a header, and has characters that no header may have.")
