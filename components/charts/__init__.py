"""Pure functions: data in, a plotly figure that stands alone as a picture out."""

from components.charts.information import NamedInformation, settled_shares
from components.charts.numbers import (
    MOST_WITH_PIECES,
    NamedAtlas,
    atlas_heatmaps,
    first_token_maps,
)
from components.charts.prices import NamedPrice, predicted_prices
from components.charts.scores import benchmark_profile, scores_by_size, twin_dumbbells
from components.charts.style import ModelStyle, Theme, model_style

__all__ = [
    "MOST_WITH_PIECES",
    "ModelStyle",
    "NamedAtlas",
    "NamedInformation",
    "NamedPrice",
    "Theme",
    "atlas_heatmaps",
    "benchmark_profile",
    "first_token_maps",
    "model_style",
    "predicted_prices",
    "scores_by_size",
    "settled_shares",
    "twin_dumbbells",
]
