"""Pure functions: data in, a plotly figure that stands alone as a picture out."""

from components.charts.estimates import (
    coverage_curves,
    pit_histograms,
    predicted_against_actual,
)
from components.charts.evaluation import (
    METRIC_LABELS,
    NamedSeries,
    errors_by_group,
    metric_text,
    paired_differences,
    read_out_errors,
    running_means,
)
from components.charts.evidence import predictor_intervals
from components.charts.information import NamedInformation, settled_shares
from components.charts.movement import movement_between_vintages, reordering
from components.charts.numbers import MOST_WITH_PIECES, NamedAtlas, atlas_heatmaps, first_token_maps
from components.charts.prices import (
    NamedDistribution,
    first_tokens,
    price_distributions,
    price_ranges,
)
from components.charts.scores import benchmark_profile, twin_dumbbells
from components.charts.size import scores_by_size
from components.charts.style import ModelStyle, Theme, model_style, model_styles
from components.charts.text import VISIBLE_BLANKS

__all__ = [
    "METRIC_LABELS",
    "MOST_WITH_PIECES",
    "VISIBLE_BLANKS",
    "ModelStyle",
    "NamedAtlas",
    "NamedDistribution",
    "NamedInformation",
    "NamedSeries",
    "Theme",
    "atlas_heatmaps",
    "benchmark_profile",
    "coverage_curves",
    "errors_by_group",
    "first_token_maps",
    "first_tokens",
    "metric_text",
    "model_style",
    "model_styles",
    "movement_between_vintages",
    "paired_differences",
    "pit_histograms",
    "predicted_against_actual",
    "predictor_intervals",
    "price_distributions",
    "price_ranges",
    "read_out_errors",
    "reordering",
    "running_means",
    "scores_by_size",
    "settled_shares",
    "twin_dumbbells",
]
