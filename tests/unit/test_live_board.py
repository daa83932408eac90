"""Reading the Hub's board file by column name, whatever its layout."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks.full_board import parquet
from components.errors import BoardError
from components.leaderboard import filter_board, load_board, read_board, with_caveats
from components.registry import load_registry
from tests.support.live_board import LAYOUTS, recorded_layout


@pytest.mark.parametrize("layout", LAYOUTS)
def test_older_and_newer_layouts_give_the_same_board(tmp_path: Path, layout: str):
    file = tmp_path / "board.parquet"
    file.write_bytes(parquet(recorded_layout(layout)))
    board, bundled = read_board(file), load_board("2025-03-final")
    assert board["average"].tolist() == bundled["average"].tolist()
    assert set(zip(board["model_id"], board["kind"], strict=True)) == set(
        zip(bundled["model_id"], bundled["kind"], strict=True)
    )
    assert not board["merged"].any()
    assert not board["moe"].any()


def test_merges_of_both_layouts_are_known(tmp_path: Path):
    file = tmp_path / "board.parquet"
    old, new = recorded_layout("2024-10"), recorded_layout("2025-02")
    old["Not_Merged"], new["Merged"] = [False, *[True] * 200], [True, *[False] * 200]
    for frame in (old, new):
        file.write_bytes(parquet(frame))
        merged = read_board(file).set_index("model_id")["merged"]
        assert list(merged[merged].index) == [frame["fullname"][0]]


def test_a_recorded_size_of_minus_one_or_zero_is_unknown(tmp_path: Path):
    frame = recorded_layout()
    frame.loc[0, "#Params (B)"], frame.loc[1, "#Params (B)"] = -1, 0
    file = tmp_path / "board.parquet"
    file.write_bytes(parquet(frame))
    assert read_board(file)["params_b"].isna().sum() >= 2


@pytest.mark.parametrize(
    ("recorded", "kind"),
    [
        ("🟢 pretrained", "base"),
        ("pretrained", "base"),
        ("🟩 continuously pretrained", "base"),
        ("💬 chat models (RLHF, DPO, IFT, ...)", "instruct"),
        ("chat models", "instruct"),
        ("🔶 fine-tuned on domain-specific datasets", "fine-tuned"),
        ("🤝 base merges and moerges", "merge"),
        ("🌸 multimodal", "other"),
        ("❓ other", "other"),
        (None, "other"),
    ],
)
def test_the_kind_follows_from_what_the_board_calls_the_type(tmp_path: Path, recorded, kind):
    frame = recorded_layout().assign(Type=recorded, fullname="nobody/nothing")
    file = tmp_path / "board.parquet"
    file.write_bytes(parquet(frame))
    assert set(read_board(file)["kind"]) == {kind}


def test_a_chat_template_told_in_words_is_read_and_nonsense_is_unknown(tmp_path: Path):
    frame = recorded_layout().head(3).assign(**{"Chat Template": ["True", "False", "perhaps"]})
    file = tmp_path / "board.parquet"
    file.write_bytes(parquet(frame))
    told = read_board(file)["chat_template"]
    assert told.isna().sum() == 1
    assert (told.sum(), (~told).sum()) == (1, 1)


def test_missing_optional_columns_are_unknown(tmp_path: Path):
    file = tmp_path / "board.parquet"
    file.write_bytes(parquet(recorded_layout().drop(columns=["Hub License", "#Params (B)"])))
    board = read_board(file)
    assert board["license"].isna().all()
    assert board["params_b"].isna().all()


def test_a_layout_without_needed_columns_is_refused_with_their_names(tmp_path: Path):
    file = tmp_path / "board.parquet"
    file.write_bytes(parquet(recorded_layout().drop(columns=["fullname", "GPQA"])))
    with pytest.raises(BoardError, match="fullname, GPQA"):
        read_board(file)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path):
    file = tmp_path / "board.parquet"
    file.write_bytes(b"<html>502</html>")
    with pytest.raises(BoardError, match="can't be read"):
        read_board(file)


MIXTURES = {
    "mistralai/Mixtral-8x7B-v0.1": "MixtralForCausalLM",
    "nobody/merge-4x8B": "Unknown",
    "nobody/Tiny-MoE": "Qwen2MoeForCausalLM",
}
DENSE = {"google/gemma-2-9b": "Gemma2ForCausalLM", "Qwen/Qwen2-7B": "Qwen2ForCausalLM"}


def board_with_moe(tmp_path: Path, moe: list[Any]):
    architectures = MIXTURES | DENSE | {"nobody/secret": "Unknown"}
    frame = recorded_layout().head(len(architectures))
    frame = frame.assign(fullname=list(architectures), Architecture=list(architectures.values()))
    file = tmp_path / "board.parquet"
    file.write_bytes(parquet(frame.assign(MoE=moe)))
    return read_board(file).set_index("model_id")


def test_a_turned_moe_column_is_turned_back_and_said(tmp_path: Path):
    board = board_with_moe(tmp_path, [False, False, False, True, True, True])
    assert set(board.index[board["moe"]]) == set(MIXTURES)
    assert board["moe_turned"].all()
    left = filter_board(board.reset_index(), hide=["moe"])
    assert set(left["model_id"]) == {*DENSE, "nobody/secret"}
    caveats = with_caveats(left, left)["caveats"]
    assert all("moe_turned" in of_row for of_row in caveats)


def test_a_right_moe_column_is_believed_where_the_architecture_is_not_known(tmp_path: Path):
    board = board_with_moe(tmp_path, [True, True, True, False, False, True])
    assert set(board.index[board["moe"]]) == {*MIXTURES, "nobody/secret"}
    assert not board["moe_turned"].any()


def test_where_the_board_says_nothing_the_architecture_does(tmp_path: Path):
    board = board_with_moe(tmp_path, [None] * 6)
    assert set(board.index[board["moe"].fillna(False)]) == set(MIXTURES)
    assert pd.isna(board["moe"]["nobody/secret"])
    assert not board["moe_turned"].any()


@pytest.mark.parametrize("blank", [None, "", "  ", "?", "unknown"])
def test_a_blank_licence_is_unknown(tmp_path: Path, blank):
    frame = recorded_layout().head(2).assign(**{"Hub License": [blank, " mit "]})
    file = tmp_path / "board.parquet"
    file.write_bytes(parquet(frame))
    licenses = read_board(file)["license"]
    assert licenses.isna().sum() == 1
    assert licenses.dropna().tolist() == ["mit"]


def test_a_model_has_one_size_whatever_its_runs_record(tmp_path: Path):
    frame = recorded_layout().head(5)
    frame = frame.assign(
        fullname=["nobody/x", "nobody/x", "nobody/x", "google/gemma-2-9b", "nobody/y"],
        **{"#Params (B)": [8.03, 4.65, 8.03, 5.1, 4.0]},
    )
    file = tmp_path / "board.parquet"
    file.write_bytes(parquet(frame))
    sizes = read_board(file).groupby("model_id")["params_b"].unique().map(list).to_dict()
    gemma = load_registry().get("google/gemma-2-9b").params_b
    assert sizes == {"nobody/x": [8.03], "google/gemma-2-9b": [gemma], "nobody/y": [4.0]}


def test_version_one_of_the_board_is_refused_with_what_it_lacks(tmp_path: Path):
    file = tmp_path / "board.parquet"
    columns = ["Model", "Average", "ARC (25-shot)", "HellaSwag (10-shot)", "Parameters"]
    file.write_bytes(parquet(pd.DataFrame([["a/b", 60.4, 61.9, 83.5, 33.3]], columns=columns)))
    with pytest.raises(BoardError, match=r"fullname, .*IFEval"):
        read_board(file)
