"""Text that people typed, and the signs in it that would control whatever shows it: a terminal, a line of a log."""

import re

from flagkeeper.kernel.errors import BadData, Detail

_SIGN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # move the cursor, ring, begin escape sequences
    "\u2028\u2029"  # end lines
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the direction of what follows around
    "\ud800-\udfff"  # cannot be written at all
    "]"
)


def is_one_line(text: str) -> bool:
    """Whether nothing in it controls anything."""
    return _SIGN.search(text) is None


def check_line(text: str, path: str) -> None:
    """Checks what is shown on one line, as all names are; `path` is the JSON pointer to it.

    Raises:
        BadData: it has control characters, or signs that change the direction of text.
    """
    if not is_one_line(text):
        message = "Control characters, line breaks and signs that change the direction of text are not allowed here."
        raise BadData(message, Detail(message, path))


def one_line(text: str) -> str:
    """The text with blanks in place of what would control a terminal."""
    return _SIGN.sub(" ", text)


def written_out(text: str) -> str:
    """Text of several lines, with what would control a terminal written as JSON may write it: as the sign's number."""
    return _SIGN.sub(lambda sign: sign[0] if sign[0] in "\n\t" else f"\\u{ord(sign[0]):04x}", text)
