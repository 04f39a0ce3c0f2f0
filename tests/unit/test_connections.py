"""Who is admitted, and who has to give way."""

import subprocess
import sys
from ipaddress import ip_network

import pytest

from flagkeeper.cli.connections import SPARE, Bounds, Connections


class Caller:
    """A connection from an address."""

    def __init__(self, address: str | None) -> None:
        self.client = (address, 4242) if address else None
        self.gone = False

    def give_way(self) -> None:
        self.gone = True


def some(
    connections: Connections, number: int, address: str | None = "192.0.2.1", *, served: bool = False
) -> list[Caller]:
    found = [Caller(address) for _ in range(number)]
    for caller in found:
        assert connections.admit(caller)
        if served:
            connections.serve(caller)
    return found


def test_whoever_has_owed_a_request_for_the_longest_gives_way() -> None:
    connections = Connections(Bounds(in_all=3, per_address=9))
    first, second, third = some(connections, 3)
    connections.serve(first)
    connections.wait(first)
    connections.serve(second)
    some(connections, 1)
    assert (first.gone, second.gone, third.gone) == (False, False, True)
    some(connections, 1)
    assert (first.gone, second.gone) == (True, False)
    assert len(connections) == 3


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("192.0.2.1", "192.0.2.2"),
        ("2001:db8::1", "2001:db8:0:1::1"),
        ("192.0.2.1", None),
        ("fe80::1%eth0", "192.0.2.2"),
    ],
)
def test_one_address_makes_only_its_own_connections_give_way(here: str, there: str | None) -> None:
    connections = Connections(Bounds(in_all=100, per_address=2))
    (other,) = some(connections, 1, there)
    mine = some(connections, 2, here)
    some(connections, 1, here)
    assert [caller.gone for caller in (other, *mine)] == [False, True, False]


def test_a_network_of_ipv6_is_one_address() -> None:
    connections = Connections(Bounds(in_all=100, per_address=1))
    (first,) = some(connections, 1, "2001:db8::1")
    some(connections, 1, "2001:db8::ffff:2")
    assert first.gone


@pytest.mark.parametrize("proxy", ["10.1.2.3", "::ffff:10.1.2.3"])
def test_a_trusted_proxy_speaks_for_many(proxy: str) -> None:
    connections = Connections(Bounds(in_all=100, per_address=1), (ip_network("10.0.0.0/8"),))
    assert not any(caller.gone for caller in some(connections, 50, proxy))
    assert sum(caller.gone for caller in some(connections, 50, "192.0.2.1")) == 49


@pytest.mark.parametrize("bounds", [Bounds(in_all=2, per_address=9), Bounds(in_all=999, per_address=2)])
def test_where_all_are_served_some_more_may_look_and_no_more(bounds: Bounds) -> None:
    connections = Connections(bounds)
    served = some(connections, 2, served=True)
    spare = [Caller("192.0.2.1") for _ in range(SPARE)]
    for caller in spare:
        assert connections.admit(caller) is False
        connections.serve(caller)
    assert connections.admit(Caller("192.0.2.1")) is None
    assert not any(caller.gone for caller in (*served, *spare))
    connections.leave(spare[0])
    assert connections.admit(Caller("192.0.2.1")) is False
    for caller in (*served, *spare):
        connections.leave(caller)
    assert len(connections) == 1


def test_leaving_twice_counts_once() -> None:
    connections = Connections(Bounds(in_all=1, per_address=1))
    (caller,) = some(connections, 1)
    connections.leave(caller)
    connections.leave(caller)
    connections.wait(caller)
    assert len(connections) == 0
    some(connections, 1, served=True)
    assert connections.admit(Caller("192.0.2.1")) is False


def test_nobody_is_admitted_while_the_server_stops() -> None:
    connections = Connections(Bounds())
    connections.closed = True
    assert connections.admit(Caller("192.0.2.1")) is None


@pytest.mark.parametrize("descriptors", [64, 600, 20_000])
def test_bounds_leave_descriptors_for_the_rest(descriptors: int) -> None:
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, {descriptors}))\n"
        "from flagkeeper.cli.connections import bounds_of_process\n"
        "bounds = bounds_of_process()\n"
        "print(bounds.in_all, bounds.per_address, resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    in_all, per_address, soft = (int(number) for number in printed.split())
    assert soft == descriptors
    assert SPARE <= in_all <= max(SPARE, descriptors * 3 // 4 - SPARE)
    assert 0 < per_address < in_all
    assert per_address <= 1_024
