"""The leaderboard's rules on boards of a few rows, where every answer can be worked out by hand."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks.full_board import parquet
from components.assets import DatasetFile
from components.control import Control
from components.errors import BoardError
from components.leaderboard import (
    BENCHMARKS,
    BoardQuery,
    answer,
    compare_vintages,
    load_board,
    load_live_board,
    pareto_frontier,
    read_board,
    search_board,
    shortlist_scores,
    weighted_average,
    without_public_base,
)
from components.ui.leaderboard.labels import why_moved
from tests.support.live_board import recorded_layout

NULLABLE = ("chat_template", "merged", "moe", "flagged")


def board(*rows: dict[str, Any]) -> pd.DataFrame:
    """Runs with the columns of `load_board`; what a row does not say is as usual or unknown."""
    usual = {
        "recorded_type": "pretrained",
        "precision": "bfloat16",
        "chat_template": pd.NA,
        "params_b": float("nan"),
        "license": None,
        "architecture": "LlamaForCausalLM",
        "average": 10.0,
        **dict.fromkeys(BENCHMARKS, 10.0),
        **dict.fromkeys(("merged", "moe", "flagged"), pd.NA),
        "kind": "base",
    }
    frame = pd.DataFrame([usual | row for row in rows])
    named = frame.get("model", frame["model_id"])
    frame["model"] = named.fillna(frame["model_id"])
    frame["recorded_kind"] = frame["kind"]
    frame["organization"] = frame["model_id"].str.split("/").str[0]
    return frame.astype(dict.fromkeys(NULLABLE, "boolean"))


def ids(rows: pd.DataFrame) -> list[str]:
    return rows["model_id"].tolist()


def by_id(rows: pd.DataFrame, column: str) -> dict[str, Any]:
    return dict(zip(rows["model_id"], rows[column], strict=True))


# The frontier


def test_the_frontier_is_drawn_through_base_models_alone():
    runs = board(
        {"model_id": "a/small-instruct", "kind": "instruct", "params_b": 1.0, "average": 90.0},
        {"model_id": "a/small", "params_b": 1.0, "average": 20.0},
        {"model_id": "a/large", "params_b": 7.0, "average": 30.0},
        {"model_id": "a/beaten", "params_b": 7.5, "average": 25.0},
        {"model_id": "a/merge", "kind": "merge", "params_b": 8.0, "average": 99.0},
    )
    on_it = by_id(answer(runs, BoardQuery()), "frontier")
    assert {model for model, frontier in on_it.items() if frontier} == {"a/small", "a/large"}


def test_of_equals_on_the_frontier_the_first_counts_and_the_unknown_never_do():
    models = pd.DataFrame(
        {
            "params_b": [7.0, 7.0, 7.0, float("nan"), 9.0, 1.0],
            "average": [5.0, 6.0, 6.0, 9.0, 6.0, float("nan")],
        },
        index=[10, 11, 12, 13, 14, 15],
    )
    assert pareto_frontier(models).to_dict() == {
        **dict.fromkeys((10, 12, 13, 14, 15), False),
        11: True,
    }


# The answer to a query

SIZES = board(
    {"model_id": "a/one", "params_b": 1.0, "average": 10.0, "license": "mit"},
    {"model_id": "a/nine", "params_b": 9.0, "average": 30.0, "precision": "float16"},
    {"model_id": "b/unknown", "average": 20.0, "moe": True},
    {"model_id": "b/tuned", "kind": "fine-tuned", "params_b": 9.0, "average": 30.0},
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (BoardQuery(), ["a/nine", "b/tuned", "b/unknown", "a/one"]),
        (BoardQuery(kinds=["base"]), ["a/nine", "b/unknown", "a/one"]),
        (BoardQuery(min_params_b=9.0), ["a/nine", "b/tuned"]),
        (BoardQuery(max_params_b=1.0), ["a/one"]),
        (BoardQuery(organizations=["b"]), ["b/tuned", "b/unknown"]),
        (BoardQuery(licenses=["mit"]), ["a/one"]),
        (BoardQuery(precisions=["float16"]), ["a/nine"]),
        (BoardQuery(hide=["moe"]), ["a/nine", "b/tuned", "a/one"]),
        (BoardQuery(search="@org:a; nine"), ["a/nine"]),
        (BoardQuery(rank_by="params_b"), ["a/one", "a/nine", "b/tuned", "b/unknown"]),
    ],
)
def test_each_filter_leaves_exactly_what_it_names_in_the_order_asked_for(query, expected):
    assert ids(answer(SIZES, query)) == expected


def test_equals_share_the_better_rank_and_the_unknown_has_none():
    assert by_id(answer(SIZES, BoardQuery()), "rank") == {
        "a/nine": 1,
        "b/tuned": 1,
        "b/unknown": 3,
        "a/one": 4,
    }
    ranks = answer(SIZES, BoardQuery(rank_by="params_b"))["rank"]
    assert ranks.iloc[:3].tolist() == [1, 2, 2]
    assert ranks.isna().tolist() == [False, False, False, True]


def test_of_several_runs_the_best_counts_unless_all_are_asked_for():
    runs = board(
        {"model_id": "a/m", "average": 1.0, "precision": "float16"},
        {"model_id": "a/m", "average": 2.0},
    )
    assert answer(runs, BoardQuery())["average"].tolist() == [2.0]
    every = answer(runs, BoardQuery(every_run=True))
    assert every["average"].tolist() == [2.0, 1.0]
    assert all("several_runs" in caveats for caveats in every["caveats"])


def test_a_ranking_by_twins_takes_in_instruct_models_without_a_public_base_if_asked():
    alone = sorted(without_public_base())[0]
    runs = board(
        {"model_id": "a/base", "average": 10.0},
        {"model_id": alone, "kind": "instruct", "average": 40.0},
        {"model_id": "a/other-instruct", "kind": "instruct", "average": 50.0},
    )
    query = BoardQuery(kinds=["base"], rank_by="twin_score", instruct_without_base=True)
    by_twin = answer(runs, query)
    assert ids(by_twin) == [alone, "a/base"]
    assert by_twin["twin_score"].iloc[0] == 40.0
    assert ids(answer(runs, replace(query, instruct_without_base=False))) == ["a/base"]
    assert ids(answer(runs, replace(query, rank_by="average"))) == ["a/base"]


def test_uplift_is_the_twins_average_less_the_bases_and_a_sixth_of_it_may_be_ifeval():
    runs = board(
        {"model_id": "Qwen/Qwen2.5-7B", "average": 20.0, "ifeval": 30.0},
        {
            "model_id": "Qwen/Qwen2.5-7B-Instruct",
            "kind": "instruct",
            "average": 32.0,
            "ifeval": 78.0,
        },
    )
    row = answer(runs, BoardQuery(kinds=["base"])).iloc[0]
    assert row["twin"] == "Qwen/Qwen2.5-7B-Instruct"
    assert (row["twin_average"], row["uplift"], row["twin_score"]) == (32.0, 12.0, 32.0)
    assert row["uplift_without_ifeval"] == pytest.approx(12.0 - 48.0 / 6)
    assert row["numbering"] == "per-digit"


def test_a_shortlist_keeps_its_order_and_finds_a_model_under_the_registrys_id():
    runs = board(
        {"model_id": "a/m", "model": "a/renamed", "average": 3.0, "params_b": 2.0},
        {"model_id": "a/n", "average": 3.0, "params_b": 2.0},
    )
    scores = shortlist_scores(runs, ["a/n", "a/renamed", "a/none"])
    assert scores["model"].tolist() == ["a/n", "a/renamed", "a/none"]
    assert scores["params_b"].tolist()[:2] == [2.0, 2.0]
    assert scores["average"].isna().tolist() == [False, False, True]


def test_the_weighted_average_weighs_each_benchmark_and_needs_all_of_them():
    scores = {name: float(place) for place, name in enumerate(BENCHMARKS)}  # 0 to 5
    runs = board({"model_id": "a/m", **scores}, {"model_id": "a/n", "gpqa": float("nan")})
    assert weighted_average(runs, {}).tolist()[0] == pytest.approx(2.5)
    first, *_, last = BENCHMARKS
    weights = dict.fromkeys(BENCHMARKS, 0.0) | {first: 1.0, last: 3.0}
    assert weighted_average(runs, weights).tolist()[0] == pytest.approx(3.75)
    assert weighted_average(runs, {}).isna().tolist() == [False, True]
    assert weighted_average(runs, dict.fromkeys(BENCHMARKS, 0.0)).isna().all()


def test_a_weight_that_is_not_given_is_one():
    scores = {name: float(place) for place, name in enumerate(BENCHMARKS)}
    first, *_ = BENCHMARKS
    weighted = weighted_average(board({"model_id": "a/m", **scores}), {first: 5.0})
    assert weighted.tolist() == [pytest.approx(15 / 10)]


def test_kinds_as_recorded_are_what_is_filtered_and_shown_when_asked_for():
    runs = SIZES.assign(recorded_kind="fine-tuned")
    assert ids(answer(runs, BoardQuery(kinds=["base"], recorded=True))) == []
    assert set(answer(runs, BoardQuery(recorded=True))["kind"]) == {"fine-tuned"}
    assert set(answer(runs, BoardQuery())["kind"]) == {"base", "fine-tuned"}


def test_an_answers_rows_are_numbered_from_zero_in_its_order():
    rows = answer(SIZES, BoardQuery(rank_by="params_b", search="@org:a|b"))
    assert rows.index.tolist() == [0, 1, 2, 3]
    assert "index" not in rows


# Search


def test_a_fields_value_may_hold_a_colon_and_found_rows_are_numbered_anew():
    found = search_board(SIZES.assign(license="a:b"), "@license:^a:b$; nine")
    assert ids(found) == ["a/nine"]
    assert found.index.tolist() == [0]
    assert found.columns.tolist() == SIZES.columns.tolist()


def test_a_search_fits_the_rows_that_a_filter_has_left():
    board = load_board("2025-03-final")
    left = board[board["kind"] == "base"]
    found = search_board(left, "@org:^google$")
    assert ids(found) == ids(left[left["organization"] == "google"])
    assert len(found) > 1


def test_a_column_of_which_nothing_is_known_matches_nothing():
    assert search_board(SIZES.assign(license=float("nan")), "@license:.*").empty


def test_the_reason_why_an_expression_is_none_is_given_without_the_librarys_opening():
    with pytest.raises(BoardError) as caught:
        search_board(SIZES, "(")
    assert str(caught.value).startswith("'(' is no regular expression: missing )")


# Movement


def moved(before: dict[str, Any], after: dict[str, Any]) -> str:
    earlier, later = board({"model_id": "a/m", **before}), board({"model_id": "a/m", **after})
    return why_moved(compare_vintages(earlier, later, ["a/m"]).iloc[0].to_dict())


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ({}, {}, "unchanged"),
        ({"bbh": 0.0}, {"bbh": 0.005}, "unchanged"),
        ({"math_lvl5": 1.0}, {"math_lvl5": 9.0}, "MATH graded anew"),
        ({}, {"bbh": 9.0, "gpqa": 9.0}, "another run: same settings; BBH, GPQA differ"),
        ({}, {"bbh": 9.0, "chat_template": True}, "another run: same settings; BBH differ"),
        (
            {"chat_template": False},
            {"bbh": 9.0, "chat_template": True},
            "another run: then with chat template; BBH differ",
        ),
        (
            {"chat_template": True},
            {"bbh": 9.0, "chat_template": False},
            "another run: then without chat template; BBH differ",
        ),
        (
            {"chat_template": False},
            {"bbh": 9.0, "chat_template": False},
            "another run: same settings; BBH differ",
        ),
        (
            {"model": "a/m", "model_id": "a/old", "precision": "float16"},
            {"model": "a/m", "model_id": "a/new", "bbh": 9.0},
            "another run: a/old, then a/new, float16, then bfloat16; BBH differ",
        ),
    ],
)
def test_why_a_model_moved_names_every_difference(before, after, why):
    assert moved(before, after) == why


def test_a_model_is_ranked_among_its_vintage_best_first_and_equals_share_the_better_rank():
    runs = board(
        {"model_id": "a/best", "average": 30.0},
        {"model_id": "a/equal", "average": 20.0},
        {"model_id": "a/equal-too", "average": 20.0},
        {"model_id": "a/last", "average": 10.0},
    )
    rows = compare_vintages(runs, runs, ids(runs))
    assert rows["rank_before"].tolist() == [1, 2, 2, 4]
    assert (rows["rank_before"].dtype, rows["rank_after"].dtype) == ("Int64", "Int64")


def test_models_are_ranked_among_those_that_both_vintages_list():
    before = board(
        {"model_id": "a/gone", "average": 30.0},
        {"model_id": "a/stays", "average": 20.0},
        {"model_id": "a/stays-too", "average": 10.0},
    )
    after = board(
        {"model_id": "a/new", "average": 40.0},
        {"model_id": "a/stays", "average": 20.0},
        {"model_id": "a/stays-too", "average": 25.0},
    )
    rows = compare_vintages(before, after, ["a/gone", "a/stays", "a/stays-too", "a/new"])
    assert rows["rank_before"].fillna(0).tolist() == [0, 1, 2, 0]
    assert rows["rank_after"].fillna(0).tolist() == [0, 2, 1, 0]


def test_models_that_no_vintage_lists_have_numbers_that_are_unknown():
    rows = compare_vintages(SIZES, SIZES, ["no/body"])
    assert rows[["average_before", "average_after", "change"]].dtypes.eq("float64").all()
    assert rows["change"].isna().all()


# The live board's file


def read(tmp_path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    file = tmp_path / "board.parquet"
    file.write_bytes(parquet(frame))
    return read_board(file)


def test_a_score_or_size_that_is_no_number_is_unknown_and_the_others_stay(tmp_path: Path):
    frame = recorded_layout().head(4).astype({"BBH": object, "#Params (B)": object})
    frame["BBH"] = ["n/a", "12.5", "13.5", "14.5"]
    frame["#Params (B)"] = ["?", "0.5", "0", "7"]
    rows = read(tmp_path, frame).set_index("model_id").loc[frame["fullname"]]
    assert rows["bbh"].isna().tolist() == [True, False, False, False]
    assert rows["bbh"].tolist()[1:] == [12.5, 13.5, 14.5]
    assert rows["params_b"].isna().tolist() == [True, False, True, False]
    assert rows["params_b"].dropna().tolist() == [0.5, 7.0]


def test_the_live_board_tells_its_commit_its_last_submission_and_why_the_hub_was_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    frame = recorded_layout().head(3)
    frame["Submission Date"] = ["2025-01-31", "2025-02-28", "2025-02-30"]
    file = tmp_path / "board.parquet"
    file.write_bytes(parquet(frame))
    asked: list[tuple[str, str]] = []

    def fetch(repo_id: str, name: str, control: Control | None) -> DatasetFile:
        asked.append((repo_id, name))
        if control is not None:
            control.report("reading")
        return DatasetFile(file, "c0ffee", "it is asleep")

    monkeypatch.setattr("components.leaderboard.live.fetch_dataset_file", fetch)
    stages: list[str] = []
    live = load_live_board(Control(lambda progress: stages.append(progress.stage)))
    assert stages == ["reading"]
    assert asked == [("open-llm-leaderboard/contents", "data/train-00000-of-00001.parquet")]
    assert (live.revision, live.newest, live.hub_away) == (
        "c0ffee",
        date(2025, 2, 28),
        "it is asleep",
    )
    assert ids(live.board) == frame["fullname"].tolist()
    frame["Submission Date"] = None
    file.write_bytes(parquet(frame))
    assert load_live_board().newest is None
