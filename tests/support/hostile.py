"""Text that would run, be a link or a formula where it is not shown to the letter."""

import csv
import io
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from components.evaluation import Plan, Row, RunStore
from components.evaluation.item import InferenceSettings
from components.evaluation.packing import PackedFirstTokens, pack_first_tokens
from components.evaluation.transfer import export_run
from tests.support.scripted_runs import prediction
from tests.support.scripted_runs import rows as plain_rows
from tests.support.small_tokenizer import tokenizer_of_digits

# Each sets window.top.__xss, or asks another host, if it is run or followed by the browser.
_RUN = "window.top.__xss=1"
HTML = (
    f'<img src=x onerror="{_RUN}">',
    f"<script>{_RUN}</script>",
    f"\"><svg onload={_RUN}>'>",
    f'<iframe srcdoc="<script>{_RUN}</script>"></iframe>',
    f"<a href='javascript:{_RUN}'>a</a><details open ontoggle={_RUN}>",
    f"</textarea></title></style></script><body onload={_RUN}>",
    f"<math><mtext></mtext><style><img src=x onerror={_RUN}>",
)
MARKDOWN = (
    f"[a](javascript:{_RUN})",
    "![a](http://elsewhere.invalid/a.png)",
    "[a]: http://elsewhere.invalid\n![a][a]",
    f"$\\href{{javascript:{_RUN}}}{{a}}$",
    "\\includegraphics{http://elsewhere.invalid/b.png}",
    "<http://elsewhere.invalid>",
    ":material/bolt: :red[a] `a` {{7*7}} %{x}",
)
ALL = (*HTML, *MARKDOWN)
EVERYTHING = " ".join(ALL)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(1)", " =1", "\t=1", "＝1", "=cmd|' /C calc'!A0", "\n@x")


def hostile_run(path: Path, texts: tuple[str, ...]) -> str:
    """Write a run all of whose texts are among `texts`; its id."""
    folder = path.parent / f"{path.name}.making"
    folder.mkdir()
    store = RunStore(folder / "runs.sqlite")
    model = f"nobody/{texts[0]}"
    rows = tuple(
        Row(f"{text}-{i}", f"{text}\n\nPrice is $", f"{text} {i}", 5.0 + i, texts[i % len(texts)])
        for i, text in enumerate(texts * 2)
    )
    plan = Plan((model, "nobody/two"), rows, InferenceSettings(), texts[-1], {texts[0]: 2})
    store.create(plan, "me")
    for i, row in enumerate(rows):
        answer = prediction(plain_rows(1)[0].item, model, 100 + i)
        store.add(plan.run_id, model, replace(answer, item=row.item))
    store.add_failure(plan.run_id, "nobody/two", rows[0].item, texts[0])
    export_run(store, plan.run_id, path)
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        _rewrite(connection, texts)
    return plan.run_id


def _rewrite(connection: sqlite3.Connection, texts: tuple[str, ...]) -> None:
    """What no scripted model says: continuations, notes, tokens and versions."""
    answers = connection.execute(
        "SELECT rowid, first_tokens FROM prediction WHERE error IS NULL"
    ).fetchall()
    for place, (rowid, packed) in enumerate(answers):
        text = texts[place % len(texts)]
        tokens = [replace(token, text=text) for token in PackedFirstTokens(packed)]
        connection.execute(
            "UPDATE prediction SET continuation = ?, note = ?, libraries = ?, first_tokens = ?"
            " WHERE rowid = ?",
            [text, text, json.dumps({text: text}), pack_first_tokens(tokens), rowid],
        )
    connection.execute("UPDATE run SET problem = ?", [texts[0]])


def hostile_tokenizer(texts: tuple[str, ...]) -> bytes:
    """A tokenizer.json whose vocabulary has these texts, alone and before a digit."""
    characters = "".join(sorted({*"".join(texts), *"0123456789$.,- Pricesothf\n"}))
    merged = [*texts, *(f"{text}5" for text in texts)]
    return tokenizer_of_digits(characters=characters, merged=merged).to_str().encode()


def hostile_prices(texts: tuple[str, ...]) -> bytes:
    """A CSV file with these texts for its columns' names, and in its cells."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([texts[0], f"{texts[0]} price"])
    writer.writerows((text, f"{price}.50") for price, text in enumerate(texts, start=5))
    return written.getvalue().encode()


def hostile_rows(texts: tuple[str, ...]) -> bytes:
    """JSON Lines of products with these texts as names of columns and in them."""
    records = [
        {f"title {texts[0]}": f"{text} a lamp", f"price {texts[0]}": 5.0 + i, texts[-1]: text}
        for i, text in enumerate(texts)
    ]
    return "\n".join(map(json.dumps, records)).encode()
