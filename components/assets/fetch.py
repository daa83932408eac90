"""How a tokenizer or weights reach this disk: each source in its order, the first that works."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from components.assets.contents import (
    ADAPTER_CONFIG,
    CONFIG_PATTERNS,
    WEIGHTS,
    explain_missing,
    missing_config_file,
    missing_weights_file,
    weights_names,
)
from components.assets.hub import (
    cached_files,
    cached_repo,
    dataset_files,
    fetch_repo,
    files_of,
)
from components.assets.packages import cached_package, fetch_package, package_folder
from components.assets.store import SourceError
from components.control import Control
from components.errors import AssetError, Attempt
from components.metrics import count
from components.registry import HubRepo, ModelRegistry, ModelSpec, Source

_log = logging.getLogger(__name__)

TOKENIZER_PATTERNS = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]


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
    def is_pinned(self) -> bool:
        """Whether the registry names exactly these files, by commit or by hash."""
        return not isinstance(self.source, HubRepo) or self.source.revision is not None

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


@dataclass(frozen=True)
class _Kind:
    """A kind of files: how they are fetched from a Hub repository, and when they are complete.

    `patterns` are all that it may have on this disk; `missing` names the first missing file of a
    folder; `explain` says more of it, where a repository's other files tell.
    """

    name: str
    patterns: list[str]
    missing: Callable[[Path], str | None]
    fetch: Callable[[HubRepo, Control], Path]
    explain: Callable[[HubRepo, str, Control], SourceError]


def fetch_tokenizer(
    spec: ModelSpec, registry: ModelRegistry, control: Control | None = None
) -> Asset:
    """The model's tokenizer files; AssetError says what was tried if no source has them."""
    return _fetch(spec, registry.tokenizer_sources(spec), _TOKENIZER, control or Control())


def fetch_config(spec: ModelSpec, registry: ModelRegistry, control: Control | None = None) -> Asset:
    """What the source of the weights says of them: its config.json, before any is downloaded.

    AssetError as for the weights.
    """
    return _fetch(spec, registry.weights_sources(spec), _CONFIG, control or Control())


def fetch_weights(
    spec: ModelSpec, registry: ModelRegistry, control: Control | None = None
) -> Asset:
    """The model's weights as safetensors; AssetError says what was tried if no source has them."""
    return _fetch(spec, registry.weights_sources(spec), _WEIGHTS, control or Control())


def weights_at_hand(spec: ModelSpec, registry: ModelRegistry) -> bool:
    """Whether the model's weights are on this disk, from any source; they are not verified."""
    for source in registry.weights_sources(spec):
        if isinstance(source, HubRepo):
            if cached_repo(
                source,
                _WEIGHTS.patterns,
                complete=lambda at: _WEIGHTS.missing(at) is None,
                verify=False,
            ):
                return True
        elif package_folder(source).is_dir():
            return True
    return False


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
    except SourceError as error:
        cached = cached_repo(repo, [name], repo_type="dataset")
        if cached is None or not (cached / name).is_file():
            raise AssetError(
                f"The dataset {repo_id} could not be fetched.",
                way_out=f"What to do: {error.way_out}.",
                attempts=[Attempt(f"Hub {repo_id}", str(error))],
            ) from error
        _log.warning("%s from an earlier download: %s", repo_id, error)
        count("fallbacks", "earlier download")
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
    except SourceError as error:
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
        count("fallbacks", "earlier download")
        folder, hub_away = cached, str(error)
    return Dataset(folder, files, folder.name, hub_away)


def _fetch(spec: ModelSpec, sources: Sequence[Source], kind: _Kind, control: Control) -> Asset:
    for source in sources:
        folder = (
            cached_repo(source, kind.patterns, complete=lambda at: kind.missing(at) is None)
            if isinstance(source, HubRepo)
            else cached_package(source)
        )
        if folder is not None and kind.missing(folder) is None:
            return Asset(folder, source, _revision(source, folder))
    attempts: list[Attempt] = []
    steps: list[str] = []
    for source in sources:
        try:
            folder = _from_source(source, kind, control)
        except SourceError as error:
            _log.warning("The %s of %s: %s: %s", kind.name, spec.id, source.describe(), error)
            attempts.append(Attempt(source.describe(), str(error)))
            steps += [error.way_out] if error.way_out else []
            continue
        if attempts:
            count("fallbacks", "another source")
        return Asset(folder, source, _revision(source, folder))
    raise AssetError(
        f"The {kind.name} of {spec.label} could not be fetched.",
        way_out=f"What to do: {'; or '.join(dict.fromkeys([*steps, 'pick another model']))}.",
        attempts=attempts,
    )


def _from_source(source: Source, kind: _Kind, control: Control) -> Path:
    """The complete folder; SourceError says what is wrong or missing."""
    if not isinstance(source, HubRepo):
        folder = fetch_package(source, control)
        if (name := kind.missing(folder)) is not None:
            raise SourceError(f"it has no {name}")
        return folder
    folder = kind.fetch(source, control)
    if (name := kind.missing(folder)) is not None:
        raise kind.explain(source, name, control)
    return folder


def _revision(source: Source, folder: Path) -> str:
    if isinstance(source, HubRepo):
        return folder.name
    return source.requirements[0]


def _weights_from_hub(repo: HubRepo, control: Control) -> Path:
    """The config first, as it says which files the weights are; then those of the same commit."""
    folder = fetch_repo(repo, CONFIG_PATTERNS, control)
    if missing_config_file(folder) is not None:
        return folder
    names = weights_names(folder)
    folder = fetch_repo(repo, [*CONFIG_PATTERNS, *names], control, commit=folder.name)
    missing = missing_weights_file(folder)
    if missing not in (None, WEIGHTS) and WEIGHTS in files_of(repo):
        # An index that was left behind when the shards were joined.
        folder = fetch_repo(repo, [*CONFIG_PATTERNS, WEIGHTS], control, commit=folder.name)
    return folder


def _explain_weights(repo: HubRepo, missing: str, control: Control) -> SourceError:
    files = files_of(repo)
    adapter = None
    if ADAPTER_CONFIG in files:
        adapter = fetch_repo(repo, [ADAPTER_CONFIG], control) / ADAPTER_CONFIG
    return explain_missing(missing, files, adapter)


_TOKENIZER = _Kind(
    "tokenizer",
    TOKENIZER_PATTERNS,
    lambda folder: None if (folder / "tokenizer.json").is_file() else "tokenizer.json",
    lambda repo, control: fetch_repo(repo, TOKENIZER_PATTERNS, control),
    lambda repo, missing, control: SourceError(f"it has no {missing}"),
)
_CONFIG = _Kind(
    "weights",
    CONFIG_PATTERNS,
    missing_config_file,
    lambda repo, control: fetch_repo(repo, CONFIG_PATTERNS, control),
    _explain_weights,
)
_WEIGHTS = _Kind(
    "weights",
    [*CONFIG_PATTERNS, "*.safetensors"],
    missing_weights_file,
    _weights_from_hub,
    _explain_weights,
)
