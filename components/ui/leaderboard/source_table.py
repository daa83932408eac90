"""The table of a source other than the Open LLM Leaderboard, each with its own columns."""

from typing import Any

import pandas as pd
import streamlit as st

from components.leaderboard import OWN_RANKING, SOURCES, also_in, source_table
from components.ui.kit import shortlist
from components.ui.leaderboard import filters, table
from components.ui.leaderboard.labels import sources_note

_KINDS = ("base", "instruct")
_TINT = "background-color: rgba(63, 91, 217, 0.10)"


def labels(source: str) -> dict[str, str]:
    """The columns of a source's table in their order, with their names."""
    mean = {"mean": f"Mean of {len(SOURCES[source].benchmarks)}", "margin": "± 95 %"}
    own: dict[str, str] = {}
    if source in OWN_RANKING:
        own = {"mean_rank": "Mean rank"}
    if source == "after-finetuning":
        mean = {"before": "Before", "mean": "After", "margin": "± 95 %", "gain": "Gain"}
        own = {"bits_per_byte": "Bits per byte"}
    if source == "swallow":
        own = {"active_params_b": "Active (B)", "released": "Released"}
    benchmarks = {name: SOURCES[source].column(name).label for name in SOURCES[source].benchmarks}
    return {
        "rank": "Rank",
        "model_id": "Model",
        "run": "Run",
        "kind": "Kind",
        "params_b": "Params (B)",
        **({} if source in OWN_RANKING else {"tied": "≈ 1st"}),
        **(own if source in OWN_RANKING else {}),
        **mean,
        **({} if source in OWN_RANKING else own),
        "also_in": "Also in",
        **benchmarks,
    }


def draw_filters() -> None:
    """The filters that every source knows."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="toolbar"):
        filters.search_box("Part of a model's id")
        filters.size_presets()
        filters.kind_pills(_KINDS)
        filters.reset_button(filters.KIND, filters.MAX_B, filters.MIN_B, filters.SEARCH)


def rows(source: str) -> pd.DataFrame:
    """The source's rows that pass the filters, with what the table shows in words."""
    found = source_table(source, tuple(filters.KIND.value()))
    words = filters.SEARCH.value().strip()
    if words:
        found = found[found["model_id"].str.contains(words, case=False, regex=False)]
    if (least := filters.MIN_B.value()) is not None:
        found = found[found["params_b"] >= least]
    if (most := filters.MAX_B.value()) is not None:
        found = found[found["params_b"] <= most]
    return found.assign(
        also_in=also_in(found["model"], source).map(sources_note),
        tied=found["tied"].map(table.TIED, na_action="ignore"),
        run=found["run"].where(found["run"] != "", None),
    )


def draw(source: str, found: pd.DataFrame) -> None:
    """The table, the shortlist's rows first."""
    listed = found["model"].isin(shortlist.models())
    ordered = found.iloc[(~listed).to_numpy().argsort(kind="stable")]
    names = labels(source)
    if ordered["run"].isna().all():
        names.pop("run")
    shown = ordered[list(names)].reset_index(drop=True)
    pinned = int(listed.sum())

    def tint(frame: pd.DataFrame) -> pd.DataFrame:
        styles = pd.DataFrame("", index=frame.index, columns=frame.columns)
        styles.iloc[:pinned] = _TINT
        return styles

    table.draw(
        shown.assign(star=table.stars(ordered["model"])),
        tint,
        columns=list(names),
        config=_config(source, names),
        name=f"Models in {SOURCES[source].label}",
    )


def _config(source: str, names: dict[str, str]) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    config: dict[str, Any] = {}
    for name, label in names.items():
        if name == "model_id":
            config[name] = text(label, pinned=True, width=250)
        elif name in ("run", "kind", "tied"):
            config[name] = text(label, width=85)
        elif name == "also_in":
            config[name] = text(label, width=180)
        elif name == "rank":
            config[name] = number(label, width=55, pinned=True)
        elif name == "released":
            config[name] = st.column_config.DateColumn(label, width=95)
        else:
            config[name] = number(label, format=_format(name), width=85, help=_help(source, name))
    return config


def _format(name: str) -> str:
    return {"gain": "%+.2f", "bits_per_byte": "%.3f"}.get(name, "%.2f")


def _help(source: str, name: str) -> str | None:
    of_source = SOURCES[source]
    if name in of_source.benchmarks:
        column = of_source.column(name)
        shots = "" if column.shots is None else f", {column.shots}-shot"
        return f"{column.metric}{shots}"
    return {
        "mean": "Mean over all the source's benchmarks; – for a run that lacks one",
        "margin": f"95 % margin of the mean; errors: {of_source.errors}",
        "mean_rank": "The source's own ranking, lower is better",
        "before": "Mean over the same tasks before fine-tuning",
        "bits_per_byte": "Of the untouched model, mean of three corpora of 2025; lower is better",
        "active_params_b": "Billions of parameters used per token",
    }.get(name)
