"""The size limits notice a module and a handler that are too large."""

from pathlib import Path

from tools.size_limits import HANDLER, LARGEST, MEDIAN, NINE_IN_TEN, broken

SOURCE = Path(__file__).parents[2] / "src/flagkeeper"


def write(package: Path, name: str, lines: int) -> None:
    (package / name).parent.mkdir(parents=True, exist_ok=True)
    (package / name).write_text("x = 1\n" * lines)


def handler(statements: int, decorator: str = "@post('/')") -> str:
    return f"{decorator}\nasync def create() -> None:\n    '''What it does.'''\n" + "    x = 1\n" * statements


def test_the_source_is_small_enough() -> None:
    figures, found = broken(SOURCE)
    assert found == [], figures


def test_small_modules_pass(tmp_path: Path) -> None:
    write(tmp_path, "small.py", 40)
    write(tmp_path, "medium.py", 50)
    figures, found = broken(tmp_path)
    assert figures.startswith("2 modules: median 45 lines (limit 120), nine in ten below 50 (350), largest 50 (500);")
    assert found == []


def test_a_module_above_the_cap_is_named(tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path, f"small{number}.py", 10)
    write(tmp_path, "huge.py", LARGEST + 1)
    assert broken(tmp_path)[1] == [f"{tmp_path / 'huge.py'}: 501 lines, limit 500"]


def test_too_many_large_modules_are_noticed(tmp_path: Path) -> None:
    for number in range(8):
        write(tmp_path, f"small{number}.py", 10)
    write(tmp_path, "one.py", NINE_IN_TEN + 1)
    write(tmp_path, "two.py", NINE_IN_TEN + 1)
    assert broken(tmp_path)[1] == ["one module in ten has more than 350 lines"]


def test_a_median_that_is_too_high_is_noticed(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path, f"module{number}.py", MEDIAN + 1)
    assert broken(tmp_path)[1] == ["half of the modules have more than 120 lines"]


def test_packages_and_migrations_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, "package/__init__.py", LARGEST + 1)
    write(tmp_path, "storage/migrations/versions/0001_first.py", LARGEST + 1)
    assert broken(tmp_path)[1] == []


def test_a_long_handler_is_named(tmp_path: Path) -> None:
    slice_ = tmp_path / "features/flags"
    write(tmp_path, "features/flags/api.py", 0)
    (slice_ / "api.py").write_text(handler(HANDLER))
    assert broken(tmp_path)[1] == []
    (slice_ / "api.py").write_text(handler(HANDLER + 1))
    assert broken(tmp_path)[1] == [f"{slice_ / 'api.py'}:2 create: a handler of 16 lines, limit 15"]


def test_handlers_are_found_in_packages_and_behind_names(tmp_path: Path) -> None:
    write(tmp_path, "features/flags/api/toggle.py", 0)
    (tmp_path / "features/flags/api/toggle.py").write_text(handler(HANDLER + 1, "@routes.get('/')"))
    write(tmp_path, "features/tags/api_types.py", 0)
    (tmp_path / "features/tags/api_types.py").write_text(handler(HANDLER + 1, "@put"))
    write(tmp_path, "readmodels/search/log_api.py", 0)
    (tmp_path / "readmodels/search/log_api.py").write_text(handler(HANDLER + 1))
    write(tmp_path, "web/pages.py", 0)
    (tmp_path / "web/pages.py").write_text(handler(HANDLER + 1))
    assert len(broken(tmp_path)[1]) == 4


def test_other_functions_may_be_longer(tmp_path: Path) -> None:
    write(tmp_path, "features/flags/api.py", 0)
    (tmp_path / "features/flags/api.py").write_text(handler(HANDLER + 1, "@cache"))
    assert broken(tmp_path)[1] == []
