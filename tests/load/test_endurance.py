"""Many page views, and kill -9 in mid work, in short forms: `python -m tests.load` has the long
ones."""

from benchmarks.serving import hosted_server
from components.assets import cache_root
from tests.load import kills
from tests.load.scenarios import Memory, settings
from tests.support import event_loop
from tests.support.visitor import view


def test_page_views_leave_no_memory_behind(hub, tmp_path):
    async def views(url: str, count: int) -> None:
        for _ in range(count):
            await view(url, "leaderboard")

    told = settings(hub, tmp_path, cache_root())
    with hosted_server(tmp_path / "server.log", told, seconds=180) as server:
        memory = Memory(server)
        event_loop.run(views(server.url, 10))
        before = memory.now()
        event_loop.run(views(server.url, 30))
        assert memory.now() < 1.10 * before


def test_a_killed_download_leaves_nothing_damaged_and_goes_on(hub, tmp_path):
    assert kills.in_download(hub, tmp_path, 5) >= 3


def test_a_killed_prediction_loses_no_answer_and_leaves_the_store_whole(hub, tmp_path):
    assert kills.in_prediction(hub, tmp_path, 3) >= 2


def test_a_killed_import_leaves_all_of_a_run_or_nothing(tmp_path):
    assert kills.in_import(tmp_path, 4) >= 1
