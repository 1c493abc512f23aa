"""What the tests of events share: a broker, and a certificate of its own authority."""

import pytest

from tests.support.broker import Broker, need_broker


@pytest.fixture
def broker(tmp_path_factory):
    """Return a broker that wants a password."""
    need_broker()
    one = Broker(tmp_path_factory.mktemp("broker"))
    yield one
    one.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Return the files of a certificate for 127.0.0.1 that signed itself, and of its key."""
    from edge_app.web.http import tls

    folder = tmp_path_factory.mktemp("certificate")
    tls.certificate(folder / "page.crt", folder / "page.key", frozenset({"localhost"}), ["127.0.0.1"])
    return folder / "page.crt", folder / "page.key"
