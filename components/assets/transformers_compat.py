"""What is used of transformers here beyond its documentation: the bar that it draws of weights.

Imported inside functions, as transformers takes seconds to import.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

# How the bar of a load is described: one step for each of a model's weights.
WEIGHTS_BAR = "Loading weights"


@contextmanager
def told_of_weights(tell: Callable[[int, int], None]) -> Iterator[None]:
    """While a model is loaded, have `tell` hear how many of its weights are, and of how many.

    It hears before each of them and at the end, in the thread that loads; what it raises ends the
    loading. The bar is the process's: one load at a time.
    """
    from transformers.utils import logging

    def bar(make: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if args and options.get("desc") == WEIGHTS_BAR:
            return _counted(args[0], tell)
        return make(*args, **options)

    before = logging.set_tqdm_hook(bar)
    try:
        yield
    finally:
        logging.set_tqdm_hook(before)


def _counted(weights: Collection[Any], tell: Callable[[int, int], None]) -> Iterator[Any]:
    for done, weight in enumerate(weights):
        tell(done, len(weights))
        yield weight
    tell(len(weights), len(weights))
