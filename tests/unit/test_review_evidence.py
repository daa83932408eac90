"""The evidence on real models, its sentences, its texts, and the record that is handed over."""

import math
import re
from dataclasses import asdict, replace
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from components.errors import AssetError, Attempt
from components.evaluation import Interval
from components.leaderboard import VINTAGES, ModelFacts, model_facts
from components.review import (
    Decision,
    Fact,
    MustHaves,
    PriceFigures,
    Record,
    RunFigures,
    TextStore,
    TokenizerFigures,
    Workload,
    gather,
    html_record,
    licence_in_words,
    markdown_record,
    rank,
    reasons_against,
    reasons_for,
    strike_out,
)
from components.review.evidence import gigabytes
from components.review.texts import MOST_CHARACTERS, text_id

LLAMA, QWEN, GEMMA = "meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B", "google/gemma-2-9b"
PHI = "microsoft/Phi-3-mini-4k-instruct"
MODELS = (LLAMA, QWEN, GEMMA, PHI)
RUN = RunFigures(
    "abcdef0123456789",
    "the catalogue",
    "29 November 2026",
    {
        LLAMA: PriceFigures(Interval(80, 60, 100), 50, Interval(0.8, 0.7, 0.9)),
        QWEN: PriceFigures(Interval(200, 190, 210), 50),
    },
)
TOKENIZERS = {
    LLAMA: TokenizerFigures("whole-number", 1.0, 1.0, 120.0, 50, "the catalogue", "npm llama3_1"),
    QWEN: AssetError("Not fetched.", way_out="Wait.", attempts=[Attempt("Hub", "offline")]),
}
UNKNOWN = ModelFacts("nobody/nothing", "nobody/nothing", None, None, None, None)


def evidence(models=MODELS):
    known = [UNKNOWN if model == UNKNOWN.id else model_facts(model) for model in models]
    return gather(known, {one.id: one.label for one in known}, TOKENIZERS, RUN, Workload())


def fact(matrix, key, model) -> Fact:
    """The fact of a row that is there."""
    found = matrix.fact(key, model)
    assert found is not None
    return found


def record(**changes):
    matrix = evidence()
    licences = {model: model_facts(model).license for model in MODELS}
    must = MustHaves(max_params_b=9, licence="permissive")
    decision = Decision(
        LLAMA,
        "- <b>Because</b> of $5",
        "Nothing | much",
        "",
        "Ada",
        "2026-11-29",
        must,
        {"after": 1.0},
    )
    made = Record(
        matrix,
        replace(decision, **changes),
        strike_out(matrix, licences, must),
        rank(matrix, (LLAMA, QWEN, GEMMA), {"after": 1.0}),
        "https://example.org/?models=a&decision=b",
        "29 November 2026",
    )
    return made


def test_scores_of_every_vintage_are_there_with_their_caveats():
    matrix = evidence()
    final, february, october = reversed(VINTAGES)
    assert fact(matrix, f"base@{final}", QWEN).text == "26.02"
    assert fact(matrix, f"base@{october}", LLAMA).text == "13.78"
    twin = fact(matrix, f"twin@{final}", LLAMA)
    assert (twin.text, twin.spoilt) == ("23.76", True)
    assert "no chat template" in twin.caveat
    assert "better run: 28.20, February 2025" in twin.caveat
    assert not fact(matrix, f"twin@{february}", LLAMA).spoilt
    assert fact(matrix, "after", GEMMA).text == "77.5"
    assert (fact(matrix, f"base@{final}", QWEN).stderr or 0) > 0


def test_each_fact_that_is_known_has_a_source_and_each_unknown_one_says_what_to_do():
    matrix = evidence((*MODELS, UNKNOWN.id))
    for row in matrix.rows:
        for model, one in row.facts.items():
            assert one.source if one.known else one.to_do, (row.key, model)
            assert one.known == (not one.to_do)


def test_of_a_model_that_nobody_knows_all_is_unknown_and_nothing_is_zero():
    matrix = evidence((UNKNOWN.id,))
    assert {one.text for row in matrix.rows for one in row.facts.values()} == {"–"}
    assert {one.value for row in matrix.rows for one in row.facts.values()} == {None}


def test_price_errors_name_their_run_and_a_model_outside_it_says_so():
    matrix = evidence()
    error = fact(matrix, "price_error", LLAMA)
    assert error.text == "$80"
    assert "95 %: $60 to $100" in error.detail
    assert "50 rows" in error.detail
    assert "run abcdef01" in error.source
    assert fact(matrix, "price_error", GEMMA).to_do.startswith("Not in this run.")
    assert "offline" in fact(matrix, "strategy", QWEN).to_do


SIZED = ModelFacts("nobody/sized", "nobody/sized", "base", 3.0, "cc-by-nc-4.0", "board")
NO_INTERVAL = Interval(70.0, math.nan, math.nan)


def every_kind_of_evidence():
    """Models, tokenizers and runs of which each is known in another way."""
    known = [*map(model_facts, MODELS), SIZED, UNKNOWN]
    tokenizers = {
        **TOKENIZERS,
        GEMMA: TokenizerFigures(
            "digits", 2.996, math.nan, 1_234.5, 1_070, "your file", "pypi gemma_tokenizer"
        ),
        PHI: AssetError("Not on this host.", way_out="Wait."),
        SIZED.id: TokenizerFigures("digits", 2.5, 0.625, 99.5, 7, "the catalogue", "Hub"),
    }
    models = {
        LLAMA: PriceFigures(
            Interval(80, 60, 100), 1_050, Interval(0.8, 0.7, 0.9), Interval(1_061, 1_051, 1_071)
        ),
        QWEN: PriceFigures(Interval(200, 190, 210), 50),
        GEMMA: PriceFigures(Interval(math.nan, math.nan, math.nan), 0),
        PHI: PriceFigures(NO_INTERVAL, 3, NO_INTERVAL),
    }
    names = {one.id: one.label for one in known}
    latest = {LLAMA: Fact("$5", "this visit")}
    return gather(known, names, tokenizers, replace(RUN, models=models), Workload(), latest)


def rounded(value: Any) -> Any:
    """The same on every machine."""
    match value:
        case float():
            return float(f"{value:.9g}")
        case dict():
            return {key: rounded(entry) for key, entry in value.items()}
        case list() | tuple():
            return list(map(rounded, value))
    return value


def test_evidence_of_every_kind_is_the_one_reviewed(snapshot: SnapshotAssertion):
    # After a meant change: --snapshot-update, and read the difference.
    rows = [asdict(row) for row in every_kind_of_evidence().rows]
    assert snapshot.use_extension(JSONSnapshotExtension) == rounded(rows)


def test_the_reason_why_a_tokenizer_is_not_there_ends_with_one_full_stop():
    error = AssetError("The tokenizer could not be fetched.", way_out="Wait.")
    matrix = gather([model_facts(PHI)], {}, {PHI: error}, None, Workload())
    assert fact(matrix, "strategy", PHI).to_do == (
        "Its tokenizer can't be had: The tokenizer could not be fetched."
    )


def test_memory_is_told_with_a_decimal_below_10_gb_only():
    assert [gigabytes(count) for count in (9.94e9, 1e10, 1.2345e12)] == [
        "9.9 GB",
        "10 GB",
        "1,234 GB",
    ]


def test_who_is_tied_with_the_best_is_counted_over_sources_that_have_two_of_them():
    matrix = evidence((LLAMA, QWEN))
    assert fact(matrix, "tied", LLAMA).known
    alone = evidence((GEMMA,))
    assert not fact(alone, "tied", GEMMA).known


def test_sentences_name_figure_and_source_and_do_not_hide_noise():
    matrix = evidence((LLAMA, QWEN))
    why = reasons_for(matrix, QWEN, "apache-2.0")
    assert "After equal fine-tuning its mean is 74.8" in why
    assert "within noise of Llama 3.1 8B" in why
    assert "LM-Harmony" in why
    against = reasons_against(matrix, LLAMA, "llama3.1")
    assert "no chat template" in against
    assert "Qwen2.5 7B did better" in against
    assert "with conditions" in against


def test_the_same_record_has_the_same_bytes_dates_apart():
    first, again = record(), record()
    assert html_record(first) == html_record(again)
    assert markdown_record(first) == markdown_record(again)
    later = replace(again, day="1 January 2027")
    for made in (html_record, lambda one: markdown_record(one).encode()):
        assert made(later).replace(b"1 January 2027", b"29 November 2026") == made(first)


def test_the_html_record_is_escaped_and_names_what_is_struck_out():
    page = html_record(record()).decode()
    assert "<b>Because" not in page
    assert "&lt;b&gt;Because&lt;/b&gt; of $5" in page
    assert "Gemma 2 9B is struck out: the licence has conditions." in page
    assert "size: A4" in page
    assert not re.findall(r'(?:src|href)="https?://(?!example\.org)', page)


def test_the_markdown_record_is_a_table_of_all_models_to_the_letter():
    text = markdown_record(record())
    assert r"\<b\>Because\</b\> of \$5" in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {len(MODELS) + 2}
    assert text.rstrip().endswith("<https://example.org/?models=a&decision=b>")


def test_what_is_of_one_visit_alone_is_not_handed_over():
    matrix = evidence()
    shown = gather(
        [model_facts(LLAMA)],
        {LLAMA: "L"},
        {},
        None,
        Workload(),
        {LLAMA: matrix.rows[0].facts[LLAMA]},
    )
    assert shown.fact("latest", LLAMA) is not None
    handed_over = shown.handed_over()
    assert handed_over.fact("latest", LLAMA) is None
    assert (handed_over.models, handed_over.names) == (shown.models, shown.names)


@pytest.mark.parametrize(
    ("license", "shipping"),
    [
        ("apache-2.0", "yes"),
        ("mit", "yes"),
        ("llama3.1", "conditions"),
        ("gemma", "conditions"),
        ("cc-by-nc-4.0", "no"),
        ("other", "unknown"),
        (None, "unknown"),
    ],
)
def test_each_licence_says_whether_it_may_be_shipped(license, shipping):
    assert licence_in_words(license).shipping == shipping


@pytest.mark.parametrize(
    ("license", "words"),
    [
        (None, "unknown: read the model's page on the Hub"),
        ("apache-2.0", "yes: Apache 2.0, keep the notices"),
        ("bsd-3-clause", "yes: bsd-3-clause, a permissive licence"),
        ("cc-by-nc-4.0", "not commercially: cc-by-nc-4.0"),
        ("other", "other: read it, Basewise does not know what it allows"),
    ],
)
def test_a_licence_in_words_says_what_is_asked_for(license, words):
    assert licence_in_words(license).words == words


def test_a_long_text_comes_back_by_its_id_from_another_store_of_the_same_folder(tmp_path):
    text = "Because\r\n" * 500
    key = TextStore(tmp_path / "texts").put(text)
    assert key == text_id(text)
    assert TextStore(tmp_path / "texts").get(key) == text


def test_a_text_that_is_not_there_damaged_or_of_an_unusable_id_is_none(tmp_path):
    store = TextStore(tmp_path)
    assert store.get("0" * 20) is None
    assert store.get("../../etc/passwd") is None
    key = store.put("one")
    (tmp_path / key).write_text("another", encoding="utf-8")
    assert store.get(key) is None
    with pytest.raises(ValueError, match="at most"):
        store.put("x" * (MOST_CHARACTERS + 1))


def test_the_rows_whose_tokens_are_counted_are_named_and_unread_text_says_what_to_do():
    matrix = evidence()
    counted = fact(matrix, "row_tokens", LLAMA)
    assert (counted.text, counted.detail) == ("120 per row", "50 rows of the catalogue")
    for key in ("bits", "read_out"):
        assert "page Evaluation" in fact(matrix, key, GEMMA).to_do
