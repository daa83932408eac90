"""Where labels go so that they do not lie over each other, in pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
from numpy.typing import ArrayLike, NDArray

_PIXELS_PER_CHARACTER = 0.66  # of the font's size: sans-serif text, a little on the wide side
_LINE = 1.35
_MARKER = 8.0  # half of a marker with its line
# Right of the point first, then left, above, below, and between.
_ANGLES = (0, 180, 270, 90, 315, 225, 45, 135, 292, 247, 67, 112, 337, 202, 22, 157)
_ABOVE_FIRST = (270, 225, 315, 247, 202, *_ANGLES)
_NEAR = 62  # how far a label goes to avoid a line
_DISTANCES = (2, 10, 20, 32, 46, 62, 80, 100, 125, 150, 180, 215, 250)


@dataclass(frozen=True)
class Box:
    """A rectangle; y grows downwards, as on a screen."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        """Whether the two have more than an edge in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def within(self, other: "Box") -> bool:
        """Whether all of it lies in `other`."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


def text_size(text: str, font: float) -> tuple[float, float]:
    """About how wide and high a line of text is."""
    return len(text) * _PIXELS_PER_CHARACTER * font, _LINE * font


def box_at(point: tuple[float, float], size: tuple[float, float]) -> Box:
    """The box of this size with its centre at the point."""
    (x, y), (width, height) = point, size
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


class Screen:
    """Where the points of a chart lie at one width of it; labels lie within `area`, and over
    nothing that is taken.

    `lines` are the pieces of lines that are drawn, each as a box without breadth: labels lie over
    one only where there is no other room close by.
    """

    def __init__(self, points: Sequence[tuple[float, float]], area: Box, lines: Sequence[Box] = ()):
        self.points, self.area, self.lines = points, area, lines
        self._taken = [box_at(point, (2 * _MARKER, 2 * _MARKER)) for point in points]

    def is_free(self, label: Box) -> bool:
        """Whether a label may lie there."""
        return label.within(self.area) and not any(label.overlaps(other) for other in self._taken)

    def is_over_line(self, label: Box) -> bool:
        """Whether a line would run through a label there."""
        return any(label.overlaps(line) for line in self.lines)

    def label(self, index: int, offset: tuple[float, float], size: tuple[float, float]) -> Box:
        """The box of a point's label whose centre is at this offset from the point."""
        x, y = self.points[index]
        return box_at((x + offset[0], y + offset[1]), size)

    def take(self, label: Box) -> None:
        """Have no other label lie there."""
        self._taken.append(label)


def place_labels(
    screens: Sequence[Screen],
    sizes: Sequence[tuple[float, float]],
    *,
    above: Sequence[bool] = (),
) -> list[tuple[float, float] | None]:
    """For each point where its label's centre goes, as an offset; None where there is no room.

    Labels lie within the area, over no other label and over none of the points, on every screen:
    they keep their size where points come closer. Each in turn takes the free place nearest to its
    point, so that earlier ones have the better places: right of it rather than elsewhere, or above
    it for those of `above`, whose points are on a line. One that no line runs through is taken
    instead, if it is not far.
    """
    offsets: list[tuple[float, float] | None] = []
    for index, size in enumerate(sizes):
        angles = _ABOVE_FIRST if index < len(above) and above[index] else _ANGLES
        offset = _free_place(screens, index, size, angles)
        offsets.append(offset)
        if offset is not None:
            for screen in screens:
                screen.take(screen.label(index, offset, size))
    return offsets


def _free_place(
    screens: Sequence[Screen], index: int, size: tuple[float, float], angles: Sequence[int]
) -> tuple[float, float] | None:
    width, height = size
    free = None
    for distance in _DISTANCES:
        if free is not None and distance > _NEAR:
            break
        for angle in angles:
            across, down = cos(radians(angle)), sin(radians(angle))
            # The label's near edge, not its centre, keeps the distance.
            offset = (
                across * (_MARKER + distance) + np.sign(round(across, 3)) * width / 2,
                down * (_MARKER + distance) + np.sign(round(down, 3)) * height / 2,
            )
            labels = [screen.label(index, offset, size) for screen in screens]
            if all(map(Screen.is_free, screens, labels)):
                place = float(offset[0]), float(offset[1])
                if not any(map(Screen.is_over_line, screens, labels)):
                    return place
                free = free or place
    return free


def spread(centres: ArrayLike, gap: float) -> NDArray[np.float64]:
    """Centres moved as little as needed so that neighbours are at least `gap` apart.

    In the order given by their values (least squares: groups that are too close share their mean).
    """
    values = np.asarray(centres, dtype=float)
    order = np.argsort(values, kind="stable")
    # Less the gaps, the condition is that values do not fall: pool those that do.
    wanted = values[order] - gap * np.arange(len(values))
    groups: list[list[float]] = []
    for value in wanted:
        groups.append([value, 1.0])
        while len(groups) > 1 and groups[-2][0] > groups[-1][0]:
            mean, count = groups.pop()
            groups[-1] = [
                (groups[-1][0] * groups[-1][1] + mean * count) / (groups[-1][1] + count),
                groups[-1][1] + count,
            ]
    level = np.repeat([mean for mean, _ in groups], [int(count) for _, count in groups])
    moved = np.empty_like(values)
    moved[order] = level + gap * np.arange(len(values))
    return moved
