"""Sites whose pages may ask. Pure."""

import re

from flagkeeper.kernel.errors import BadData

ANY_ORIGIN = "*"
LONGEST_ORIGIN = 300
_ORIGIN = re.compile(r"(?P<scheme>https?)://(\[[0-9a-f:.]+\]|[^\s/?#@:\[\]*]+)(?P<port>:[0-9]{1,5})?")
_OWN_PORTS = {"http": ":80", "https": ":443"}


def as_browsers_say(text: str) -> str:
    """`*`, or an origin as browsers send it: in lower case, and without the port that its scheme has anyway (RFC 6454,
    section 6.2). Written otherwise it would be no page's origin.

    Raises:
        BadData: it is no origin.
    """
    origin = text.lower()
    found = _ORIGIN.fullmatch(origin)
    if text == ANY_ORIGIN:
        return text
    if found is None or not origin.isascii() or len(text) > LONGEST_ORIGIN:
        raise BadData(
            "An origin is a scheme, a host and perhaps a port: https://shop.example.com. `*` stands for all. Hosts "
            "with other letters are written as browsers send them: https://xn--mnchen-3ya.example."
        )
    return origin.removesuffix(_OWN_PORTS[found["scheme"]]) if found["port"] else origin
