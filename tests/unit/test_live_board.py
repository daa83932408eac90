"""Reading the Hub's board file by column name, whatever its layout."""

from pathlib import Path

import pytest

from benchmarks.full_board import parquet
from components.errors import BoardError
from components.leaderboard import load_board, read_board
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
