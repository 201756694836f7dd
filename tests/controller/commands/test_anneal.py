"""`crossfade anneal` against a real controller."""

from __future__ import annotations

from tests.controller.commands.conftest import Run
from tests.controller.served import Controller


def test_the_decay_is_shown_asked_for_and_made_with_its_mixture(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run()
    asked = ("anneal", run, "web=0.6", "math=0.4", "--share", "0.2", "--reason", "the last fifth")
    looked_at = crossfade(*asked, "--dry-run")
    assert looked_at.code == 0, looked_at.notes
    assert "10.00 %  40.00 %" in looked_at.out
    assert controller.get(f"/v1/runs/{run}")["version"] == 1
    made = crossfade(*asked, "--yes")
    assert (made.code, made.out) == (0, "version 2  accepted\n")
    version = controller.get(f"/v1/runs/{run}/mixture")
    assert (version["phase"], version["decay_tokens"], version["weights"]["math"]) == ("decay", 200_000, 0.4)


def test_a_decay_over_nothing_is_refused(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run()
    refused = crossfade("anneal", run, "--reason", "x", "--yes")
    assert refused.code == 2
    assert "give either tokens or share" in refused.notes
