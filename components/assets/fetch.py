"""How a tokenizer or weights reach this disk: each source in its order, the first that works."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from components.assets.hub import (
    HubError,
    cached_files,
    cached_repo,
    dataset_files,
    fetch_repo,
)
from components.assets.packages import cached_package, fetch_package
from components.assets.store import SourceError
from components.control import Control
from components.errors import AssetError, Attempt
from components.registry import HubRepo, ModelRegistry, ModelSpec, Source

_log = logging.getLogger(__name__)

TOKENIZER_PATTERNS = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]
# Named one by one: "*.safetensors" would fetch a second copy where a repository keeps one.
WEIGHTS_PATTERNS = [
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "model-*.safetensors",
    "model.safetensors.index.json",
]


@dataclass(frozen=True)
class Asset:
    """Verified files on this disk, where they came from, and the exact revision."""

    folder: Path
    source: Source
    revision: str

    @property
    def is_own(self) -> bool:
        """Whether the files are the Hub repository's, not a package's."""
        return isinstance(self.source, HubRepo)

    @property
    def source_id(self) -> str:
        """The source without its revision: `hub:organization/name`, `pypi:key` or `npm:key`."""
        if isinstance(self.source, HubRepo):
            return f"hub:{self.source.repo_id}"
        return f"{self.source.kind}:{self.source.key}"

    def describe(self) -> str:
        """The source that was used, as a person names it."""
        if isinstance(self.source, HubRepo):
            return f"Hub {self.source.repo_id}@{self.revision[:8]}"
        return self.source.describe()


def fetch_tokenizer(
    spec: ModelSpec, registry: ModelRegistry, control: Control | None = None
) -> Asset:
    """The model's tokenizer files; AssetError says what was tried if no source has them."""
    return _fetch(
        spec,
        registry.tokenizer_sources(spec),
        TOKENIZER_PATTERNS,
        _missing_tokenizer_file,
        "tokenizer",
        control or Control(),
    )


def fetch_weights(
    spec: ModelSpec, registry: ModelRegistry, control: Control | None = None
) -> Asset:
    """The model's weights as safetensors; AssetError says what was tried if no source has them."""
    return _fetch(
        spec,
        registry.weights_sources(spec),
        WEIGHTS_PATTERNS,
        _missing_weights_file,
        "weights",
        control or Control(),
    )


@dataclass(frozen=True)
class DatasetFile:
    """A file of a Hub dataset on this disk and the commit that it is of.

    `hub_away` is why the Hub could not be asked, where the file is a copy fetched earlier.
    """

    path: Path
    revision: str
    hub_away: str | None = None


def fetch_dataset_file(repo_id: str, name: str, control: Control | None = None) -> DatasetFile:
    """One file of a Hub dataset at its newest revision, or as cached when the Hub is away.

    Raises AssetError with the reason if there is neither.
    """
    repo = HubRepo(repo_id=repo_id)
    hub_away = None
    try:
        folder = fetch_repo(repo, [name], control or Control(), repo_type="dataset")
    except HubError as error:
        cached = cached_repo(repo, [name], repo_type="dataset")
        if cached is None or not (cached / name).is_file():
            raise AssetError(
                f"The dataset {repo_id} could not be fetched.",
                way_out=f"What to do: {error.way_out}.",
                attempts=[Attempt(f"Hub {repo_id}", str(error))],
            ) from error
        _log.warning("%s from an earlier download: %s", repo_id, error)
        folder, hub_away = cached, str(error)
    if not (folder / name).is_file():
        raise AssetError(
            f"The dataset {repo_id} has no file {name}.",
            way_out="Its layout has changed: use the bundled data.",
        )
    return DatasetFile(folder / name, folder.name, hub_away)


@dataclass(frozen=True)
class Dataset:
    """Files of a Hub dataset on this disk, by their paths in it, and the commit they are of.

    `hub_away` is why the Hub could not be asked, where the files are copies fetched earlier.
    """

    folder: Path
    files: tuple[str, ...]
    revision: str
    hub_away: str | None = None


def fetch_dataset(
    repo_id: str,
    choose: Callable[[Sequence[str]], Sequence[str]],
    most_bytes: int,
    control: Control | None = None,
) -> Dataset:
    """Those files of a Hub dataset that `choose` picks of all its paths, at its newest revision.

    When the Hub is away, `choose` picks of what was fetched earlier. Raises AssetError with the
    reason if there is neither, if they have more than `most_bytes`, or for an id that is none;
    and what `choose` raises.
    """
    try:
        repo = HubRepo(repo_id=repo_id)
    except ValidationError as error:
        raise AssetError(
            f"{repo_id!r} is no id of a dataset.", way_out="Give it as organization/name."
        ) from error
    hub_away = None
    try:
        sizes = dataset_files(repo)
        files = tuple(choose(list(sizes)))
        if (total := sum(sizes[file] for file in files)) > most_bytes:
            raise AssetError(
                f"These files of {repo_id} have {total / 1e6:,.0f} MB; at most"
                f" {most_bytes / 1e6:,.0f} MB are fetched.",
                way_out="Take a smaller split, or give a file with some of its rows.",
            )
        folder = fetch_repo(repo, list(files), control or Control(), repo_type="dataset")
    except HubError as error:
        earlier = cached_files(repo, repo_type="dataset")
        files = tuple(choose(earlier)) if earlier else ()
        cached = cached_repo(repo, list(files), repo_type="dataset") if files else None
        if cached is None:
            raise AssetError(
                f"The dataset {repo_id} could not be fetched.",
                way_out=f"What to do: {error.way_out}.",
                attempts=[Attempt(f"Hub {repo_id}", str(error))],
            ) from error
        _log.warning("%s from an earlier download: %s", repo_id, error)
        folder, hub_away = cached, str(error)
    return Dataset(folder, files, folder.name, hub_away)


def _fetch(
    spec: ModelSpec,
    sources: Sequence[Source],
    patterns: list[str],
    missing_file: Callable[[Path], str | None],
    what: str,
    control: Control,
) -> Asset:
    for source in sources:
        folder = (
            cached_repo(source, patterns) if isinstance(source, HubRepo) else cached_package(source)
        )
        if folder is not None and missing_file(folder) is None:
            return Asset(folder, source, _revision(source, folder))
    attempts: list[Attempt] = []
    steps: list[str] = []
    for source in sources:
        try:
            folder = (
                fetch_repo(source, patterns, control)
                if isinstance(source, HubRepo)
                else fetch_package(source, control)
            )
        except SourceError as error:
            _log.warning("The %s of %s: %s: %s", what, spec.id, source.describe(), error)
            attempts.append(Attempt(source.describe(), str(error)))
            steps += [error.way_out] if error.way_out else []
            continue
        if (name := missing_file(folder)) is None:
            return Asset(folder, source, _revision(source, folder))
        attempts.append(Attempt(source.describe(), f"it has no {name}"))
    raise AssetError(
        f"The {what} of {spec.label} could not be fetched.",
        way_out=f"What to do: {'; or '.join(dict.fromkeys([*steps, 'pick another model']))}.",
        attempts=attempts,
    )


def _revision(source: Source, folder: Path) -> str:
    if isinstance(source, HubRepo):
        return folder.name
    return source.requirements[0]


def _missing_tokenizer_file(folder: Path) -> str | None:
    return None if (folder / "tokenizer.json").is_file() else "tokenizer.json"


def _missing_weights_file(folder: Path) -> str | None:
    if not (folder / "config.json").is_file():
        return "config.json"
    if (folder / "model.safetensors").is_file():
        return None
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return "safetensors weights"
    try:
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        return next((shard for shard in sorted(shards) if not (folder / shard).is_file()), None)
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"readable {index.name}"
