"""What recording a run costs, and how many products a minute it prices.

python -m benchmarks.evaluation store
python -m benchmarks.evaluation run [--model ID] [--products N] [--tolerance T]

`store` times one recorded prediction after the other, and reading them all again, for a tokenizer
of digits (few first tokens) and one of whole numbers (a thousand). `run` prices the same products
as a run with its store, and by calling `price_distribution` one after the other, in turn; neither
asks for the greedy continuation, and the ratio of each pair is printed: other work on the machine
slows both.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from components.control import Control
from components.engines import ModelId, load_engine, price_distribution
from components.evaluation import InferenceSettings, Plan, Prediction, Predictor, Row, RunStore
from components.evaluation.row_sources import catalogue_rows
from components.evaluation.work import carry_out
from components.numbers import PriceDistribution
from components.numbers.distribution import FirstToken

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
RECORDED, ROUNDS = 1000, 3


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
    ratios, as_run, one_by_one = [], [], []
    for number in range(ROUNDS):
        predictor = Predictor(engines=1, answers=1)
        predictor.pool.get(engine.id, lambda: engine)
        store = RunStore(folder / f"run-{number}.sqlite")
        store.create(plan, "benchmark")
        start = time.perf_counter()
        problem = carry_out(store, predictor, plan.run_id, Control())
        as_run.append(time.perf_counter() - start)
        assert problem is None, problem
        store.close()
        start = time.perf_counter()
        for row in rows:
            price_distribution(engine, row.prompt, tolerance)
        one_by_one.append(time.perf_counter() - start)
        ratios.append(one_by_one[-1] / as_run[-1])
    per_minute = [60 * len(rows) / median(taken) for taken in (as_run, one_by_one)]
    print(
        f"{repo_id}, tolerance {tolerance}: {per_minute[0]:.1f} products per minute as a run,"
        f" {per_minute[1]:.1f} one after the other; {median(ratios):.2f} times as many"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("what", choices=["store", "run"])
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--products", type=int, default=10)
    parser.add_argument("--tolerance", type=float, default=0.01)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if options.what == "store":
            store_overhead(Path(name))
        else:
            products_per_minute(Path(name), options.model, options.products, options.tolerance)


if __name__ == "__main__":
    main()
