"""The walk and what is read from a distribution, with a scripted model: the definition's cases."""

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from components.errors import TokenizerError
from components.numbers import (
    NextTokens,
    NumberTrie,
    NumberTrieCache,
    PriceDistribution,
    TokenPath,
    TopToken,
    walk,
)
from components.numbers.distribution import Method

PROMPT = "Price is $"
ENDS = [".", " ", "k", " million", "\n", " dollars", "٣", "<end>", "-", ", or"]


@cache
def scripted_tokenizer(whole: bool) -> PreTrainedTokenizerFast:
    """A tokenizer of few tokens: digits or whole numbers, and what may come after them."""
    numbers = [str(n) for n in range(1000 if whole else 10)]
    words = ["?", "Price is $", "A", *numbers, *ENDS, ",", ",000", ",0", "07"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "?"))
    cut = r"\d{1,3}" if whole else r"\d"
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(cut), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


@cache
def tries(whole: bool) -> NumberTrieCache:
    return NumberTrieCache(scripted_tokenizer(whole))


class ScriptedModel:
    """Says what comes next after each path from a script; what it has no line for ends in `.`."""

    method: Method = "plain"
    note: str | None = None
    pass_size = 7
    prefetched: Sequence[TokenPath] = ()
    passes = tokens = 0

    def __init__(self, whole: bool, script: dict[str, dict[str, float]]):
        self.ids = scripted_tokenizer(whole).get_vocab()
        self.names = {i: name for name, i in self.ids.items()}
        self.trie: NumberTrie = tries(whole).after(PROMPT)[1]
        self.script = script
        self.scored: list[TokenPath] = []

    def next(self, path: TokenPath) -> np.ndarray:
        line = self.script.get("|".join(self.names[token] for token in path), {".": 1.0})
        found = np.zeros(len(self.ids))
        for name, probability in line.items():
            found[self.ids[name]] = probability
        return found

    def score(self, paths: Sequence[TokenPath], prefetch: Sequence[TokenPath] = ()) -> NextTokens:
        assert len(paths) <= self.pass_size
        self.scored += paths
        self.passes += 1
        rows = np.stack([self.next(path)[self.trie.columns] for path in paths])
        return NextTokens.with_all_told(rows)

    def top_tokens(self, count: int) -> list[TopToken]:
        after = self.next(())
        best = np.argsort(-after)[:count].tolist()
        return [TopToken(token, self.names[token], float(after[token])) for token in best]

    def price(self, tolerance: float = 0.0) -> PriceDistribution:
        return walk(self.trie, self, tolerance)


def priced(script: dict[str, dict[str, float]], whole: bool = False) -> PriceDistribution:
    return ScriptedModel(whole, script).price()


def parts(found: PriceDistribution) -> dict[int | str, float]:
    """The parts that are not zero."""
    listed: dict[int | str, float] = {
        int(n): float(found.probabilities[n]) for n in found.probabilities.nonzero()[0]
    }
    listed |= {"overflow": found.overflow, "not a number": found.not_a_number}
    return {part: mass for part, mass in listed.items() if mass}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("whole", [False, True])
def test_what_is_no_digit_and_no_separator_ends_the_number(whole, end):
    spelled = "12" if whole else "1|2"
    first = {spelled.split("|")[0]: 1.0}
    script = {"": first, spelled: {end: 1.0}} | ({} if whole else {"1": {"2": 1.0}})
    assert parts(priced(script, whole)) == {12: 1.0}


def test_a_further_digit_is_overflow():
    script = {"": {"1": 1}, "1": {"2": 1}, "1|2": {"9": 1}, "1|2|9": {"9": 0.25, ".": 0.75}}
    assert parts(priced(script)) == {129: 0.75, "overflow": 0.25}


def test_a_further_digit_of_a_number_in_one_token_is_overflow_though_shorter_numbers_exist():
    script = {"": {"129": 1}, "129": {"9": 0.25, ".": 0.75}}
    assert parts(priced(script, whole=True)) == {129: 0.75, "overflow": 0.25}


def test_a_number_split_as_the_tokenizer_never_does_is_overflow():
    script = {"": {"12": 1}, "12": {"9": 0.25, ".": 0.75}}
    assert parts(priced(script, whole=True)) == {12: 0.75, "overflow": 0.25}


@pytest.mark.parametrize("whole", [False, True])
def test_leading_zeros_are_overflow(whole):
    found = priced({"": {"07": 0.5, "0": 0.5}, "0": {"7": 0.5, ".": 0.5}}, whole)
    assert parts(found) == {0: 0.25, "overflow": 0.75}


def test_a_separator_goes_on_only_with_a_digit():
    script = {"": {"1": 1}, "1": {",": 1}, "1|,": {"2": 0.5, " ": 0.25, ",": 0.125, ",0": 0.125}}
    assert parts(priced(script)) == {1: 0.5, "overflow": 0.5}


@pytest.mark.parametrize("joined", [",000", ",0"])
def test_a_separator_and_a_digit_in_one_token_are_overflow(joined):
    assert parts(priced({"": {"1": 1}, "1": {joined: 1}})) == {"overflow": 1.0}


@pytest.mark.parametrize("start", [" ", "-", ".", ",", ",000", "<end>", "٣", "k"])
def test_what_does_not_begin_with_a_digit_is_no_number(start):
    assert parts(priced({"": {start: 1}})) == {"not a number": 1.0}


def test_tokens_that_no_column_holds_end_the_number_or_are_none():
    found = priced({"": {"5": 0.5}, "5": {}})  # half of the probability is on unlisted tokens
    assert parts(found) == {5: 0.5, "not a number": 0.5}


def test_a_tokenizer_without_digits_is_refused():
    words = {"?": 0, "Price is $": 1}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel(words, "?")))
    with pytest.raises(TokenizerError, match="different tokens"):
        NumberTrieCache(tokenizer).after("Price is $")


few = settings(max_examples=20)  # each walks some 2,000 nodes


def random_script(seed: int, whole: bool) -> ScriptedModel:
    """A model with a random line for each path, sharper or flatter."""
    model = ScriptedModel(whole, {})
    sharpness = 1 + seed % 5

    def next_token(path: TokenPath) -> np.ndarray:
        generator = np.random.default_rng([seed, *path])
        weights = np.exp(sharpness * generator.normal(size=len(model.ids)))
        return weights / weights.sum()

    model.next = next_token
    return model


@few
@given(st.integers(0, 10**6), st.booleans(), st.floats(0, 0.99))
def test_all_parts_sum_to_one_and_none_is_negative(seed, whole, tolerance):
    found = random_script(seed, whole).price(tolerance)
    listed = [found.overflow, found.not_a_number, found.unexplored, found.probabilities.sum()]
    assert sum(listed) == pytest.approx(1, abs=1e-12)
    assert min(listed) >= 0
    assert found.probabilities.min() >= 0
    assert found.unexplored <= tolerance


@pytest.mark.slow
@few
@given(st.integers(0, 10**6), st.booleans(), st.lists(st.floats(0, 0.9), min_size=2, max_size=4))
def test_a_smaller_tolerance_scores_all_that_a_larger_one_does_and_leaves_less(
    seed, whole, tolerances
):
    before: tuple[set[TokenPath], float] = (set(), 1.0)
    for tolerance in sorted(tolerances, reverse=True):
        model = random_script(seed, whole)
        found = model.price(tolerance)
        assert len(model.scored) == len(set(model.scored))
        assert before[0] <= set(model.scored)
        assert found.unexplored <= before[1] + 1e-12
        before = set(model.scored), found.unexplored


@pytest.mark.slow
@few
@given(st.integers(0, 10**6), st.booleans(), st.floats(0, 0.9))
def test_what_is_left_unexplored_bounds_every_error(seed, whole, tolerance):
    rough, exact = (random_script(seed, whole).price(t) for t in (tolerance, 0))
    missing = exact.probabilities - rough.probabilities
    assert missing.min() >= -1e-12
    total = missing.sum() + exact.overflow - rough.overflow
    assert total + exact.not_a_number - rough.not_a_number == pytest.approx(rough.unexplored)


@few
@given(st.integers(0, 10**6), st.booleans(), st.floats(0, 0.5))
def test_first_tokens_account_for_all_that_comes_after_them(seed, whole, tolerance):
    found = random_script(seed, whole).price(tolerance)
    begun = [token for token in found.first_tokens if len(token.numbers)]
    assert sorted(np.concatenate([token.numbers for token in begun])) == [*range(1000)]
    for token in begun:
        mass = found.probabilities[token.numbers].sum() + token.overflow + token.unexplored
        assert mass == pytest.approx(token.probability, abs=1e-12)
    probabilities = [token.probability for token in found.first_tokens]
    assert probabilities == sorted(probabilities, reverse=True)


def with_prefetching(model: ScriptedModel) -> ScriptedModel:
    """The same, running what is likely to be needed along with a pass that has room."""
    known: set[TokenPath] = set()
    score = model.score

    def score_and_prefetch(
        paths: Sequence[TokenPath], prefetch: Sequence[TokenPath] = ()
    ) -> NextTokens:
        rows = score(paths)
        run = [path for path in paths if path not in known]
        if run:
            run += [path for path in prefetch if path not in known][: model.pass_size - len(run)]
        else:
            model.passes -= 1
        known.update(run)
        assert all(path[:end] in known for path in run for end in range(len(path)))
        return rows

    model.score = score_and_prefetch
    return model


@few
@given(st.integers(0, 10**6), st.booleans(), st.floats(0, 0.5))
def test_prefetching_changes_no_result_and_takes_no_more_passes(seed, whole, tolerance):
    plain, prefetching = random_script(seed, whole), with_prefetching(random_script(seed, whole))
    plain.pass_size = prefetching.pass_size = 300
    expected, found = plain.price(tolerance), prefetching.price(tolerance)
    assert prefetching.scored == plain.scored
    assert prefetching.passes <= plain.passes
    assert (found.probabilities == expected.probabilities).all()
    assert found.unexplored == expected.unexplored


def test_separators_seen_so_far_tell_which_ones_join_the_last_pass():
    numbers = {str(n): 0.05 for n in range(20)}
    script = {"": numbers} | {n: {",": 0.2, ".": 0.8} for n in numbers}
    models = ScriptedModel(True, script), with_prefetching(ScriptedModel(True, script))
    for model in models:
        model.pass_size = 18
        assert model.price(0.105).unexplored <= 0.105
    # The prompt, 18 numbers, 2 numbers and some separators, more separators for those of the two.
    assert [model.passes for model in models] == [4, 3]


def telling(model: ScriptedModel, is_told: Callable[[TokenPath], np.ndarray]) -> ScriptedModel:
    """The same, without the tokens for which `is_told`, shape (vocabulary,), is false."""

    def score(paths: Sequence[TokenPath], prefetch: Sequence[TokenPath] = ()) -> NextTokens:
        model.scored += paths
        model.passes += 1
        rows = np.stack([model.next(path) * is_told(path) for path in paths])
        return NextTokens(rows[:, model.trie.columns], rows.sum(axis=1))

    model.score = score
    return model


def telling_the_likeliest(model: ScriptedModel, count: int) -> ScriptedModel:
    """The same as an engine that answers with the likeliest tokens only."""

    def is_told(path: TokenPath) -> np.ndarray:
        after = model.next(path)
        return after >= np.sort(after)[-count]

    return telling(model, is_told)


def telling_random_tokens(model: ScriptedModel, seed: int, share: float) -> ScriptedModel:
    return telling(
        model,
        lambda path: np.random.default_rng([seed, 1, *path]).random(len(model.ids)) < share,
    )


@pytest.mark.slow
@few
@given(st.integers(0, 10**6), st.booleans(), st.floats(0, 0.5), st.floats(0, 1))
def test_with_random_tokens_untold_the_parts_sum_to_one_and_each_is_a_lower_bound(
    seed, whole, tolerance, share
):
    found = telling_random_tokens(random_script(seed, whole), seed, share).price(tolerance)
    truth = random_script(seed, whole).price()
    parts_found, parts_true = (
        np.array([*each.probabilities, each.overflow, each.not_a_number]) for each in (found, truth)
    )
    assert parts_found.sum() + found.unexplored == pytest.approx(1, abs=1e-12)
    assert parts_found.min() >= 0
    assert (parts_found <= parts_true + 1e-12).all()
    assert 0 <= found.untold <= found.unexplored
    assert found.unexplored - found.untold <= tolerance + 1e-12


@pytest.mark.slow
@few
@given(st.integers(0, 10**6), st.booleans(), st.floats(0, 0.5), st.floats(0, 1))
def test_first_tokens_account_for_what_was_not_told_after_them(seed, whole, tolerance, share):
    model = telling_random_tokens(random_script(seed, whole), seed, share)
    found = model.price(tolerance)
    begun = [token for token in found.first_tokens if len(token.numbers)]
    for token in begun:
        mass = found.probabilities[token.numbers].sum() + token.overflow + token.unexplored
        assert mass <= token.probability + 1e-12
        if token.probability and whole:  # after a whole number, all that ends it is that number
            assert mass == pytest.approx(token.probability, abs=1e-12)
    untold_first = 1 - model.score([()]).told[0]
    behind = sum(token.unexplored for token in begun)
    assert untold_first + behind == pytest.approx(found.unexplored, abs=1e-12)


def test_an_engine_that_tells_twenty_of_a_thousand_number_tokens_leaves_the_rest_unexplored():
    script = {"": {str(n): 1 / 1000 * (1 + (n < 20) / 2) for n in range(1000)}}
    script[""] = {name: mass / sum(script[""].values()) for name, mass in script[""].items()}
    truth = priced(script, whole=True)
    found = telling_the_likeliest(ScriptedModel(True, script), 20).price(0.0)
    told = sum(sorted(script[""].values())[-20:])
    assert told < 0.05
    assert found.unexplored == found.untold == pytest.approx(1 - told)
    assert found.probabilities[:20] == pytest.approx(truth.probabilities[:20])
    assert (found.overflow, found.not_a_number) == (0, 0)
    assert not found.probabilities[20:].any()


def test_untold_mass_is_that_of_the_nodes_way_there():
    script = {"": {"1": 0.5, "2": 0.5}, "1": {"2": 0.75, ".": 0.25}}
    model = ScriptedModel(False, script)
    hidden = model.ids["2"]

    def is_told(path: TokenPath) -> np.ndarray:
        return np.arange(len(model.ids)) != (hidden if path else -1)

    found = telling(model, is_told).price()
    assert parts(found) == {1: 0.125, 2: 0.5}
    assert found.untold == found.unexplored == 0.375


def test_what_was_not_told_comes_on_top_of_the_tolerance():
    script = {"": {"1": 0.5, "2": 0.25, "3": 0.125, "4": 0.125}}
    found = telling_the_likeliest(ScriptedModel(False, script), 2).price(0.25)
    assert parts(found) == {1: 0.5}
    assert found.untold == 0.25
    assert found.unexplored == 0.5


@pytest.mark.parametrize("tolerance", [-0.1, 1, math.nan])
def test_a_tolerance_that_is_no_share_is_refused(tolerance):
    with pytest.raises(ValueError, match="tolerance"):
        random_script(0, False).price(tolerance)


def test_a_certain_model_takes_few_nodes_at_a_tolerance():
    model = ScriptedModel(False, {"": {"7": 0.999, "8": 0.001}})
    model.price(0.01)
    assert len(model.scored) == 2


def distribution(masses: dict[int, float], **others: float) -> PriceDistribution:
    probabilities = np.zeros(1000)
    for price, mass in masses.items():
        probabilities[price] = mass
    left = {"overflow": 0.0, "not_a_number": 0.0, "unexplored": 0.0} | others
    return PriceDistribution(
        probabilities, **left, first_tokens=(), passes=1, tokens=1, seconds=1.0, method="plain"
    )


masses = st.dictionaries(st.integers(0, 999), st.floats(0.01, 1), min_size=1, max_size=12)


def test_figures_are_given_a_number():
    found = distribution({10: 0.1, 20: 0.3}, overflow=0.5, not_a_number=0.1)
    assert found.mean == pytest.approx(17.5)
    assert (found.median, found.mode) == (20, 20)
    assert (found.quantile(0.2), found.quantile(0.3)) == (10, 20)
    assert found.interval(0.8) == (10, 20)
    assert found.log_score(20.99) == pytest.approx(-math.log(0.75))


@given(masses, st.floats(0, 1500))
def test_crps_is_the_mean_distance_less_half_the_mean_difference(weights, actual):
    """Gneiting & Raftery 2007, eq. 21."""
    found = distribution({n: weight / 20 for n, weight in weights.items()})
    prices = np.array([*weights])
    shares = np.array([*weights.values()]) / sum(weights.values())
    distance = shares @ np.abs(prices - math.floor(actual))
    spread = shares @ np.abs(prices[:, None] - prices) @ shares
    assert found.crps(actual) == pytest.approx(distance - spread / 2, abs=1e-9)


@given(masses, st.floats(0, 1))
def test_a_quantile_is_the_smallest_price_that_reaches_its_share(weights, q):
    found = distribution({n: weight / 20 for n, weight in weights.items()})
    price = int(found.quantile(q))
    assert found.given_number[: price + 1].sum() >= q - 1e-9
    assert found.given_number[:price].sum() <= q + 1e-9


@given(masses)
def test_the_interval_holds_its_share_and_the_median(weights):
    found = distribution({n: weight / 20 for n, weight in weights.items()})
    low, high = found.interval(0.8)
    assert low <= found.median <= high
    assert found.given_number[int(low) : int(high) + 1].sum() >= 0.8 - 1e-9


def test_without_a_number_every_figure_is_unknown():
    found = distribution({}, not_a_number=1.0)
    figures = [found.mean, found.median, found.mode, *found.interval(), found.crps(5), found.top3]
    assert all(math.isnan(figure) for figure in figures)
    assert math.isnan(found.first_token_information)


def test_the_log_score_of_a_price_left_unexplored_is_unknown_and_of_an_impossible_one_infinite():
    assert math.isnan(distribution({5: 0.9}, unexplored=0.1).log_score(6))
    assert distribution({5: 1.0}).log_score(6) == math.inf
    assert distribution({5: 0.9}, unexplored=0.1).log_score(1200) == math.inf


@pytest.mark.parametrize("price", [-1.0, math.nan, math.inf])
def test_an_impossible_price_is_refused(price):
    with pytest.raises(ValueError, match="price"):
        distribution({5: 1.0}).crps(price)


def test_a_result_can_be_shared_as_nobody_can_write_into_it():
    with pytest.raises(ValueError, match="read-only"):
        distribution({5: 1.0}).probabilities[5] = 0


@pytest.mark.slow
@few
@given(st.integers(0, 10**6))
def test_one_token_per_number_tells_all_at_once(seed):
    assert random_script(seed, whole=True).price().first_token_information == pytest.approx(1)


@pytest.mark.slow
@few
@given(st.integers(0, 10**6))
def test_first_token_information_is_the_mutual_information_over_the_entropy(seed):
    found = random_script(seed, whole=False).price()
    joint = np.zeros((10, 1000))
    for price in range(1000):
        joint[int(str(price)[0]), price] = found.given_number[price]
    outer = joint.sum(1, keepdims=True) * joint.sum(0)
    seen = joint > 0
    information = (joint[seen] * np.log(joint[seen] / outer[seen])).sum()
    entropy = -(joint[seen] * np.log(joint[seen])).sum()
    assert found.first_token_information == pytest.approx(information / entropy)


def test_of_a_certain_price_the_first_token_tells_all():
    assert priced({"": {"7": 1.0}}).first_token_information == 1


def test_a_first_token_that_tells_nothing_is_no_negative_zero():
    found = priced({"": {"1": 1.0}, "1": {"0": 0.5, "1": 0.5}})
    assert f"{found.first_token_information:.0%}" == "0%"
    assert math.copysign(1, found.first_token_information) == 1


def test_the_top_three_mean_averages_tokens_that_are_positive_numbers():
    assert priced({"": {"100": 0.4, "<end>": 0.3, "200": 0.2, "900": 0.1}}, True).top3 == (
        pytest.approx((100 * 0.4 + 200 * 0.2) / 0.6)
    )
    assert math.isnan(priced({"": {"0": 0.4, "<end>": 0.3, " ": 0.2, "9": 0.1}}).top3)


@pytest.mark.parametrize("whole", [True, False])
def test_a_price_is_one_token_exactly_where_the_tokenizer_writes_whole_numbers(whole):
    assert priced({"": {"7": 0.6, "<end>": 0.4}}, whole).price_is_one_token is whole
