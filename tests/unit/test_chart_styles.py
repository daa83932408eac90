"""Colours and markers: each model has its own, and people can tell them apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.charts import model_style, model_styles
from components.charts.style import CHART_COLORS, COLORS, MARKERS
from components.leaderboard import instruct_twins
from components.registry import load_registry

LISTED = [spec.id for spec in load_registry()]
ON_BOARD = [*instruct_twins(), *instruct_twins().values()]
UNLISTED = st.from_regex(r"[a-z]{1,4}/[a-z0-9]{1,4}", fullmatch=True)
SHOWN = st.lists(st.sampled_from(LISTED + ON_BOARD) | UNLISTED, max_size=60, unique=True)


def luminance(color: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_model_colours_reach_three_to_one_on_both_themes(theme):
    background = CHART_COLORS[theme].background
    assert all(contrast(color, background) >= 3 for color in COLORS)
    assert contrast(CHART_COLORS[theme].muted, background) >= 4.5


@given(SHOWN)
def test_no_two_models_shown_together_share_colour_and_marker(shown):
    styles = model_styles(shown)
    assert list(styles) == shown
    assert len(set(styles.values())) == len(shown)


@given(SHOWN, st.randoms())
def test_a_style_depends_on_which_models_are_shown_and_not_on_their_order(shown, random):
    shuffled = random.sample(shown, len(shown))
    assert model_styles(shuffled) == model_styles(shown)


@given(SHOWN)
def test_a_listed_model_has_one_style_whatever_is_shown_beside_it(shown):
    styles = model_styles([*shown, *LISTED])
    assert {model: styles[model] for model in LISTED} == {
        model: model_style(model) for model in LISTED
    }


def test_two_unlisted_models_that_would_get_the_same_style_get_two():
    names = [f"somebody/model-{number}" for number in range(200)]
    by_style: dict[object, list[str]] = {}
    for name in names:
        by_style.setdefault(model_style(name), []).append(name)
    one, other = next(same[:2] for same in by_style.values() if len(same) > 1)
    assert len(set(model_styles([one, other]).values())) == 2


def test_all_colours_and_markers_are_used_before_a_style_repeats():
    names = [f"somebody/model-{number}" for number in range(len(COLORS) * len(MARKERS))]
    assert len(set(model_styles(names).values())) == len(names)
    assert len(model_styles([*names, "one/more"])) == len(names) + 1


def test_a_twin_has_its_bases_colour_and_hollow_marker():
    base, twin = (model_style(f"google/gemma-2-9b{end}") for end in ("", "-it"))
    assert twin == base.hollow
    assert (base.symbol, twin.symbol) == ("▲", "△")


def test_a_twin_that_only_the_board_knows_is_its_base_hollow_too():
    pairs = [pair for pair in instruct_twins().items() if not set(pair) & set(LISTED)]
    styles = model_styles([model for pair in pairs for model in pair])
    assert pairs
    assert all(styles[twin] == styles[base].hollow for base, twin in pairs)
