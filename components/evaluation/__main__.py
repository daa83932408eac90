"""Runs without the app: compute one, bring one in, hand one on.

python -m components.evaluation run --models ID [ID ...] --rows catalogue|FILE|hub:DATASET
    [--sample N] [--tolerance T] --out run.sqlite
python -m components.evaluation import FILE
python -m components.evaluation export RUN --out FILE
python -m components.evaluation list

The same command goes on with what it has not finished.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import Timeout
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from components.control import Control, Progress
from components.endpoints import served_id, split_served_id
from components.errors import BasewiseError, RowsError
from components.evaluation.columns import Columns, find_columns
from components.evaluation.host import host_store_path
from components.evaluation.item import InferenceSettings
from components.evaluation.plan import Plan
from components.evaluation.predictor import Predictor
from components.evaluation.progress import progress_of_models
from components.evaluation.row_sources import CATALOGUE, open_rows, open_table, table_rows
from components.evaluation.rows import RowSet
from components.evaluation.store import RunInfo, RunStore
from components.evaluation.transfer import export_run, import_run
from components.evaluation.work import carry_out
from components.figures import percent
from components.pricing import NUMBER_FORMATS
from components.registry import load_registry

_WAIT_SECONDS = 1.0
_OWNER = "command line"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the process's exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except BasewiseError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m components.evaluation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="ask models for the prices of rows, and record it")
    run.set_defaults(command=_run)
    run.add_argument(
        "--models", nargs="+", required=True, metavar="ID", help="Hub ids; ID:NAME on an endpoint"
    )
    run.add_argument(
        "--rows",
        required=True,
        help=f"{CATALOGUE}, a CSV, JSON Lines or Parquet file, or hub:organization/dataset[:split]",
    )
    run.add_argument("--sample", type=_count, metavar="N", help="so many rows, spread over prices")
    run.add_argument("--seed", type=int, default=0, help="draws another sample (0)")
    run.add_argument("--tolerance", type=_share, default=0.01, metavar="T", help="0 to 1 (0.01)")
    run.add_argument("--precision", choices=["native", "4-bit"], default="native")
    run.add_argument("--no-greedy", action="store_true", help="without the greedy continuation")
    run.add_argument("--text", metavar="COLUMN", help="the rows' text (found by itself)")
    run.add_argument("--price", metavar="COLUMN", help="the rows' price (found by itself)")
    run.add_argument("--number-format", choices=NUMBER_FORMATS, help="of prices: 1,299.00 is point")
    run.add_argument("--category", metavar="COLUMN", help="the rows' category (found by itself)")
    run.add_argument("--out", type=Path, required=True, metavar="FILE", help="run.sqlite, say")
    bring = commands.add_parser("import", help="show a run's file on this host, read-only")
    bring.set_defaults(command=_import)
    bring.add_argument("file", type=Path)
    hand = commands.add_parser("export", help="write one of this host's runs into a file")
    hand.set_defaults(command=_export)
    hand.add_argument("run", help="its id, or how it begins")
    hand.add_argument("--out", type=Path, required=True, metavar="FILE")
    listed = commands.add_parser("list", help="this host's runs")
    listed.set_defaults(command=_list)
    for command in (bring, hand, listed):
        command.add_argument("--store", type=Path, help="another file of runs than the app's")
    return parser


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise argparse.ArgumentTypeError("one row at least")
    return count


def _share(text: str) -> float:
    if not 0 <= (share := float(text)) < 1:
        raise argparse.ArgumentTypeError("from 0 to below 1")
    return share


def _run(options: argparse.Namespace) -> int:
    rows = _rows(options)
    if options.sample is not None:
        rows = rows.sample(options.sample, options.seed)
    left_out = "".join(f", {count:,} left out ({why})" for why, count in rows.left_out.items())
    print(f"{rows.label}: {len(rows.rows):,} rows{left_out}", file=sys.stderr)
    settings = InferenceSettings(
        options.tolerance, options.precision, "none" if options.no_greedy else "price"
    )
    models = tuple(dict.fromkeys(map(_model, options.models)))
    plan = Plan(models, rows.rows, settings, rows.label, rows.left_out)
    store = RunStore(options.out)
    try:
        store.create(plan, _OWNER)
        return _work(store, plan.run_id)
    finally:
        store.close()


def _model(text: str) -> str:
    """The key of the model that an argument names, here or on an endpoint."""
    hub_id, endpoint = split_served_id(text)
    return served_id(load_registry().resolve(hub_id).id, endpoint)


def _rows(options: argparse.Namespace) -> RowSet:
    if options.rows == CATALOGUE:
        if options.text or options.price or options.category:
            raise RowsError("The catalogue's columns are given.", way_out="Name none of them.")
        return open_rows(CATALOGUE)
    table = open_table(options.rows)
    if options.text and options.price:
        columns = Columns(options.text, options.price, options.category, options.number_format)
    else:
        found = find_columns(table.cells)
        columns = Columns(
            options.text or found.text,
            options.price or found.price,
            options.category or found.category,
            options.number_format,
        )
    print(
        f"Text: {columns.text}, price: {columns.price}, category: {columns.category or 'none'}",
        file=sys.stderr,
    )
    return table_rows(table, columns)


def _work(store: RunStore, run_id: str) -> int:
    lock = store.lock(run_id)
    while True:
        try:
            lock.acquire(timeout=_WAIT_SECONDS)
            break
        except Timeout:
            print("Another process works on this run: waiting for it.", file=sys.stderr)
    with lock, logging_redirect_tqdm():
        info = store.run(run_id)
        if info.read_only:
            raise BasewiseError("This run came as a file.", way_out="Name another file to write.")
        with _bar(info) as bar:
            control = Control(_display(bar))

            def heard(repo_id: str, error: str | None) -> None:
                if error is None:
                    bar.update()
                else:
                    bar.write(f"{repo_id}: {error}")
                bar.set_description(repo_id, refresh=False)

            try:
                problem = carry_out(store, Predictor(engines=1, answers=1), run_id, control, heard)
            except KeyboardInterrupt:
                store.set_state(run_id, "paused")
                raise
    for model in progress_of_models(store, run_id):
        error = "" if model.mean_error is None else f", mean error ${model.mean_error:,.2f}"
        if model.interval is not None:
            error += f" (95 %: {model.interval[0]:,.2f} to {model.interval[1]:,.2f})"
        failed = f", {model.failed:,} failed" if model.failed else ""
        print(f"{model.repo_id}: {model.done:,} done{failed}{error}")
    print(f"Run {run_id} in {store.database.path}")
    if problem is not None:
        print(problem, file=sys.stderr)
    return 0 if problem is None else 1


def _bar(info: RunInfo) -> tqdm:
    seconds = 0.1 if sys.stderr.isatty() else 10.0  # a log needs few lines
    return tqdm(
        total=info.total,
        initial=info.done,
        unit="prediction",
        smoothing=0.1,
        mininterval=seconds,
    )


def _display(bar: tqdm) -> Callable[[Progress], None]:
    """Shows how far a download is on the bar, as often as the bar shows predictions."""
    shown_at = 0.0

    def show(progress: Progress) -> None:
        nonlocal shown_at
        if progress.unit != "bytes":
            bar.set_postfix_str("", refresh=False)
            return
        share = f" {percent(progress.done / progress.total)}" if progress.total else ""
        bar.set_postfix_str(f"{progress.stage}{share}", refresh=False)
        if time.monotonic() - shown_at >= bar.mininterval:
            bar.refresh()
            shown_at = time.monotonic()

    return show


def _store(options: argparse.Namespace) -> RunStore:
    return RunStore(options.store or host_store_path())


def _import(options: argparse.Namespace) -> int:
    info = import_run(_store(options), options.file, _OWNER)
    print(f"Run {info.id}: {info.done:,} of {info.total:,} predictions, read-only")
    return 0


def _export(options: argparse.Namespace) -> int:
    store = _store(options)
    ids = [info.id for info in store.runs() if info.id.startswith(options.run)]
    export_run(store, ids[0] if len(ids) == 1 else options.run, options.out)
    print(options.out)
    return 0


def _list(options: argparse.Namespace) -> int:
    for info in _store(options).runs():
        models = ", ".join(info.models)
        print(f"{info.id}  {info.state}, {info.done:,}/{info.total:,}  {models}  {info.label}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
