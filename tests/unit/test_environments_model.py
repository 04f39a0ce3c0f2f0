"""The rules of environments."""

import pytest

from flagkeeper.features.environments.model import check_name, check_sort_order
from flagkeeper.kernel.errors import BadData


@pytest.mark.parametrize("name", ["development", "eu-west_1.stage~2", "a", "x" * 100])
def test_a_possible_name(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "a/b", "ä", "a\n", "x" * 101])
def test_an_impossible_name(name: str) -> None:
    with pytest.raises(BadData):
        check_name(name)


@pytest.mark.parametrize("sort_order", [-1, 2**31])
def test_an_impossible_sort_order_is_named(sort_order: int) -> None:
    with pytest.raises(BadData) as caught:
        check_sort_order(sort_order, "production")
    assert caught.value.details[0].path == "/body/production"
