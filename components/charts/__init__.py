"""Pure functions: data in, a plotly figure that stands alone as a picture out."""

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
    "MOST_WITH_PIECES",
    "VISIBLE_BLANKS",
    "ModelStyle",
    "NamedAtlas",
    "NamedDistribution",
    "NamedInformation",
    "Theme",
    "atlas_heatmaps",
    "benchmark_profile",
    "first_token_maps",
    "first_tokens",
    "model_style",
    "model_styles",
    "movement_between_vintages",
    "predictor_intervals",
    "price_distributions",
    "price_ranges",
    "reordering",
    "scores_by_size",
    "settled_shares",
    "twin_dumbbells",
]
