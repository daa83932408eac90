"""Contexts, first-token information, costs and uploads, on tokenizers small enough to check."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, normalizers
from tokenizers.models import BPE, Unigram, WordLevel, WordPiece
from tokenizers.pre_tokenizers import Metaspace, Split, Whitespace
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.processors import TemplateProcessing

from components.errors import ContextError, TokenizerError
from components.numbers import (
    NumberContext,
    StrangersTokenizer,
    as_ranges,
    cost_summary,
    first_token_information,
    number_atlas,
    numbering_strategy,
    possible_counts,
    sequence_costs,
    still_possible,
)
from components.numbers.encoding import encode_numbers
from components.numbers.information import entropy
from components.numbers.strategy import long_numbers
from components.tokenization import (
    MAX_UPLOAD_MB,
    cut_text,
    disagreements,
    try_tokenizer,
    unknown_token,
)
from tests.support.small_tokenizer import CHARACTERS, tokenizer_of_digits

WHOLE = tokenizer_of_digits(merged=[str(number) for number in range(100)])
DIGITS = tokenizer_of_digits()


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("Price is ${n}", "Price is $1234"),
        ("{n}", "1234"),
        ("{n:,}", "1,234"),
        ("${n:.2f}.", "$1234.00."),
        ("{a} {n:,.2f} {}", "{a} 1,234.00 {}"),
    ],
)
def test_a_context_writes_the_number_in_its_place(template, written):
    assert NumberContext.parse(template).write(1234) == written


@pytest.mark.parametrize("template", ["", "no number", "{n} and {n}", "{n:.9f}", "x" * 600 + "{n}"])
def test_a_context_without_exactly_one_number_is_refused_with_the_way_out(template):
    with pytest.raises(ContextError) as caught:
        NumberContext.parse(template)
    assert "{n}" in caught.value.way_out


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("no number", "it holds no {n}"),
        ("{n} and {n}", "it holds {n} 2 times"),
        ("{n:.9f}", "{n:.9f} is no way to write the number"),
        ("x" * 998 + "{n}", "it has 1,001 characters, more than 500"),
    ],
)
def test_a_refused_context_says_what_is_wrong_with_it(template, problem):
    with pytest.raises(ContextError) as caught:
        NumberContext.parse(template)
    assert caught.value.problem == f"The context can't be used: {problem}."
    assert NumberContext.parse("x" * 497 + "{n}").prefix == "x" * 497


FIELDS = {"{n}": "1234", "{n:,}": "1,234", "{n:.2f}": "1234.00", "{n:,.2f}": "1,234.00"}
PLAIN_TEXT = st.text(st.characters(exclude_characters="{}n:"), max_size=8)
BRACES = st.sampled_from(["{", "}", "{}", "{a}", "{ n}", "{N}"])


@given(st.lists(st.one_of(PLAIN_TEXT, BRACES, st.sampled_from(list(FIELDS))), max_size=6))
@example(["{", "{n}", "}"])
@example(["{n}", "{n:,}"])
def test_a_text_is_a_context_if_it_holds_one_number_and_all_else_stays_as_it_is(parts: list[str]):
    template = "".join(parts)
    if sum(part in FIELDS for part in parts) == 1:
        written = "".join(FIELDS.get(part, part) for part in parts)
        assert NumberContext.parse(template).write(1234) == written
    else:
        with pytest.raises(ContextError):
            NumberContext.parse(template)


def test_a_token_that_joins_the_prefix_to_the_first_digit_counts():
    atlas = number_atlas(tokenizer_of_digits(prefix="$"), [5, 51, 6], "${n}")
    assert atlas.pieces == [("$5",), ("$5", "1"), ("6",)]


def test_text_after_the_number_is_not_counted_and_cents_are():
    assert number_atlas(DIGITS, [12], "{n} is").counts.tolist() == [2]
    assert number_atlas(DIGITS, [12], "{n:.2f} is").counts.tolist() == [5]


def test_a_number_that_the_tokenizer_drops_has_no_token():
    no_nine = tokenizer_of_digits(characters=CHARACTERS.replace("9", ""))
    atlas = number_atlas(no_nine, [9, 8])
    assert atlas.counts.tolist() == [0, 1]
    assert atlas.first_places[0] == -1
    assert atlas.pieces == [(), ("8",)]


@given(
    added=st.lists(
        st.from_regex(r"(is )?\$?[0-9]{1,4}(\.0)?", fullmatch=True), max_size=4, unique=True
    ),
    first=st.integers(0, 1500),
    template=st.sampled_from(["Price is ${n}", "{n}", "9{n}", "{n:,.2f} is", "is ${n}0"]),
)
@example(added=["345"], first=300, template="Price is ${n}")
@example(added=["$1345"], first=1000, template="Price is ${n}")
def test_added_tokens_that_take_in_a_part_of_some_numbers_are_counted(added, first, template):
    tokenizer = tokenizer_of_digits(merged=added)
    context = NumberContext.parse(template)
    atlas = number_atlas(tokenizer, range(first, first + 100), template)
    for number, pieces in zip(atlas.numbers.tolist(), atlas.pieces, strict=True):
        encoding = tokenizer.encode(context.write(number), add_special_tokens=False)
        begin = len(context.prefix)
        end = begin + len(context.number(number))
        alone = [
            token
            for token, (start, stop) in zip(encoding.tokens, encoding.offsets, strict=True)
            if stop > begin and start < end
        ]
        assert list(pieces) == alone


def test_an_encoded_number_has_its_whole_texts_tokens_and_knows_which_are_its_own():
    context = NumberContext("is ", ",", ".")
    five, long = encode_numbers(DIGITS, context, ["5", "1,234"])
    assert (five.text, long.text) == ("is 5.", "is 1,234.")
    assert (long.begin, long.end) == (3, 8)
    assert five.ids == DIGITS.encode("is 5.").ids
    assert "".join(DIGITS.id_to_token(token) or "" for token in long.number_ids) == "1,234"


def test_more_numbers_than_one_call_encodes_come_in_order():
    encoded = encode_numbers(DIGITS, NumberContext("$"), map(str, range(2500)))
    assert [number.text for number in encoded] == [f"${n}" for n in range(2500)]
    assert [len(number.ids) for number in encoded] == [len(f"${n}") for n in range(2500)]


def test_no_numbers_make_an_empty_atlas():
    assert number_atlas(DIGITS, []).frame().empty


WEIGHTS = st.lists(st.floats(0, 1e6), min_size=100, max_size=100).filter(lambda w: sum(w) > 1e-3)


@given(WEIGHTS)
def test_one_token_per_number_settles_all_whatever_the_prices(weights):
    assert first_token_information(number_atlas(WHOLE, range(100)), weights).share == 1


@given(WEIGHTS)
def test_the_settled_share_lies_between_none_and_all(weights):
    information = first_token_information(number_atlas(DIGITS, range(100)), weights)
    assert 0 <= information.first_token_bits <= information.price_bits + 1e-9
    assert 0 <= information.share <= 1


def test_the_settled_share_of_uniform_prices_is_what_arithmetic_says():
    information = first_token_information(number_atlas(DIGITS, range(100)), [1.0] * 100)
    # A first 0 leaves 1 of 100, each other first digit leaves 11.
    by_hand = -(0.01 * math.log2(0.01) + 9 * 0.11 * math.log2(0.11))
    assert information.price_bits == pytest.approx(math.log2(100))
    assert information.first_token_bits == pytest.approx(by_hand)


def test_a_certain_price_is_settled_by_its_first_token():
    assert first_token_information(number_atlas(DIGITS, [7]), [3.0]).share == 1
    assert first_token_information(number_atlas(DIGITS, [7, 70]), [3.0, 0.0]).share == 1


def test_a_first_token_that_all_prices_share_settles_nothing_and_is_no_negative_zero():
    share = first_token_information(number_atlas(DIGITS, [70, 71]), [1.0, 1.0]).share
    assert f"{share:.0%}" == "0%"
    assert math.copysign(1, share) == 1


@given(WEIGHTS)
def test_the_entropy_of_weights_is_the_textbooks_in_bits_and_the_same_in_any_order(weights):
    shares = np.array(weights) / sum(weights)
    shares = shares[shares > 0]
    assert entropy(weights) == pytest.approx(-(shares * np.log2(shares)).sum(), abs=1e-9)
    assert entropy(weights) == entropy(sorted(weights))


def test_the_entropy_of_what_is_certain_is_zero_and_of_nothing_unknown():
    assert math.copysign(1, entropy([0.0, 2.0])) == 1
    assert entropy([0.0, 2.0]) == 0
    assert math.isnan(entropy([0.0, 0.0]))


@pytest.mark.parametrize("weights", [[1.0], [0.0, 0.0], [-1.0, 2.0], [math.nan, 1.0]])
def test_weights_that_are_no_distribution_are_refused(weights):
    with pytest.raises(ValueError, match="weight"):
        first_token_information(number_atlas(DIGITS, [1, 2]), weights)


def test_what_a_first_digit_leaves_possible():
    atlas = number_atlas(DIGITS)
    assert as_ranges(still_possible(atlas, 93)) == [(9, 9), (90, 99), (900, 999)]
    assert possible_counts(atlas)[[0, 93]].tolist() == [1, 111]


@given(st.sets(st.integers(0, 200)))
def test_ranges_hold_exactly_their_numbers(numbers):
    ranges = as_ranges(sorted(numbers))
    assert {n for first, last in ranges for n in range(first, last + 1)} == numbers


@pytest.mark.parametrize(
    ("tokenizer", "name", "chunking"),
    [
        (DIGITS, "per-digit", "single-digits"),
        (tokenizer_of_digits(chunks=2), "irregular", "left-to-right-twos"),
        (
            tokenizer_of_digits(merged=[str(n) for n in range(1000)]),
            "whole-number",
            "by-vocabulary",  # 1002 is 100 and 2, 1000 and 10002 too, but there is no 002
        ),
    ],
)
def test_the_strategy_and_the_chunking_of_longer_numbers_are_told_apart(tokenizer, name, chunking):
    strategy = numbering_strategy(tokenizer)
    assert (strategy.name, strategy.chunking) == (name, chunking)


def word_pieces(characters: str, unknown: str = "[UNK]") -> Tokenizer:
    """Whole words of one character, and no pieces that go on: other words are unknown."""
    vocabulary = {text: place for place, text in enumerate([unknown, *characters])}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token=unknown))
    tokenizer.pre_tokenizer = Whitespace()
    return tokenizer


def test_numbers_that_become_the_unknown_token_can_not_be_written_and_are_no_whole_numbers():
    strategy = numbering_strategy(word_pieces("$"))
    assert strategy.name == strategy.chunking == "unwritable"
    assert strategy.unwritable == dict.fromkeys(range(1000), "unknown_token")
    assert strategy.tokens_per_number == {}
    assert math.isnan(strategy.mean_tokens)
    assert strategy.one_token_share == 0


def test_the_numbers_that_can_not_be_written_are_named_with_the_reason():
    some = numbering_strategy(word_pieces("$0123456789"))
    assert some.name == "unwritable"
    assert list(some.unwritable) == list(range(10, 1000))
    assert some.tokens_per_number == {1: 10}
    dropped = numbering_strategy(tokenizer_of_digits(characters=CHARACTERS.replace("9", "")))
    assert (dropped.name, dropped.unwritable[9]) == ("unwritable", "no_tokens")
    assert 99 in dropped.unwritable
    # 190 is what 10 is without its 9: two numbers of the same tokens, neither is told.
    assert dropped.unwritable[190] == dropped.unwritable[10] == "same_tokens"


def test_a_placeholder_for_any_number_is_no_way_to_write_one():
    tokenizer = tokenizer_of_digits(characters=CHARACTERS + "#")
    tokenizer.normalizer = normalizers.Replace(Regex(r"\d+"), "#")
    strategy = numbering_strategy(tokenizer)
    assert set(strategy.unwritable.values()) == {"same_tokens"}
    atlas = number_atlas(tokenizer)
    assert atlas.counts.tolist() == [0] * 1000
    assert first_token_information(atlas, [1.0] * 1000).share == 0
    assert still_possible(atlas, 7).tolist() == list(range(1000))
    assert atlas.frame()["count"].isna().all()


def test_costs_of_prices_that_can_not_be_written_are_unknown():
    summary = cost_summary(sequence_costs(word_pieces("$"), ["is"], ["Price is $"], [123]))
    for figure in ("mean_price_tokens", "largest_price_tokens", "number_share"):
        assert math.isnan(summary[figure])


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (WordPiece({"[UNK]": 3, "a": 0}, unk_token="[UNK]"), 3),
        (WordLevel({"<unk>": 1, "a": 0}, unk_token="<unk>"), 1),
        (Unigram([("a", 0.0), ("<unk>", 0.0)], unk_id=1), 1),
        (Unigram([("a", 0.0)]), None),
        (BPE(vocab={"a": 0, "<u>": 5}, merges=[], unk_token="<u>"), 5),
        (BPE(vocab={"a": 0}, merges=[]), None),
    ],
)
def test_the_token_for_what_the_vocabulary_lacks_is_known_for_each_kind_of_model(model, expected):
    assert unknown_token(Tokenizer(model)) == expected


def test_groups_of_three_from_the_right_are_told_from_those_from_the_left():
    tokenizer = tokenizer_of_digits()
    pattern = Regex(r"\d{1,3}(?=(?:\d{3})*(?!\d))")
    tokenizer.pre_tokenizer = Split(pattern, "isolated")
    whole = [f"{n:0{digits}}" for digits in (1, 2, 3) for n in range(10**digits)]
    words = {text: place for place, text in enumerate([*whole, *"Price is $"])}
    tokenizer.model = WordLevel(words, unk_token="$")
    tokenizer.pre_tokenizer = PreTokenizers(
        [Split(pattern, "isolated"), Split(Regex(r"[^\d]"), "isolated")]
    )
    assert numbering_strategy(tokenizer).chunking == "right-to-left-threes"
    assert number_atlas(tokenizer, [12_999]).pieces == [("12", "999")]
    assert "".join(span.text for span in cut_text(tokenizer, "Price is $1299").spans()) == (
        "Price is $1299"
    )


def test_the_spans_of_a_vocabulary_that_marks_words_join_to_the_text():
    pieces = [(text, -2.0) for text in ["<unk>", "▁", *"0123456789$Price", "▁is", "s"]]
    tokenizer = Tokenizer(Unigram(pieces, unk_id=0))
    tokenizer.pre_tokenizer = Metaspace()
    strategy = numbering_strategy(tokenizer)
    assert (strategy.name, strategy.chunking) == ("per-digit", "single-digits")
    text = "Price is $349"
    assert "".join(span.text for span in cut_text(tokenizer, text).spans()) == text


def test_costs_count_the_prices_tokens_and_their_share_of_the_sequence():
    costs = sequence_costs(DIGITS, ["sic", "is"], ["sic Price is $", "is Price is $"], [123, 7])
    assert costs["description_tokens"].tolist() == [3, 2]
    assert costs["price_tokens"].tolist() == [3, 1]
    assert costs["sequence_tokens"].tolist() == [17, 14]
    summary = cost_summary(costs)
    assert summary["mean_price_tokens"] == 2
    assert summary["largest_price_tokens"] == 3
    assert summary["number_share"] == pytest.approx(4 / 31)


def test_equal_cuts_agree_and_others_do_not():
    strips = [cut_text(tokenizer, "is 12 is") for tokenizer in (DIGITS, WHOLE, DIGITS)]
    digits, whole, again = disagreements(strips)
    assert np.flatnonzero(digits).tolist() == [3, 4]
    assert np.flatnonzero(whole).tolist() == [3]
    assert (digits == again).all()


def test_a_tokenizer_alone_disagrees_with_nobody():
    (alone,) = disagreements([cut_text(DIGITS, "12")])
    assert not alone.any()


def test_a_window_holds_the_tokens_that_begin_in_it():
    strip = cut_text(WHOLE, "12 34 56")
    assert [span.text for span in strip.spans(strip.within(3, 6))] == ["34", " "]
    windows = [strip.within(start, start + 3) for start in range(0, 9, 3)]
    assert [index for window in windows for index in window] == list(range(len(strip)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe\x00binary",
        b'{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}',
        b'{"version": "1.0", "model": {"type": "Nonsense"}}',
        b"[" * 100_000,
        DIGITS.to_str().encode()[:-40],
    ],
)
def test_a_file_that_is_no_tokenizer_gets_a_message(content):
    with pytest.raises(TokenizerError, match=r"is no tokenizer\.json"):
        try_tokenizer(content)


def test_a_tokenizer_without_tokens_gets_a_message():
    empty = tokenizer_of_digits(characters="xyz").to_str().encode()
    with pytest.raises(TokenizerError, match="has no tokens"):
        try_tokenizer(empty)


def test_a_file_that_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(TokenizerError, match=f"at most {MAX_UPLOAD_MB} MB"):
        try_tokenizer(b" " * (MAX_UPLOAD_MB * 2**20 + 1))


def test_an_uploaded_tokenizer_does_not_cut_a_text_short():
    trained = tokenizer_of_digits()
    trained.enable_truncation(3)
    assert StrangersTokenizer(trained.to_str().encode()).lengths(["123456"]) == [6]


def with_special_tokens() -> Tokenizer:
    """Digits, after a token that begins each text and before one that ends it."""
    tokenizer = tokenizer_of_digits()
    tokenizer.add_special_tokens(["<s>", "</s>"])
    ids = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=ids)
    return tokenizer


def test_tokens_that_begin_and_end_each_text_are_no_part_of_costs_and_strategy():
    special = with_special_tokens()
    bare = tokenizer_of_digits()
    bare.add_special_tokens(["<s>", "</s>"])
    products = (["is"], ["Price is $"], [123])
    assert sequence_costs(special, *products).equals(sequence_costs(bare, *products))
    assert sequence_costs(special, *products).iloc[0].tolist() == [2, 13, 3, 3 / 13]
    assert numbering_strategy(special) == numbering_strategy(bare)


def test_a_strategy_counts_what_keeps_the_prefix_and_what_decodes_to_its_text():
    tokenizer = tokenizer_of_digits(prefix="$")
    tokenizer.decoder = decoders.Fuse()
    found = numbering_strategy(tokenizer)
    # One token is `$5`: it takes in the end of the prefix before 5, 50 to 59 and 500 to 599.
    assert (found.prefix_kept, found.decoded_back) == (1000 - 111, 1000)
    assert found.bare_differs == 111
    assert found.bare_example == ("9", "9", "9")
    assert found.spellings == {"7": ("7",), "07": ("0", "7"), "007": ("0", "0", "7")}
    assert found.long_examples[1299] == ("1", "2", "9", "9")
    assert found.digit_vocabulary == 10
    assert found.tokens_per_number == {1: 10, 2: 90, 3: 900}
    assert found.mean_tokens == 2.89
    assert found.one_token_share == 0.01


def test_long_numbers_are_of_each_length_with_the_smallest_and_the_largest():
    numbers = long_numbers()
    assert numbers == long_numbers()
    for digits in (4, 5, 6):
        drawn = [n for n in numbers if len(str(n)) == digits]
        assert {10 ** (digits - 1), 10**digits - 1} <= set(drawn)
        assert len(set(drawn)) == 1001  # a thousand, and an example
    assert {1299, 12999, 129999} <= set(numbers)


def test_a_summary_of_costs_is_unknown_in_what_a_price_that_can_not_be_written_is_part_of():
    costs = pd.DataFrame(
        {
            "description_tokens": [10, 30],
            "sequence_tokens": [20, 40],
            "price_tokens": [1.0, 3.0],
            "number_share": [0.05, 0.075],
        }
    )
    assert cost_summary(costs) == {
        "mean_price_tokens": 2,
        "largest_price_tokens": 3,
        "mean_description_tokens": 20,
        "largest_description_tokens": 30,
        "number_share": 4 / 60,
    }
    unknown = cost_summary(costs.assign(price_tokens=[1.0, math.nan]))
    assert [name for name, value in unknown.items() if math.isnan(value)] == [
        "mean_price_tokens",
        "largest_price_tokens",
        "number_share",
    ]


def test_weights_need_not_sum_to_one():
    atlas = number_atlas(DIGITS, range(20))
    whole = first_token_information(atlas, np.full(20, 1.0)).share
    assert first_token_information(atlas, np.full(20, 1e-6)).share == pytest.approx(whole)
    assert first_token_information(atlas, [1] * 20).share == whole


def test_an_atlas_as_a_frame_has_counts_and_reasons_that_may_be_missing():
    frame = number_atlas(tokenizer_of_digits(characters="123$Prices "), [1, 4, 21]).frame()
    assert list(frame) == ["number", "pieces", "count", "unwritable"]
    assert frame["count"].tolist() == [1, pd.NA, 2]
    assert frame["count"].dtype == "Int64"
    assert frame["unwritable"].tolist() == [None, "no_tokens", None]
    assert frame["pieces"].tolist() == [("1",), (), ("2", "1")]
    assert number_atlas(DIGITS, [1]).frame()["unwritable"].dtype == object
