"""Whether distributions mean what they say, and how errors are spread."""

import numpy as np
import pytest
from scipy import stats

from components.evaluation import (
    PRICE_BANDS,
    ItemScores,
    ScoredRow,
    by_group,
    coverage_curve,
    item_scores,
    pit_histogram,
    running_mean,
)
from components.evaluation.calibration import LEVELS, is_covered
from components.evaluation.intervals import share_interval, weighted_mean, with_intervals
from tests.support.scored_rows import certain, log_normal, made_distribution, made_rows


def drawn_scores(said: np.ndarray, drawn_from: np.ndarray, rows: int = 1_500) -> ItemScores:
    """A model that says the same of every row, whose prices are drawn from another distribution."""
    prices = np.random.default_rng(3).choice(np.arange(1, 1000), rows, p=drawn_from[1:])
    distribution = made_distribution(said)
    return item_scores(
        [
            ScoredRow(str(n), "Price is $", float(price), None, distribution, None)
            for n, price in enumerate(prices)
        ]
    )


def at_80_percent(scores: ItemScores) -> dict[str, float]:
    curve = coverage_curve(scores)
    (line,) = curve[curve["level"] == 0.8].to_dict("records")
    return {str(name): entry for name, entry in line.items()}


def from_one(probabilities: np.ndarray) -> np.ndarray:
    """The same without a price of $0."""
    kept = probabilities.copy()
    kept[0] = 0
    return kept / kept.sum()


TRUE = from_one(log_normal(100, 0.5))
NARROW, WIDE = from_one(log_normal(100, 0.2)), from_one(log_normal(100, 1.3))


def test_a_row_is_covered_where_the_distributions_own_interval_holds_its_whole_dollars():
    rows = [*made_rows(noise=1.5), ScoredRow("edge", "", 100.99, None, certain(100), None)]
    scores = item_scores(rows)
    for level in LEVELS:
        expected = [
            row.distribution.interval(level)[0]
            <= int(row.actual)
            <= row.distribution.interval(level)[1]
            for row in rows
        ]
        assert is_covered(scores, level).astype(bool).tolist() == expected


def test_a_calibrated_model_covers_what_it_says_and_its_histogram_is_flat():
    scores = drawn_scores(TRUE, TRUE)
    curve = coverage_curve(scores)
    assert curve["coverage"].to_numpy() == pytest.approx(np.array(LEVELS), abs=0.04)
    assert pit_histogram(scores)["share"].to_numpy() == pytest.approx(np.full(10, 0.1), abs=0.025)


def test_a_model_too_sure_of_itself_covers_less_and_its_histogram_is_a_u():
    scores = drawn_scores(NARROW, TRUE)
    assert at_80_percent(scores)["high"] < 0.6
    shares = pit_histogram(scores)["share"].to_numpy()
    assert shares[[0, -1]].min() > 2 * shares[3:7].max()


def test_a_model_too_unsure_covers_more_and_its_histogram_is_a_hill():
    scores = drawn_scores(WIDE, TRUE)
    assert at_80_percent(scores)["low"] > 0.85
    shares = pit_histogram(scores)["share"].to_numpy()
    assert shares[[0, -1]].max() < shares[3:7].min() / 2


def test_the_histogram_sums_to_one_and_spreads_a_row_over_what_its_price_takes():
    shares = pit_histogram(item_scores([ScoredRow("a", "", 50.0, None, certain(50), None)]))
    assert shares["share"].to_numpy() == pytest.approx(np.full(10, 0.1))
    beside = pit_histogram(item_scores([ScoredRow("a", "", 40.0, None, certain(50), None)]))
    assert beside["share"].tolist() == [1, *[0] * 9]
    above = pit_histogram(item_scores([ScoredRow("a", "", 60.0, None, certain(50), None)]))
    assert above["share"].tolist() == [*[0] * 9, 1]
    assert pit_histogram(item_scores(made_rows()))["share"].sum() == pytest.approx(1)


def test_rows_without_any_price_are_in_neither():
    empty = ScoredRow("a", "", 50.0, None, made_distribution(np.zeros(1000), overflow=1.0), None)
    scores = item_scores([empty])
    assert coverage_curve(scores)["rows"].eq(0).all()
    assert coverage_curve(scores)["coverage"].isna().all()
    assert pit_histogram(scores)["share"].isna().all()


def test_every_row_is_in_one_price_band_by_its_price():
    rows = made_rows()
    table = by_group(item_scores(rows), "median", "price_band")
    assert table["rows"].sum() == len(rows)
    for band in table.to_dict("records"):
        low, high = map(float, band["group"].split("-"))
        errors = [
            abs(row.distribution.median - row.actual) for row in rows if low <= row.actual < high
        ]
        assert band["rows"] == len(errors)
        assert band["mae"] == pytest.approx(np.mean(errors))
    lows = [int(group.split("-")[0]) for group in table["group"]]
    assert lows == sorted(lows)
    assert set(lows) <= set(PRICE_BANDS)


def test_categories_come_by_their_rows_and_what_has_none_is_a_group_too():
    rows = [
        ScoredRow(str(n), "", 50.0, "tools" if n < 9 else None, certain(60 + n), None)
        for n in range(12)
    ]
    table = by_group(item_scores(rows), "median", "category")
    assert table[["group", "rows"]].to_numpy().tolist() == [["tools", 9], ["none", 3]]
    assert table["mae"].tolist() == [14, 20]
    assert table["low"].isna().tolist() == [False, True]
    assert table["green_share"].tolist() == [1, 1]


def test_a_group_without_numbers_has_no_error():
    rows = [ScoredRow(str(n), "", 50.0, "a", certain(50), None) for n in range(3)]
    (group,) = by_group(item_scores(rows), "greedy", "category").to_dict("records")
    assert (group["rows"], group["left_out"]) == (0, 3)
    assert np.isnan(group["mae"])


def test_the_running_mean_ends_at_the_mean_with_students_interval():
    scores = item_scores(made_rows())
    table = running_mean(scores, "greedy")
    errors = scores.losses("mae", "greedy")
    errors = errors[~np.isnan(errors)]
    assert table["rows"].tolist() == list(range(1, len(errors) + 1))
    for rows in (2, 30, len(errors)):
        line = table.iloc[rows - 1]
        so_far = errors[:rows]
        assert line["mean"] == pytest.approx(so_far.mean())
        low, high = stats.t.interval(0.95, rows - 1, so_far.mean(), stats.sem(so_far))
        assert (line["low"], line["high"]) == pytest.approx((low, high))
    assert table["low"].isna().tolist() == [True, *[False] * (len(errors) - 1)]


def test_the_running_mean_of_no_numbers_is_empty():
    assert running_mean(
        item_scores([ScoredRow("a", "", 5.0, None, certain(5), None)]), "greedy"
    ).empty


def test_the_coverage_of_each_level_has_wilsons_interval_and_its_rows():
    scores = item_scores(made_rows(12))
    curve = coverage_curve(scores)
    assert list(curve) == ["level", "coverage", "low", "high", "rows"]
    assert curve["level"].tolist() == [*LEVELS]
    assert curve["rows"].eq(12).all()
    for line in curve.to_dict("records"):
        assert line["coverage"] == is_covered(scores, line["level"]).mean()
        assert (line["low"], line["high"]) == share_interval(line["coverage"], 12)


def test_rows_without_a_distribution_are_left_out_of_the_others_coverage():
    empty = ScoredRow("a", "", 50.0, None, made_distribution(np.zeros(1000), overflow=1.0), None)
    curve = coverage_curve(item_scores([empty, ScoredRow("b", "", 50.0, None, certain(50), None)]))
    assert curve["rows"].eq(1).all()
    assert curve["coverage"].eq(1).all()
    assert np.isnan(is_covered(item_scores([empty]), 0.8)).all()


def test_a_histograms_bins_are_of_equal_width_and_as_many_as_asked_for():
    table = pit_histogram(item_scores(made_rows(20)), bins=4)
    assert list(table) == ["low", "high", "share"]
    assert table["low"].tolist() == [0, 0.25, 0.5, 0.75]
    assert table["high"].tolist() == [0.25, 0.5, 0.75, 1]
    assert len(pit_histogram(item_scores(made_rows(3)))) == 10


def test_a_row_is_spread_evenly_from_what_is_below_its_price_to_what_is_up_to_it():
    probabilities = np.zeros(1000)
    probabilities[[10, 20, 30]] = 0.2, 0.5, 0.3
    scores = item_scores([ScoredRow("a", "", 20.0, None, made_distribution(probabilities), None)])
    shares = pit_histogram(scores)["share"].to_numpy()
    assert shares == pytest.approx([0, 0, 0.2, 0.2, 0.2, 0.2, 0.2, 0, 0, 0])


@pytest.mark.parametrize(
    ("price", "band"),
    [(24.99, "0-25"), (25.0, "25-50"), (99.5, "50-100"), (400.0, "400-1000"), (999.0, "400-1000")],
)
def test_a_band_holds_its_lower_end_and_not_its_upper(price, band):
    rows = [ScoredRow("a", "", price, None, certain(50), None)]
    assert by_group(item_scores(rows), "median", "price_band")["group"].tolist() == [band]


def test_a_groups_line_has_its_rows_its_error_with_an_interval_and_its_share_of_good_rows():
    greedy = [60.0, 500.0, None] * 4
    rows = [
        ScoredRow(str(n), "", 50.0, "tools", certain(50), price) for n, price in enumerate(greedy)
    ]
    table = by_group(item_scores(rows), "greedy", "category")
    assert list(table) == ["group", "rows", "left_out", "mae", "low", "high", "green_share"]
    errors = np.array([np.nan if price is None else price - 50 for price in greedy])
    expected = with_intervals({"": weighted_mean(errors)}, len(rows))[""]
    assert table.iloc[0].tolist() == ["tools", 8, 4, *expected, 0.5]


def test_the_running_mean_of_equal_errors_has_an_interval_of_no_width():
    rows = [ScoredRow(str(n), "", 50.0, None, certain(60), None) for n in range(3)]
    table = running_mean(item_scores(rows), "median")
    assert list(table) == ["rows", "mean", "low", "high"]
    assert table["mean"].tolist() == table["high"].fillna(10).tolist() == [10, 10, 10]
    assert table["low"].isna().tolist() == [True, False, False]


def test_the_running_means_interval_does_not_cancel_out_in_rounding():
    rows = [ScoredRow(str(n), "", 50.0, None, certain(50), 950.1) for n in range(30)]
    table = running_mean(item_scores(rows), "greedy").iloc[1:]
    assert (table["high"] - table["low"]).max() < 1e-9


def test_a_price_beside_the_interval_of_half_the_probability_is_not_covered():
    probabilities = np.zeros(1000)
    probabilities[[10, 20, 30]] = 0.25, 0.5, 0.25
    distribution = made_distribution(probabilities)
    rows = [ScoredRow(str(n), "", n, None, distribution, None) for n in (9.0, 10.0, 20.0, 30.0)]
    # The first quarter is reached at $10, three quarters at $20.
    assert distribution.interval(0.5) == (10, 20)
    assert is_covered(item_scores(rows), 0.5).tolist() == [0, 1, 1, 0]
