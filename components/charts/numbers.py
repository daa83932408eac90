"""The number atlas as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from components.charts.style import CHART_COLORS, Theme, finish
from components.charts.text import chart_text, wrapped_chart_text
from components.numbers import NumberAtlas

# The scale always has these many steps at least, so that two pictures can be compared.
_LEAST_STEPS, _MOST_STEPS = 3, 8
# With more numbers the pieces are not sent along: the page would grow by megabytes.
MOST_WITH_PIECES = 10_000
# Room for a tile's title, above and per line, and for its axis.
_TILE_HEAD, _TITLE_LINE, _TILE_FOOT = 28, 17, 34
# What fits over a tile where a chart is 680 px wide: two side by side, or one alone.
_HALF_CHARACTERS, _WHOLE_CHARACTERS = 38, 80


@dataclass(frozen=True)
class NamedAtlas:
    """A number atlas, its model's name, and the lines that stand above its picture."""

    label: str
    atlas: NumberAtlas
    note: Sequence[str] = ()

    def title(self, width: int) -> str:
        """The name and the lines, for plotly, in lines of at most so many characters."""
        texts = [self.label, *self.note]
        name, *notes = [wrapped_chart_text(text, width=width, lines=2) for text in texts]
        return "<br>".join([f"<b>{name}</b>", *notes])


@dataclass(frozen=True)
class Tiling:
    """Tiles of numbers in rows and columns: row + column = the number.

    `width` numbers per row from `start` on, `rows` rows, `per_line` tiles side by side; a title
    per tile.
    """

    start: int
    width: int
    rows: int
    per_line: int
    titles: Sequence[str]

    @classmethod
    def of(cls, atlases: Sequence[NamedAtlas]) -> "Tiling":
        """The tiling for the numbers of the atlases, a tile each."""
        numbers = atlases[0].atlas.numbers
        first, last = int(numbers.min()), int(numbers.max())
        width = 100 if last - first < 10_000 else 1000
        start = first - first % width
        per_line = 1 if len(atlases) == 1 or width > 100 else 2
        characters = _WHOLE_CHARACTERS if per_line == 1 else _HALF_CHARACTERS
        titles = [named.title(characters) for named in atlases]
        return cls(start, width, (last - start) // width + 1, per_line, titles)

    @property
    def head_pixels(self) -> int:
        """Room above a tile for its title."""
        return _TILE_HEAD + _TITLE_LINE * max(title.count("<br>") + 1 for title in self.titles)

    @property
    def tile_pixels(self) -> int:
        """A tile's height without title and axis."""
        if self.width > 100:
            return int(np.clip(self.rows * 2.5, 60, 250))
        return int(np.clip(self.rows * 15, 60, 420))

    def grid(self, numbers: np.ndarray, values: np.ndarray, empty: object) -> np.ndarray:
        """The values at their numbers' places, `empty` elsewhere."""
        cells = np.full(self.rows * self.width, empty, dtype=values.dtype)
        cells[numbers - self.start] = values
        return cells.reshape(self.rows, self.width)

    def figure(self) -> go.Figure:
        """An empty figure with a tile per title; both axes are shared by all."""
        lines = -(-len(self.titles) // self.per_line)
        between = self.head_pixels + _TILE_FOOT
        pixels = lines * self.tile_pixels + (lines - 1) * between
        figure = make_subplots(
            rows=lines,
            cols=self.per_line,
            vertical_spacing=between / pixels if lines > 1 else 0,
            horizontal_spacing=0.07,
            subplot_titles=self.titles,
        )
        figure.update_layout(height=pixels)
        return figure

    def place(self, index: int) -> dict[str, int]:
        """The row and column of a tile in the figure."""
        return {"row": index // self.per_line + 1, "col": index % self.per_line + 1}

    def axes(self) -> tuple[list[int], list[str]]:
        """The x values and the names of the rows."""
        rows = range(self.start, self.start + self.rows * self.width, self.width)
        return list(range(self.width)), [f"{row:,}" for row in rows]

    def finish(self, figure: go.Figure, theme: Theme, *, title: str, source: str) -> go.Figure:
        """Title, ticks that name rows and columns, and room for both."""
        _, rows = self.axes()
        inner = figure.layout.height  # pyright: ignore[reportAttributeAccessIssue]
        top, bottom = 62 + self.head_pixels, _TILE_FOOT + 10
        finish(figure, theme, title=title, source=source, height=inner + top + bottom, top=top)
        figure.update_layout(margin_b=bottom)
        step = self.width // 10
        figure.update_xaxes(
            showgrid=False,
            tickvals=list(range(0, self.width, step)),
            ticktext=[f"+{n}" for n in range(0, self.width, step)],
            range=[-0.5, self.width - 0.5],
        )
        every = -(-self.rows // 5) if self.rows > 12 else 3 if self.rows > 4 else 1
        figure.update_yaxes(
            showgrid=False, autorange="reversed", type="category", tickvals=rows[::every]
        )
        background = CHART_COLORS[theme].background
        for column in range(step, self.width, step):  # ten cells to count at most
            line = {"color": background, "width": 1}
            figure.add_vline(x=column - 0.5, line=line, row="all", col="all")
        for note in figure.layout.annotations:  # pyright: ignore[reportAttributeAccessIssue]
            # A subplot's title is centred over it: put it where the tile begins.
            left = 0.0 if self.per_line == 1 or note.x < 0.5 else 0.5 + 0.07 / 2
            note.update(x=left, xanchor="left", align="left", font_size=13, yshift=4)
        return figure


def atlas_heatmaps(atlases: list[NamedAtlas], *, where: str, theme: Theme) -> go.Figure:
    """A heatmap of the same numbers per tokenizer, side by side on one scale.

    In rows of 100 (of 1,000 from 10,000 numbers on): the cell in row 300, column +45 is the number
    345, coloured by its token count. `where` says in what context, such as `after “Price is $”`.
    """
    numbers = atlases[0].atlas.numbers
    first, last = int(numbers.min()), int(numbers.max())
    tiling = Tiling.of(atlases)
    most = max(int(named.atlas.counts.max()) for named in atlases)
    steps = int(np.clip(most, _LEAST_STEPS, _MOST_STEPS))
    figure = tiling.figure()
    columns, rows = tiling.axes()
    for index, named in enumerate(atlases):
        counts = named.atlas.counts
        shown = np.where(counts > 0, np.minimum(counts, steps), np.nan).astype(np.float32)
        figure.add_heatmap(
            **tiling.place(index),
            z=tiling.grid(numbers, shown, np.nan),
            x=columns,
            y=rows,
            **_hover(named.atlas, tiling),
            coloraxis="coloraxis",
            ygap=1 if tiling.rows <= 40 else 0,
        )
    tiling.finish(
        figure,
        theme,
        title=f"Tokens that each number takes, {where}",
        source=f"every number from {first:,} to {last:,} run through the tokenizer named;"
        " row + column = the number",
    )
    figure.update_layout(margin_r=110, coloraxis=_token_scale(steps, capped=most > steps))
    return figure


def _hover(atlas: NumberAtlas, tiling: Tiling) -> dict[str, object]:
    if len(atlas.numbers) > MOST_WITH_PIECES:
        return {
            "customdata": tiling.grid(atlas.numbers, atlas.numbers.astype(np.int32), 0),
            "hovertemplate": "%{customdata:,}: %{z} tokens<extra></extra>",
            "hoverongaps": False,
        }
    hover_texts = np.array(
        [
            f"{number:,}: {_count(pieces, written=written)}<br>"
            + " | ".join(map(chart_text, pieces))
            for number, pieces, written in zip(
                atlas.numbers.tolist(), atlas.pieces, atlas.written.tolist(), strict=True
            )
        ],
        dtype=object,
    )
    return {
        "text": tiling.grid(atlas.numbers, hover_texts, ""),
        "hovertemplate": "%{text}<extra></extra>",
        "hoverongaps": False,
    }


def _count(pieces: Sequence[str], *, written: bool) -> str:
    if not written:
        return "no way to write it"
    return f"{len(pieces)} token{'' if len(pieces) == 1 else 's'}"


def _token_scale(steps: int, *, capped: bool) -> dict[str, object]:
    # Viridis keeps its order in grey and for colour-blind readers.
    colors = sample_colorscale("Viridis", list(np.linspace(0.12, 0.95, steps)))
    names = [str(count) for count in range(1, steps + 1)]
    return {
        "cmin": 0.5,
        "cmax": steps + 0.5,
        "colorscale": [
            [edge / steps, color]
            for index, color in enumerate(colors)
            for edge in (index, index + 1)
        ],
        "colorbar": {
            "title": {"text": "tokens"},
            "tickvals": list(range(1, steps + 1)),
            "ticktext": [*names[:-1], f"{steps} or more"] if capped else names,
            "thickness": 16,
            "len": 40 * steps + 40,
            "lenmode": "pixels",
            "y": 1,
            "yanchor": "top",
        },
    }


_STATES = ("ruled out", "still possible", "the price")
_POSSIBLE, _SELECTED = "#2A7FBF", "#D55E00"


def first_token_maps(
    atlases: list[NamedAtlas], number: int, possible: list[np.ndarray], *, theme: Theme
) -> go.Figure:
    """Per tokenizer: the prices that remain possible once a price's first token is known.

    `possible` has, per atlas, the numbers that begin with the same token as `number`; tiles and
    places as in `atlas_heatmaps`.
    """
    numbers = atlases[0].atlas.numbers
    tiling = Tiling.of(atlases)
    figure = tiling.figure()
    columns, rows = tiling.axes()
    state_colors = (CHART_COLORS[theme].grid, _POSSIBLE, _SELECTED)
    for index, left in enumerate(possible):
        state = np.isin(numbers, left).astype(np.float32)
        state[numbers == number] = 2
        hover_texts = np.array(
            [
                f"${n:,}: {_STATES[int(value)]}"
                for n, value in zip(numbers.tolist(), state, strict=True)
            ],
            dtype=object,
        )
        figure.add_heatmap(
            **tiling.place(index),
            z=tiling.grid(numbers, state, np.nan),
            x=columns,
            y=rows,
            text=tiling.grid(numbers, hover_texts, ""),
            hovertemplate="%{text}<extra></extra>",
            zmin=0,
            zmax=2,
            colorscale=[list(one) for one in zip((0, 0.5, 1), state_colors, strict=True)],
            showscale=False,
            ygap=1,
        )
    tiling.finish(
        figure,
        theme,
        title=f"What the first token of ${number:,} leaves open",
        source="every number from 0 to 999 run through the tokenizer named, after “Price is $”",
    )
    _add_state_legend(figure, [*_STATES[:2], f"${number:,}"], state_colors)
    return figure


def _add_state_legend(figure: go.Figure, names: Sequence[str], colors: Sequence[str]) -> None:
    for name, color in reversed([*zip(names, colors, strict=True)]):
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=name,
            marker={"symbol": "square", "color": color, "size": 12},
        )
    figure.update_layout(
        legend={
            "orientation": "h",
            "x": 0.93,
            "xref": "container",
            "xanchor": "right",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "itemclick": False,
            "itemdoubleclick": False,
        }
    )
