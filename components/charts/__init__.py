"""Pure functions: data in, a plotly figure that stands alone as a picture out."""

from components.charts.numbers import NamedAtlas, atlas_heatmaps
from components.charts.prices import NamedDistribution, first_tokens, price_distributions
from components.charts.scores import (
    benchmark_profile,
    rank_movement,
    scores_by_size,
    twin_dumbbells,
)
from components.charts.style import ModelStyle, Theme, model_style

__all__ = [
    "ModelStyle",
    "NamedAtlas",
    "NamedDistribution",
    "Theme",
    "atlas_heatmaps",
    "benchmark_profile",
    "first_tokens",
    "model_style",
    "price_distributions",
    "rank_movement",
    "scores_by_size",
    "twin_dumbbells",
]
