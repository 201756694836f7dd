"""A prepared corpus, made once, that tests may look at and not change."""

import pytest
from tests.worker.data import corpora


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Give settings and the corpus made by them."""
    settings = corpora.settings(tmp_path_factory.mktemp("prepared"))
    return settings, corpora.prepare(settings, num_processes=2)
