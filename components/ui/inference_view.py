"""The live inference page's controls, the run itself, and its results."""

import time
from contextlib import closing
from dataclasses import dataclass

import streamlit as st

from components.charts import NamedPrice, predicted_prices
from components.errors import BasewiseError
from components.pricing import DEFAULT_PROMPT, PROMPTS, error_band, load_catalogue, price_prompt
from components.ui import permalinks, predictions, resources, shell, shortlist
from components.ui.feedback import show_error
from components.ui.model_ids import clean_ids, label, options, say_refused
from components.ui.predictions import Prediction
from components.ui.text import plain

RUN_DEFAULT = ("google/gemma-3-270m", "HuggingFaceTB/SmolLM2-135M-Instruct")
MAX_NEW_TOKENS = 24

_OWN = "own"
_RUN_LIMIT = 4
_RUN = permalinks.models(
    "run", RUN_DEFAULT, lambda repo_ids: clean_ids(repo_ids, limit=_RUN_LIMIT, where="run")
)
_PRODUCT = permalinks.one_of("product", [*load_catalogue(), _OWN], "nintendo-switch-2017")
_WORDING = permalinks.one_of("wording", list(PROMPTS), DEFAULT_PROMPT)
_MAX_CHARACTERS = 8_000
_REQUESTED = "inference_requested"


@dataclass(frozen=True)
class Question:
    """A product and the prompt made of it; `actual` is its list price, if known."""

    title: str
    prompt: str
    actual: float | None


def ask() -> Question | None:
    """Pick a product of the catalogue or describe one; None while there is no description."""
    catalogue = load_catalogue()
    product_column, wording_column = st.columns([3, 2])
    with product_column:
        product_id = _PRODUCT.show()
        st.selectbox(
            "Product",
            [*catalogue, _OWN],
            format_func=lambda key: "Your own product …" if key == _OWN else catalogue[key].title,
            key=_PRODUCT.widget_key,
            on_change=_PRODUCT.take,
        )
    with wording_column:
        wording = _WORDING.show()
        st.selectbox(
            "Question",
            list(PROMPTS),
            format_func=PROMPTS.__getitem__,
            key=_WORDING.widget_key,
            on_change=_WORDING.take,
        )
    if product_id != _OWN:
        product = catalogue[product_id]
        st.text(product.description)
        st.caption(
            plain(
                f"{product.category}. US list price ${product.price_usd:,.2f} ({product.year});"
                " the models are not told."
            )
        )
        return Question(
            product.title, price_prompt(product.description, wording), product.price_usd
        )
    description = st.text_area(
        "Description",
        key="own_description",
        persist_state="session",
        placeholder="What is it, what does it do, what is in the box?",
    )
    actual = st.number_input(
        "Actual price in US dollars, if you know it",
        min_value=0.01,
        value=None,
        key="own_price",
        persist_state="session",
        placeholder="unknown",
    )
    if len(description) > _MAX_CHARACTERS:
        st.warning(
            f"The description has {len(description):,} characters; at most {_MAX_CHARACTERS:,}"
            " are taken. Shorten it, then predict.",
            icon=":material/content_cut:",
        )
        return None
    if not description.strip():
        st.info("Describe the product, then predict.", icon=":material/edit:")
        return None
    return Question("your own product", price_prompt(description, wording), actual)


def pick_models(on_shortlist: list[str]) -> list[str]:
    """The models to run; in the URL as `run`."""
    chosen = _RUN.show()
    st.multiselect(
        "Models to run",
        options([*chosen, *RUN_DEFAULT, *on_shortlist]),
        format_func=label,
        key=_RUN.widget_key,
        on_change=_RUN.take,
        accept_new_options=True,
        max_selections=_RUN_LIMIT,
        select_all=False,
        placeholder="Pick a model or type a Hub id",
        help="Weights come from the Hub, or from a package registry where one carries them. Any"
        " model on the Hub with safetensors weights can be typed in.",
    )
    say_refused(_RUN.name)
    return chosen


def controls(*, ready: bool) -> bool:
    """Predict and Stop; whether a run is to be done now.

    Stop needs no callback: any click interrupts the run, and this one does nothing else. The
    request is taken here, not cleared at the end of the run: session state can't be written once
    a run is interrupted.
    """
    running = st.session_state.pop(_REQUESTED, False)
    with st.container(horizontal=True):
        st.button(
            "Predict",
            type="primary",
            icon=":material/bolt:",
            disabled=running or not ready,
            on_click=lambda: st.session_state.update({_REQUESTED: True}),
        )
        st.button("Stop", icon=":material/stop_circle:", disabled=not running)
    return running and ready


def run(question: Question, models: list[str]) -> None:
    """Predict model by model, showing each continuation as it grows.

    Any rerun (Stop, another widget, another page) interrupts this at the next token; what was
    generated by then is kept.
    """
    predictions.forget(models)
    slots = {}
    # An empty element first: it takes the earlier run's results off the page at once.
    with st.empty().container():
        for column, repo_id in zip(st.columns(len(models)), models, strict=True):
            with column, st.container(border=True, height="stretch"):
                shortlist.heading(repo_id)
                slots[repo_id] = st.empty()
                slots[repo_id].caption("Waits for its turn.")
    for repo_id, slot in slots.items():
        with slot.container():
            _predict(question, repo_id)
    st.rerun()


def _predict(question: Question, repo_id: str) -> None:
    prediction = Prediction(repo_id, question.title, question.prompt, question.actual)
    try:
        engine = resources.engine(repo_id)
        prediction.provenance = engine.provenance
        predictions.keep(prediction)
        slot = st.empty()
        started = time.perf_counter()
        pieces = engine.stream(question.prompt, max_new_tokens=MAX_NEW_TOKENS)
        with closing(pieces):
            for piece in pieces:
                prediction.text += piece
                prediction.seconds = time.perf_counter() - started
                slot.code(f"Price is ${prediction.text}▌", language=None, wrap_lines=True)
        prediction.finished = True
    except BasewiseError as error:
        prediction.error = error
        predictions.keep(prediction)
        show_error(error)


def results(question: Question, models: list[str]) -> None:
    """What these models answered to this question, side by side, and a chart of the prices."""
    answered = {p.model: p for p in predictions.of_prompt(question.prompt, models)}
    if not answered:
        st.info("Press Predict to run the models on this product.", icon=":material/bolt:")
        return
    with st.empty().container():
        for column, repo_id in zip(st.columns(len(models)), models, strict=True):
            with column, st.container(border=True, height="stretch"):
                shortlist.heading(repo_id)
                if repo_id in answered:
                    _answer(answered[repo_id])
                else:
                    st.caption("Not run on this product yet.")
        _chart(question, list(answered.values()))
    if missing := [model for model in models if model not in shortlist.models()]:
        st.button(
            "Put these models on the shortlist",
            icon=":material/star:",
            on_click=shortlist.add,
            args=(missing,),
            help="The Review shows the latest predictions of the shortlist.",
        )


def _chart(question: Question, answered: list[Prediction]) -> None:
    priced = [
        NamedPrice(p.model, label(p.model), p.provenance, p.price)
        for p in answered
        if p.price is not None
    ]
    if priced:
        shell.chart(
            predicted_prices(priced, question.actual, product=question.title, theme=shell.theme()),
            name="predicted-prices",
            alt="Predicted price of each model beside the actual price",
        )


def _answer(prediction: Prediction) -> None:
    if prediction.error is not None:
        show_error(prediction.error)
        return
    st.code(f"Price is ${prediction.text}", language=None, wrap_lines=True)
    if not prediction.finished:
        st.caption(":material/stop_circle: Stopped before it was finished; kept as it was.")
    price = prediction.price
    if price is None and prediction.finished:
        st.markdown("**No price**: the continuation does not begin with a number.")
    elif price is None:
        st.markdown("**No price yet**: press Predict to run it again.")
    else:
        st.metric("Price read from it", f"${price:,.2f}")
        if prediction.actual is not None:
            band = error_band(price, prediction.actual)
            off = price - prediction.actual
            st.markdown(
                f":{band}-badge[off by {plain(f'${abs(off):,.2f}')}"
                f" {'over' if off > 0 else 'under'}]"
                f" {plain(f'actual ${prediction.actual:,.2f}')}"
            )
    st.caption(plain(f"{prediction.seconds:.1f} s. Weights: {prediction.provenance}"))
