"""Caveats, the Pareto frontier and the twins' arithmetic."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.leaderboard import (
    BENCHMARKS,
    CAVEATS,
    VINTAGES,
    as_recorded,
    load_board,
    one_run_per_model,
    pareto_frontier,
    with_caveats,
    with_twins,
)
from components.leaderboard.caveats import sizes_in_name


def caveats(vintage: str) -> pd.Series:
    board = load_board(vintage)
    rows = with_caveats(one_run_per_model(board), board)
    return rows.set_index("model")["caveats"]


def test_the_known_faults_of_the_final_board_have_caveats():
    final = caveats("2025-03-final")
    assert "type_corrected" in final["meta-llama/Llama-3.1-8B"]
    assert {"type_corrected", "no_chat_template"} <= set(final["meta-llama/Llama-3.1-8B-Instruct"])
    assert final["google/gemma-2-9b-it"] == ()


def test_the_known_faults_of_october_have_caveats():
    october = caveats("2024-10-15")
    assert "math_graded_zero" in october["Qwen/Qwen2.5-7B-Instruct"]
    assert "base_with_chat_template" in october["meta-llama/Llama-3.1-8B"]
    assert "several_runs" in october["google/gemma-2-2b"]


@pytest.mark.parametrize("vintage", VINTAGES)
def test_every_caveat_is_explained(vintage):
    assert {caveat for of_row in caveats(vintage) for caveat in of_row} <= set(CAVEATS)


def test_an_unknown_size_and_a_flag_are_caveats_and_an_unknown_flag_is_none():
    board = load_board("2025-03-final").head(3)
    board = board.assign(params_b=[np.nan, 1.0, 72.7])
    board["flagged"] = pd.array([True, None, False], dtype="boolean")
    given = with_caveats(board, board)["caveats"]
    assert "size_unknown" in given[0]
    assert [("flagged" in row) for row in given] == [True, False, False]


@pytest.mark.parametrize(
    ("model_id", "sizes"),
    [
        ("Qwen/Qwen2.5-7B", (7,)),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", (0.135,)),
        ("stabilityai/stablelm-2-1_6b", (6, 1.6)),
        ("mistralai/Mixtral-8x7B-v0.1", ()),
        ("microsoft/phi-2", ()),
        ("google/gemma-2-9b-it", (9,)),
        ("nobody/5M-Steps-Llama3_1-70B", (70,)),
        ("nobody/mini_v3_2_70b", (70, 2.7)),
        ("nobody/model_003_13b_v2", (13,)),
        ("nobody/LLAMA-3_8B_Story", (8, 3.8)),
        ("nobody/data_max_2600_3B", (3, 2600.3)),
        ("nobody/Qwen1.5-MoE-A2.7B", ()),
    ],
)
def test_the_sizes_that_a_name_may_claim(model_id, sizes):
    assert sizes_in_name(model_id) == sizes


def with_sizes(sizes: dict[str, float]) -> list[tuple[str, ...]]:
    board = load_board("2025-03-final").head(len(sizes))
    board = board.assign(model_id=list(sizes), params_b=list(sizes.values()))
    return with_caveats(board, board)["caveats"].tolist()


def test_a_size_that_any_reading_of_the_name_says_has_no_badge_and_another_has_one():
    right = {"n/7M-Gen-Llama3_1-70B": 70.6, "n/v9_2_70b": 70.6, "n/L-3_8B": 8.03, "n/s-1_6b": 1.6}
    assert not any("size_unlike_name" in row for row in with_sizes(right))
    wrong = {"n/7M-Gen-Llama3_1-70B": 8.0, "n/v9_2_70b": 13.0, "n/L-3_8B": 70.6, "n/x-7b": 3.5}
    assert all("size_unlike_name" in row for row in with_sizes(wrong))


def test_as_recorded_shows_the_boards_own_types():
    kinds = as_recorded(load_board("2025-03-final")).set_index("model_id")["kind"]
    assert kinds["meta-llama/Llama-3.1-8B"] == "fine-tuned"
    assert kinds["meta-llama/Llama-3.1-8B-Instruct"] == "base"


def test_uplift_is_the_difference_of_averages_and_splits_into_ifeval_and_the_rest():
    board = load_board("2025-03-final")
    rows = with_twins(one_run_per_model(board), board).set_index("model").to_dict("index")
    llama, twin = rows["meta-llama/Llama-3.1-8B"], rows["meta-llama/Llama-3.1-8B-Instruct"]
    assert llama["uplift"] == pytest.approx(23.76 - 14.42)
    rest = sum(twin[name] - llama[name] for name in BENCHMARKS if name != "ifeval") / 6
    assert llama["uplift_without_ifeval"] == pytest.approx(rest, abs=0.02)


def test_most_of_the_mean_uplift_is_ifeval():
    board = load_board("2025-03-final")
    rows = with_twins(one_run_per_model(board), board).dropna(subset="uplift")
    uplift, rest = rows["uplift"].mean(), rows["uplift_without_ifeval"].mean()
    assert len(rows) >= 68
    assert uplift == pytest.approx(4.95, abs=0.15)
    assert uplift - rest == pytest.approx(4.29, abs=0.15)


POINTS = st.lists(
    st.tuples(st.floats(0.1, 100), st.floats(0, 100)) | st.just((float("nan"), 50.0)), max_size=40
)


@given(POINTS)
def test_nothing_beats_a_model_on_the_frontier_and_something_every_other(points):
    models = pd.DataFrame(points, columns=["params_b", "average"], dtype=float)
    on_it = pareto_frontier(models).tolist()
    known = [place for place, (size, _) in enumerate(points) if size == size]
    for place in known:
        size, average = points[place]
        rivals = [points[other] for other in known if other != place and points[other][0] <= size]
        if on_it[place]:
            assert all(rival_average <= average for _, rival_average in rivals)
        else:
            assert any(rival_average >= average for _, rival_average in rivals)
    assert all(place in known for place, told in enumerate(on_it) if told)
    assert any(on_it) == bool(known)
