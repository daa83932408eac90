"""How far a load or a conversion of weights is: told by the library's own bar, weight by weight."""

from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from components.assets.packages import _report_conversion
from components.assets.transformers_compat import told_of_weights
from components.control import Control, Progress
from components.errors import StoppedError
from tests.support.small_repositories import small_llama


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    small_llama().save_pretrained(tmp_path)
    return tmp_path


def test_a_load_tells_how_many_of_its_weights_are_there(folder: Path):
    told: list[tuple[int, int]] = []
    with told_of_weights(lambda done, total: told.append((done, total))):
        AutoModelForCausalLM.from_pretrained(folder)
    count = told[-1][1]
    assert count > 5
    assert told == [(done, count) for done in range(count + 1)]


def test_what_hears_of_it_can_end_the_load_and_the_next_one_is_its_own(folder: Path):
    control = Control()

    def tell(done: int, total: int) -> None:
        if done == 2:
            control.stop()
        control.report("Loading", done, total)

    with pytest.raises(StoppedError), told_of_weights(tell):
        AutoModelForCausalLM.from_pretrained(folder)
    assert logging.set_tqdm_hook(None) is None
    AutoModelForCausalLM.from_pretrained(folder)


def test_the_conversion_reports_weights_and_then_bytes_of_what_it_writes(tmp_path: Path):
    reports: list[Progress] = []
    told = tmp_path / "told"

    def report(line: str | None) -> Progress:
        if line is not None:
            told.write_text(line, encoding="ascii")
        _report_conversion(told, tmp_path, Control(reports.append))
        return reports[-1]

    assert report(None).total is None
    of_weights = report("weights 3 12")
    assert (of_weights.done, of_weights.total, of_weights.unit) == (0.25, 1, "share")
    assert report("bytes 1000").done == 0
    (tmp_path / "model.safetensors").write_bytes(b"0" * 400)
    written = report("bytes 1000")
    assert (written.done, written.total, written.unit) == (400, 1000, "bytes")
