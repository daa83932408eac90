"""Pure functions: data in, a plotly figure that stands alone as a picture out."""

from components.charts.numbers import NamedAtlas, atlas_heatmaps
from components.charts.prices import NamedPrice, predicted_prices
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
    "NamedPrice",
    "Theme",
    "atlas_heatmaps",
    "benchmark_profile",
    "model_style",
    "predicted_prices",
    "rank_movement",
    "scores_by_size",
    "twin_dumbbells",
]
