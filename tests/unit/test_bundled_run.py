"""The run that comes with the app."""

from components.evaluation import Plan
from components.evaluation.bundled import BUNDLED_RUN
from components.evaluation.row_sources import open_rows

MODELS = ("HuggingFaceTB/SmolLM2-135M-Instruct", "google/gemma-3-270m")


def test_the_bundled_runs_plan_is_todays_catalogue_with_the_default_settings():
    """So that whoever starts that plan is shown the bundled run."""
    assert Plan(MODELS, open_rows("catalogue").rows).run_id == BUNDLED_RUN
