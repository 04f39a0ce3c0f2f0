"""Text on one line: what would control a terminal or turn the direction of text around is not in it."""

import pytest

from flagkeeper.kernel.errors import BadData
from flagkeeper.kernel.text import check_line, one_line, written_out

SIGNS = "\x00\x07\t\n\r\x1b\x7f\x85\x9b\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ud800"


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_that_controls(sign: str) -> None:
    with pytest.raises(BadData) as caught:
        check_line(f"a{sign}b", "/body/name")
    assert caught.value.details[0].path == "/body/name"
    assert "Control characters" in caught.value.message
    assert one_line(f"a{sign}b") == "a b"
    assert written_out(f"a{sign}b") == (f"a{sign}b" if sign in "\t\n" else f"a\\u{ord(sign):04x}b")


@pytest.mark.parametrize("text", ["", "plain", "Größe 主婦 שלום مرحبا", "👩‍👩‍👧", "a\u00a0b", "e\u0301", "~!@#"])
def test_text_of_any_language_stays_as_it_is(text: str) -> None:
    check_line(text, "/body/name")
    assert one_line(text) == written_out(text) == text
