"""The Open LLM Leaderboard v2 as a tidy frame, one row per model run."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from components.errors import BoardError
from components.registry import load_registry

DATA = Path(__file__).with_name("data")

VINTAGES = ("2024-10-15", "2025-02-08", "2025-03-final")
LIVE = "live"
VINTAGE_LABELS = {
    "2024-10-15": "October 2024",
    "2025-02-08": "February 2025",
    "2025-03-final": "Final (March 2025)",
    LIVE: "Live from the Hub",
}
BENCHMARKS = {
    "ifeval": "IFEval",
    "bbh": "BBH",
    "math_lvl5": "MATH Lvl 5",
    "gpqa": "GPQA",
    "musr": "MUSR",
    "mmlu_pro": "MMLU-PRO",
}
KINDS = ("base", "instruct", "fine-tuned", "merge", "other")
# Columns that say of a run what it may be hidden for.
HIDEABLE = ("merged", "moe", "flagged")
# Licences that allow use, change and sale without conditions on what for; by their SPDX names,
# as the Hub writes them.
PERMISSIVE_LICENSES = (
    *("apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "isc", "zlib", "unlicense"),
    *("cc0-1.0", "cc-by-4.0", "afl-3.0", "artistic-2.0", "bsl-1.0", "ecl-2.0", "ncsa", "wtfpl"),
)

# What the board called its types, without the emoji that some layouts put before them.
_KIND_OF_TYPE = {
    "pretrained": "base",
    "continuously pretrained": "base",
    "chat models": "instruct",
    "fine-tuned on domain-specific datasets": "fine-tuned",
    "base merges and moerges": "merge",
}
_MIXTURES = r"Mixtral|Moe|MoE|Dbrx|Jamba|DeepseekV[23]|Arctic|Grok"
_MIXTURE_NAMES = r"\d+x\d+(?:\.\d+)?b|(?<![a-z])(?:mixtral|moe|dbrx)(?![a-z])"
# What boards wrote where they knew no licence.
_NO_LICENSE = ("", "?", "-", "–", "unknown", "none", "nan", "n/a")


@cache
def _snapshot(vintage: str) -> pd.DataFrame:
    return pd.read_csv(
        DATA / f"{vintage}.csv",
        dtype={"chat_template": "boolean", "recorded_type": "str", "license": "str"},
    )


@cache
def _corrections() -> dict[str, str]:
    return dict(read_corrections()[["model_id", "kind"]].itertuples(index=False))


def read_corrections() -> pd.DataFrame:
    """The models whose recorded type is wrong: `model_id`, `kind`, `reason`."""
    return pd.read_csv(DATA / "corrections.csv")


def load_board(vintage: str) -> pd.DataFrame:
    """The bundled board of one of VINTAGES, best average first.

    Columns: `model_id` as the board recorded it; `model`, the registry's id for it (one model
    can have been submitted under two ids); `kind`, corrected, and `recorded_kind`; `params_b` in
    billions, NaN if unknown; `average` and the six BENCHMARKS, 0 to 100; `precision`;
    `chat_template` and HIDEABLE (nullable booleans); `license`; `architecture`; `organization`;
    `recorded_type`; `moe_turned`, whether the board's own MoE column says the opposite of what is
    in `moe`. BoardError for another vintage.
    """
    if vintage not in VINTAGES:
        raise BoardError(
            f"There is no vintage {vintage!r} of the leaderboard.",
            way_out=f"Pick one of {', '.join(VINTAGES)}.",
        )
    board = _snapshot(vintage).copy()
    board["params_b"] = board["model_id"].map(_newest_sizes())
    return tidy(board)


def tidy(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs with the recorded columns, given what follows from them, best average first."""
    registry = load_registry()
    board = runs.copy()
    board["recorded_kind"] = board["recorded_type"].map(_kind_of_type)
    board["kind"] = board["model_id"].map(_corrections()).fillna(board["recorded_kind"])
    board["organization"] = board["model_id"].str.split("/").str[0]
    board["license"] = _known_licenses(board["license"])
    # Where the board recorded no flag: what follows from the type.
    for column, otherwise in {"merged": board["kind"] == "merge", "flagged": pd.NA}.items():
        board[column] = _recorded_flag(board, column).fillna(otherwise)
    board["moe"], board["moe_turned"] = _mixtures(board)
    board["model"] = board["model_id"].map(registry.canonical_id)
    board["params_b"] = _one_size_per_model(board)
    return board.sort_values("average", ascending=False, ignore_index=True)


def _recorded_flag(board: pd.DataFrame, column: str) -> pd.Series:
    nowhere = pd.Series(pd.NA, index=board.index, dtype="boolean")
    return board.get(column, nowhere).astype("boolean")


def _known_licenses(licenses: pd.Series) -> pd.Series:
    texts = licenses.astype("str").str.strip()
    return texts.mask(licenses.isna() | texts.str.lower().isin(_NO_LICENSE))


def _mixtures(board: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Which runs are of mixtures of experts, and where the board's own column says the opposite.

    The boards of 2024 had that column turned, true for nearly all and false for Mixtral: where most
    runs of known architecture, or whose names are of the form 8x7B, contradict it, what these say
    counts, and of the others the opposite of the column.
    """
    recorded = _recorded_flag(board, "moe")
    known = board["architecture"].where(~board["architecture"].isin(["Unknown", "", "?"]))
    mixture = known.astype("str").str.contains(_MIXTURES).astype("boolean").mask(known.isna())
    named = board["model_id"].str.contains(_MIXTURE_NAMES, case=False).astype("boolean")
    told = mixture.fillna(named.mask(~named))
    contradicted = (told != recorded).fillna(False)
    comparable = told.notna() & recorded.notna()
    turned = bool(comparable.any()) and contradicted[comparable].mean() > 0.5
    moe = told.fillna(~recorded) if turned else recorded.fillna(told)
    return moe, (moe != recorded).fillna(False).astype(bool)


def _one_size_per_model(board: pd.DataFrame) -> pd.Series:
    """The registry's size of a model that it lists; of others the one that most runs record.

    Unknown where the board records none. A run in 4 bit was recorded with half of its parameters or
    fewer; of equals the larger counts.
    """
    recorded = board["params_b"].astype(float)
    several = recorded.groupby(board["model"]).nunique().gt(1)
    common = {
        model: recorded[board["model"] == model].mode().max() for model in several[several].index
    }
    common |= {spec.id: spec.params_b for spec in load_registry() if spec.params_b is not None}
    return board["model"].map(common).astype(float).fillna(recorded).where(recorded.notna())


def _kind_of_type(recorded: object) -> str:
    if not isinstance(recorded, str):
        return "other"
    words = recorded.encode("ascii", "ignore").decode().split("(")[0].strip()
    return _KIND_OF_TYPE.get(words, "other")


@cache
def _newest_sizes() -> dict[str, float]:
    sizes: dict[str, float] = {}
    for vintage in VINTAGES:  # later ones replace earlier ones
        known = _snapshot(vintage).dropna(subset="params_b")
        sizes |= dict(known[["model_id", "params_b"]].itertuples(index=False))
    return sizes


def as_recorded(board: pd.DataFrame) -> pd.DataFrame:
    """The board with the kinds that it recorded itself, right or wrong."""
    return board.assign(kind=board["recorded_kind"])


def one_run_per_model(board: pd.DataFrame) -> pd.DataFrame:
    """The run with the best average of each model, best first."""
    best = board.sort_values("average", ascending=False, kind="stable")
    return best.drop_duplicates("model", ignore_index=True)


def filter_board(
    board: pd.DataFrame,
    *,
    kinds: Sequence[str] = (),
    min_params_b: float | None = None,
    max_params_b: float | None = None,
    organizations: Sequence[str] = (),
    licenses: Sequence[str] = (),
    precisions: Sequence[str] = (),
    hide: Sequence[str] = (),
) -> pd.DataFrame:
    """The runs that pass every filter; an empty one passes all.

    Sizes are in billions of parameters, both limits included: either leaves out models of unknown
    size. `hide` names columns of HIDEABLE: only what is known to be one is hidden.
    """
    keep = pd.Series(True, index=board.index)
    allowed = {
        "kind": kinds,
        "organization": organizations,
        "license": licenses,
        "precision": precisions,
    }
    for column, values in allowed.items():
        if values:
            keep &= board[column].isin(values)
    if min_params_b is not None:
        keep &= board["params_b"] >= min_params_b
    if max_params_b is not None:
        keep &= board["params_b"] <= max_params_b
    for column in hide:
        keep &= ~board[column].fillna(False)
    return board[keep.astype(bool)].reset_index(drop=True)
