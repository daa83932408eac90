"""The runs of this host on the evaluation page: which one is shown, how far it is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from components.assets import without_folders
from components.errors import BasewiseError
from components.evaluation import Plan, RunInfo
from components.evaluation.progress import ModelProgress
from components.evaluation.runner import RunProgress
from components.evaluation.transfer import export_run, import_run
from components.settings import MAX_UPLOAD_MB
from components.ui import run_services
from components.ui.evaluation.labels import STATES, run_label
from components.ui.kit import permalinks
from components.ui.kit.binding import bound, rerun_parts
from components.ui.kit.feedback import amount, show_error
from components.ui.kit.model_ids import label
from components.ui.kit.text import duration, plain

_RUN = permalinks.text("evaluation", longest=64)
_REFUSED = "evaluation_refused"
_AT_WORK = ("waiting", "running")
_REDRAW_SECONDS = 1.5


def pick_run() -> RunInfo | None:
    """The run that is shown: the address's, else the visitor's newest, else the bundled one."""
    runs = {run.id: run for run in run_services.runner().runs()}
    wanted = _RUN.value()
    if wanted and wanted not in runs:
        st.warning(
            plain(
                f"There is no run {wanted[:64]} here: it may have been deleted, or be on another"
                " host. Ask for its file, and import it below."
            )
        )
        _RUN.choose("")
    if not runs:
        return None
    if _RUN.value() not in runs:
        own = [run.id for run in runs.values() if run.owner == run_services.visitor()]
        bundled = [run.id for run in runs.values() if run.origin == "bundled"]
        _RUN.choose([*own, *bundled, *runs][0])
    chosen = bound(
        st.selectbox, _RUN, "Run", list(runs), format_func=lambda run_id: run_label(runs[run_id])
    )
    return runs[chosen]


def start_button(plan: Plan | None) -> None:
    """Starts the plan, or goes on with the same one."""
    st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        disabled=plan is None,
        on_click=lambda: _start(plan),
        help="It goes on when this page is closed. The same rows, models and settings are the same"
        " run: it goes on where it was.",
    )
    if (error := st.session_state.pop(_REFUSED, None)) is not None:
        show_error(error)


def _start(plan: Plan | None) -> None:
    if plan is not None:
        _attempt(lambda: _RUN.choose(run_services.runner().start(plan, run_services.visitor())))


def _attempt(action: Callable[[], object]) -> None:
    """Do what a click asks for; why it can't be done is shown by the run that follows."""
    try:
        action()
    except BasewiseError as error:
        st.session_state[_REFUSED] = error


def progress(run: RunInfo) -> None:
    """How far the run is, drawn anew while it is at work, and what can be done with it."""
    at_work = run.state in _AT_WORK
    st.fragment(_progress, run_every=_REDRAW_SECONDS if at_work else None)(run.id, at_work)


def _progress(run_id: str, was_at_work: bool) -> None:
    state = run_services.runner().progress(run_id)
    run = state.info
    if was_at_work and run.state not in _AT_WORK:
        st.rerun(scope="app")  # the results are whole now
    if run.problem:
        st.warning(plain(without_folders(run.problem)), icon=":material/error:")
    if run.state != "finished" or run.failed:
        columns = st.columns(len(state.models))
        for column, model in zip(columns, state.models, strict=True):
            with column, st.container(border=True):
                _model_progress(model, run.rows)
        st.caption(plain(_pace(state)))
    _actions(run)


def _model_progress(model: ModelProgress, rows: int) -> None:
    st.markdown(f"**{plain(label(model.repo_id))}**")
    st.progress(model.done / rows, text=f"{model.done:,} of {rows:,}")
    if model.mean_error is not None:
        low, high = model.interval or (None, None)
        within = f" (95 %: ${low:,.0f} to ${high:,.0f})" if low is not None else ""
        st.caption(plain(f"Mean error of the median so far: ${model.mean_error:,.0f}{within}"))
    if model.failed:
        st.caption(plain(f"{model.failed:,} rows could not be answered: Resume tries them again."))


def _pace(state: RunProgress) -> str:
    parts = [STATES[state.info.state].capitalize()]
    if state.doing is not None:
        parts.append(f"{state.doing.stage} {amount(state.doing)}".strip())
    if state.rate is not None:
        parts.append(f"{state.rate:.0f} predictions a minute")
    if state.seconds_left is not None:
        parts.append(f"about {duration(state.seconds_left)} left")
    return "; ".join(parts) + "."


def _actions(run: RunInfo) -> None:
    """What whoever started a run can do with it, and what everybody can."""
    own = run.owner == run_services.visitor() and not run.read_only
    with st.container(horizontal=True):
        if own and run.state in _AT_WORK:
            _action("Pause", ":material/pause:", run, run_services.runner().pause)
            _action("Stop", ":material/stop_circle:", run, run_services.runner().stop)
        elif own and run.done < run.total:
            _action("Resume", ":material/play_arrow:", run, run_services.runner().resume)
        if run.owner == run_services.visitor() and run.origin != "bundled":
            _action("Delete", ":material/delete:", run, run_services.runner().delete)
        st.download_button(
            "Run as a file",
            lambda: _exported(run.id),
            file_name=f"basewise-run-{run.id[:8]}.sqlite",
            mime="application/vnd.sqlite3",
            icon=":material/database:",
            on_click="ignore",
            help="Every distribution, for another Basewise or for sqlite3; see docs/runs.md.",
        )
    if not own and run.state in _AT_WORK:
        st.caption("Another visitor started this run.")
    if (error := st.session_state.pop(_REFUSED, None)) is not None:
        show_error(error)


def _action(words: str, icon: str, run: RunInfo, do: Callable[[str, str], object]) -> None:
    """A button; what it does is done even if the run has ended by the time of the click."""

    def act() -> None:
        _attempt(lambda: do(run.id, run_services.visitor()))
        rerun_parts("app")

    st.button(words, icon=icon, key=f"{words}-{run.id}", on_click=act)


def _exported(run_id: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.sqlite"
        export_run(run_services.store(), run_id, path)
        return path.read_bytes()


def importer() -> None:
    """Takes a run's file, read-only."""
    file = st.file_uploader(
        "Import a run",
        type=["sqlite"],
        max_upload_size=MAX_UPLOAD_MB,
        help="A file that Run as a file or python -m components.evaluation wrote, elsewhere.",
    )
    if file is None or not st.button("Import", icon=":material/database_upload:"):
        return
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.sqlite"
            path.write_bytes(file.getvalue())
            run = import_run(run_services.store(), path, run_services.visitor())
    except BasewiseError as error:
        show_error(error)
        return
    _RUN.choose(run.id)
    st.rerun()
