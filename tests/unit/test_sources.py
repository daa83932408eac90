"""The sources of scores: the catalogue, each parser against it, and that sources never mix."""

import inspect
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import components.leaderboard as leaderboard
from components.errors import BoardError
from components.leaderboard import (
    SOURCES,
    VIEWS,
    VINTAGES,
    Source,
    load_board,
    load_scores,
    mean_scores,
    order_by_view,
    pairwise,
    where_scored,
)
from components.leaderboard.sources import Column, Part, require_one_source, score_stderr
from components.registry import load_registry

SHORTLIST = [
    "Qwen/Qwen2.5-7B",
    "google/gemma-2-9b",
    "meta-llama/Llama-3.1-8B",
    "Qwen/Qwen3-8B-Base",
    "nobody/nothing",
]


def by_view(model: str) -> dict[Hashable, dict[Hashable, Any]]:
    return where_scored([model]).set_index("view").to_dict("index")


def test_the_boards_average_is_the_boards_own_number_in_each_view():
    for vintage in VINTAGES:
        published = load_board(vintage).set_index("model_id")["average"]
        row = by_view("google/gemma-2-9b")[f"ollm-v2@{vintage}"]
        assert row["mean"] == published["google/gemma-2-9b"]


def score_of(source: str, model_id: str, benchmark: str) -> float:
    scores = load_scores(source)
    row = scores[(scores["model_id"] == model_id) & (scores["benchmark"] == benchmark)]
    return row["score"].item()


def test_the_sources_stand_in_the_order_of_the_page():
    assert list(SOURCES) == ["ollm-v2", "after-finetuning", "swallow", "euroeval-english"]
    assert [source.id for source in SOURCES.values()] == list(SOURCES)


@pytest.mark.parametrize("source", SOURCES)
def test_a_parser_gives_the_benchmarks_of_its_catalogue_entry(source):
    scores = load_scores(source)
    assert set(scores["benchmark"]) == {column.id for column in SOURCES[source].columns}
    assert set(scores["source"]) == {source}
    assert {"model_id", "model", "run", "benchmark", "score", "stderr"} <= set(scores.columns)


@pytest.mark.parametrize("source", SOURCES)
def test_every_row_is_one_score_of_one_run_in_range(source):
    scores = load_scores(source)
    key = ["model_id", "run", "benchmark", *(["vintage"] if "vintage" in scores else [])]
    assert not scores.duplicated(key).any()
    points = scores[scores["benchmark"].isin(SOURCES[source].benchmarks)]
    assert points["score"].between(0, 100).all()
    assert scores["score"].notna().all()
    assert (scores["stderr"].dropna() >= 0).all()


@pytest.mark.parametrize("source", SOURCES)
def test_every_score_of_0_to_100_has_a_standard_error(source):
    scores = load_scores(source)
    points = scores[scores["benchmark"].isin(SOURCES[source].benchmarks)]
    assert points["stderr"].notna().all()


@pytest.mark.parametrize(
    ("source", "models"),
    [("after-finetuning", 61), ("swallow", 50), ("euroeval-english", 117)],
)
def test_a_source_has_all_models_that_it_has_measured(source, models):
    assert load_scores(source)["model_id"].nunique() == models


@pytest.mark.parametrize(
    ("source", "model_id", "benchmark", "score"),
    [
        ("swallow", "Qwen/Qwen3-8B-Base", "mmlu", 76.5),
        ("swallow", "Qwen/Qwen3-8B-Base", "gsm8k", 85.5),
        ("swallow", "Qwen/Qwen3-8B-Base", "bbh", 77.5),
        ("swallow", "meta-llama/Meta-Llama-3.1-8B", "mmlu", 65.1),
        ("euroeval-english", "google/gemma-3-27b-pt", "squad", 85.89),
        ("euroeval-english", "google/gemma-3-27b-pt", "hellaswag", 63.23),
        ("after-finetuning", "01-ai/Yi-1.5-6B", "anli_r1", 67.3),
    ],
)
def test_a_score_is_the_published_one(source, model_id, benchmark, score):
    assert score_of(source, model_id, benchmark) == score


def test_the_margins_of_euroeval_become_standard_errors():
    scores = load_scores("euroeval-english")
    row = scores[(scores["model_id"] == "google/gemma-3-27b-pt") & (scores["benchmark"] == "squad")]
    assert 1.96 * row["stderr"].item() == pytest.approx(1.15)


def test_the_mean_of_swallow_is_the_sources_own():
    means = mean_scores(load_scores("swallow")).set_index("model")["mean"]
    assert means["google/gemma-3-4b-pt"] == pytest.approx(50.1, abs=0.05)


def test_two_runs_of_one_model_are_told_apart():
    scores = load_scores("euroeval-english")
    runs = scores[scores["model_id"] == "mistralai/Ministral-3-3B-Base-2512"]["run"]
    assert set(runs) == {"", "validation split"}


def test_the_board_has_all_its_vintages_and_scores():
    scores = load_scores("ollm-v2")
    assert set(scores["vintage"]) == set(VINTAGES)
    for vintage in VINTAGES:
        board = load_board(vintage)
        of_it = scores[scores["vintage"] == vintage]
        assert len(of_it) == 6 * len(board)
        assert of_it["score"].sum() == pytest.approx(
            board[list(leaderboard.BENCHMARKS)].sum().sum()
        )


def test_bits_per_byte_stay_as_they_are_and_are_in_no_mean():
    source = SOURCES["after-finetuning"]
    corpora = [column.id for column in source.columns if not column.higher_is_better]
    assert len(corpora) == 3
    assert not set(corpora) & set(source.benchmarks)
    scores = load_scores("after-finetuning")
    bits = scores[scores["benchmark"].isin(corpora)]
    assert bits["score"].between(0.4, 1.5).all()
    without = scores[~scores["benchmark"].isin(corpora)]
    pd.testing.assert_frame_equal(mean_scores(scores), mean_scores(without))


@pytest.mark.parametrize("source", SOURCES.values())
def test_every_source_says_where_it_is_from_and_what_it_measures(source: Source):
    assert source.link.startswith("https://")
    assert source.license
    assert source.attribution.endswith(".")
    for column in source.columns:
        assert column.metric
        assert column.shots is None or column.shots >= 0


def test_an_inconsistent_catalogue_entry_is_refused():
    source = SOURCES["swallow"]
    with pytest.raises(ValueError, match="attribution is empty"):
        replace(source, attribution="")
    with pytest.raises(ValueError, match="mmlu is listed twice"):
        replace(source, columns=(*source.columns, source.column("mmlu")))
    with pytest.raises(ValueError, match="lower is better"):
        replace(source, columns=(Column("bits", "Bits", "bits", 0, "bits per byte"),))


def test_an_unknown_source_or_benchmark_is_refused_with_the_known_ones():
    with pytest.raises(BoardError, match="swallow"):
        load_scores("mteb")
    with pytest.raises(BoardError, match="humaneval"):
        SOURCES["swallow"].column("ifeval")


def test_changing_loaded_scores_does_not_change_the_next_ones():
    scores = load_scores("swallow")
    scores["score"] = 0.0
    assert load_scores("swallow")["score"].max() > 90


# The registry.


@pytest.mark.parametrize(
    ("family", "model_id"),
    [
        ("Qwen", "Qwen/Qwen3-14B-Base"),
        ("Qwen", "Qwen/Qwen3.5-9B-Base"),
        ("Gemma", "google/gemma-3-27b-pt"),
        ("Gemma", "google/gemma-3n-E4B"),
        ("Gemma", "google/gemma-4-31B"),
        ("OLMo", "allenai/Olmo-3-1025-7B"),
        ("SmolLM", "HuggingFaceTB/SmolLM3-3B-Base"),
        ("Mistral", "mistralai/Ministral-3-8B-Base-2512"),
        ("Mistral", "mistralai/Mistral-Small-3.1-24B-Base-2503"),
        ("Apertus", "swiss-ai/Apertus-8B-2509"),
        ("Falcon", "tiiuae/Falcon-H1-Tiny-Multilingual-100M-Base"),
        ("Nemotron", "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-Base-BF16"),
        ("Llama", "meta-llama/Llama-4-Scout-17B-16E"),
    ],
)
def test_current_base_models_are_listed_and_measured_somewhere(family, model_id):
    spec = load_registry().get(model_id)
    assert (spec.family, spec.kind) == (family, "base")
    assert where_scored([model_id])["measured"].max() > 0


@pytest.mark.parametrize("source", ["swallow", "euroeval-english"])
def test_listed_sizes_agree_with_the_sources(source):
    registry = load_registry()
    models = load_scores(source).dropna(subset="params_b").drop_duplicates(["model", "run"])
    for model, params_b in models[["model", "params_b"]].itertuples(index=False):
        # Swallow rounds to two figures; EuroEval counts GPT-2's attention masks, and has one
        # Ministral in two sizes.
        if model in registry:
            assert registry.get(model).params_b == pytest.approx(params_b, rel=0.11), model


# Nothing is computed across sources or vintages.


def mixtures() -> list[pd.DataFrame]:
    board = load_scores("ollm-v2")
    final = board[board["vintage"] == VINTAGES[-1]]
    others = [load_scores(source) for source in SOURCES if source != "ollm-v2"]
    two_sources = [pd.concat([final.drop(columns="vintage"), other]) for other in others]
    return [board, *two_sources, pd.concat(others)]


@pytest.mark.parametrize("mixture", mixtures(), ids=["vintages", *list(SOURCES)[1:], "three"])
def test_no_mean_and_no_comparison_mixes_sources_or_vintages(mixture: pd.DataFrame):
    for compute in (require_one_source, mean_scores):
        with pytest.raises(BoardError, match="can't be compared"):
            compute(mixture)
    with pytest.raises(BoardError, match="can't be compared"):
        pairwise(mixture, SHORTLIST)


def takes_scores(function: Callable) -> bool:
    first = next(iter(inspect.signature(function).parameters.values()), None)
    return first is not None and (first.name, first.annotation) == ("scores", pd.DataFrame)


def test_every_public_function_that_takes_scores_refuses_two_sources():
    mixture = pd.concat([load_scores("swallow"), load_scores("euroeval-english")])
    functions = [
        function
        for _, function in inspect.getmembers(leaderboard, inspect.isfunction)
        if takes_scores(function)
    ]
    assert {mean_scores, pairwise} <= set(functions)
    for function in functions:
        more = [SHORTLIST] if "models" in inspect.signature(function).parameters else []
        with pytest.raises(BoardError, match="can't be compared"):
            function(mixture, *more)


def test_no_scores_at_all_are_said_to_be_none():
    with pytest.raises(BoardError, match="no scores"):
        mean_scores(load_scores("swallow").head(0))


def test_one_model_run_under_two_ids_counts_by_its_better_run():
    scores = load_scores("ollm-v2")
    run = scores[(scores["vintage"] == VINTAGES[0]) & (scores["model_id"] == "microsoft/phi-2")]
    better = run.assign(model_id="somebody/phi-2", score=run["score"] + 1)
    means = mean_scores(pd.concat([run, better]))
    assert means["model_id"].tolist() == ["somebody/phi-2", "microsoft/phi-2"]
    assert means["rank"].tolist() == [1, pd.NA]


# A shortlist in all sources.


def test_a_shortlist_stands_in_every_view_and_what_was_not_measured_is_unknown():
    table = where_scored(SHORTLIST)
    assert len(table) == len(SHORTLIST) * len(VIEWS)
    assert list(dict.fromkeys(table["model"])) == SHORTLIST
    nobody = table[table["model"] == "nobody/nothing"]
    assert (nobody["measured"] == 0).all()
    assert nobody[["mean", "low", "high", "rank"]].isna().all(axis=None)
    newest = by_view("Qwen/Qwen3-8B-Base")
    assert [view for view, row in newest.items() if row["mean"] == row["mean"]] == ["swallow"]
    assert newest["swallow"]["mean"] == pytest.approx(67.9, abs=0.06)


def test_a_model_without_all_benchmarks_of_a_source_has_no_mean_there():
    row = by_view("google/gemma-2-9b")["euroeval-english"]
    assert 0 < row["measured"] < row["benchmarks"]
    assert np.isnan(row["mean"])


def test_an_alias_is_the_same_model_in_every_source():
    by_alias = where_scored(["meta-llama/Meta-Llama-3.1-8B"])
    pd.testing.assert_frame_equal(by_alias, where_scored(["meta-llama/Llama-3.1-8B"]))
    assert (by_alias["measured"] > 0).all()


def test_the_order_of_qwen_and_gemma_depends_on_the_source_and_that_of_gemma_and_llama_does_not():
    pairs = order_by_view(SHORTLIST).set_index(["first", "second"]).to_dict("index")
    qwen_gemma = pairs["Qwen/Qwen2.5-7B", "google/gemma-2-9b"]
    assert qwen_gemma["behind"] == ("after-finetuning",)
    assert "swallow" in qwen_gemma["ahead"]
    assert qwen_gemma["reverses_clearly"]
    gemma_llama = pairs["google/gemma-2-9b", "meta-llama/Llama-3.1-8B"]
    assert not gemma_llama["reverses"]
    assert set(gemma_llama["ahead"]) == {view.id for view in VIEWS} - {"euroeval-english"}


def test_an_empty_or_unknown_shortlist_has_no_pairs():
    assert order_by_view([]).empty
    assert order_by_view(["nobody/nothing", "nobody/else"]).empty
    assert where_scored([]).empty


# Standard errors from item counts.

PARTS = st.lists(st.builds(Part, st.integers(1, 20_000), st.floats(0, 0.9)), min_size=1, max_size=5)


@given(st.floats(0, 100), PARTS)
def test_an_error_is_positive_and_never_above_that_of_a_coin(score, parts):
    error = float(score_stderr(score, parts))
    worst = 100 * np.sqrt(sum(1 / (4 * p.items * (1 - p.chance) ** 2) for p in parts)) / len(parts)
    assert 0 < error <= worst


@given(st.floats(0, 100), st.integers(1, 5_000), st.floats(0, 0.9))
def test_more_items_never_make_an_error_larger(score, items, chance):
    few = float(score_stderr(score, [Part(items, chance)]))
    many = float(score_stderr(score, [Part(4 * items, chance)]))
    assert many <= few


def test_an_unknown_score_has_an_unknown_error():
    assert np.isnan(score_stderr([np.nan, 50.0], [Part(100)])).tolist() == [True, False]


# From a published result file of the board's harness: accuracy and its standard error,
# sqrt(p (1 - p) / (n - 1)), give the number of items.
PUBLISHED = {
    "ifeval, prompts": (0.1756007393715342, 0.01637325731205799, 541),
    "math_lvl5": (0.0075528700906344415, 0.0023759473096993293, 1_324),
    "mmlu_pro": (0.11228390957446809, 0.002878358904186553, 12_032),
    "gpqa diamond": (0.2727272727272727, 0.03173071239071728, 198),
    "gpqa main": (0.2544642857142857, 0.02060126475832284, 448),
    "gpqa extended": (0.26373626373626374, 0.018875713580372433, 546),
    "musr murder mysteries": (0.512, 0.03167708558254714, 250),
    "musr object placements": (0.27734375, 0.02803528549328419, 256),
    "musr team allocation": (0.272, 0.028200088296309975, 250),
    "bbh boolean expressions": (0.516, 0.03166998503010743, 250),
    "bbh causal judgement": (0.5133689839572193, 0.03664867131244299, 187),
    "bbh penguins": (0.21232876712328766, 0.03396197282917473, 146),
    "bbh snarks": (0.5393258426966292, 0.03746587736387869, 178),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_item_counts_are_those_that_published_figures_imply(name):
    accuracy, stderr, items = PUBLISHED[name]
    assert accuracy * items == pytest.approx(round(accuracy * items), abs=1e-9)
    if name != "math_lvl5":  # the harness pools its error over seven subjects
        assert accuracy * (1 - accuracy) / stderr**2 + 1 == pytest.approx(items, abs=0.01)


def test_the_boards_columns_have_these_items():
    columns = {column.id: column.parts for column in SOURCES["ollm-v2"].columns}
    items = {name: sum(part.items for part in parts) for name, parts in columns.items()}
    counts = {name: published[2] for name, published in PUBLISHED.items()}
    assert items["ifeval"] == counts["ifeval, prompts"]
    assert items["math_lvl5"] == counts["math_lvl5"]
    assert items["mmlu_pro"] == counts["mmlu_pro"]
    assert items["bbh"] == 5_761
    assert len(columns["bbh"]) == 24
    assert items["musr"] == 756
    diamond, main, extended = (counts[f"gpqa {name}"] for name in ("diamond", "main", "extended"))
    weights = [3] * diamond + [2] * (main - diamond) + [1] * (extended - main)
    assert items["gpqa"] == round(sum(weights) ** 2 / sum(weight**2 for weight in weights))


def test_scores_of_swallow_come_in_the_steps_of_its_item_counts():
    scores = load_scores("swallow")
    for benchmark in ("openbookqa", "math"):
        points = scores[scores["benchmark"] == benchmark]["score"]
        assert SOURCES["swallow"].column(benchmark).parts[0].items == 500
        assert (points * 5).sub((points * 5).round()).abs().max() < 1e-6
    unanswerable = 100 * 5_945 / 11_873
    assert scores[scores["benchmark"] == "squad2"]["score"].min() == round(unanswerable, 1)
