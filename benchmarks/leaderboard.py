"""The leaderboard page on a board of the real one's size, beside a Gradio leaderboard.

python -m benchmarks.leaderboard [RUNS] [--gradio PATH_TO_PYTHON]

First in process: what a changed filter computes. Then in the browser, where the app shows the
live board out of its download cache: from opening to the first table, beside a bare `st.dataframe`
of the same rows opened in turn with it, and from a changed filter to the repainted one. With
`--gradio`, an interpreter that has `requirements-gradio.txt` installed serves the same rows by
`gradio_leaderboard`, opened in turn with both.

The browser's clock is the page's own: from navigation, or from the time stamp of the click, key or
input that asks for other rows, to the animation frame after the expected first row was drawn. That
row is far down the table shown before, so the old one can't stop the clock. Streamlit's table is a
canvas, so drawn means passed to `fillText` (the table beside it that assistive technology reads
follows 200 ms later, on purpose); Gradio's is HTML, so it means standing in the first row. Gradio
filters in the browser, Basewise on the server.

Both are warm: each server has been opened once before. Each run has a browser context of its own.
On a machine that does other work at the same time, read the ratios.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pandas as pd
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.full_board import full_size, parquet, write_to_hub_cache
from benchmarks.serving import (
    REPOSITORY,
    browser_launch_arguments,
    free_port,
    running_server,
    serving,
)
from components.leaderboard import BENCHMARKS, BoardQuery, answer, prepare, read_board, select

LIMIT_B = 9.0
QUERY = "gemma-2-"
QUIET = """
() => new Promise(done => {
    let waiting = setTimeout(done, 500);
    new MutationObserver(() => {
        clearTimeout(waiting);
        waiting = setTimeout(done, 500);
    }).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
})
"""
CLOCK = """
(() => {
    let drawn = new Set();
    const fillText = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
        drawn.add(text);
        return fillText.call(this, text, ...rest);
    };
    const firstCell = () => document.querySelector("table.table tbody td")?.innerText.trim();
    const untilShown = (row, began) => new Promise((done, failed) => {
        const look = now => {
            if (drawn.has(row) || firstCell() === row)
                requestAnimationFrame(() => done(performance.now() - began));
            else if (now > began + 30000) failed(`${row} was not drawn within 30 s`);
            else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    });
    window.sinceOpening = row => untilShown(row, 0);
    window.armClock = (type, row) => {
        window.sinceEvent = new Promise((done, failed) => {
            const start = event => {
                if (type === "keydown" && event.key !== "Enter") return;
                window.removeEventListener(type, start, true);
                drawn = new Set();
                untilShown(row, event.timeStamp).then(done, failed);
            };
            window.addEventListener(type, start, true);
        });
    };
})();
"""


def milliseconds_in_process(prepared: pd.DataFrame, query: BoardQuery) -> float:
    """What a changed filter computes: filter, best runs, frontier, rank and ties."""
    began = time.perf_counter()
    select(prepared, query)
    return 1000 * (time.perf_counter() - began)


def print_in_process(runs: pd.DataFrame, repeats: int = 50) -> None:
    """The medians of what one rerun computes, for all rows and for few."""
    queries = {
        "no filter": BoardQuery(),
        "base, by twin": BoardQuery(kinds=["base"], rank_by="twin_score"),
        f"base, {LIMIT_B:g}B, {QUERY!r}": BoardQuery(
            kinds=["base"], max_params_b=LIMIT_B, search=QUERY
        ),
    }
    began = time.perf_counter()
    prepared = prepare(runs)
    once = 1000 * (time.perf_counter() - began)
    print(
        f"In process, {len(runs):,} runs, ms; {once:.0f} once per board, then median of {repeats}"
    )
    for name, query in queries.items():
        rows = select(prepared, query)
        middle = median(milliseconds_in_process(prepared, query) for _ in range(repeats))
        print(f"  {name} ({len(rows):,} rows): {middle:.1f}")


def as_shown(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns of the page's table."""
    scores = ["average", "twin_average", "uplift", "uplift_without_ifeval"]
    facts = ["kind", "license", "precision", "chat_template"]
    return rows[["model_id", "params_b", *scores, *BENCHMARKS, *facts]].assign(
        caveats=rows["caveats"].map("; ".join), hub="https://huggingface.co/" + rows["model_id"]
    )


@dataclass(frozen=True)
class Step:
    """A changed filter: the event that asks for other rows, and how to bring it about."""

    event: str
    act: Callable[[Page], object]
    prepare: Callable[[Page], object] = lambda page: None


BASEWISE = {
    "kind": Step("click", lambda page: page.get_by_role("button", name="base", exact=True).click()),
    "size": Step("click", lambda page: page.get_by_role("radio", name="≤ 9B").click()),
    "search": Step(
        "keydown",
        lambda page: page.get_by_role("textbox", name="Search").press("Enter"),
        prepare=lambda page: page.get_by_role("textbox", name="Search").fill(QUERY),
    ),
}
GRADIO = {
    "kind": Step("click", lambda page: page.get_by_role("checkbox", name="instruct").click()),
    "size": Step("input", lambda page: page.get_by_role("spinbutton").first.fill(f"{LIMIT_B:g}")),
    "search": BASEWISE["search"],
}


@dataclass(frozen=True)
class App:
    """A served leaderboard, its steps in order, and the first row to expect after each."""

    address: str
    steps: dict[str, Step]
    first_rows: dict[str, str]


def milliseconds(browser: Browser, app: App) -> dict[str, float]:
    """Of each step, in a browser context of its own."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    context.add_init_script(CLOCK)
    page = context.new_page()
    page.goto(app.address)
    spent = {"opening": page.evaluate("row => sinceOpening(row)", app.first_rows["opening"])}
    for name, step in app.steps.items():
        step.prepare(page)
        wait_until_quiet(page)
        page.evaluate("([type, row]) => armClock(type, row)", [step.event, app.first_rows[name]])
        step.act(page)
        spent[name] = page.evaluate("sinceEvent")
    context.close()
    return spent


def wait_until_quiet(page: Page) -> None:
    """Until the page has not changed for half a second."""
    page.evaluate(QUIET)


@contextmanager
def served_basewise(folder: Path, frame: pd.DataFrame) -> Iterator[str]:
    """The address of the app's leaderboard with `frame` as the live board, fetched earlier."""
    cache = folder / "cache"
    write_to_hub_cache(cache, frame)
    environment = {"HF_HUB_OFFLINE": "1", "BASEWISE_CACHE": str(cache)}
    with running_server(folder / "app.log", environment=environment) as server:
        # An empty shortlist: rows pinned on top would be drawn before and after each step.
        yield server.address("leaderboard", vintage="live", models="")


@contextmanager
def served_bare(folder: Path, rows: pd.DataFrame) -> Iterator[str]:
    """The address of a script that shows `rows` by `st.dataframe` and does nothing else."""
    table, script = folder / "rows.parquet", folder / "bare.py"
    rows.to_parquet(table)
    script.write_text(
        "import pandas as pd\nimport streamlit as st\n"
        "st.set_page_config(layout='wide')\n"
        f"st.dataframe(pd.read_parquet({str(table)!r}))\n",
        encoding="utf-8",
    )
    with running_server(folder / "bare.log", script) as server:
        yield server.address()


@contextmanager
def served_gradio(folder: Path, python: Path, rows: pd.DataFrame) -> Iterator[str]:
    """The address of a Gradio leaderboard of `rows`, served by another interpreter."""
    table, port = folder / "board.csv", free_port()
    rows.to_csv(table, index=False)
    command = [str(python), str(REPOSITORY / "benchmarks/gradio_board.py"), str(table), str(port)]
    environment = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    with serving(command, port, "/", folder / "gradio.log", folder, environment) as server:
        yield server.address()


def first_rows(rows: pd.DataFrame, kept_kinds: pd.Series) -> dict[str, str]:
    """The first of `rows` after each step, where `kept_kinds` is what the first filter keeps."""
    small = kept_kinds & (rows["params_b"] <= LIMIT_B)
    found = small & rows["model_id"].str.contains(QUERY, case=False, regex=False)
    kept = {"opening": kept_kinds | True, "kind": kept_kinds, "size": small, "search": found}
    return {step: str(rows.loc[mask, "model_id"].iloc[0]) for step, mask in kept.items()}


def print_in_browser(frame: pd.DataFrame, runs: pd.DataFrame, python: Path | None, n: int) -> None:
    """The medians of each step, with the ratios of the pairs where Gradio is measured too."""
    rows = answer(runs, BoardQuery())
    base, not_instruct = rows["kind"] == "base", rows["kind"] != "instruct"
    spent: dict[str, list[dict[str, float]]] = defaultdict(list)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = stack.enter_context(served_basewise(folder, frame))
        apps = {"Basewise": App(address, BASEWISE, first_rows(rows, base))}
        address = stack.enter_context(served_bare(folder, as_shown(rows)))
        apps["bare"] = App(address, {}, first_rows(rows, base))
        if python is not None:
            address = stack.enter_context(served_gradio(folder, python, as_shown(rows)))
            apps["Gradio"] = App(address, GRADIO, first_rows(rows, not_instruct))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(**browser_launch_arguments())
        for run in range(n + 1):
            for name, app in apps.items():
                measured = milliseconds(browser, app)
                if run:  # the first one warms the servers
                    spent[name].append(measured)
        browser.close()
    print(f"\nIn the browser, {len(rows):,} rows, ms, median (least to most) of {n} runs")
    for step in ("opening", *BASEWISE):
        columns = [f"{step:8}"]
        for name, all_measured in spent.items():
            times = [measured[step] for measured in all_measured if step in measured]
            if times:
                columns.append(
                    f"{name} {median(times):5.0f} ({min(times):.0f} to {max(times):.0f})"
                )
        for other in ("bare", "Gradio"):
            if other in spent and step in spent[other][0]:
                pairs = zip(spent["Basewise"], spent[other], strict=True)
                ratio = median(ours[step] / theirs[step] for ours, theirs in pairs)
                columns.append(f"{ratio:.2f} times {other}")
        print("  " + "   ".join(columns))
    print("  targets: a changed filter at most 200, opening at most 1.15 times the bare table")


def main() -> None:
    """Print both parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runs", type=int, nargs="?", default=7)
    parser.add_argument("--gradio", type=Path, metavar="PATH_TO_PYTHON")
    asked = parser.parse_args()
    frame = full_size()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "board.parquet"
        file.write_bytes(parquet(frame))
        runs = read_board(file)
    print_in_process(runs)
    print_in_browser(frame, runs, asked.gradio, asked.runs)


if __name__ == "__main__":
    main()
