"""Look up models by Hub id. Never touches the network, never imports torch."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from components.errors import RegistryError, UnknownModelError
from components.registry.hub_ids import is_hub_id
from components.registry.spec import HubRepo, ModelSpec, Package, Source, Strict

MODELS_FILE = Path(__file__).with_name("models.toml")


class _RegistryFile(Strict):
    packages: list[Package]
    models: list[ModelSpec]


class ModelRegistry:
    """The listed models in the file's order, by id or alias."""

    def __init__(self, models: list[ModelSpec], packages: list[Package]):
        self._models: Mapping[str, ModelSpec] = {model.id: model for model in models}
        self._packages: Mapping[str, Package] = {package.key: package for package in packages}
        self._by_name = {
            name.lower(): model for model in models for name in (model.id, *model.aliases)
        }
        self._base_of = {m.instruct_twin: m.id for m in models if m.instruct_twin is not None}
        problems = self._problems(models, packages)
        if problems:
            raise RegistryError(
                "The model registry is inconsistent: " + "; ".join(problems),
                way_out="Correct components/registry/models.toml.",
            )

    def _problems(self, models: list[ModelSpec], packages: list[Package]) -> list[str]:
        names = [name.lower() for model in models for name in (model.id, *model.aliases)]
        problems = [f"{name} is listed twice" for name in sorted(_repeated(names))]
        keys = [package.key for package in packages]
        problems += [f"package {key} is listed twice" for key in sorted(_repeated(keys))]
        used = {key for model in models for key in (*model.tokenizer, *model.weights)}
        problems += [f"package {key} is not defined" for key in sorted(used - set(keys))]
        problems += [f"package {key} is not used" for key in sorted(set(keys) - used)]
        for model in models:
            if model.instruct_twin is None:
                continue
            twin = self._models.get(model.instruct_twin)
            if model.kind != "base":
                problems.append(f"{model.id} has a twin but is not a base model")
            if twin is None or twin.kind != "instruct":
                problems.append(f"{model.id}: twin {model.instruct_twin} is no listed instruct")
        twins = [model.instruct_twin for model in models if model.instruct_twin is not None]
        return problems + [f"{twin} is the twin of two bases" for twin in _repeated(twins)]

    def __iter__(self) -> Iterator[ModelSpec]:
        return iter(self._models.values())

    def __len__(self) -> int:
        return len(self._models)

    def __contains__(self, repo_id: object) -> bool:
        return isinstance(repo_id, str) and repo_id.lower() in self._by_name

    def get(self, repo_id: str) -> ModelSpec:
        """The listed model with this Hub id or alias, in either case as on the Hub.

        Raises UnknownModelError, which suggests close ids.
        """
        if repo_id in self:
            return self._by_name[repo_id.lower()]
        suggestions = self.suggestions(repo_id)
        hint = f"Did you mean {' or '.join(suggestions)}? " if suggestions else ""
        raise UnknownModelError(
            f"{repo_id!r} is not in the registry.",
            way_out=f"{hint}Any other model can be used by its Hub id, organization/name.",
            suggestions=suggestions,
        )

    def resolve(self, repo_id: str) -> ModelSpec:
        """Like `get`, but a well-formed Hub id that is not listed gets a spec of unknowns."""
        if repo_id in self or not is_hub_id(repo_id):
            return self.get(repo_id)
        organization, slash, name = repo_id.rpartition("/")
        return ModelSpec(id=repo_id, label=name, organization=organization if slash else None)

    def canonical_id(self, repo_id: str) -> str:
        """The listed id for an alias; any other id as it is."""
        return self.get(repo_id).id if repo_id in self else repo_id

    def suggestions(self, repo_id: str) -> list[str]:
        """Up to three listed ids that look like `repo_id`, by its full form or its name alone."""
        wanted = repo_id.lower()[:200]  # comparing takes the square of the length
        forms = {name: spec.id for name, spec in self._by_name.items()}
        forms |= {name.split("/")[-1]: model_id for name, model_id in list(forms.items())}
        forms |= {spec.label.lower(): spec.id for spec in self}
        close = difflib.get_close_matches(wanted, forms, n=9, cutoff=0.72)
        close += difflib.get_close_matches(wanted.split("/")[-1], forms, n=9, cutoff=0.72)
        return list(dict.fromkeys(forms[name] for name in close))[:3]

    def base_of(self, spec: ModelSpec) -> ModelSpec | None:
        """The base model whose instruct twin this is, if one is listed."""
        base_id = self._base_of.get(spec.id)
        return self._models[base_id] if base_id else None

    def tokenizer_sources(self, spec: ModelSpec) -> tuple[Source, ...]:
        """Where the tokenizer comes from, in the order in which to try."""
        return (*_hub_repos(spec), *(self._packages[key] for key in spec.tokenizer))

    def weights_sources(self, spec: ModelSpec) -> tuple[Source, ...]:
        """Where the weights come from, in the order in which to try."""
        return (*_hub_repos(spec), *(self._packages[key] for key in spec.weights))


@cache
def load_registry(path: Path = MODELS_FILE) -> ModelRegistry:
    """The registry of `models.toml`; RegistryError names every entry that breaks the rules."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegistryError(
            f"{path.name} can't be read: {error}", way_out=f"Correct {path.name}."
        ) from error
    try:
        content = _RegistryFile.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(
            f"{_entry(raw, problem['loc'])}: {problem['msg']}" for problem in error.errors()
        )
        raise RegistryError(
            f"{path.name} breaks its rules. {problems}", way_out=f"Correct {path.name}."
        ) from error
    return ModelRegistry(content.models, content.packages)


def _entry(raw: dict[str, Any], location: tuple[int | str, ...]) -> str:
    """Where in the file a problem is: an entry by its id or key rather than its number."""
    table, *rest = location
    if rest and isinstance(rest[0], int) and isinstance(raw.get(str(table)), list):
        entry = raw[str(table)][rest[0]]
        if isinstance(entry, dict):
            rest[0] = entry.get("id") or entry.get("key") or rest[0]
    return " ".join(str(part) for part in (table, *rest))


def _hub_repos(spec: ModelSpec) -> tuple[HubRepo, ...]:
    own = HubRepo(repo_id=spec.id, revision=spec.revision)
    return (own, *(HubRepo(repo_id=mirror) for mirror in spec.mirrors))


def _repeated(names: list[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}
