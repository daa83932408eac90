"""The leaderboard page: the toolbar and table in one fragment, which alone follows a filter."""

from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.errors import BoardError
from components.leaderboard import (
    BENCHMARKS,
    CAVEATS,
    SOURCES,
    VINTAGE_LABELS,
    BoardQuery,
    predictors,
    read_corrections,
    select,
)
from components.ui import board_services
from components.ui.board_services import Board
from components.ui.kit import exports, permalinks, shell, shortlist
from components.ui.kit.feedback import show_error
from components.ui.kit.model_ids import label
from components.ui.kit.text import plain
from components.ui.leaderboard import filters, source_table, table, views
from components.ui.leaderboard.labels import (
    COLUMN_LABELS,
    RANKING_LABELS,
    query_in_words,
)

pick_vintage = views.pick_vintage

_EXPORTED = ("twin", "twin_average", *(f"{name}_stderr" for name in ("average", *BENCHMARKS)))


@dataclass(frozen=True)
class Shown:
    """What the page shows of the Open LLM Leaderboard now."""

    board: Board
    prepared: pd.DataFrame
    query: BoardQuery
    rows: pd.DataFrame
    error: BoardError | None = None


def shown() -> Shown:
    """The rows that the filters select; without the search where it is not valid."""
    board = board_services.board(views.vintage())
    asked = filters.query()
    prepared = board_services.prepared(board, recorded=asked.recorded)
    try:
        return Shown(board, prepared, asked, select(prepared, asked))
    except BoardError as error:
        asked = replace(asked, search="")
        return Shown(board, prepared, asked, select(prepared, asked), error)


@st.fragment(key="board")
def scores() -> None:
    """Title, toolbar and table of the source that is shown."""
    permalinks.write_address()
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.title(shell.LEADERBOARD.name, width="content")
        views.pick_view()
        actions = st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="right"
        )
    if views.source() == views.BOARD:
        _board(actions)
    else:
        _other_source(views.source(), actions)


def _board(actions: DeltaGenerator) -> None:
    """The table is drawn first, above it what the browser need not wait for to repaint it."""
    toolbar, notes, place = st.container(), st.container(), st.container()
    now = shown()
    columns = table.chosen_columns(now.query.rank_by)
    with place:
        if now.rows.empty:
            st.info(
                "No model passes these filters: loosen one of them, or press Reset.",
                icon=":material/filter_alt_off:",
            )
        else:
            table.board_table(now.rows, now.query, columns)
    with toolbar:
        filters.draw(now.prepared)
    with actions:
        table.pick_columns()
        _downloads(now, columns)
    with notes:
        if now.error is not None:
            show_error(now.error)
        describe(now.board, [_count(now), *_left_out(now)])
        if now.query.rank_by == "twin_score":
            st.caption(twins_record())


def describe(board: Board, more: list[str] | None = None) -> None:
    """One line on what is shown, and why it is not the live board where that was picked."""
    if board.instead_of_live is not None:
        show_error(board.instead_of_live)
        st.info("Shown instead: the bundled final vintage.", icon=":material/inventory_2:")
    if board.live is not None and board.live.hub_away is not None:
        st.warning(
            plain(f"The copy fetched earlier is shown: {board.live.hub_away}."),
            icon=":material/cloud_off:",
        )
    st.caption(plain(" ".join([*(more or []), description(board)])))


def description(board: Board) -> str:
    """What the board is, in words."""
    size = f"{len(board.runs):,} runs of {board.runs['model'].nunique():,} models"
    if board.live is None:
        return f"Bundled snapshot of well-known models, {VINTAGE_LABELS[board.vintage]}: {size}."
    newest = f", newest submission {board.live.newest:%d %B %Y}" if board.live.newest else ""
    return f"Live from the Hub, dataset commit {board.live.revision[:8]}: {size}{newest}."


def _count(now: Shown) -> str:
    what = "run" if now.query.every_run else "model"
    what += "" if len(now.rows) == 1 else "s"
    tied = int(now.rows["tied"].fillna(False).sum())
    words = f"{len(now.rows):,} {what} by {RANKING_LABELS[now.query.rank_by].lower()}"
    return f"{words}; {tied} can't be told apart from the first (≈)." if tied > 1 else f"{words}."


def _left_out(now: Shown) -> list[str]:
    notes = []
    unknown = int(now.prepared["params_b"].isna().sum())
    limited = now.query.min_params_b is not None or now.query.max_params_b is not None
    if unknown and limited:
        notes.append(f"{unknown} runs of unknown size are left out by the size limit.")
    missing = [model for model in shortlist.models() if model not in set(now.rows["model"])]
    if missing and not now.rows.empty:
        names = ", ".join(map(label, missing))
        notes.append(f"Of the shortlist not among them: {names}.")
    return notes


def twins_record() -> str:
    """How well a twin's average has predicted results after fine-tuning, beside other figures."""
    found = predictors().set_index(["group", "predictor"])["spearman"]["all"]
    n = int(predictors().set_index(["group", "predictor"])["n"]["all", "twin_average"])
    return (
        f"The record of this ranking: over {n} base models the twin's average goes with the result"
        f" after equal fine-tuning by a rank correlation of {found['twin_average']:.2f}, the"
        f" model's own average by {found['average']:.2f}, BBH by {found['bbh']:.2f}, bits per byte"
        f" by {found['bits_per_byte']:.2f}. See “What predicts it” below."
    )


def _downloads(now: Shown, columns: list[str]) -> None:
    from components.ui.leaderboard import evidence

    def csv() -> pd.DataFrame:
        return board_export(now)

    address = permalinks.address()  # a download's own thread knows no browser

    def report() -> bytes:
        # What speaks against a number goes where the number goes.
        wanted = {*columns, "caveats", "twin_note"}
        order = [name for name in COLUMN_LABELS if name in wanted]
        read = table.as_shown(now.rows, now.query.rank_by)[order]
        return evidence.report(now, read.rename(columns=COLUMN_LABELS), address)

    exports.menu("leaderboard", csv, report, address)


def board_export(now: Shown) -> pd.DataFrame:
    """The rows with machine names, and in each row what it was taken from."""
    rows = now.rows
    taken = {
        "source": views.BOARD,
        "vintage": now.board.vintage,
        "starred": rows["model"].isin(shortlist.models()),
        "ranked_by": now.query.rank_by,
        "filters": query_in_words(now.query),
        "exported": date.today().isoformat(),
    }
    named = [name for name in COLUMN_LABELS if name in rows and name not in ("rank", "tied")]
    return rows[["rank", "tied", *named, *_EXPORTED]].assign(
        caveats=rows["caveats"],
        twin_caveats=rows["twin_caveats"],
        caveat_note=rows["caveat_note"],
        twin_note=rows["twin_note"],
        **taken,
    )


def _other_source(source: str, actions: DeltaGenerator) -> None:
    source_table.draw_filters()
    found = source_table.rows(source)
    of_source = SOURCES[source]
    address = permalinks.address()  # a download's own thread knows no browser
    with actions:
        exports.menu(
            source,
            lambda: source_export(source, found),
            lambda: source_report(source, found, address),
            address,
        )
    st.caption(
        plain(
            f"{len(found):,} rows of {of_source.label}, {of_source.date}"
            f" (version {of_source.version}). {of_source.limits}"
        )
    )
    if found.empty:
        st.info("No model passes these filters.", icon=":material/filter_alt_off:")
    else:
        source_table.draw(source, found)
    st.caption(provenance(source))


def source_export(source: str, found: pd.DataFrame) -> pd.DataFrame:
    """The rows of another source with machine names, and in each row what it was taken from."""
    return found[[*source_table.labels(source), "stderr"]].assign(
        starred=found["model"].isin(shortlist.models()),
        source=source,
        version=SOURCES[source].version,
        license=SOURCES[source].license,
        attribution=SOURCES[source].attribution,
        filters=query_in_words(filters.query()),
        exported=date.today().isoformat(),
    )


def source_report(source: str, found: pd.DataFrame, address: str | None) -> bytes:
    """The rows of another source as one HTML file, with where they are from."""
    names = source_table.labels(source)
    starred = found["model"].isin(shortlist.models()).map({True: "★", False: ""})
    kept = query_in_words(filters.query())
    of_source = SOURCES[source]
    return exports.html_report(
        f"Basewise: {of_source.label}",
        [
            f"{of_source.label}, {of_source.date}, version {of_source.version}"
            f"{f'; {kept}' if kept else ''}.",
            f"{of_source.attribution} Licence: {of_source.license}. Harness: {of_source.harness}."
            f" Standard errors: {of_source.errors}.",
            of_source.limits,
        ],
        address=address,
        figures=[],
        tables={
            "Models": found[list(names)].assign(star=starred).rename(columns={**names, "star": "★"})
        },
    )


def provenance(source: str) -> str:
    """Where a source's scores come from, as Markdown."""
    of_source = SOURCES[source]
    return (
        f"{plain(of_source.attribution)} Harness: {plain(of_source.harness)}. Standard errors:"
        f" {plain(of_source.errors)}. Licence: {plain(of_source.license)}."
        f" [Source]({of_source.link}). Scores of different sources are never mixed."
    )


def reading_note() -> None:
    """Where the scores come from and how they are read."""
    with st.expander("How to read the table: runs, uplift, caveats, corrections"):
        st.markdown(
            "**One row per model.** Of several runs the one with the best average counts: a run"
            " that went wrong (no chat template, failed grading) scores low, never high. “Every"
            " run” in the filters shows all. A number that is known to be bad is grey,"
            " and the better run of the model is named beside it."
        )
        st.markdown(
            "**≈ 1st** marks what can't be told apart from the first row at 95 %, from the numbers"
            " of items behind the scores."
        )
        st.markdown(
            "**Uplift** is the instruct twin's average less the base model's. Most of it is IFEval,"
            " which asks to follow instructions to the letter: that is why the part without IFEval"
            " stands beside it."
        )
        st.markdown(
            "\n".join(f"- **{caveat.label}**: {caveat.explanation}" for caveat in CAVEATS.values())
        )
        st.markdown("Types that the board recorded wrongly:")
        st.dataframe(read_corrections(), hide_index=True, width="stretch")
    if views.source() == views.BOARD:
        st.caption(
            f"{provenance(views.BOARD)} Kinds that the board recorded wrongly are corrected;"
            " unknown values are shown as –."
        )
