"""How far a client has come, as it is told and as it says it: a revision, and the log of which it is one. Pure.

Ids of events begin anew with every log, and go on from the backup in one that was restored. A number alone would be
taken for one of the log that runs now, as soon as that has passed it.
"""

import msgspec

from flagkeeper.http.conditional import unmarked

LARGEST = 2**63 - 1


class Revision(msgspec.Struct, frozen=True, order=True):
    """The id of an event, and the epoch of its log. On the wire `<id>-<epoch>`: those who look for a number first find
    it."""

    epoch: str
    id: int

    def encode(self) -> bytes:
        return b"%d-%b" % (self.id, self.epoch.encode())

    @property
    def etag(self) -> bytes:
        return b'"%b"' % self.encode()


def read_revision(text: str | None) -> Revision | None:
    """The revision that a client says it has, with or without quotes. None: it has none that means anything here; a
    number alone is none."""
    bare = unmarked((text or "").encode("latin-1", "replace")).decode("latin-1")
    number, _, epoch = bare.strip('"').partition("-")
    if not (number.isascii() and number.isdecimal()) or len(number) > len(str(LARGEST)) or not int(number):
        return None
    return Revision(epoch, int(number)) if epoch else None
