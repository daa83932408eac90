"""Progress and stopping: one way for all long work."""

import threading

import pytest

from components.control import Control, Progress, stop_all
from components.errors import StoppedError


def test_a_report_reaches_the_listener_in_the_callers_thread():
    calls = []
    control = Control(lambda progress: calls.append((threading.get_ident(), progress)))
    control.report("Downloading", 3, 10)
    control.report("Scoring prices", 0.5, 1, "share")
    assert calls == [
        (threading.get_ident(), Progress("Downloading", 3, 10)),
        (threading.get_ident(), Progress("Scoring prices", 0.5, 1, "share")),
    ]


def test_a_check_repeats_the_latest_report_so_that_a_page_can_end_the_work():
    reports: list[Progress] = []
    control = Control(reports.append)
    control.check()
    assert reports == []
    control.report("Loading")
    control.check()
    assert reports == [Progress("Loading")] * 2


@pytest.mark.parametrize("call", [Control.check, lambda control: control.report("More")])
def test_stopped_work_ends_at_its_next_call_and_reports_no_more(call):
    reports: list[Progress] = []
    control = Control(reports.append)
    stopping = threading.Thread(target=control.stop)
    stopping.start()
    stopping.join()
    with pytest.raises(StoppedError):
        call(control)
    assert reports == []


def test_what_a_listener_raises_ends_the_work():
    class LeaveError(BaseException):
        """As Streamlit interrupts a page: no Exception."""

    def leave(progress: Progress) -> None:
        raise LeaveError

    with pytest.raises(LeaveError):
        Control(leave).report("Loading")


def test_a_part_reports_elsewhere_and_stops_with_the_whole():
    reports: list[Progress] = []
    whole = Control(lambda progress: pytest.fail("reported to the whole"))
    part = whole.with_listener(reports.append)
    part.report("A part")
    assert reports == [Progress("A part")]
    whole.stop()
    with pytest.raises(StoppedError):
        part.check()


def test_a_process_that_ends_stops_all_its_work(monkeypatch):
    monkeypatch.setattr("components.control._process_ends", threading.Event())
    control = Control()
    control.check()
    stop_all()
    with pytest.raises(StoppedError):
        control.report("Working")
    with pytest.raises(StoppedError):
        Control().check()
