"""What recording a run costs, how soon a large one opens, and how many products a minute it prices.

python -m benchmarks.evaluation store
python -m benchmarks.evaluation open [--rows N]
python -m benchmarks.evaluation run [--model ID] [--products N] [--tolerance T]
python -m benchmarks.evaluation sampling [--model ID] [--products N] [--tolerance T]

`store` times one recorded prediction after the other, and reading them all again, for a tokenizer
of digits (few first tokens) and one of whole numbers (a thousand). `run` prices the same products
as a run with its store, which also reads each product's text, and by calling one after the other,
in turn: `price_distribution` alone, and with it `log_likelihood` and `prompt_features`, which is
what a run finds out. None asks for the greedy continuation. Each ratio is within one round, and the
median over rounds is printed: other work on the machine slows all.

`open` makes a file of runs of two models (one writes each number as one token) on 5,000 drawn rows,
and times opening it in Chromium, on a server that has shown another run before: from the address in
a new tab and from the choice in the list of runs, to the chart, the table and the comparison.
Beside it the bundled run of 107 rows. `sampling` sets the distributions' median against that of 20
samples of `generate`, by time and by how far the median of 20 samples is off.
"""

import argparse
import re
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.serving import browser_launch_arguments, running_server
from components.control import Control
from components.engines import ModelId, load_engine, price_distribution
from components.evaluation import InferenceSettings, Plan, Prediction, Predictor, Row, RunStore
from components.evaluation.bundled import import_bundled
from components.evaluation.packing import pack_first_tokens, pack_probabilities
from components.evaluation.records import answer_of
from components.evaluation.row_sources import catalogue_rows
from components.evaluation.score_table import add_scores
from components.evaluation.work import carry_out
from components.numbers import PriceDistribution
from components.numbers.distribution import FirstToken
from components.pricing import read_price

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
RECORDED, ROUNDS, SAMPLES = 1000, 3, 20


def drawn_distribution(numbers_per_token: int) -> PriceDistribution:
    """Probabilities drawn at random, for a tokenizer whose first tokens begin so many numbers."""
    parts = np.random.default_rng(0).dirichlet(np.ones(1000))
    groups = np.arange(1000).reshape(-1, numbers_per_token)
    first_tokens = tuple(
        FirstToken(place, str(place), float(parts[group].sum()), group, 0.0, 0.0)
        for place, group in enumerate(groups)
    )
    return PriceDistribution(parts, 0.0, 0.0, 0.0, first_tokens, 3, 500, 1.0, "tree")


def store_overhead(folder: Path) -> None:
    """Print milliseconds per recorded and per read prediction."""
    rows = tuple(
        Row(f"row-{i}", f"A thing, number {i}.\n\nPrice is $", "A thing", 1.0 + i % 900)
        for i in range(RECORDED)
    )
    for kind, numbers_per_token in (("digits", 100), ("whole numbers", 1)):
        plan = Plan((f"nobody/{numbers_per_token}",), rows)
        model = ModelId(plan.models[0], "local", "benchmark", "", "float32")
        store = RunStore(folder / f"{numbers_per_token}.sqlite")
        store.create(plan, "benchmark")
        answer = Prediction(
            model, rows[0].item, plan.settings, drawn_distribution(numbers_per_token), "129.00"
        )
        taken, computed = [], time.process_time()
        for row in rows:
            start = time.perf_counter()
            store.add(plan.run_id, model.repo_id, replace(answer, item=row.item))
            taken.append(time.perf_counter() - start)
        computed = (time.process_time() - computed) / len(rows)
        start = time.perf_counter()
        records = store.predictions(plan.run_id, model.repo_id)
        read = time.perf_counter() - start
        size = store.database.megabytes
        store.close()
        print(
            f"{kind}: recorded in {median(taken) * 1e3:.2f} ms each (mean"
            f" {sum(taken) / len(taken) * 1e3:.2f} ms, of the processor's time {computed * 1e3:.2f}"
            f" ms), read in {read / len(records) * 1e3:.3f} ms"
            f" each; {size * 1e3 / RECORDED:.1f} kB each on disk"
        )


def products_per_minute(folder: Path, repo_id: str, products: int, tolerance: float) -> None:
    """Print products per minute of a run and of one call after the other, and their ratio."""
    settings = InferenceSettings(tolerance=tolerance, continuation="none")
    rows = catalogue_rows().rows[:products]
    plan = Plan((repo_id,), rows, settings)
    engine = load_engine(repo_id)
    price_distribution(engine, rows[0].prompt, tolerance)  # checks the model on its first use
    control = Control()
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(ROUNDS):
        predictor = Predictor(engines=1, answers=1)
        predictor.pool.get(engine.id, lambda: engine)
        store = RunStore(folder / f"run-{number}.sqlite")
        store.create(plan, "benchmark")
        start = time.perf_counter()
        problem = carry_out(store, predictor, plan.run_id, control)
        taken["run"].append(time.perf_counter() - start)
        assert problem is None, problem
        store.close()
        start = time.perf_counter()
        for row in rows:
            price_distribution(engine, row.prompt, tolerance)
        taken["alone"].append(time.perf_counter() - start)
        for row in rows:
            engine.log_likelihood(row.text, control)
            engine.prompt_features(row.prompt, control)
        taken["all"].append(time.perf_counter() - start)
    per_minute = {way: 60 * len(rows) / median(times) for way, times in taken.items()}
    faster = {
        way: median(np.array(taken[way]) / np.array(taken["run"])) for way in ("alone", "all")
    }
    print(
        f"{repo_id}, tolerance {tolerance}: {per_minute['run']:.1f} products per minute as a run;"
        f" one after the other with likelihood and features {per_minute['all']:.1f},"
        f" {faster['all']:.2f} times as long; distributions alone {per_minute['alone']:.1f},"
        f" {faster['alone']:.2f} times as long"
    )


def sampling(repo_id: str, products: int, tolerance: float) -> None:
    """Print products per minute of distributions and of 20 samples each, and how far both are off.

    Of samples the median of those that begin with a price of at most $999 is taken. Each is set
    against the exact distribution's median: so far samples are off by chance alone.
    """
    import torch

    engine = load_engine(repo_id)
    prompts = [row.prompt for row in catalogue_rows().rows[:products]]
    price_distribution(engine, prompts[0], tolerance)
    exact = [price_distribution(engine, prompt, 0).median for prompt in prompts]
    ours, theirs, missed, apart = [], [], [], []
    for prompt, truth in zip(prompts, exact, strict=True):
        start = time.perf_counter()
        found = price_distribution(engine, prompt, tolerance)
        ours.append(time.perf_counter() - start)
        apart.append(abs(found.median - truth))
        start = time.perf_counter()
        inputs = engine.tokenizer(prompt, return_tensors="pt")
        generate: Any = engine.model.generate
        with torch.inference_mode():
            drawn = generate(
                **inputs, do_sample=True, top_k=0, max_new_tokens=6, num_return_sequences=SAMPLES
            )
        theirs.append(time.perf_counter() - start)
        begun = inputs["input_ids"].shape[1]
        read = [read_price(str(engine.tokenizer.decode(one[begun:]))) for one in drawn]
        prices = [price for price in read if price is not None and price < 1000]
        missed.append(abs(median(prices) - truth) if prices else truth)
    print(
        f"{repo_id}, tolerance {tolerance}: {60 / median(ours):.1f} products per minute, off by"
        f" ${np.mean(apart):.2f} on average from the median at tolerance 0; {SAMPLES} samples of"
        f" generate {60 / median(theirs):.1f} per minute, off by ${np.mean(missed):.2f};"
        f" {median(theirs) / median(ours):.2f} times as long"
    )


def synthetic_run(store: RunStore, rows: int) -> str:
    """A finished run of two models on made-up rows, as if it had been computed; its id."""
    generator = np.random.default_rng(1)
    prices = np.clip(generator.lognormal(4, 1.2, rows), 1, 999).round(2).tolist()
    plan = Plan(
        ("nobody/digits", "nobody/whole-numbers"),
        tuple(
            Row(
                f"row-{place}",
                f"Thing {place}.\n\nPrice is $",
                f"Thing {place}",
                price,
                "ab"[place % 2],
            )
            for place, price in enumerate(prices)
        ),
        label="synthetic",
    )
    store.create(plan, "benchmark")
    run = {"run": plan.run_id}
    columns = answer_of(
        Prediction(
            ModelId(plan.models[0], "local", "benchmark", "", "float32"),
            plan.rows[0].item,
            plan.settings,
            drawn_distribution(100),
            "129.00",
        )
    )
    numbers = np.log1p(np.arange(1000))
    with store.database.writing() as connection:
        names = ", ".join(["run", "model", "item", *columns])
        values = ", ".join(f":{name}" for name in ("run", "model", "item", *columns))
        for repo_id, per_token, noise in zip(plan.models, (100, 1), (0.7, 0.75), strict=True):
            columns["model_id"] = columns["model_id"].replace(plan.models[0], repo_id)
            columns["first_tokens"] = pack_first_tokens(drawn_distribution(per_token).first_tokens)
            for row, price in zip(plan.rows, prices, strict=True):
                center = np.log1p(price) + generator.normal(0, noise)
                parts = np.exp(-((numbers - center) ** 2)) / np.arange(1, 1001)
                parts /= parts.sum()
                median = float((parts.cumsum() < 0.5).sum())
                drawn = {
                    "item": row.id,
                    "question": f"{repo_id} {row.id}",
                    "distribution": pack_probabilities(parts),
                    "median": median,
                    "continuation": f"{median:.0f}.00",
                }
                connection.execute(
                    f"INSERT INTO prediction ({names}) VALUES ({values})",
                    {**columns, **run, "model": repo_id, **drawn},
                )
    for repo_id in plan.models:
        start = time.perf_counter()
        add_scores(store, plan.run_id, repo_id)
        taken = (time.perf_counter() - start) / rows
        print(f"{repo_id}: scored in {taken * 1e3:.2f} ms each, once")
    store.set_state(plan.run_id, "finished")
    return plan.run_id


def opening(folder: Path, rows: int) -> None:
    """Print how soon runs open in a browser."""
    from playwright.sync_api import Page, sync_playwright

    def shown(page: Page, rows: int) -> None:
        page.get_by_text(re.compile(f"{rows:,} rows (do not )?tell these apart")).first.wait_for()
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        page.get_by_text("CSV of the figures").first.wait_for()

    file = folder / "runs.sqlite"
    store = RunStore(file)
    bundled, large = import_bundled(store), synthetic_run(store, rows)
    label = store.run(large).label
    store.close()
    taken: dict[str, list[float]] = defaultdict(list)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**browser_launch_arguments())
        for _ in range(ROUNDS):
            environment = {"BASEWISE_RUNS_FILE": str(file)}
            with running_server(folder / "server.log", environment=environment) as server:
                steps = [
                    ("a server's first visitor, 107 rows", bundled, 107),
                    ("a new tab, 107 rows", bundled, 107),
                    (f"a new tab, {2 * rows:,} predictions, the first time", large, rows),
                    (f"a new tab, {2 * rows:,} predictions, again", large, rows),
                ]
                for what, run, count in steps:
                    page = browser.new_page()
                    start = time.perf_counter()
                    page.goto(server.address("evaluation", evaluation=run))
                    shown(page, count)
                    taken[what].append(time.perf_counter() - start)
                    page.close()
            with running_server(folder / "server.log", environment=environment) as server:
                page = browser.new_page()
                page.goto(server.address("evaluation", evaluation=bundled))
                shown(page, 107)
                page.get_by_role("combobox", name="Run", exact=True).click()
                start = time.perf_counter()
                page.get_by_role("option", name=re.compile(label)).click()
                shown(page, rows)
                what = f"picked in the list, {2 * rows:,} predictions, the first time"
                taken[what].append(time.perf_counter() - start)
                page.close()
        browser.close()
    for what, seconds in taken.items():
        print(f"{what}: {median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("what", choices=["store", "open", "run", "sampling"])
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--products", type=int, default=10)
    parser.add_argument("--tolerance", type=float, default=0.01)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if options.what == "store":
            store_overhead(Path(name))
        elif options.what == "open":
            opening(Path(name), options.rows)
        elif options.what == "sampling":
            sampling(options.model, options.products, options.tolerance)
        else:
            products_per_minute(Path(name), options.model, options.products, options.tolerance)


if __name__ == "__main__":
    main()
