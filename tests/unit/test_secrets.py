"""Signatures of the server."""

from flagkeeper.kernel.secrets import Keyring


def test_what_was_signed_is_known_while_keys_are_exchanged() -> None:
    old, new = "o" * 32, "n" * 32
    signature = Keyring((old,)).sign("stream 7")
    assert len(signature) == 43
    for keyring in (Keyring((old,)), Keyring((new, old)), Keyring((old, new))):
        assert keyring.has_signed("stream 7", signature)
        assert not keyring.has_signed("stream 8", signature)
        for wrong in (signature[::-1], "", "é"):
            assert not keyring.has_signed("stream 7", wrong)
    assert not Keyring((new,)).has_signed("stream 7", signature)
