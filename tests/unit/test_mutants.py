"""`make mutants`: which faults it makes, where, and what it makes of the tests' verdict."""

import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tools import mutants
from tools.mutants import (
    CAUGHT,
    HUNG,
    ROOT,
    SOURCE,
    SUBJECTS,
    SURVIVED,
    UNCLEAR,
    Equivalents,
    Mutant,
    Worker,
    choose,
    modules,
)
from tools.mutations import mutations

TESTS = ROOT / "tests"


def changed(text: str) -> list[str]:
    """What one line becomes, fault by fault."""
    source = text.encode()
    return sorted(each.apply(source).decode() for each in mutations(source))


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ("x = a < b", ["x = a <= b"]),
        ("x = a is not b", ["x = a is b"]),
        ("x = a not in b", ["x = a in b"]),
        ("x = a <= b < c", ["x = a < b < c", "x = a <= b <= c"]),
        ("x = (a) == (b)", ["x = (a) != (b)"]),
        ("x = a and b or c", ["x = a and b and c", "x = a or b or c"]),
        ("x = not a", ["x = (a)"]),
        ("x = a + b", ["x = a - b"]),
        ("x = 'ä' + b", []),
        ("x = 5", ["x = (5 + 1)"]),
        ("x = 0.5", []),
        ("x = True", ["x = False"]),
        ("x: Literal[5] = 5", ["x: Literal[5] = (5 + 1)"]),
        ("x = 'ä', a < b", ["x = 'ä', a <= b"]),
        ("f(a)", ["pass"]),
        ("log.info(1)", []),
        ("if a < b: log.info(1)", []),
        ("x = min(a)", ["x = max(a)"]),
        ("'says what it is'", []),
        ("raise Trouble(1)", ["pass"]),
        ("x += y", ["pass"]),
        ("x = a if b else c", ["x = a if False else c", "x = a if True else c"]),
        ("if a: b = c", ["if False: b = c"]),
        ("if TYPE_CHECKING: b = 1", []),
        ("def f(a: int = 1) -> Literal[2]: return a", [
            "def f(a: int = (1 + 1)) -> Literal[2]: return a", "def f(a: int = 1) -> Literal[2]: return None",
        ]),
        ("async def f(): await g(a)", ["async def f(): pass"]),
        ("while a: break", ["while a: pass"]),
        ("class A(B, frozen=True): pass", []),
    ],
)  # fmt: skip
def test_the_faults_of_a_line(line: str, faults: list[str]) -> None:
    assert changed(line) == faults


def test_every_fault_in_our_modules_is_still_python() -> None:
    assert {"eventlog/unit.py", "storage/writer.py", "integrations/sender/worker.py"} <= set(modules(ROOT))
    for mutant in choose(ROOT, SUBJECTS, 150, seed=1):
        compile(mutant.mutation.apply((ROOT / SOURCE / mutant.module).read_bytes()), mutant.name, "exec")


def test_a_seed_chooses_the_same_faults_again_spread_over_the_text() -> None:
    first, again, other = (choose(ROOT, SUBJECTS, 100, seed) for seed in (1, 1, 2))
    assert len(set(first)) == 100
    assert first == again != other
    assert len({each.module for each in first}) > 40


def test_one_module_or_one_line_may_be_named(small: Path) -> None:
    assert {each.module for each in choose(ROOT, ["eventlog/query"], 50, seed=1)} > {"eventlog/query/parse.py"}
    assert len(choose(small, ["http/limit.py:2"], 10, seed=1)) == 3
    assert choose(small, ["http/limit.py:1", "storage"], 10, seed=1) == []


def test_the_tests_that_are_named_exist() -> None:
    table = tomllib.loads((TESTS / "mutants.toml").read_text())["tests"]
    assert [test for tests in table.values() for test in tests if not (TESTS / test).exists()] == []
    assert mutants.tests_for("eventlog/restore.py", table) == ["db/test_backup.py"]


def test_every_package_with_faults_has_tests_of_its_own() -> None:
    """What stands for a whole layer hardly runs what is new in it."""
    table = tomllib.loads((TESTS / "mutants.toml").read_text())["tests"]
    for name in modules(ROOT):
        package = name.rpartition("/")[0]
        if mutations((ROOT / SOURCE / name).read_bytes()):
            assert any(name.startswith(own) and own.startswith(package) for own in table), f"who tests {package}?"


def test_equivalent_faults_are_faults_and_have_reasons() -> None:
    known = Equivalents(TESTS / "mutants_equivalent.toml")
    for (module, within, before, after), reason in known.faults.items():
        source = (ROOT / SOURCE / module).read_bytes()
        found = {each.changed(source) for each in mutations(source) if within in ("", each.within)}
        assert (before, after) in found, (module, before, after)
        assert len(reason) > 20, (module, before)
    for (module, name), reason in known.constants.items():
        assert name.upper() == name, "constants only"
        assert name in {each.within for each in mutations((ROOT / SOURCE / module).read_bytes())}, (module, name)
        assert len(reason) > 20, (module, name)


def test_what_is_noticed_leaves_out_what_cannot_be() -> None:
    assert mutants.noticed(Counter(caught=6, hung=2, survived=2, equivalent=90)) == 0.8
    assert mutants.noticed(Counter(equivalent=3)) == 1


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project with one module, and tests that notice some of the faults in it."""
    root = tmp_path / "small"
    files = {
        f"{SOURCE}/http/limit.py": "def within(size: int) -> bool:\n    return size < 10\n",
        f"{SOURCE}/http/__init__.py": "",
        f"{SOURCE}/__init__.py": "",
        "tests/test_limit.py": "from flagkeeper.http.limit import within\n\n"
        "def test_small() -> None:\n    assert within(9)\n    assert not within(11)\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return root


@pytest.mark.slow
def test_a_fault_is_caught_or_survives_in_a_copy(small: Path, tmp_path: Path) -> None:
    worker = Worker(tmp_path / "tree", "postgresql://nobody", small)
    before = (small / SOURCE / "http/limit.py").read_bytes()
    tests = ["test_limit.py"]
    assert worker.run(tests) == SURVIVED
    chosen = choose(small, SUBJECTS, 10, seed=1)
    found = {each.mutation.changed(before)[1]: worker.try_out(each, tests).verdict for each in chosen}
    assert worker.read("http/limit.py") == before
    assert worker.run(tests, 0.01) == HUNG
    assert found == {
        "return None": CAUGHT,
        "return size <= 10": SURVIVED,
        "return size < (10 + 1)": SURVIVED,
    }
    assert (small / SOURCE / "http/limit.py").read_bytes() == before


@pytest.mark.slow
def test_a_failure_that_comes_without_the_fault_too_says_nothing(small: Path, tmp_path: Path) -> None:
    """Whether a test fails of itself, or because the time is too short for it."""
    (small / "tests/test_limit.py").write_text("def test_small() -> None:\n    assert False\n")
    worker = Worker(tmp_path / "tree", "postgresql://nobody", small)
    (mutant, *_) = choose(small, SUBJECTS, 10, seed=1)
    assert worker.try_out(mutant, ["test_limit.py"]).verdict == UNCLEAR
    assert worker.try_out(mutant, ["test_limit.py"], limit=0.01).verdict == UNCLEAR
    assert mutants.noticed(Counter(caught=3, unclear=1)) == 0.75


def test_an_equivalent_fault_is_known_by_its_lines(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "equivalent.toml"
    file.write_text(
        '[[mutant]]\nmodule = "http/limit.py"\nbefore = "return size < 10"\nafter = "return size <= 10"\nreason = "x"\n'
    )
    source = (small / SOURCE / "http/limit.py").read_bytes()
    known = Equivalents(file)
    found = [each for each in mutations(source) if known.knows(Mutant("http/limit.py", each), source)]
    assert [each.text for each in found] == ["<="]
    for function, some in [("within", True), ("elsewhere", False)]:
        there = tmp_path / f"{function}.toml"
        there.write_text(f'{file.read_text()}within = "{function}"\n')
        assert Equivalents(there).knows(Mutant("http/limit.py", found[0]), source) is some


def test_an_amount_is_known_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "equivalent.toml"
    file.write_text('[[amount]]\nmodule = "a.py"\nconstants = ["BATCH"]\nreason = "x"\n')
    source = b"BATCH = 2 * 50\nMOST = 7\ndef f(): return BATCH + 1\n"
    known = Equivalents(file)
    found = {(each.within, known.knows(Mutant("a.py", each), source)) for each in mutations(source)}
    assert found == {("BATCH", True), ("MOST", False), ("f", False)}
    assert not any(known.knows(Mutant("b.py", each), source) for each in mutations(source))
