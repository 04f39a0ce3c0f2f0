"""A large state comes in while another client goes on changing flags: how long it takes, and how long that one waits.

    python benchmarks/bench_state_import.py [FLAGS] [--kinds sqlite postgresql] [--rounds 1]

The document has one tag, two strategies and two environments for each flag. Meanwhile one client switches a flag on and
off, without a pause. At the end the state is exported and imported into a second, empty server, whose export must be
the same. Where others use the machine the clock says little: how long a thread of the server waited for its turn is
told in the processor's time that other threads had meanwhile.
"""

import argparse
import json
import sys
import threading
import time
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from statistics import quantiles

from measured_server import Measured, measured
from rich.console import Console
from rich.progress import track
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.moves import STATE, many_flags

FLAG = "/api/admin/projects/default/features"
GOALS = {"import, s": "<= 60", "longest wait, ms": "<= 250", "the second export is the same": "yes"}


class Waiting(Measured):
    """A server that notes how long its threads wait for each other."""

    def command(self) -> list[str]:
        self.waits = self.folder / "waits"
        self.waits.write_text("")
        self._environment["WAITS"] = str(self.waits)
        return [sys.executable, str(Path(__file__).parent / "waiting_server.py"), "serve"]

    def longest(self) -> float:
        """Milliseconds of the processor's time since `waits` was emptied."""
        return max(map(float, self.waits.read_text().split()), default=0)


class Client(threading.Thread):
    """Somebody else, who changes one flag again and again."""

    def __init__(self, server: Measured) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._ends = threading.Event()
        self.waits: list[float] = []

    def run(self) -> None:
        via = self._server.connection()
        for word in cycle(("on", "off")):
            began = time.perf_counter()
            status, text, _ = self._server.call("POST", f"{FLAG}/mine/environments/development/{word}", via=via)
            self.waits.append(1000 * (time.perf_counter() - began))
            if status != 200:
                sys.exit(f"A change was refused: {text.decode()}")
            if self._ends.is_set():
                return

    def end(self) -> None:
        self._ends.set()
        self.join()


class Metronome(threading.Thread):
    """Wants to run every 5 ms: how late it is at most is the machine's fault, and nobody else's."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._ends = threading.Event()
        self.latest = 0.0

    def run(self) -> None:
        while not self._ends.is_set():
            began = time.perf_counter()
            time.sleep(0.005)
            self.latest = max(self.latest, 1000 * (time.perf_counter() - began) - 5)

    def end(self) -> None:
        self._ends.set()
        self.join()


def patient(server: Measured) -> HTTPConnection:
    """A connection that waits for a long import."""
    return HTTPConnection("127.0.0.1", server.port, timeout=600)


def measure(kind: str, flags: int) -> dict[str, str]:
    """All figures of one kind of database."""
    with measured(kind, Waiting) as server:
        assert isinstance(server, Waiting)
        server.call("POST", FLAG, {"name": "mine"})
        quiet = Client(server)
        quiet.start()
        time.sleep(2)
        quiet.end()
        # Written before anybody waits: `json.dumps` of it lets no other thread of this process run.
        document = json.dumps(many_flags(flags)).encode()
        client, metronome = Client(server), Metronome()
        client.start()
        metronome.start()
        server.waits.write_text("")
        began = time.perf_counter()
        status, text, _ = server.call("POST", f"{STATE}/import", document, via=patient(server))
        seconds = time.perf_counter() - began
        client.end()
        metronome.end()
        if status != 202:
            sys.exit(text.decode())
        longest, memory = server.longest(), server.memory()
        began = time.perf_counter()
        exported = server.call("GET", f"{STATE}/export", via=patient(server))[1]
        export_seconds = time.perf_counter() - began
    with measured(kind) as second:
        connection = patient(second)
        headers = {"Authorization": "*:*.benchmark-admin", "Content-Type": "application/json"}
        connection.request("POST", f"{STATE}/import?drop=true", exported, headers)
        connection.getresponse().read()
        again = second.call("GET", f"{STATE}/export", via=patient(second))[1]
    p99 = quantiles(client.waits, n=100)[98]
    return {
        "import, s": f"{seconds:.1f}",
        "export, s": f"{export_seconds:.1f}",
        "changes of the other client": f"{len(client.waits):,}",
        "median wait before, ms": f"{sorted(quiet.waits)[len(quiet.waits) // 2]:.1f}",
        "median wait, ms": f"{sorted(client.waits)[len(client.waits) // 2]:.1f}",
        "p99 of waits, ms": f"{p99:.1f}",
        "longest wait, ms": f"{max(client.waits):.1f}",
        "longest wait of a thread, ms of the processor's time": f"{longest:.1f}",
        "latest turn of a process that only sleeps, ms": f"{metronome.latest:.1f}",
        "memory of the server after it, MB": f"{memory:.0f}",
        "the second export is the same": "yes" if again == exported else "NO",
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("flags", nargs="?", type=int, default=10_000)
    asked.add_argument("--kinds", nargs="+", default=["sqlite", "postgresql"])
    asked.add_argument("--rounds", type=int, default=1)
    given = asked.parse_args()
    console = Console(stderr=True)
    rounds = [kind for _ in range(given.rounds) for kind in given.kinds]
    found = [measure(kind, given.flags) for kind in track(rounds, console=console)]
    table = Table("measure", *rounds, "goal", title=f"Import of {given.flags:,} flags")
    for name in found[0]:
        table.add_row(name, *(each[name] for each in found), GOALS.get(name, "-"))
    Console().print(table)


if __name__ == "__main__":
    main()
