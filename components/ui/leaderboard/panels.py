"""The panels of evidence: after fine-tuning, what predicts it, what is noise, every source."""

from typing import Any

import pandas as pd
import streamlit as st

from components.charts import Theme, predictor_intervals, reordering
from components.leaderboard import (
    BENCHMARKS,
    SOURCES,
    VIEWS,
    before_and_after,
    compare_starts,
    load_scores,
    noise_counts,
    order_by_view,
    pair_records,
    pairwise,
    predictor_differences,
    predictors,
    rank_agreement,
    resolution_of,
    where_scored,
)
from components.ui.kit import shell, shortlist
from components.ui.kit.model_ids import label, labels
from components.ui.kit.text import plain
from components.ui.leaderboard import views
from components.ui.leaderboard.board import Shown, provenance
from components.ui.leaderboard.labels import RANKING_LABELS, view_label, views_in_words

AFTER = "after-finetuning"
PREDICTOR_LABELS = {
    "average": "Average",
    **BENCHMARKS,
    "twin_average": "Instruct twin's average",
    "params_b": "Parameters",
    "bits_per_byte": "Bits per byte, untouched",
}
GROUP_LABELS = {"all": "All sizes, with a twin", "5-15B": "5 to 15B"}
_number = st.column_config.NumberColumn


def fine_tuned(theme: Theme) -> None:
    """How the shortlist, and all, do after the same fine-tuning."""
    models = shortlist.models()
    rows = before_and_after(models)
    measured = list(rows.dropna(subset="after")["model"])
    everyone = before_and_after()
    starts = compare_starts()
    before, after = rank_agreement("before"), rank_agreement()
    st.markdown(
        f"Each of {len(everyone)} models, trained alike on each of 24 tasks' own training sets."
        f" Trained alike, the tasks agree on who is best (mean Kendall's τ {after:.3f}; untouched"
        f" {before:.3f}). Base or instruct as the start, over {starts.pairs} pairs and"
        f" {starts.comparisons} comparisons: before, the instruct model is ahead"
        f" {starts.before_instruct_better} to {starts.before_base_better}; after, the base"
        f" {starts.after_base_better} to {starts.after_instruct_better}, by"
        f" {starts.gain:.2f} points on average, {starts.within_noise} within noise."
    )
    missing = [label(model) for model in models if model not in measured]
    if missing:
        st.caption(plain(f"Not measured there: {', '.join(missing)}."))
    if measured:
        shell.chart(
            reordering(
                rows,
                labels(models),
                of=len(everyone),
                source="LM-Harmony (arXiv 2507.05195)",
                theme=theme,
            ),
            name="reordering",
            alt="Mean of the shortlist before and after fine-tuning, joined by lines",
        )
    _means(everyone if st.toggle("All models", key="all_fine_tuned") else rows)
    if len(measured) > 1:
        st.markdown("**Pair by pair, over the 24 tasks after fine-tuning**")
        _records(pair_records(measured))
    _per_task(measured)
    st.caption(provenance(AFTER))
    st.caption(plain(SOURCES[AFTER].limits))


def _means(rows: pd.DataFrame) -> None:
    st.dataframe(
        rows.assign(
            model=rows["model"].map(label),
            before_margin=rows["before_high"] - rows["before"],
            after_margin=rows["after_high"] - rows["after"],
        ),
        hide_index=True,
        width="stretch",
        placeholder="not measured",
        key="fine_tuned_means",
        column_order=[
            *("model", "before", "before_margin", "before_rank"),
            *("after", "after_margin", "after_rank", "gain"),
        ],
        column_config={
            "model": "Model",
            "before": _number("Before", format="%.2f"),
            "before_margin": _number("± 95 %", format="%.2f"),
            "before_rank": _number("Rank before"),
            "after": _number("After", format="%.2f"),
            "after_margin": _number("± 95 % ", format="%.2f"),
            "after_rank": _number("Rank after"),
            "gain": _number("Gain", format="%+.2f"),
        },
    )


def _records(pairs: pd.DataFrame) -> None:
    st.dataframe(
        pairs.assign(
            pair=_pair_names(pairs),
            verdict=pairs["within_noise"].map({True: "within noise", False: "told apart"}),
        ),
        hide_index=True,
        width="stretch",
        placeholder="–",
        key="pair_records",
        column_order=[
            *("pair", "won", "lost", "tied", "clearly_won", "clearly_lost"),
            *("difference", "low", "high", "verdict"),
        ],
        column_config={
            "pair": st.column_config.TextColumn("First against second", width="medium"),
            "won": "Won",
            "lost": "Lost",
            "tied": "Tied",
            "clearly_won": _number("Clearly won", help="Beyond noise at 95 %"),
            "clearly_lost": _number("Clearly lost", help="Beyond noise at 95 %"),
            **_interval_columns(),
            "verdict": "Means",
        },
    )


def _interval_columns() -> dict[str, Any]:
    return {
        "difference": _number("Difference", format="%+.2f"),
        "low": _number("from", format="%+.2f", help="95 % interval of the difference"),
        "high": _number("to", format="%+.2f"),
    }


def _pair_names(pairs: pd.DataFrame) -> pd.Series:
    return pairs["first"].map(label) + " : " + pairs["second"].map(label)


def _per_task(models: list[str]) -> None:
    if not models:
        return
    with st.expander("Task by task, before and after"):
        scores = load_scores(AFTER)
        of_tasks = scores[
            scores["model"].isin(models) & scores["benchmark"].isin(SOURCES[AFTER].benchmarks)
        ]
        wide = of_tasks.pivot(index="benchmark", columns="model", values=["before", "score"])
        errors = of_tasks.pivot(index="benchmark", columns="model", values="stderr")
        columns = {
            "Task": [SOURCES[AFTER].column(str(task)).label for task in wide.index],
        }
        for model in models:
            name = labels(models)[model]
            columns[f"{name}, before"] = wide["before", model].round(1).tolist()
            columns[f"{name}, after"] = wide["score", model].round(1).tolist()
            columns[f"{name}, ± 95 %"] = (1.96 * errors[model]).round(1).tolist()
        st.dataframe(pd.DataFrame(columns), hide_index=True, width="stretch", key="per_task")


def what_predicts(theme: Theme) -> None:
    """How well figures known beforehand predict the result after fine-tuning, and the limits."""
    found = predictors()
    shell.chart(
        predictor_intervals(found, PREDICTOR_LABELS, GROUP_LABELS, theme),
        name="predictors",
        alt="Rank correlation of each predictor with the mean after fine-tuning",
    )
    st.markdown(plain(twin_against_average()))
    st.dataframe(
        found.assign(
            predictor=found["predictor"].map(PREDICTOR_LABELS),
            group=found["group"].map(GROUP_LABELS),
        ),
        hide_index=True,
        width="stretch",
        key="predictors",
        column_config={
            "predictor": "Predictor",
            "group": "Models",
            "n": "n",
            "spearman": _number("Spearman", format="%.2f"),
            "low": _number("from", format="%.2f", help="95 %, bootstrap over models"),
            "high": _number("to", format="%.2f"),
        },
    )
    st.caption(
        "Limits: 10 to 29 models, so the intervals are wide; none is newer than Qwen2.5; the tasks"
        " are classification, question answering and GSM8K, no regression and no prices. At 5 to"
        " 15B, where one mostly chooses, all predict less, and none clearly better than another."
        " Size and scores go together over all sizes: that is most of what is seen there."
    )


def twin_against_average() -> str:
    """What the evidence says of judging a base by its instruct twin, in words."""
    found = predictors()
    of_all = found[found["group"] == "all"].set_index("predictor").to_dict("index")
    twin, own = of_all["twin_average"], of_all["average"]
    gaps = predictor_differences().set_index("predictor").to_dict("index")
    average, bbh = gaps["average"], gaps["bbh"]
    return (
        f"“Judge a base by its instruct twin” is a rule that the evidence neither proves nor"
        f" refutes: over {int(twin['n'])} base models the twin's average goes with the result by"
        f" {twin['spearman']:.2f}, the model's own average by {own['spearman']:.2f}. The"
        f" difference is within noise ({average['difference']:+.2f}, 95 % from"
        f" {average['low']:+.2f} to {average['high']:+.2f}); BBH is above the twin by"
        f" {bbh['difference']:+.2f} ({bbh['low']:+.2f} to {bbh['high']:+.2f})."
    )


def noise(now: Shown | None) -> None:
    """Which differences between the shortlist's scores, and in the view, are noise."""
    source = views.source()
    if now is not None:
        _view_resolution(now)
        scores = load_scores(views.BOARD)
        vintage = now.board.vintage
        if vintage not in set(scores["vintage"]):
            st.caption("Pair by pair is there for the bundled vintages alone.")
            return
        scores = scores[scores["vintage"] == vintage]
    else:
        scores = load_scores(source)
    pairs = pairwise(scores, shortlist.models())
    if pairs.empty:
        st.info(
            "Fewer than two models of the shortlist have scores here.",
            icon=":material/search_off:",
        )
        return
    lines = []
    for count in noise_counts(pairs):
        unknown = f" ({count.unknown} without known errors)" if count.unknown else ""
        names = f"{label(count.first)} and {label(count.second)}"
        lines.append(
            f"- {plain(names)}: within noise on **{count.within_noise} of {count.compared}**"
            f"{unknown}"
        )
    st.markdown("\n".join(lines))
    of_source = SOURCES[views.BOARD if now is not None else source]
    st.dataframe(
        pairs.assign(
            pair=_pair_names(pairs),
            benchmark=[of_source.column(name).label for name in pairs["benchmark"]],
            verdict=pairs["within_noise"].map({True: "within noise", False: "told apart"}),
        ),
        hide_index=True,
        width="stretch",
        placeholder="unknown",
        key="pairwise",
        column_order=["pair", "benchmark", "difference", "low", "high", "verdict"],
        column_config={
            "pair": st.column_config.TextColumn("First less second", width="medium"),
            "benchmark": "Benchmark",
            **_interval_columns(),
            "verdict": "At 95 %",
        },
    )
    st.caption(
        plain(
            f"Standard errors: {of_source.errors}. Unpaired: the models answered the same items, so"
            " the true intervals are narrower. One in twenty of the equal pairs is told apart by"
            " chance."
        )
    )


def _view_resolution(now: Shown) -> None:
    rank_by = now.query.rank_by
    errors = f"{rank_by}_stderr"
    if errors not in now.rows:
        st.markdown(f"{RANKING_LABELS[rank_by]} has no standard error: nothing is said of ties.")
        return
    found = resolution_of(now.rows[rank_by], now.rows[errors])
    st.markdown(
        f"By {RANKING_LABELS[rank_by].lower()}, of {found.models} models in this view"
        f" **{found.adjacent_told_apart} of {found.adjacent}** neighbours in the ranking and"
        f" {found.pairs_told_apart:,} of {found.pairs:,} pairs are told apart at 95 %."
    )


def everywhere() -> None:
    """The shortlist in every source and vintage, and whether its order depends on them."""
    models = shortlist.models()
    if not models:
        st.info("The shortlist is empty: star a row above.", icon=":material/playlist_add:")
        return
    found = where_scored(models)
    table: dict[str, list[str]] = {"Model": [label(model) for model in models]}
    for view in VIEWS:
        rows = found[found["view"] == view.id].set_index("model").loc[models]
        table[view_label(view.source, view.vintage or "")] = [_cell(row) for row in _dicts(rows)]
    st.dataframe(pd.DataFrame(table), hide_index=True, width="stretch", key="everywhere")
    st.caption(
        "Mean over the source's own benchmarks ± 95 %, rank among its models. Harnesses, items and"
        " grading differ: compare within a column, never across."
    )
    lines = [f"- {plain(sentence)}" for sentence in reversals(models)]
    if lines:
        st.markdown("\n".join(["**The order depends on where one looks:**", *lines]))
    elif len(models) > 1:
        st.markdown("Wherever two of the shortlist are both measured, the order is the same.")


def _dicts(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    return rows.to_dict("records")


def _cell(row: dict[Any, Any]) -> str:
    if not row["measured"]:
        return "not measured here"
    if pd.isna(row["mean"]):
        return f"{row['measured']} of {row['benchmarks']} benchmarks, no mean"
    margin = "" if pd.isna(row["high"]) else f" ± {row['high'] - row['mean']:.1f}"
    return f"{row['mean']:.2f}{margin}, #{row['rank']} of {row['of']}"


def reversals(models: list[str]) -> list[str]:
    """For each pair of models whose order depends on source or vintage, a sentence on where."""
    found = order_by_view(models)
    by_id = {view.id: view for view in VIEWS}
    sentences = []
    for row in _dicts(found[found["reverses"].astype(bool)]):
        ahead, behind = (views_in_words([by_id[view] for view in row[side]]) for side in SIDES)
        clear = "both beyond noise" if row["reverses_clearly"] else "not clear on both sides"
        sentences.append(
            f"{label(row['first'])} is ahead of {label(row['second'])} in {ahead}, behind in"
            f" {behind} ({clear})."
        )
    return sentences


SIDES = ("ahead", "behind")
