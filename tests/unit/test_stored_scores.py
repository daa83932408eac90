"""Scores that are kept beside the answers: equal to those computed anew, and never from a file."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import RunStoreError
from components.evaluation import RunStore, item_scores, scored_row
from components.evaluation.score_table import add_scores, stored_scores
from components.evaluation.scored import SCORE_COLUMNS, token_scores
from components.evaluation.transfer import export_run, import_run
from components.numbers import PriceDistribution
from components.pricing import point_estimates
from tests.support.scored_rows import made_distribution, one_token_each
from tests.support.scripted_runs import MODELS, plan, prediction
from tests.unit.test_scored_items import row

MODEL = MODELS[0]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    store = RunStore(tmp_path / "runs.sqlite")
    yield store
    store.close()


def answered(store: RunStore, count: int = 6, upto: int = 6) -> str:
    """A run whose first rows are answered, by two kinds of distributions in turn."""
    asked = plan(count)
    store.create(asked, "visitor")
    answer_more(store, asked.run_id, upto)
    return asked.run_id


def answer_more(store: RunStore, run: str, upto: int) -> None:
    generator = np.random.default_rng(3)
    for place, item in enumerate(asked.item for asked in store.plan(run).rows[:upto]):
        probabilities = generator.dirichlet(np.full(1000, 0.05))
        found = (
            one_token_each(probabilities)
            if place % 2
            else made_distribution(probabilities * 0.8, overflow=0.1, unexplored=0.1)
        )
        store.add(run, MODEL, replace(prediction(item), distribution=found))


def computed(store: RunStore, run: str) -> pd.DataFrame:
    rows = [
        scored_row(record.item, record.distribution, record.greedy)
        for record in store.predictions(run, MODEL)
        if record.distribution is not None
    ]
    return item_scores(rows).frame()


def kept(store: RunStore, run: str) -> pd.DataFrame:
    scores = stored_scores(store, run, MODEL)
    assert scores is not None
    return scores.frame()


def count(store: RunStore) -> int:
    with store.database.reading() as connection:
        return connection.execute("SELECT COUNT(*) FROM score").fetchone()[0]


def test_kept_scores_are_those_of_the_answers_in_the_runs_order(store):
    run = answered(store)
    pd.testing.assert_frame_equal(kept(store, run), computed(store, run))
    assert count(store) == 6
    pd.testing.assert_frame_equal(kept(store, run), computed(store, run))


def test_answers_that_come_later_are_scored_when_they_are_there(store):
    run = answered(store, upto=2)
    assert len(kept(store, run)) == 2
    item = store.plan(run).rows[2].item
    store.add_failure(run, MODEL, item, "too long")
    assert len(kept(store, run)) == 2
    answer_more(store, run, 6)
    pd.testing.assert_frame_equal(kept(store, run), computed(store, run))


def test_a_run_without_answers_has_no_scores(store):
    run = answered(store, upto=0)
    assert stored_scores(store, run, MODEL) is None


def test_the_scores_of_a_deleted_run_are_deleted(store):
    run = answered(store)
    add_scores(store, run, MODEL)
    store.delete(run)
    assert count(store) == 0


def test_a_store_that_can_not_be_written_shows_the_same_scores(store, monkeypatch):
    run = answered(store)
    expected = kept(store, run)
    with store.database.writing() as connection:
        connection.execute("DELETE FROM score WHERE item IN ('row-1', 'row-3')")

    def full(*_: object) -> None:
        raise RunStoreError("The disk is full.", way_out="Make room.")

    monkeypatch.setattr("components.evaluation.score_table._keep", full)
    pd.testing.assert_frame_equal(kept(store, run), expected)
    assert count(store) == 4


def test_a_file_brings_no_scores_they_are_computed_from_its_answers(store, tmp_path):
    run = answered(store)
    expected = kept(store, run)
    file = tmp_path / "run.sqlite"
    export_run(store, run, file)
    connection = sqlite3.connect(file, isolation_level=None)
    assert connection.execute("SELECT COUNT(*) FROM score").fetchone() == (0,)
    names, values = ", ".join(SCORE_COLUMNS), ", ".join("7" for _ in SCORE_COLUMNS)
    connection.execute(
        f"INSERT INTO score (run, model, item, {names})"
        f" SELECT run, model, item, {values} FROM prediction"
    )
    connection.close()
    elsewhere = RunStore(tmp_path / "elsewhere.sqlite")
    import_run(elsewhere, file, "visitor")
    assert count(elsewhere) == 6
    pd.testing.assert_frame_equal(kept(elsewhere, run), expected)
    elsewhere.close()


def test_the_columns_of_the_table_are_those_that_are_scored(store):
    with store.database.reading() as connection:
        names = [line[1] for line in connection.execute("PRAGMA table_info(score)")]
    assert names == ["run", "model", "item", *SCORE_COLUMNS]


@st.composite
def distributions(draw: st.DrawFn) -> PriceDistribution:
    """Few or many prices with probability, none at all, with and without something unexplored."""
    seed = draw(st.integers(0, 2**16))
    some = draw(st.integers(0, 1000))
    generator = np.random.default_rng(seed)
    parts = np.zeros(1000)
    places = generator.choice(1000, some, replace=False)
    parts[places] = generator.dirichlet(np.full(some, 0.1)) if some else 0
    share = draw(st.sampled_from([1.0, 0.9, 1e-6]))
    unexplored = draw(st.sampled_from([0.0, 0.01]))
    if draw(st.booleans()):
        return one_token_each(parts * share)
    return made_distribution(parts * share, unexplored=unexplored)


@given(st.lists(st.tuples(distributions(), st.floats(0.01, 999.99)), min_size=1, max_size=4))
def test_scores_of_many_answers_are_those_of_each_distribution(answers):
    rows = [row(str(n), actual, one) for n, (one, actual) in enumerate(answers)]
    scores = item_scores(rows)
    told = scores.distributions
    for n, (one, actual) in enumerate(answers):
        for name, price in point_estimates(one).items():
            expected = np.nan if price is None else price
            assert scores.estimates[name][n, 0] == pytest.approx(expected, nan_ok=True, rel=1e-6)
        assert told["crps"][n] == pytest.approx(one.crps(actual), nan_ok=True, abs=1e-9)
        assert told["log_score"][n] == pytest.approx(one.log_score(actual), nan_ok=True)
        dollars = int(actual)
        below = one.given_number[:dollars].sum()
        assert told["up_to"][n] == pytest.approx(
            below + one.given_number[dollars], nan_ok=True, abs=1e-9
        )
        probability = one.probabilities[dollars]
        if probability > 0:
            assert told["nats"][n] == pytest.approx(-np.log(probability))
        else:
            assert np.isnan(told["nats"][n]) if one.unexplored else np.isinf(told["nats"][n])


@given(st.integers(0, 2**16))
def test_means_of_first_tokens_are_those_of_the_distribution(seed):
    parts = np.random.default_rng(seed).dirichlet(np.full(1000, 0.1))
    one = one_token_each(parts)
    means = token_scores(one.first_tokens)
    for mean, top in zip(means, (3, 10, 30, 100, 300, 1000), strict=False):
        assert mean == pytest.approx(one.top_mean(top))
    assert means[-1] == one.price_is_one_token
