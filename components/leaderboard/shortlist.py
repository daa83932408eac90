"""A shortlist in every source: where each model was measured, and whether the order depends on it.

A view is one source in one vintage. Views stand beside each other; nothing is computed across them
but whether they agree on who is ahead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import pandas as pd

from components.leaderboard.board import VINTAGES, load_board
from components.leaderboard.resolution import Z_95, mean_scores
from components.leaderboard.sources import SOURCES, load_scores
from components.registry import load_registry


@dataclass(frozen=True)
class View:
    """One source in one vintage; `vintage` is None where a source has one only."""

    source: str
    vintage: str | None = None

    @property
    def id(self) -> str:
        """The source's id, with the vintage behind @ where there are several."""
        return self.source if self.vintage is None else f"{self.source}@{self.vintage}"


VIEWS = tuple(
    View(source, vintage)
    for source in SOURCES
    for vintage in (VINTAGES if source == "ollm-v2" else (None,))
)


@cache
def _means(view: View) -> pd.DataFrame:
    scores = load_scores(view.source)
    if view.vintage is None:
        return mean_scores(scores).drop_duplicates("model").set_index("model")
    of_vintage = mean_scores(scores[scores["vintage"] == view.vintage])
    means = of_vintage.drop_duplicates("model").set_index("model")
    # The board's own average is of scores before they were rounded: one number on every page.
    board = load_board(view.vintage)
    published = board["average"].groupby(board["model_id"].map(load_registry().canonical_id)).max()
    return means.assign(mean=published.reindex(means.index).where(means["mean"].notna()))


def where_scored(model_ids: Sequence[str]) -> pd.DataFrame:
    """Each model in each view, one row per model and view, in the order of `model_ids` and VIEWS.

    `model` (the registry's id), `view`, `source`, `vintage` (NA where a source has one), `measured`
    of `benchmarks` (how many of the source's benchmarks the model's best run has), `mean` over them
    with `low` and `high` (95 %), `rank` among the `of` models of the view that have a mean. A model
    that the view has not measured has 0 in `measured` and NaN in the rest.
    """
    canonical = load_registry().canonical_id
    models = list(dict.fromkeys(canonical(model_id) for model_id in model_ids))
    rows = []
    for view in VIEWS:
        found = _means(view).reindex(models)
        margin = Z_95 * found["stderr"]
        rows.append(
            pd.DataFrame(
                {
                    "model": models,
                    "view": view.id,
                    "source": view.source,
                    "vintage": view.vintage,
                    "measured": found["measured"].fillna(0).astype(int).to_numpy(),
                    "benchmarks": len(SOURCES[view.source].benchmarks),
                    "mean": found["mean"].to_numpy(),
                    "low": (found["mean"] - margin).to_numpy(),
                    "high": (found["mean"] + margin).to_numpy(),
                    "rank": found["rank"].array,
                    "of": int(_means(view)["mean"].notna().sum()),
                }
            )
        )
    table = pd.concat(rows, ignore_index=True).astype({"vintage": "str"})
    places = {model: place for place, model in enumerate(models)}
    return table.sort_values(
        "model", key=lambda column: column.map(places), kind="stable", ignore_index=True
    )


def order_by_view(model_ids: Sequence[str]) -> pd.DataFrame:
    """Each pair of models that some view has both of, and who is ahead where; one row per pair.

    `first`, `second` (in the order of `model_ids`), `ahead` and `behind`: the views, by id, in
    which the first one's mean is the higher or the lower one; `clear` those of them in which the
    difference is beyond noise at 95 %; `reverses`, whether the order depends on the view, and
    `reverses_clearly`, whether two views that contradict each other are both clear.
    """
    canonical = load_registry().canonical_id
    models = list(dict.fromkeys(canonical(model_id) for model_id in model_ids))
    rows = []
    for first, second in combinations(models, 2):
        ahead, behind, clear = [], [], []
        for view in VIEWS:
            both = _means(view).reindex([first, second])
            difference = both["mean"].iloc[0] - both["mean"].iloc[1]
            if pd.isna(difference):
                continue
            if difference > 0:
                ahead.append(view.id)
            elif difference < 0:
                behind.append(view.id)
            if abs(difference) > Z_95 * (both["stderr"] ** 2).sum(skipna=False) ** 0.5:
                clear.append(view.id)
        if ahead or behind:
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "ahead": tuple(ahead),
                    "behind": tuple(behind),
                    "clear": tuple(clear),
                    "reverses": bool(ahead and behind),
                    "reverses_clearly": bool(set(ahead) & set(clear) and set(behind) & set(clear)),
                }
            )
    columns = ["first", "second", "ahead", "behind", "clear", "reverses", "reverses_clearly"]
    return pd.DataFrame(rows, columns=columns)
