"""The whole way: a person at the page, the controller, Redis, and a training process that takes the mixture up."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.site import Site
from tests.browser.test_login import log_in
from tests.integration.jobs import TrainingJob
from tests.toy import MIXTURE, run_values, write_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
LAUNCH_MILLISECONDS = 180_000


@pytest.fixture
def job(site: Site, tmp_path: Path, toy_corpus: Path) -> Iterator[TrainingJob]:
    """A run of this controller that trains for as long as anybody looks."""
    sources = [{"name": name, "unique_tokens": 10_000_000} for name in MIXTURE]
    body = {"name": "toy", "horizon_tokens": 10**7, "sources": sources, "mixture": MIXTURE}
    registered = site.http.post("/v1/runs", json=body).raise_for_status().json()
    control = {"redis_url": site.redis_url, "signing_key_file": "signing_key"}
    yaml = write_run(tmp_path, run_values(toy_corpus, control=control, training={"total_steps": 78_000}))
    (tmp_path / "signing_key").write_text(registered["signing_key"])
    job = TrainingJob(yaml, ranks=1)
    yield job
    job.close()


def test_what_is_applied_on_the_page_is_trained_on(page: Page, site: Site, job: TrainingJob) -> None:
    page.goto(f"{site.url}/?run=toy")
    log_in(page, site.token("operator", name="olga"))
    state = page.get_by_test_id("version-state")
    expect(state).to_contain_text("Version 1accepted")
    job.start()
    expect(state).to_have_text("Version 1acceptedpublishedapplied at step 0", timeout=LAUNCH_MILLISECONDS)
    stages: list[str] = []
    page.expose_function("noteStage", lambda stage: stages.append(stage))  # noqa: PLW0108 - Playwright wants a function
    page.evaluate("""() => {
      const state = document.querySelector("[data-testid=version-state]");
      const note = () => state.dataset.version === "2" && noteStage(state.dataset.state);
      new MutationObserver(note).observe(state, { attributes: true });
    }""")
    page.get_by_test_id("steer-math").fill("50")
    page.get_by_test_id("reason").fill("to see it happen")
    page.get_by_test_id("apply").click()
    expect(state).to_have_text(re.compile(r"Version 2acceptedpublishedapplied at step [1-9]\d*"))
    assert stages == sorted(stages, key=["accepted", "published", "applied"].index)
    expect(page.get_by_test_id("sources").get_by_role("row", name="math")).to_contain_text("50.0 %")
    newest = page.get_by_test_id("weights-chart").get_by_test_id("marker").last  # shared with one that is near
    expect(newest).to_have_attribute("aria-label", re.compile(r"^Version.*2$"))

    page.get_by_test_id("restore-1").click()
    expect(state).to_have_text(re.compile(r"Version 3acceptedpublishedapplied at step [1-9]\d*"))
    first, third = (site.get(f"/v1/runs/toy/mixtures/{version}") for version in (1, 3))
    assert first["weights_ppm"] == third["weights_ppm"]
    assert third["effective_step"] > site.get("/v1/runs/toy/mixtures/2")["effective_step"] > 0
