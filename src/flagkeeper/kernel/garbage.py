"""When the interpreter looks for garbage. While it does, no thread of the server runs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OLD_AFTER = 100
"""How many looks at what is young there are to one at everything: so 700,000 objects have come and stayed, in place of
the interpreter's 70,000. With those an import of ten thousand flags looked seven times through all that the server has,
up to 120 ms each, and found nothing: nearly everything here goes when its last reference does."""


def before_start() -> None:
    """What is made from here to the start lives as long as the server: looking through it is a waste."""
    gc.disable()


def after_start() -> None:
    """What is there now is never looked at again; what gets old, seldom. To look would write to each object, and so end
    the sharing of its memory with the process that this one is a fork of."""
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, OLD_AFTER)
    gc.enable()


@contextmanager
def unlooked() -> Iterator[None]:
    """For what makes very many objects that stay for a moment, and none that is garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
