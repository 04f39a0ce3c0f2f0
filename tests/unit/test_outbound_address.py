"""Which addresses are refused, in every way in which they can be written."""

from ipaddress import ip_address

import pytest

from flagkeeper.outbound.address import Policy, read_policy
from flagkeeper.outbound.errors import Refused
from flagkeeper.outbound.target import read_target

REFUSED_ADDRESSES = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fdff::1"],
    "carrier": ["100.64.0.1", "100.127.255.255"],
    "link-local": ["169.254.0.1", "fe80::1", "febf::1"],
    "metadata": [
        *("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
        *("fd00:ec2::254", "fd20:ce::254"),
    ],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarks": ["198.18.0.1", "198.19.255.255"],
    "reserved": ["192.0.0.1", "192.88.99.1", "240.0.0.1", "255.255.255.255", "4000::1", "5f00::1", "fec0::1", "100::1"],
    "mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0"],
    "compatible": ["::127.0.0.1", "::10.0.0.1", "::8.8.8.8"],
    "NAT64": ["64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::8.8.8.8"],
    "6to4": ["2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1"],
    "Teredo and its like": ["2001::1", "2001:0:7f00:1::1", "2001:10::1", "2001:20::1"],
}
PUBLIC_ADDRESSES = [
    *("8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1"),
    *("192.167.255.255", "192.169.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1"),
    *("::ffff:8.8.8.8", "64:ff9b::8.8.8.8"),
]


@pytest.mark.parametrize(
    "address", [pytest.param(each, id=f"{kind} {each}") for kind, some in REFUSED_ADDRESSES.items() for each in some]
)
def test_what_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(Refused):
        Policy().check(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_public_addresses_are_not_refused(address: str) -> None:
    Policy().check(ip_address(address))


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd00::1", "::ffff:10.0.0.1"]
)
def test_private_addresses_can_be_opened(address: str) -> None:
    Policy(allow_private=True).check(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "169.254.1.1", "224.0.0.1", "0.0.0.0", "::", "2002:a00::1"],
)
def test_opening_private_addresses_opens_no_others(address: str) -> None:
    with pytest.raises(Refused):
        Policy(allow_private=True).check(ip_address(address))


def test_the_allow_list_opens_what_it_names_and_no_more() -> None:
    policy = read_policy(
        ("10.1.0.0/16", "fd12::/16", "[::1]", "Hooks.Corp.Example.", "*.internal.example", "localhost")
    )
    for allowed in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd12::1", "::1"):
        policy.check(ip_address(allowed))
    for refused in ("10.2.0.1", "127.0.0.1", "fd13::1"):
        with pytest.raises(Refused):
            policy.check(ip_address(refused))
    assert [
        policy.allows_host(host)
        for host in ("hooks.corp.example", "a.internal.example", "a.b.internal.example", "localhost")
    ] == [True] * 4
    assert [
        policy.allows_host(host)
        for host in ("corp.example", "x.hooks.corp.example", "internal.example", "notinternal.example", "example")
    ] == [False] * 5


@pytest.mark.parametrize("item", ["", "*", "10.0.0.0/33", "http://x", "a b", "x/y", "host:80"])
def test_an_allow_list_that_makes_no_sense_is_an_error(item: str) -> None:
    with pytest.raises(ValueError, match="no network, address or host name"):
        read_policy((item,))


REFUSED_URLS = {
    "other schemes": ["ftp://example.com", "file:///etc/passwd", "gopher://example.com", "javascript:alert(1)", "//x"],
    "no host": ["http://", "http:///path", "https://?x", "", "x", "http:example.com"],
    "user information": [
        "http://a@b.example",
        "http://a:b@b.example",
        "http://@b.example",
        "http://b.example@127.0.0.1",
    ],
    "decimal": ["http://2130706433", "http://0", "http://8.8.2056"],
    "octal": ["http://0177.0.0.1", "http://127.0.0.01", "http://017700000001"],
    "hexadecimal": ["http://0x7f000001", "http://0x7f.0.0.1", "http://127.0.0.0x1", "http://0x"],
    "short": ["http://127.1", "http://10.1.1", "http://1.2.3.4.5"],
    "IPv6": ["http://[::1", "http://[1::2::3]", "http://[::1]x", "http://[fe80::1%25eth0]", "http://[fe80::1%eth0]"],
    "names": ["http://a..b", "http://.a", "http://-a.example", "http://a-.example", "http://" + "a" * 64 + ".example"],
    "odd characters": ["http://a b", "http://a\tb", "http://a\\@b", "http://a\nb", "http://a\r\nX: y", "http://a%00b"],
    "encoded": ["http://ex%61mple.com", "http://127.0.0.1%2f@example.com", "http://127%2e0.0.1"],
    "ports": ["http://example.com:0", "http://example.com:65536", "http://example.com:x", "http://example.com:80:80"],
    "long": ["http://example.com/" + "a" * 2048],
}


@pytest.mark.parametrize(
    "url", [pytest.param(each, id=f"{kind} {each[:40]!r}") for kind, some in REFUSED_URLS.items() for each in some]
)
def test_urls_in_a_form_that_hides_something_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        read_target(url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1.", "127.0.0.1"),
        ("http://127。0。0。1", "127.0.0.1"),
        ("http://１２７.０.０.１", "127.0.0.1"),
        ("http://①②⑦.0.0.1", "127.0.0.1"),
        ("http://[::FFFF:127.0.0.1]", "::ffff:127.0.0.1"),
        ("http://[0:0:0:0:0:ffff:7f00:1]:80", "::ffff:127.0.0.1"),
        ("http://[::127.0.0.1]", "::127.0.0.1"),
        ("http://[64:ff9b::7f00:1]", "64:ff9b::127.0.0.1"),
    ],
)
def test_disguised_addresses_are_seen_as_what_they_are(url: str, host: str) -> None:
    target = read_target(url)
    assert target.address == ip_address(host)
    with pytest.raises(Refused):
        Policy().check(ip_address(host))


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port"),
    [
        ("https://Example.COM./hook?a=b", "https", "example.com", 443),
        ("http://example.com:8080", "http", "example.com", 8080),
        ("https://bücher.example/x", "https", "xn--bcher-kva.example", 443),
        ("https://[2606:4700::1111]/", "https", "2606:4700::1111", 443),
        ("http://my_service.corp.example", "http", "my_service.corp.example", 80),
        ("http://ⓛocalhost", "http", "localhost", 80),
    ],
)
def test_good_urls_are_read(url: str, scheme: str, host: str, port: int) -> None:
    target = read_target(url)
    assert (target.scheme, target.host, target.port) == (scheme, host, port)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://example.com", "/"),
        ("https://example.com?a=b", "/?a=b"),
        ("https://Example.com/a/../b/./%7e/%2F/a%20b?x=%7E&y=a+b&z='#part", "/a/../b/./%7e/%2F/a%20b?x=%7E&y=a+b&z='"),
        ("https://example.com/?", "/?"),
        ("https://example.com/ü?ä", "/%C3%BC?%C3%A4"),
    ],
)
def test_what_is_sent_is_what_was_written(url: str, sent: str) -> None:
    assert read_target(url).url.raw_path_qs == sent.removesuffix("?")


def test_other_schemes_are_for_those_who_ask() -> None:
    assert read_target("smtps://mail.example", ("smtp", "smtps")).port == 465
    assert read_target("nats://broker.example", ("nats", "tls")).port == 4222
    with pytest.raises(Refused, match="nats:// or tls://"):
        read_target("http://broker.example", ("nats", "tls"))
