"""Each source as a table of its own: ranks by its own figures, unknown stays unknown."""

import pandas as pd
import pytest

from components.leaderboard import SOURCES, also_in, load_scores, source_table

OTHERS = [source for source in SOURCES if source != "ollm-v2"]


@pytest.mark.parametrize("source", OTHERS)
def test_every_run_of_the_source_has_one_row_with_its_own_columns(source):
    table = source_table(source)
    runs = load_scores(source)[["model_id", "run"]].drop_duplicates()
    assert len(table) == len(runs)
    assert set(SOURCES[source].benchmarks) <= set(table.columns)
    assert table["rank"].dropna().is_monotonic_increasing


@pytest.mark.parametrize("source", OTHERS)
def test_a_run_that_lacks_a_benchmark_has_no_mean_and_is_never_zero(source):
    table = source_table(source)
    lacking = table[table["measured"] < len(SOURCES[source].benchmarks)]
    assert lacking["mean"].isna().all()
    assert not (
        table[list(SOURCES[source].benchmarks)].isna().any(axis=1) & table["mean"].notna()
    ).any()


def test_swallow_says_what_it_says_of_qwen3():
    row = source_table("swallow").set_index("model").loc["Qwen/Qwen3-8B-Base"]
    assert (row["mmlu"], row["gsm8k"], row["bbh"]) == pytest.approx((76.5, 85.5, 77.5), abs=0.06)


def test_after_fine_tuning_gemma_is_above_qwen_and_llama_and_shows_both_sides():
    table = source_table("after-finetuning").set_index("model")
    names = ["google/gemma-2-9b", "Qwen/Qwen2.5-7B", "meta-llama/Llama-3.1-8B"]
    assert table.loc[names, "mean"].round(1).tolist() == [77.5, 74.8, 74.2]
    assert (table["gain"] == table["mean"] - table["before"]).all()
    assert table.loc[names, "kind"].tolist() == ["base"] * 3
    assert table.loc[names, "params_b"].notna().all()


def test_euroeval_is_ranked_as_it_ranks_itself_and_claims_no_ties():
    table = source_table("euroeval-english")
    assert table["mean_rank"].dropna().is_monotonic_increasing
    assert table["tied"].isna().all()


def test_a_row_says_in_which_other_sources_its_model_is():
    models = pd.Series(["meta-llama/Llama-3.1-8B", "nobody/nothing"])
    assert also_in(models, "swallow").tolist() == [
        ("ollm-v2", "after-finetuning", "euroeval-english"),
        (),
    ]
