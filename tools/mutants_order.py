"""A plugin for pytest: the tests that cost least come first, and those that need PostgreSQL last."""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: (has(item, "postgres"), has(item, "slow")))


def has(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None
