"""The leaderboard page's controls and table."""

from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from components.charts import benchmark_profile, scores_by_size, twin_dumbbells
from components.errors import BoardError
from components.leaderboard import (
    BADGES,
    BENCHMARKS,
    KINDS,
    LIVE,
    SYNTAX,
    VINTAGE_LABELS,
    VINTAGES,
    as_recorded,
    filter_board,
    movement,
    one_run_per_model,
    pareto_frontier,
    read_corrections,
    search,
    with_badges,
    with_twins,
)
from components.ui import permalinks, resources, shell, shortlist
from components.ui.exports import csv_bytes
from components.ui.feedback import show_error
from components.ui.model_ids import label, labels
from components.ui.resources import Board
from components.ui.text import plain

_WALK_THROUGH_B = 9.0
_VINTAGE = permalinks.one_of("vintage", [*VINTAGES, LIVE], VINTAGES[-1])
_KIND = permalinks.some_of("kind", KINDS)
_MAX_B = permalinks.positive_number("max_b")
_SEARCH = permalinks.text("search")
_RUNS = permalinks.flag("runs")
_RECORDED = permalinks.flag("recorded")


def pick_vintage() -> str:
    """The vintage to show, the same on all pages; in the URL as `vintage`."""
    vintage = _VINTAGE.show()
    st.segmented_control(
        "Vintage",
        [*VINTAGES, LIVE],
        format_func=VINTAGE_LABELS.__getitem__,
        key=_VINTAGE.widget_key,
        on_change=_VINTAGE.take,
        required=True,
        help="The board was retired in March 2025. MATH was graded anew in February 2025, and some"
        " models were run again: places differ between vintages.",
    )
    return vintage


def describe(board: Board) -> None:
    """One line on what is shown, and why it is not the live board if that was asked for."""
    if board.instead_of_live is not None:
        show_error(board.instead_of_live)
        st.info("Shown instead: the bundled final vintage.", icon=":material/inventory_2:")
    counted = f"{len(board.runs):,} runs of {board.runs['model'].nunique():,} models"
    if board.revision is not None:
        st.caption(f"Live from the Hub, dataset commit {board.revision[:8]}: {counted}.")
        return
    st.caption(
        f"Bundled snapshot of well-known models, {VINTAGE_LABELS[board.vintage]}: {counted}."
        " The live board has all."
    )


def filtered(board: Board) -> pd.DataFrame:
    """The filters, and what passes them: one row per model, or per run if asked for.

    Rows have their twins, badges, and whether they are on the base models' Pareto frontier.
    """
    kinds_column, size_column, preset_column = st.columns([5, 3, 3], vertical_alignment="bottom")
    with size_column:
        limit = _MAX_B.show()
        st.number_input(
            "At most, billion parameters",
            min_value=0.01,
            value=None,
            step=1.0,
            placeholder="any size",
            key=_MAX_B.widget_key,
            on_change=_MAX_B.take,
        )
    with preset_column:
        st.button(
            f"Base models up to {_WALK_THROUGH_B:.0f}B",
            on_click=_apply_preset,
            icon=":material/filter_alt:",
            width="stretch",
        )
    search_column, runs_column, recorded_column = st.columns([5, 3, 3], vertical_alignment="bottom")
    with search_column:
        query = _SEARCH.show()
        st.text_input(
            "Search",
            key=_SEARCH.widget_key,
            on_change=_SEARCH.take,
            placeholder="qwen2.5; gemma-2.*it$; @license:apache",
            help=SYNTAX,
        )
    with runs_column:
        every_run = _RUNS.show()
        st.toggle(
            "Every run",
            key=_RUNS.widget_key,
            on_change=_RUNS.take,
            help="Some models were run in several precisions, or with and without chat template."
            " Off: the run with the best average.",
        )
    with recorded_column:
        recorded = _RECORDED.show()
        st.toggle(
            "Kinds as recorded",
            key=_RECORDED.widget_key,
            on_change=_RECORDED.take,
            help="The board's own types, right or wrong, instead of the corrected ones.",
        )
    all_runs = as_recorded(board.runs) if recorded else board.runs
    with kinds_column:
        kinds = _KIND.show()
        st.pills(
            "Kind",
            [kind for kind in KINDS if kind in {*all_runs["kind"], *kinds}],
            selection_mode="multi",
            key=_KIND.widget_key,
            on_change=_KIND.take,
        )
    runs = filter_board(all_runs, kinds=kinds, max_params_b=limit)
    unknown = all_runs["params_b"].isna().sum() if limit is not None else 0
    if unknown:
        st.caption(f"{unknown} runs of unknown size are left out by the size limit.")
    try:
        runs = search(runs, query)
    except BoardError as error:
        show_error(error)
    rows = with_twins(runs if every_run else one_run_per_model(runs), all_runs)
    frontier = pareto_frontier(rows.where(rows["kind"] == "base"))
    return with_badges(rows, all_runs).assign(frontier=frontier)


def _apply_preset() -> None:
    _KIND.choose(["base"])
    _MAX_B.choose(_WALK_THROUGH_B)


def table(rows: pd.DataFrame, on_shortlist: list[str]) -> None:
    """The rows, with a button that puts selected ones on the shortlist."""
    if rows.empty:
        st.info(
            "No model passes these filters: raise the size limit or pick another kind.",
            icon=":material/filter_alt_off:",
        )
        return
    shown = pd.DataFrame(
        {
            "listed": rows["model"].isin(on_shortlist).map({True: "★", False: ""}),
            "model_id": rows["model_id"],
            "params_b": rows["params_b"],
            "average": rows["average"],
            "twin_average": rows["twin_average"],
            "uplift": rows["uplift"],
            "uplift_without_ifeval": rows["uplift_without_ifeval"],
            "badges": rows["badges"].map(list),
            **{name: rows[name] for name in BENCHMARKS},
            "kind": rows["kind"],
            "license": rows["license"],
            "precision": rows["precision"],
            "chat_template": rows["chat_template"],
            "hub": "https://huggingface.co/" + rows["model_id"],
        }
    )
    add_slot = st.container(horizontal=True, vertical_alignment="center")
    event = st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        height=460,
        # Ticks are kept by row number: other rows must not inherit them.
        key=f"board-{crc32(' '.join(rows['model_id']).encode())}",
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="–",
        column_config=_columns(),
    )
    ticked = [rows["model"].iloc[row] for row in event.selection.rows]
    chosen = [model for model in dict.fromkeys(ticked) if model not in on_shortlist]
    with add_slot:
        st.button(
            f"Add {len(chosen)} to the shortlist" if chosen else "Add to the shortlist",
            icon=":material/star:",
            type="primary",
            disabled=not chosen,
            on_click=shortlist.add,
            args=(chosen,),
        )
        st.download_button(
            "CSV",
            csv_bytes(shown.drop(columns="listed")),
            file_name="basewise-leaderboard.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption(
            f"{len(rows):,} rows, best average first. Tick rows on the left to shortlist them;"
            " ★ marks those that are."
        )


def _columns() -> dict[str, Any]:
    score: Any = {"format": "%.2f", "width": "small"}
    number = st.column_config.NumberColumn
    return {
        "listed": st.column_config.TextColumn("★", width=45, help="On the shortlist"),
        "model_id": st.column_config.TextColumn("Model", pinned=True, width=250),
        "params_b": number("Params (B)", format="%.2f", width="small"),
        "average": number("Average", help="Mean of the six, 0 to 100", **score),
        "twin_average": number(
            "Twin",
            help="Average of the instruct twin (same weights, trained further), its best run",
            **score,
        ),
        "uplift": number(
            "Uplift", help="The twin's average less the model's", format="%+.2f", width="small"
        ),
        "uplift_without_ifeval": number(
            "No IFEval",
            help="The part of the uplift that the five benchmarks other than IFEval bring",
            format="%+.2f",
            width="small",
        ),
        "badges": st.column_config.ListColumn(
            "Mind", width="medium", help="What to know before believing the row; explained below"
        ),
        **{name: number(label, **score) for name, label in BENCHMARKS.items()},
        "kind": st.column_config.TextColumn("Kind", width="small"),
        "license": st.column_config.TextColumn("Licence", width="small"),
        "precision": st.column_config.TextColumn("Precision", width="small"),
        "chat_template": st.column_config.CheckboxColumn("Chat template", width="small"),
        "hub": st.column_config.LinkColumn("Hub", display_text="open", width="small"),
    }


def source_note() -> None:
    """Where the scores come from and how they are read."""
    with st.expander("How to read the table: uplift, badges, corrections"):
        st.markdown(
            "**Uplift** is the instruct twin's average less the base model's. Most of it is IFEval,"
            " which asks to follow instructions to the letter: that is why the part without IFEval"
            " stands beside it."
        )
        st.markdown("\n".join(f"- **{badge}**: {why}" for badge, why in BADGES.items()))
        st.markdown("Types that the board recorded wrongly:")
        st.dataframe(read_corrections(), hide_index=True, width="stretch")
    st.caption(
        "Source: Open LLM Leaderboard v2, Hugging Face; normalised scores, 0 to 100."
        " Kinds that the board recorded wrongly are corrected; unknown values are shown as –."
    )


def charts(rows: pd.DataFrame, on_shortlist: list[str], board: Board) -> None:
    """The rows' scores against size and beside their twins', and the shortlist's profile."""
    if rows.empty:
        return
    vintage, theme = VINTAGE_LABELS[board.vintage], shell.theme()
    models = one_run_per_model(rows)
    by_size, by_twin, by_benchmark, by_vintage = st.tabs(
        ["Score against size", "Base beside twin", "Shortlist by benchmark", "Between vintages"]
    )
    with by_size:
        if models["params_b"].isna().all():
            st.info("The sizes of these models are unknown.", icon=":material/question_mark:")
        else:
            named = labels(on_shortlist)
            figure = scores_by_size(models, on_shortlist, named, vintage=vintage, theme=theme)
            alt = "Average score against number of parameters, the shortlist labelled"
            shell.chart(figure, name="scores-by-size", alt=alt)
    with by_twin:
        paired = models.dropna(subset="twin_average")
        if paired.empty:
            st.info("None of these models has a twin on the board.", icon=":material/link_off:")
        else:
            named = labels(list(paired["model"]))
            figure = twin_dumbbells(paired, named, vintage=vintage, theme=theme)
            alt = "Average score of each model joined to its instruct twin's"
            shell.chart(figure, name="twins", alt=alt)
    with by_benchmark:
        listed = one_run_per_model(board.runs[board.runs["model"].isin(on_shortlist)])
        if listed.empty:
            st.info("No shortlisted model is on this board.", icon=":material/search_off:")
        else:
            named = labels(on_shortlist)
            figure = benchmark_profile(listed, named, vintage=vintage, theme=theme)
            shell.chart(figure, name="profile", alt="Scores of the shortlist on each benchmark")
    with by_vintage:
        _movement(on_shortlist)


def _movement(on_shortlist: list[str]) -> None:
    earlier, later = st.columns(2)
    with earlier:
        first = st.selectbox(
            "From", VINTAGES, index=0, format_func=VINTAGE_LABELS.__getitem__, key="from_vintage"
        )
    with later:
        second = st.selectbox(
            "To",
            VINTAGES,
            index=len(VINTAGES) - 1,
            format_func=VINTAGE_LABELS.__getitem__,
            key="to_vintage",
        )
    moves = movement(resources.board(first).runs, resources.board(second).runs, on_shortlist)
    number = st.column_config.NumberColumn
    st.dataframe(
        moves.assign(model=moves["model"].map(label)),
        hide_index=True,
        width="stretch",
        placeholder="–",
        column_order=[
            *["model", "average_before", "average_after", "change"],
            *["rank_before", "rank_after"],
        ],
        column_config={
            "model": "Model",
            "average_before": number("Average before", format="%.2f"),
            "average_after": number("Average after", format="%.2f"),
            "change": number("Change", format="%+.2f"),
            "rank_before": number("Rank before", help="Among all models of that vintage"),
            "rank_after": number("Rank after", help="Among all models of that vintage"),
        },
    )
    st.markdown(
        "\n".join(
            f"- **{plain(label(row['model']))}**: {plain(row['why'])}"
            for row in moves.to_dict("records")
        )
    )
    st.caption(
        "Ranks are among the bundled models of each vintage: the later ones list more models."
    )
