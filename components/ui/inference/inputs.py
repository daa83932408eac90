"""What the live inference page asks: the product, the question, the models, how exactly."""

from dataclasses import dataclass

import streamlit as st

from components.engines import Precision
from components.evaluation import Item, own_item
from components.pricing import (
    DEFAULT_PROMPT,
    PROMPTS,
    clean_description,
    describe_actual,
    load_catalogue,
    price_prompt,
)
from components.ui import services
from components.ui.inference import chips
from components.ui.kit import permalinks
from components.ui.kit.binding import bound
from components.ui.kit.endpoint_states import show_endpoints
from components.ui.kit.model_ids import clean_ids, label, options, say_refused, served
from components.ui.kit.text import plain

# Small, and there without the Hub: what runs where nothing of the shortlist does.
STAND_INS = ("google/gemma-3-270m", "HuggingFaceTB/SmolLM2-135M-Instruct")

_OWN = "own"
_RUN_LIMIT = 6
_MAX_CHARACTERS = 8_000
_RUN = permalinks.models(
    "run", (), lambda repo_ids: clean_ids(repo_ids, limit=_RUN_LIMIT, where="run")
)
_PRODUCT = permalinks.one_of("product", [*load_catalogue(), _OWN], "nintendo-switch-2017")
_DESCRIPTION = permalinks.text("description")
_NAME = permalinks.text("name", longest=200)
_ACTUAL = permalinks.number("actual")
_WORDING = permalinks.one_of("wording", [*PROMPTS, _OWN], DEFAULT_PROMPT)
_QUESTION = permalinks.text("question")


@dataclass(frozen=True)
class Question:
    """A product by its title, and what is asked about it."""

    title: str
    item: Item


def ask() -> Question | None:
    """Pick a product of the catalogue or describe one; None while something is missing."""
    catalogue = load_catalogue()
    product_column, wording_column = st.columns([3, 2])
    with product_column:
        by_category = sorted(catalogue, key=lambda key: catalogue[key].category)
        product_id = bound(
            st.selectbox,
            _PRODUCT,
            "Product",
            [_OWN, *by_category],
            format_func=lambda key: (
                "Your own product …"
                if key == _OWN
                else f"{catalogue[key].category}: {catalogue[key].title}"
            ),
            help="By category; type a part of a name to search.",
        )
    with wording_column:
        wording = bound(
            st.selectbox,
            _WORDING,
            "Question",
            [*PROMPTS, _OWN],
            format_func=lambda key: PROMPTS.get(key, "Your own question …"),
            on_change=_take_wording,
            accept_new_options=True,
            help="Pick one, or type your own.",
        )
    question = _own_question() if wording == _OWN else PROMPTS[wording]
    if product_id == _OWN:
        asked = _own_product(question)
    else:
        product = catalogue[product_id]
        st.text(product.description)
        st.caption(
            plain(
                f"{product.category}. US list price ${product.price_usd:,.2f} ({product.year});"
                " the models are not told."
            )
        )
        prompt = price_prompt(product.description, question)
        item = Item(product.id, prompt, product.price_usd)
        asked = Question(product.title, item)
    return asked if question.strip() else None


def _take_wording() -> None:
    """A question typed into the list is the visitor's own."""
    picked = st.session_state[_WORDING.widget_key]
    if picked not in (*PROMPTS, _OWN):
        _QUESTION.choose(picked)
        picked = _OWN
    _WORDING.choose(picked)


def _own_question() -> str:
    question = bound(
        st.text_input,
        _QUESTION,
        "Your question",
        max_chars=500,
        placeholder="What does this cost to the nearest dollar?",
        help="It stands before the description; “Price is $” follows it.",
    )
    if not question.strip():
        st.info("Write the question, then predict.", icon=":material/edit:")
    return question


def _own_product(question: str) -> Question | None:
    description = bound(
        st.text_area,
        _DESCRIPTION,
        "Description",
        placeholder="What is it, what does it do, what is in the box?",
    )
    name_column, actual_column = st.columns(2)
    with name_column:
        name = bound(
            st.text_input,
            _NAME,
            "Its name, for charts and lists",
            max_chars=80,
            placeholder="your own product",
        )
    with actual_column:
        actual = bound(
            st.number_input,
            _ACTUAL,
            "Actual price in US dollars, if you know it",
            value=None,
            placeholder="unknown",
        )
    if len(description) > _MAX_CHARACTERS:
        st.warning(
            f"The description has {len(description):,} characters; at most {_MAX_CHARACTERS:,}"
            " are taken. Shorten it, then predict.",
            icon=":material/content_cut:",
        )
        return None
    cleaned = clean_description(description, question)
    if cleaned != description.strip():
        st.caption(
            plain(
                "The question before the description and “Price is $” after it are left out: they"
                " are put there anyway."
            )
        )
    if not cleaned:
        st.info("Describe the product, then predict.", icon=":material/edit:")
        return None
    if actual is not None and (remark := describe_actual(actual)):
        st.caption(plain(remark))
    title = name.strip() or "your own product"
    return Question(title, own_item(price_prompt(cleaned, question), actual))


def pick_models(on_shortlist: list[str], precision: Precision) -> list[str]:
    """The models to run: those picked here, in the URL as `run`, else those of the shortlist that
    run here; each of the shortlist with how it stands.
    """
    standing = services.standing(on_shortlist, precision)
    chips.show(standing)
    bound(
        st.multiselect,
        _RUN,
        "Models to run",
        options([*_RUN.value(), *served(), *STAND_INS, *on_shortlist]),
        format_func=label,
        accept_new_options=True,
        max_selections=_RUN_LIMIT,
        select_all=False,
        placeholder="The shortlist. Pick others here, or type a Hub id",
        help="Weights come from the Hub, or from a package registry where one carries them. Any"
        " model on the Hub with safetensors weights can be typed in.",
    )
    say_refused(_RUN.name)
    show_endpoints()
    return _RUN.value() or [model for model, found in standing.items() if found.runs]


def wanted(on_shortlist: list[str]) -> list[str]:
    """The models that the visitor has picked, whether they run here or not."""
    return _RUN.value() or on_shortlist


def take_stand_ins() -> None:
    """Run the two small models instead of the shortlist."""
    _RUN.choose(list(STAND_INS))
