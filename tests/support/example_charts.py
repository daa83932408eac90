"""A chart of each kind, of small inputs."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from components.charts import (
    NamedAtlas,
    NamedDistribution,
    NamedInformation,
    NamedSeries,
    atlas_heatmaps,
    benchmark_profile,
    coverage_curves,
    errors_by_group,
    first_token_maps,
    first_tokens,
    movement_between_vintages,
    paired_differences,
    pit_histograms,
    predicted_against_actual,
    predictor_intervals,
    price_distributions,
    read_out_errors,
    reordering,
    running_means,
    scores_by_size,
    settled_shares,
    twin_dumbbells,
)
from components.leaderboard import BENCHMARKS
from components.numbers import (
    FirstToken,
    FirstTokenInformation,
    PriceDistribution,
    number_atlas,
    still_possible,
)
from tests.support.small_tokenizer import tokenizer_of_digits

LLAMA, QWEN, OTHER = "meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B", "somebody/some-model"
NAMES = {LLAMA: "Llama 3.1 8B", QWEN: "Qwen2.5 7B", OTHER: OTHER}
SCORES = pd.DataFrame(
    {
        "model": [LLAMA, QWEN, OTHER],
        "params_b": [8.0, 7.6, 3.0],
        "average": [14.42, 26.02, 11.0],
        "twin": [f"{LLAMA}-Instruct", f"{QWEN}-Instruct", None],
        "twin_average": [23.76, 35.20, np.nan],
        "twin_score": [23.76, 35.20, np.nan],
        "frontier": [False, True, True],
        **{name: [10.0 + place, 20.0, 5.0] for place, name in enumerate(BENCHMARKS)},
    }
)
MOVES = pd.DataFrame(
    {
        "model": [LLAMA, QWEN],
        "average_before": [13.78, 24.70],
        "average_after": [14.42, 26.02],
        "rank_before": [90, 30],
        "rank_after": [100, 25],
        "twin_before": [27.91, np.nan],
        "twin_after": [23.76, 35.20],
        "of_both": [140, 140],
    }
)
TRAINED = pd.DataFrame(
    {
        "model": [LLAMA, QWEN, OTHER],
        "before": [60.0, 66.0, np.nan],
        "before_high": [60.5, 66.5, np.nan],
        "before_rank": [30, 10, None],
        "after": [74.2, 74.8, np.nan],
        "after_high": [74.5, 75.1, np.nan],
        "after_rank": [15, 12, None],
    }
)
PREDICTED = pd.DataFrame(
    {
        "predictor": ["bbh", "bbh"],
        "group": ["all", "5-15B"],
        "n": [24, 13],
        "spearman": [0.93, 0.72],
        "low": [0.78, 0.17],
        "high": [0.98, 0.99],
    }
)


def distribution(prices: list[int], token: str) -> PriceDistribution:
    probabilities = np.zeros(1000)
    probabilities[prices] = 0.9 / len(prices)
    return PriceDistribution(
        probabilities=probabilities,
        overflow=0.04,
        not_a_number=0.05,
        unexplored=0.01,
        first_tokens=(FirstToken(7, token, 0.94, np.array(prices), 0.04, 0.01),),
        passes=3,
        tokens=120,
        seconds=0.5,
        method="tree",
    )


def figures() -> Iterator[tuple[str, go.Figure]]:
    yield "twin_dumbbells", twin_dumbbells(SCORES, NAMES, vintage="Final", theme="light")
    yield "benchmark_profile", benchmark_profile(SCORES, NAMES, vintage="Final", theme="dark")
    yield (
        "scores_by_size",
        scores_by_size(SCORES, [LLAMA, OTHER], NAMES, vintage="Final", theme="light"),
    )
    yield (
        "movement_between_vintages",
        movement_between_vintages(MOVES, NAMES, before="October", after="Final", theme="dark"),
    )
    yield "reordering", reordering(TRAINED, NAMES, of=61, source="a source", theme="light")
    yield (
        "predictor_intervals",
        predictor_intervals(PREDICTED, {"bbh": "BBH"}, {"all": "all", "5-15B": "some"}, "light"),
    )
    atlas = number_atlas(tokenizer_of_digits(merged=["12"]), range(20))
    named = [NamedAtlas("Digits", atlas, ["note", "source"])]
    yield "atlas_heatmaps", atlas_heatmaps(named, where="bare", theme="light")
    yield "first_token_maps", first_token_maps(named, 12, [still_possible(atlas, 12)], theme="dark")
    bars = [NamedInformation(LLAMA, NAMES[LLAMA], FirstTokenInformation(2.5, 5.0))]
    yield "settled_shares", settled_shares(bars, prices="any prices", theme="light")
    priced = [
        NamedDistribution(LLAMA, NAMES[LLAMA], "Hub a@1", distribution([12, 120], "12")),
        NamedDistribution(OTHER, OTHER, "Hub b@2", distribution([5], "5")),
    ]
    yield "price_distributions", price_distributions(priced, 20, product="A lamp", theme="light")
    yield (
        "price_distributions_log",
        price_distributions(priced[:1], None, product="A lamp", theme="dark", log_price=True),
    )
    yield "first_tokens", first_tokens(priced, product="A lamp", theme="light")


# What a model and a baseline say of three rows, as the rooms below the charts give it.
MODELS = [LLAMA, "constant_median"]
FIGURES = pd.DataFrame(
    {
        "model": [LLAMA, LLAMA, "constant_median"],
        "read_out": ["median", "greedy", "out_of_fold"],
        "figure": "mae",
        "value": [80.0, 120.0, 190.0],
        "low": [60.0, np.nan, 150.0],
        "high": [110.0, np.nan, 240.0],
        "rows": [20, 5, 20],
        "left_out": [0, 15, 0],
    }
)
PAIRS = pd.DataFrame(
    {
        "first": [LLAMA, LLAMA, LLAMA],
        "second": [QWEN, OTHER, "constant_median"],
        "rows": [20, 20, 5],
        "difference": [-10.0, -40.0, -110.0],
        "low": [-30.0, -60.0, np.nan],
        "high": [12.0, -21.0, np.nan],
        "first_won": [0.5, 0.8, 1.0],
        "second_won": [0.4, 0.2, 0.0],
        "p_holm": [0.4, 0.001, np.nan],
        "told_apart": pd.Series([False, True, pd.NA], dtype="boolean"),
        "rows_needed": [431.0, 9.0, np.nan],
    }
)
GROUPS = pd.DataFrame(
    {
        "group": ["0-25", "25-50"],
        "rows": [12, 3],
        "left_out": [1, 0],
        "mae": [14.0, 30.0],
        "low": [9.0, np.nan],
        "high": [21.0, np.nan],
    }
)
ESTIMATES = pd.DataFrame(
    {"item_id": ["a", "b", "c", "d"], "actual": [20.0, 100.0, 400.0, 900.0]}
).assign(estimate=[0.0, 130.0, 260.0, np.nan])
RUNNING = pd.DataFrame({"rows": [1, 8, 9], "mean": [50.0, 60.0, 58.0]}).assign(
    low=[np.nan, 40.0, 41.0], high=[np.nan, 80.0, 75.0]
)
COVERAGE = pd.DataFrame(
    {"level": [0.5, 0.8], "coverage": [0.3, 0.6], "low": [0.2, 0.5], "high": [0.42, 0.7]}
)
PIT = pd.DataFrame({"low": [0.0, 0.5], "high": [0.5, 1.0], "share": [0.7, 0.3]})
READ_OUTS = {"median": "median", "greedy": "greedy text", "out_of_fold": "out of fold"}


def evaluation_figures() -> Iterator[tuple[str, go.Figure]]:
    labels = {**NAMES, "constant_median": "Median of all prices"}

    def series(frame: pd.DataFrame) -> list[NamedSeries]:
        return [NamedSeries(model, labels[model], frame) for model in MODELS]

    rows = "20 products"
    yield (
        "predicted_against_actual",
        predicted_against_actual(series(ESTIMATES)[:1], rows=rows, theme="light"),
    )
    yield (
        "read_out_errors",
        read_out_errors(FIGURES, labels, READ_OUTS, metric="mae", rows=rows, theme="light"),
    )
    yield (
        "paired_differences",
        paired_differences(PAIRS, labels, metric="mae", rows=rows, theme="dark"),
    )
    yield (
        "errors_by_price_band",
        errors_by_group(series(GROUPS), "price_band", rows=rows, theme="light"),
    )
    yield "running_means", running_means(series(RUNNING), rows=rows, theme="dark")
    yield "coverage_curves", coverage_curves(series(COVERAGE), rows=rows, theme="light")
    yield "pit_histograms", pit_histograms(series(PIT), rows=rows, theme="dark")
