"""The matrix of evidence: models as columns, rows aligned."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from components.charts import model_styles
from components.review import Fact, Matrix, Verdict
from components.ui.kit.text import html_text

_STYLE = """<style>
.evidence{overflow-x:auto;border:1px solid rgba(128,136,150,.35);border-radius:.4rem}
.evidence table{border-collapse:collapse;width:100%;font-size:.84rem;line-height:1.35;
 font-variant-numeric:tabular-nums}
.evidence th,.evidence td{padding:.3rem .6rem;text-align:left;vertical-align:top;border:0;
 border-bottom:1px solid rgba(128,136,150,.25);min-width:8.5rem}
.evidence thead th{font-weight:600;font-size:.9rem}
.evidence tbody th{font-weight:400;min-width:7.5rem;width:15%}
.evidence th.group{font-weight:600;background:rgba(128,136,150,.12)}
.evidence small{display:block;font-size:.74rem;overflow-wrap:anywhere}
.evidence .chosen{background:rgba(63,91,217,.09)}
.evidence .struck{text-decoration:line-through}
.evidence b{font-weight:600}
</style>"""


def show(matrix: Matrix, verdicts: Mapping[str, Verdict], chosen: str | None) -> None:
    """Draw the matrix; a figure's source is what the mouse says over it."""
    st.html(_STYLE + matrix_html(matrix, verdicts, chosen))


def matrix_html(matrix: Matrix, verdicts: Mapping[str, Verdict], chosen: str | None) -> str:
    """The matrix as HTML; every text in it is escaped."""
    styles = model_styles(matrix.models)
    heads = []
    for model in matrix.models:
        style, struck = styles[model], verdicts[model].struck_out
        name = html_text(matrix.names[model])
        mark = f'<span style="color:{style.color}" aria-hidden="true">{style.symbol}</span>'
        heads.append(
            f'<th scope="col"{_chosen(model, chosen)}>{mark}'
            f" <span{_class('struck' if struck else '')}>{name}</span>"
            f"<small>{'struck out: ' if struck else ''}"
            f"{html_text('; '.join(verdicts[model].reasons) or model)}</small></th>"
        )
    body = []
    for group, rows in matrix.groups():
        span = len(matrix.models) + 1
        body.append(f'<tr><th class="group" scope="rowgroup" colspan="{span}">{group}</th></tr>')
        for row in rows:
            cells = "".join(
                f"<td{_chosen(model, chosen)}{_source(row.facts[model])}>"
                f"{_fact_html(row.facts[model])}</td>"
                for model in matrix.models
            )
            body.append(f'<tr><th scope="row">{html_text(row.label)}</th>{cells}</tr>')
    return (
        '<div class="evidence" role="region" aria-label="Evidence by model" tabindex="0"><table>'
        f"<thead><tr><td></td>{''.join(heads)}</tr></thead><tbody>{''.join(body)}</tbody>"
        "</table></div>"
    )


def _chosen(model: str, chosen: str | None) -> str:
    return _class("chosen" if model == chosen else "")


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _source(fact: Fact) -> str:
    return f' title="{html_text(fact.source)}"' if fact.source else ""


def _fact_html(fact: Fact) -> str:
    parts = [f"<b>{html_text(fact.text)}</b>" if fact.known else html_text(fact.text)]
    parts += [f"<small>⚠ {html_text(fact.caveat)}</small>"] if fact.caveat else []
    parts += [f"<small>{html_text(text)}</small>" for text in (fact.detail, fact.to_do) if text]
    return "".join(parts)


def as_table(matrix: Matrix) -> pd.DataFrame:
    """The matrix as a tidy frame: a row per fact, with its source."""
    return pd.DataFrame(
        [
            {
                "model": model,
                "group": row.group,
                "row": row.key,
                "label": row.label,
                "text": fact.text if fact.known else None,
                "value": fact.value,
                "standard_error": fact.stderr,
                "detail": fact.detail,
                "caveat": fact.caveat,
                "to_do": fact.to_do,
                "source": fact.source,
            }
            for row in matrix.rows
            for model, fact in row.facts.items()
        ]
    )
