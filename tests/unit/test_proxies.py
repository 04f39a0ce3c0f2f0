"""Where a request comes from: what trusted proxies wrote counts, and nothing else."""

from ipaddress import ip_network

import pytest

from flagkeeper.http.address import LONGEST, read_address, shown_address
from flagkeeper.http.proxies import Origin, Proxies

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8:a::/48"))
NAMES = {"for": b"x-forwarded-for", "proto": b"x-forwarded-proto", "host": b"x-forwarded-host", "real": b"x-real-ip"}


def origin(peer: str | None, header: str, *lines: tuple[str, str]) -> Origin:
    headers = [(NAMES.get(name, name.encode()), value.encode("latin-1")) for name, value in lines]
    scope = {"client": (peer, 4242) if peer else None, "headers": headers}
    return Proxies(TRUSTED, header).origin(scope)


@pytest.mark.parametrize(
    ("peer", "lines", "address"),
    [
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.66", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.66, 203.0.113.9", "10.9.9.9, 10.8.8.8"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8::9]:4711"], "2001:db8::9"),
        ("10.0.0.1", ["[2001:db8::9]"], "2001:db8::9"),
        ("10.0.0.1", ["2001:DB8:0::9"], "2001:db8::9"),
        ("10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.66", "who knows"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.66", ""], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9:http"], "10.0.0.1"),
        ("10.0.0.1", ["[2001:db8::9]<script>"], "10.0.0.1"),
        ("10.0.0.1", ["\u00e9" * 10], "10.0.0.1"),
        ("10.0.0.1", ["fe80::1%<script>"], "fe80::1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("2001:db8:a::1", ["203.0.113.9"], "203.0.113.9"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("::ffff:192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        (None, ["203.0.113.9"], ""),
        ("/a/socket", ["203.0.113.9"], ""),
    ],
)
def test_only_what_trusted_proxies_wrote_counts(peer: str | None, lines: list[str], address: str) -> None:
    given = [("for", line) for line in lines]
    assert origin(peer, "x-forwarded-for", *given, ("real", "1.1.1.1"), ("forwarded", "for=2.2.2.2")).ip == address


@pytest.mark.parametrize(
    ("lines", "ip", "url"),
    [
        (["for=203.0.113.9;proto=https;host=flags.example"], "203.0.113.9", "https://flags.example"),
        (['For="[2001:db8::9]:4711" ; Proto = HTTPS; host="a.b:8443"'], "2001:db8::9", "https://a.b:8443"),
        (["for=1.1.1.1;host=evil", "for=203.0.113.9;host=good"], "203.0.113.9", "http://good"),
        (["for=203.0.113.9;host=good, for=10.0.0.2;host=inner"], "203.0.113.9", "http://good"),
        (["for=_hidden;host=good"], "10.0.0.1", "http://good"),
        (["for=unknown"], "10.0.0.1", None),
        (['for="203.0.113.9,for=1.1.1.1'], "10.0.0.1", None),
        (['for="203.0.113\\.9"'], "203.0.113.9", None),
        (["for=203.0.113.9;proto=javascript;host=a b"], "203.0.113.9", None),
        (["for=1.1.1.1;" + '"' * 20_000], "1.1.1.1", None),
        ([], "10.0.0.1", None),
    ],
)
def test_the_standard_header_is_read_if_it_is_the_one_that_counts(lines: list[str], ip: str, url: str | None) -> None:
    found = origin("10.0.0.1", "forwarded", ("for", "9.9.9.9"), *(("forwarded", line) for line in lines))
    assert (found.ip, found.url) == (ip, url)


def test_one_header_may_say_it_alone() -> None:
    assert origin("10.0.0.1", "x-real-ip", ("real", "9.9.9.9, 203.0.113.9"), ("for", "1.1.1.1")).ip == "203.0.113.9"
    assert origin("192.0.2.1", "x-real-ip", ("real", "203.0.113.9")).ip == "192.0.2.1"


@pytest.mark.parametrize(
    ("peer", "lines", "url"),
    [
        ("10.0.0.1", [("proto", "https"), ("host", "flags.example:8443")], "https://flags.example:8443"),
        ("10.0.0.1", [("proto", "https"), ("Host", "x")], None),
        ("10.0.0.1", [("proto", "https"), ("host", "[::1]:80")], "https://[::1]:80"),
        ("10.0.0.1", [("proto", "http, https"), ("host", "evil, good"), ("for", "1.1.1.1, 2.2.2.2")], "https://good"),
        (
            "10.0.0.1",
            [("proto", "http, https, http"), ("host", "evil, good, inner"), ("for", "1.1.1.1, 2.2.2.2, 10.0.0.2")],
            "https://good",
        ),
        ("10.0.0.1", [("host", "a/b")], None),
        ("10.0.0.1", [("host", "user@evil")], None),
        ("192.0.2.1", [("proto", "https"), ("host", "evil")], None),
    ],
)
def test_what_people_typed_is_what_the_outermost_trusted_proxy_says(
    peer: str, lines: list[tuple[str, str]], url: str | None
) -> None:
    assert origin(peer, "x-forwarded-for", *lines).url == url


def test_a_proxy_that_passes_the_host_on_says_the_scheme_only() -> None:
    headers = [(b"host", b"flags.example"), (b"x-forwarded-proto", b"https")]
    found = Proxies(TRUSTED).origin({"client": ("10.0.0.1", 1), "headers": headers})
    assert (found.url, found.scheme) == ("https://flags.example", "https")
    assert Proxies(TRUSTED).origin({"client": ("10.0.0.1", 1), "headers": headers[:1]}).url is None


def test_an_address_has_a_length() -> None:
    longest = "fe80::1%" + "x" * (LONGEST - 8)
    assert shown_address(f"  {longest} ") == "fe80::1"
    assert read_address(f"{longest}x") is None
    assert shown_address(f"{longest}x") == ""


def test_without_trusted_proxies_the_connection_counts() -> None:
    scope = {"client": ("::ffff:192.0.2.7", 1), "headers": [(b"x-forwarded-for", b"203.0.113.9")]}
    assert Proxies().ip(scope) == Proxies(TRUSTED).ip(scope) == "192.0.2.7"
    assert Proxies().ip({"client": None, "headers": []}) == ""
    assert Proxies(TRUSTED).ip({**scope, "client": ("10.0.0.1", 1)}) == "203.0.113.9"
