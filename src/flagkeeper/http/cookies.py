"""Cookies as this server sets them: for itself only, out of the reach of scripts, and not sent along by other sites."""

import msgspec
from litestar.datastructures import Cookie

from flagkeeper.http.authenticator import SESSION_COOKIE
from flagkeeper.kernel import clock


class Cookies(msgspec.Struct, frozen=True):
    """Makes the cookies of one answer.

    Args:
        secure: browsers send them by HTTPS only.
        base_path: below which the server is found; empty: it has its host for itself.
    """

    secure: bool
    base_path: str

    def cookie(self, name: str, value: str, lifetime: clock.Millis, path: str = "/") -> Cookie:
        """For what is below `path` of this server. A lifetime of 0 takes the cookie away."""
        return Cookie(
            key=name,
            value=value,
            max_age=lifetime // clock.SECOND,
            path=f"{self.base_path}{path}" if path != "/" else self.base_path or "/",
            httponly=True,
            samesite="lax",
            secure=self.secure,
        )

    def session(self, value: str, lifetime: clock.Millis) -> Cookie:
        """The one that says who is logged in."""
        return self.cookie(SESSION_COOKIE, value, lifetime)
