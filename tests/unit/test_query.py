"""What a visitor asks of the board: filters, ranking, weights, and the walk-through's story."""

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.leaderboard import (
    BENCHMARKS,
    HIDEABLE,
    PERMISSIVE_LICENSES,
    RANKINGS,
    VINTAGES,
    BoardQuery,
    answer,
    load_board,
    weighted_average,
    without_public_base,
)
from components.leaderboard.numbering import families, family_strategy
from components.registry import load_registry

OCTOBER = load_board("2024-10-15")
FINAL = load_board("2025-03-final")


def asked(board: pd.DataFrame = OCTOBER, **query: Any) -> pd.DataFrame:
    return answer(board, BoardQuery(**query))


def models(rows: pd.DataFrame, count: int | None = None) -> Sequence[str]:
    return list(rows["model"])[:count]


def test_by_the_twin_llama_joins_phi_and_gemma_at_the_top_in_october():
    rows = asked(kinds=["base"], max_params_b=9, rank_by="twin_score", instruct_without_base=True)
    top = models(rows, 4)
    assert top[:2] == ["microsoft/Phi-3-small-8k-instruct", "google/gemma-2-9b"]
    assert top[3] == "meta-llama/Llama-3.1-8B"
    assert rows["twin_score"].tolist()[:2] == [29.64, 28.86]
    assert rows.set_index("model")["twin_score"]["meta-llama/Llama-3.1-8B"] == 27.91


def test_by_the_twin_instruct_models_without_a_public_base_are_marked_and_have_no_uplift():
    rows = asked(kinds=["base"], rank_by="twin_score", instruct_without_base=True)
    alone = rows[rows["kind"] == "instruct"]
    assert "microsoft/Phi-3-small-8k-instruct" in set(alone["model"])
    assert set(alone["model"]) <= without_public_base()
    assert all("no_public_base" in caveats for caveats in alone["caveats"].tolist())
    assert alone["uplift"].isna().all()


def test_by_average_a_filter_for_base_models_gives_base_models_only():
    assert set(asked(kinds=["base"])["kind"]) == {"base"}


@pytest.mark.parametrize("kinds", [[], ["base"], ["instruct"]])
@pytest.mark.parametrize("vintage", VINTAGES)
def test_the_frontier_is_of_the_base_models_shown_alone(vintage, kinds):
    rows = asked(load_board(vintage), kinds=kinds)
    bases = rows[(rows["kind"] == "base") & rows["params_b"].notna()]
    unbeaten = {
        base["model"]
        for base in bases.to_dict("records")
        if not (
            (bases["params_b"] <= base["params_b"])
            & (bases["average"] >= base["average"])
            & (bases["model"] != base["model"])
        ).any()
    }
    assert set(rows.loc[rows["frontier"], "model"]) == unbeaten
    assert bool(unbeaten) == ("base" in kinds or not kinds)
    assert rows["frontier"].dtype == bool


def test_a_better_instruct_model_does_not_take_a_base_off_the_frontier():
    qwen = FINAL[FINAL["model"].isin(["Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B-Instruct"])]
    rows = asked(qwen).set_index("model")
    assert rows["average"]["Qwen/Qwen2.5-7B-Instruct"] > rows["average"]["Qwen/Qwen2.5-7B"]
    assert rows["frontier"].to_dict() == {
        "Qwen/Qwen2.5-7B-Instruct": False,
        "Qwen/Qwen2.5-7B": True,
    }


@pytest.mark.parametrize("rank_by", RANKINGS)
@pytest.mark.parametrize("vintage", VINTAGES)
def test_every_ranking_puts_the_best_first_and_the_unknown_last(vintage, rank_by):
    rows = asked(load_board(vintage), rank_by=rank_by)
    known = rows[rank_by].dropna()
    assert rows[rank_by].isna().tolist() == sorted(rows[rank_by].isna())
    ordered = known.is_monotonic_increasing if rank_by == "params_b" else None
    assert ordered or known.is_monotonic_decreasing
    assert rows["rank"].iloc[0] == 1
    assert rows["rank"].isna().equals(rows[rank_by].isna())


def test_a_weight_of_one_for_each_benchmark_is_the_boards_average():
    assert (weighted_average(OCTOBER, {}) - OCTOBER["average"]).abs().max() < 0.02


def test_weights_change_the_order_as_arithmetic_says():
    weights = dict.fromkeys(BENCHMARKS, 0.0) | {"ifeval": 3.0, "bbh": 1.0}
    rows = asked(rank_by="weighted", weights=weights)
    expected = (3 * rows["ifeval"] + rows["bbh"]) / 4
    assert (rows["weighted"] - expected).abs().max() < 1e-9
    assert rows["weighted"].is_monotonic_decreasing


def test_weights_that_are_all_zero_give_no_ranking():
    rows = asked(rank_by="weighted", weights=dict.fromkeys(BENCHMARKS, 0.0))
    assert rows["weighted"].isna().all()
    assert rows["rank"].isna().all()


WEIGHT = st.just(0.0) | st.floats(0.01, 5)


@given(st.lists(WEIGHT, min_size=6, max_size=6).filter(any), st.floats(0.1, 10))
def test_only_the_proportions_of_weights_matter_and_the_mean_stays_between_the_scores(
    weights, scale
):
    given_weights = dict(zip(BENCHMARKS, weights, strict=True))
    scaled = {name: weight * scale for name, weight in given_weights.items()}
    mean = weighted_average(OCTOBER, given_weights)
    assert (mean - weighted_average(OCTOBER, scaled)).abs().max() < 1e-6
    scores = OCTOBER[list(BENCHMARKS)]
    assert (mean >= scores.min(axis=1) - 1e-6).all()
    assert (mean <= scores.max(axis=1) + 1e-6).all()


@pytest.mark.slow
@given(
    kinds=st.lists(st.sampled_from(["base", "instruct"]), unique=True),
    low=st.none() | st.floats(0.1, 80),
    high=st.none() | st.floats(0.1, 80),
    organizations=st.lists(st.sampled_from(["Qwen", "google", "nobody"]), unique=True),
    licenses=st.lists(st.sampled_from(["apache-2.0", "gemma"]), unique=True),
    precisions=st.lists(st.sampled_from(["bfloat16", "float16"]), unique=True),
    hide=st.lists(st.sampled_from(list(HIDEABLE)), unique=True),
)
def test_every_row_of_an_answer_passes_every_filter(
    kinds, low, high, organizations, licenses, precisions, hide
):
    rows = asked(
        kinds=kinds,
        min_params_b=low,
        max_params_b=high,
        organizations=organizations,
        licenses=licenses,
        precisions=precisions,
        hide=hide,
    )
    for column, allowed in (
        ("kind", kinds),
        ("organization", organizations),
        ("license", licenses),
        ("precision", precisions),
    ):
        assert not allowed or set(rows[column]) <= set(allowed)
    assert low is None or (rows["params_b"] >= low).all()
    assert high is None or (rows["params_b"] <= high).all()
    assert not any(rows[column].fillna(False).any() for column in hide)
    assert rows["model"].is_unique


def test_mixtures_of_experts_can_be_hidden_and_others_stay():
    hidden = set(models(asked())) - set(models(asked(hide=["moe"])))
    assert "mistralai/Mixtral-8x7B-v0.1" in hidden
    assert "Qwen/Qwen2.5-7B" not in hidden


def test_what_is_not_known_to_be_flagged_is_not_hidden():
    assert OCTOBER["flagged"].isna().all()
    assert len(asked(hide=["flagged"])) == len(asked())


def test_the_permissive_licences_leave_out_the_makers_own():
    rows = asked(licenses=PERMISSIVE_LICENSES)
    assert set(rows["license"]) == {"apache-2.0", "mit"}


def test_a_precision_filter_shows_the_best_run_of_that_precision():
    rows = asked(FINAL, precisions=["float16"])
    assert set(rows["precision"]) == {"float16"}
    assert rows.set_index("model")["average"]["google/gemma-2-2b"] < 10.5


def test_the_numbering_strategy_is_shown_where_the_familys_tokenizer_was_run():
    numbering = asked(FINAL).set_index("model")["numbering"]
    assert numbering["meta-llama/Llama-3.1-8B"] == "whole-number"
    assert numbering["Qwen/Qwen2.5-7B"] == "per-digit"
    assert numbering["microsoft/phi-2"] == "irregular"
    assert pd.isna(numbering["bigscience/bloom-3b"])


def test_the_recorded_families_share_the_tokenizer_that_the_registry_gives_their_models():
    registry = load_registry()
    by_pattern = families().set_index("pattern")["tokenizer"]
    for spec in registry:
        packages = [
            package for pattern, package in by_pattern.items() if re.search(str(pattern), spec.id)
        ]
        assert len(packages) <= 1
        assert set(packages) <= set(spec.tokenizer)
        assert (family_strategy(spec.id) is None) == (not spec.tokenizer)
