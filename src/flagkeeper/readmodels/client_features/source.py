"""Where the flags come from that SDKs are sent: from the log of this server, or from another server."""

from collections.abc import Callable
from typing import Protocol

from flagkeeper.http.caller import Credential
from flagkeeper.readmodels.client_features.follower import Now


class FeatureSource(Protocol):
    """What endpoints ask for flags. `tell` is called, on any thread, when there may be something new for an SDK."""

    tell: Callable[[], None]

    def now_of(self, credential: Credential, tags: tuple[tuple[str, str], ...] = ()) -> Now:
        """What there is now for a token, and how it came to that.

        Args:
            credential: whose the flags are to be.
            tags: what the flags are filtered by, for a source that does not know the tags of flags.

        Raises:
            Unavailable: there is nothing for this token yet.
        """
        ...
