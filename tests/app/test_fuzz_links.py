"""Links with anything in them, over all pages: no page breaks, whatever it is given."""

import random
from collections.abc import Mapping

import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.serving import REPOSITORY
from components.leaderboard import VINTAGES
from tests.support.fuzz import fuzz_cases, processor_seconds
from tests.support.parameters import parameters

PAGES = (
    "app.py",
    "pages/leaderboard.py",
    "pages/tokenizer_inspector.py",
    "pages/live_inference.py",
    "pages/evaluation.py",
)
# Links are tried in visits of so many: a page's tokenizers are opened once per process anyway.
LINKS = fuzz_cases(10)
MOST_SECONDS = 10

MODELS = (
    *("openai-community/gpt2", "gpt2", "meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B", "llama-3.1"),
    *(
        "https://huggingface.co/openai-community/gpt2/tree/main",
        "hf://datasets/a/b",
        "tiiuae/falcon-40b",
    ),
    *("", " ", "/", "a/b/c", "../..", "‮", "\x00", "%00", "x" * 5000, "<b>", "$x$", "[[1]]", "nan"),
)
VALUES = {
    "models": MODELS,
    "run": MODELS,
    "vintage": (*VINTAGES, "1999", ""),
    "kind": ("base", "instruct", "foo", ""),
    "min_b": ("1", "-1", "nan", "inf", "1e999", "9" * 400, "０", ""),
    "max_b": ("9", "0", "abc", "1e-300", "-0", "1_000"),
    "search": ("qwen", "(", "@org:", "@x:y", "a" * 2000, ";;;", "(?<=a)", "\\"),
    "rank": ("average", "params_b", "uplift", "weighted", "x"),
    "weight_bbh": ("0", "5", "6", "nan"),
    "org": ("Qwen", "nobody"),
    "license": ("mit", "?"),
    "precision": ("bfloat16", "x"),
    "hide": ("moe", "merged", "flagged", "x"),
    "runs": ("true", "false", "1"),
    "recorded": ("true", "maybe"),
    "columns": ("model_id", "badges", "rank", "x"),
    "context": ("{n}", "{n:,}", "no number", "{n}{n}", "{n:.9f}", "x" * 600, "{", "\n{n}\n"),
    "from": ("0", "99999", "100000", "-1", "x", "1.5", "９"),
    "to": ("0", "999", "1200", "99999999999999999999"),
    "first_of": ("0", "999", "1000", "x"),
    "prices": ("uniform", "own", "x"),
    "text": ("", "a\x16b", "😀" * 50, "<script>", "x" * 3000, "\ud7ff", "‮abc", "$$"),
    "ids": ("true", "x"),
    "product": ("own", "nintendo-switch-2017", "x"),
    "description": ("", "a phone", "x" * 9000),
    "actual": ("299.99", "0", "-5", "1e308", "x"),
    "wording": ("own", "x"),
    "question": ("", "How much?", "x" * 3000),
    "tolerance": ("0.01", "0", "x"),
    "four_bit": ("true", "x"),
    "log": ("true", "x"),
    "chart": ("size", "x"),
    "decision": ("Qwen/Qwen2.5-7B", "x", "<b>"),
    "why": ("", "Because | of $5", "x" * 3000, f"~{'0' * 20}", "~../../x"),
    "who": ("Ada", "x" * 500),
    "must_b": ("9", "1e308", "-1"),
    "must_context": ("8192", "1e308", "0.5"),
    "must_licence": ("permissive", "x"),
    "must_gb": ("24", "nan"),
    "must_way": ("full", "x"),
    "count_after": ("2", "9"),
    "sequence": ("2048", "0"),
    "batch": ("1", "99999"),
    "adapter_rank": ("64", "x"),
    "evidence_run": ("0836509808ecff2072a5", "x"),
    "name": ("A lamp", "x" * 300),
    "evaluation": ("0836509808ecff2072a5", "x" * 100, "<b>"),
    "evaluate": MODELS,
    "rows": ("catalogue", "hub", "file", "x"),
    "dataset": ("nobody/nothing", "a/b:test", "../..", "<b>", "x" * 3000),
    "sample": ("1", "0", "99999999999", "x"),
    "view": ("figures", "rows", "pairs", "texts", "x"),
    "metric": ("mae", "crps", "x"),
    "read_out": ("median", "mode", "x"),
    "zero": ("true", "x"),
    "unknown": ("x",),
}


# Of parameters that nothing is listed for above.
ANYTHING: tuple[str, ...] = ("", "x", "<b>", "1", "-1", "0.1234567891", "1e400", "true", "9" * 30)


def values() -> Mapping[str, tuple[str, ...]]:
    """What a link may hold under each of its parameters, and under names that are none."""
    return dict.fromkeys(parameters(), ANYTHING) | VALUES


def a_link(seed: int) -> tuple[str, dict[str, str | list[str]]]:
    """A page and its query parameters, the same for the same seed."""
    draw = random.Random(seed)
    names = draw.sample(list(values()), draw.randint(1, 8))
    # One tokenizer unless models are drawn: four of them over 100,000 numbers is work, not a hang.
    query: dict[str, str | list[str]] = {"models": "openai-community/gpt2"}
    for name in names:
        texts = [draw.choice(values()[name]) for _ in range(draw.choice([1, 1, 2, 12]))]
        if draw.random() < 0.2:
            texts.append("".join(chr(draw.randrange(1, 0xD800)) for _ in range(20)))
        query[name] = texts if len(texts) > 1 else texts[0]
    return PAGES[seed % len(PAGES)], query


@pytest.mark.parametrize("seed", LINKS)
def test_a_page_opens_with_any_link(hub, seed):
    path, query = a_link(seed)
    at = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=60)
    if path != "app.py":
        at.switch_page(path)
    for name, texts in query.items():
        at.query_params[name] = texts
    started = processor_seconds()
    at.run()
    print(f"{seed}: {processor_seconds() - started:.1f} s, {path}")
    assert not at.exception, (path, query, at.exception[0].stack_trace)
    assert at.title[0].value
    assert processor_seconds() - started < MOST_SECONDS + 20 * (seed - LINKS[0] < len(PAGES))
