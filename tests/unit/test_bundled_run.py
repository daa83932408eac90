"""The run that comes with the app."""

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.serving import REPOSITORY
from components.evaluation import ItemScores, Plan, RunStore, compare
from components.evaluation.bundled import BUNDLED_RUN, import_bundled
from components.evaluation.row_sources import open_rows
from components.evaluation.score_table import stored_scores
from components.evaluation.summary import figure
from components.pricing import load_catalogue

MODELS = ("HuggingFaceTB/SmolLM2-135M-Instruct", "google/gemma-3-270m")


def test_the_bundled_runs_plan_is_todays_catalogue_with_the_default_settings():
    """So that whoever starts that plan is shown the bundled run."""
    assert Plan(MODELS, open_rows("catalogue").rows).run_id == BUNDLED_RUN


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunStore]:
    store = RunStore(tmp_path_factory.mktemp("bundled") / "runs.sqlite")
    assert import_bundled(store) == BUNDLED_RUN
    yield store
    store.close()


@pytest.fixture(scope="module")
def scores(store: RunStore) -> dict[str, ItemScores]:
    found = {repo_id: stored_scores(store, BUNDLED_RUN, repo_id) for repo_id in MODELS}
    return {repo_id: one for repo_id, one in found.items() if one is not None}


def test_both_models_answered_every_product_and_none_failed(store):
    run = store.run(BUNDLED_RUN)
    assert (run.models, run.rows, run.done, run.failed) == (MODELS, 107, 214, 0)
    assert (run.state, run.origin, run.read_only) == ("finished", "bundled", True)
    for repo_id in MODELS:
        records = store.predictions(BUNDLED_RUN, repo_id)
        assert {record.item_id for record in records} == set(load_catalogue())
        for record in records:
            assert record.distribution is not None
            assert record.continuation
            found = record.distribution
            masses = found.overflow + found.not_a_number + found.unexplored
            assert found.probabilities.sum() + masses == pytest.approx(1, abs=1e-4)
            assert found.unexplored <= 0.01 + 1e-6


def test_its_figures_are_those_that_the_readme_has(scores):
    readme = " ".join((REPOSITORY / "README.md").read_text(encoding="utf-8").split())
    told = {repo_id: figure(one, "median", "mae") for repo_id, one in scores.items()}
    smol, gemma = (
        [f"${line[side]:.0f}" for side in ("value", "low", "high")]
        for line in (told[repo_id] for repo_id in MODELS)
        if line is not None
    )
    (pair,) = compare(scores, "mae", dict.fromkeys(scores, "median")).to_dict("records")
    assert pair["told_apart"] is True
    apart = [f"${pair[side]:.0f}" for side in ("difference", "low", "high")]
    assert (
        f"the median is off by {smol[0]} on average for SmolLM2 135M (95 %: {smol[1]} to {smol[2]})"
        f" and by {gemma[0]} for Gemma 3 270M ({gemma[1]} to {gemma[2]}); these rows tell the two"
        f" apart, by {apart[0]} ({apart[1]} to {apart[2]})"
    ) in readme


def test_all_of_its_rows_have_every_read_out_that_applies(scores):
    for one in scores.values():
        for read_out in ("median", "mean", "mode", "greedy"):
            assert not np.isnan(one.estimates[read_out]).any()
