"""Time from `streamlit run` to the leaderboard in a cold browser, beside Streamlit's own floor.

python -m benchmarks.startup [RUNS]

Each run starts a server and a browser with nothing cached and stops the clock when the table is
visible: once for Basewise's leaderboard, once for a bare script that shows the same rows with
`st.dataframe` and does nothing else. Printed are medians and the ratio of the pairs.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from benchmarks.serving import REPOSITORY, browser_launch_arguments, running_server

BARE_SCRIPT = f"""
import pandas as pd, streamlit as st
st.dataframe(pd.read_csv(r"{REPOSITORY / "components/leaderboard/data/2025-03-final.csv"}"))
"""


def seconds_to_table(browser: Browser, script: Path, page_name: str, log: Path) -> float:
    """Seconds from starting the server to the visible table."""
    started = time.perf_counter()
    with running_server(log, script) as server:
        context = browser.new_context(viewport={"width": 1366, "height": 900})
        page = context.new_page()
        page.goto(server.address(page_name))
        page.get_by_test_id("stDataFrame").first.wait_for(state="visible", timeout=60_000)
        elapsed = time.perf_counter() - started
        context.close()
    return elapsed


def main() -> None:
    """Print the medians and the ratio."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        script, log = Path(folder) / "bare.py", Path(folder) / "server.log"
        script.write_text(BARE_SCRIPT, encoding="utf-8")
        browser = playwright.chromium.launch(**browser_launch_arguments())
        for _ in range(runs):
            ours.append(seconds_to_table(browser, REPOSITORY / "app.py", "leaderboard", log))
            bare.append(seconds_to_table(browser, script, "", log))
        browser.close()
    ratio = median(one / other for one, other in zip(ours, bare, strict=True))
    print(f"Basewise leaderboard: median {median(ours):.2f} s ({min(ours):.2f} to {max(ours):.2f})")
    print(f"bare st.dataframe:    median {median(bare):.2f} s ({min(bare):.2f} to {max(bare):.2f})")
    print(f"ratio, median of {runs} pairs: {ratio:.2f}")


if __name__ == "__main__":
    main()
