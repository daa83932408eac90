"""The models that no other beats at their size or below."""

import pandas as pd


def pareto_frontier(models: pd.DataFrame) -> pd.Series:
    """For each row whether no other has at most its size and a better or equal average.

    Of equals the first row counts. Rows without `params_b` or `average` are never on it.
    """
    known = models.dropna(subset=["params_b", "average"])
    ordered = known.sort_values(["params_b", "average"], ascending=[True, False], kind="stable")
    best_before = ordered["average"].cummax().shift(fill_value=float("-inf"))
    on_it = ordered["average"] > best_before
    return on_it.reindex(models.index, fill_value=False).astype(bool)
