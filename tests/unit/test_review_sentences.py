"""Sentences for and against a model, to the letter, on made-up evidence."""

import pytest

from components.review import Fact, Matrix, Ranking, Row, in_words, reasons_against, reasons_for
from components.review.facts import unknown

MODELS = ("x/alpha", "x/beta", "x/gamma")
ALPHA = MODELS[0]
BASE, TWIN = "base@2025-03-final", "twin@2025-03-final"
MEASURE = unknown("Measure it.")


def matrix(**rows: tuple[Fact, Fact, Fact]) -> Matrix:
    """Rows by key (`base` and `twin` are of the newest board), of Alpha, Beta and Gamma."""
    keys = {"base": BASE, "twin": TWIN}
    made = [
        Row(keys.get(key, key), key.title(), "g", dict(zip(MODELS, facts, strict=True)))
        for key, facts in rows.items()
    ]
    return Matrix(MODELS, {model: model[2:].title() for model in MODELS}, tuple(made))


def fact(value: float, source: str, stderr: float | None = None, caveat: str = "") -> Fact:
    return Fact(f"{value:g}", source, value, stderr, caveat=caveat)


EVIDENCE = matrix(
    strategy=(Fact("whole-number", "npm"), Fact("digits", "npm"), Fact("digits", "npm")),
    after=(MEASURE, fact(70, "harmony"), fact(60, "harmony")),
    base=(fact(10, "board"), fact(20, "board"), fact(30, "board")),
    twin=(fact(5, "board", caveat="no chat template"), MEASURE, MEASURE),
    price_error=(fact(80, "run", 2.0), fact(82, "run", 2.0), fact(120, "run", 2.0)),
    bits=(fact(0.5, "run"), fact(0.75, "run"), fact(0.625, "run")),
    qlora=(Fact("9.5 GB", "computed", 9.5), MEASURE, MEASURE),
)


def test_what_speaks_for_a_model_is_said_line_by_line_with_figure_and_source():
    assert reasons_for(EVIDENCE, ALPHA, "mit").splitlines() == [
        "- Its mean absolute error on prices is 80, within noise of Beta (run).",
        "- It needs 0.5 bits per byte of the rows' text, the best of the 3 of these models that"
        " are measured (run).",
        "- It writes each whole price below $1,000 as one token: a convenience, not a proven gain"
        " (npm).",
        "- May we ship it: yes: MIT, keep the notice.",
        "- QLoRA needs about 9.5 GB (computed).",
    ]


def test_what_speaks_against_a_model_is_said_line_by_line_with_figure_and_source():
    ranking = Ranking({ALPHA: 1.0}, ("x/beta", "x/gamma"), (), {})
    assert reasons_against(EVIDENCE, ALPHA, "cc-by-nc-4.0", ranking).splitlines() == [
        "- After: unknown. Measure it.",
        "- Its own average is 10; Beta and Gamma did better (board).",
        "- Its instruct twin's average is 5, with a caveat: no chat template (board).",
        "- May we ship it: not commercially: cc-by-nc-4.0.",
        "- By the weights set, its lead over Beta and Gamma is within noise.",
    ]


@pytest.mark.parametrize(
    ("key", "higher", "sentence"),
    [
        ("after", True, "After equal fine-tuning its mean is 8"),
        ("base", True, "Its own average is 8"),
        ("twin", True, "Its instruct twin's average is 8"),
        ("price_error", False, "Its mean absolute error on prices is 8"),
        ("bits", False, "It needs 8 bits per byte of the rows' text"),
    ],
)
def test_each_figure_is_compared_in_its_own_direction(key, higher, sentence):
    worse, better = (9, 7) if not higher else (7, 9)
    lead = matrix(**{key: (fact(8, "s"), fact(worse, "s"), MEASURE)})
    best = "the best of the 2 of these models that are measured"
    assert reasons_for(lead, ALPHA, None) == f"- {sentence}, {best} (s)."
    behind = matrix(**{key: (fact(8, "s"), fact(better, "s"), MEASURE)})
    assert reasons_for(behind, ALPHA, None) == ""
    assert reasons_against(behind, ALPHA, "mit") == f"- {sentence}; Beta did better (s)."


def test_two_figures_are_apart_beyond_what_both_errors_leave_open_together():
    # 1.96 times the root of 3² + 4² is 9.8.
    for ahead, tied in ((9.7, True), (9.9, False)):
        rows = matrix(after=(fact(50, "s", 3.0), fact(50 + ahead, "s", 4.0), MEASURE))
        assert ("within noise of Beta" in reasons_for(rows, ALPHA, None)) == tied
        assert ("Beta did better" in reasons_against(rows, ALPHA, "mit")) != tied
        rows = matrix(bits=(fact(50, "s", 3.0), fact(50 - ahead, "s", 4.0), MEASURE))
        assert ("Beta did better" in reasons_against(rows, ALPHA, "mit")) != tied
    without = matrix(after=(fact(50, "s"), fact(50, "s"), MEASURE))
    assert "within noise of Beta" in reasons_for(without, ALPHA, None)


def test_a_lead_that_the_errors_do_not_leave_open_is_no_reason_against():
    alone = Ranking({ALPHA: 1.0}, (), (), {})
    other = Ranking({"x/beta": 1.0}, (ALPHA,), (), {})
    for ranking in (None, alone, other):
        assert reasons_against(matrix(), ALPHA, "mit", ranking) == ""


def test_a_lower_bound_or_an_unknown_of_memory_is_no_reason_for():
    bound = Fact("at least 3 GB", "computed", 3.0, at_least=True)
    for memory in (bound, MEASURE):
        assert reasons_for(matrix(qlora=(memory, MEASURE, MEASURE)), ALPHA, None) == ""


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
    ],
)
def test_names_are_listed_as_in_a_sentence(names, words):
    assert in_words(names) == words


def test_rows_come_by_group_in_their_order():
    rows = [Row(key, key, group, {}) for key, group in (("a", "G"), ("b", "H"), ("c", "G"))]
    groups = Matrix((), {}, tuple(rows)).groups()
    assert [(name, [row.key for row in rows]) for name, rows in groups] == [
        ("G", ["a", "c"]),
        ("H", ["b"]),
    ]
