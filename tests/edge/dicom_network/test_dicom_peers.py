"""Who may call, and who is called, as the command line names them."""

import pytest

from edge_app.dicom_network import peers
from edge_app.dicom_network.peers import AllowList, Peer
from edge_app.errors import WrongUsage


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PACS@192.168.1.10:104", Peer("PACS", "192.168.1.10", 104)),
        ("PACS@pacs.clinic", Peer("PACS", "pacs.clinic", 11112)),
        ("A B@[::1]:4242", Peer("A B", "::1", 4242)),
        ("PACS@::1", Peer("PACS", "::1", 11112)),
        ("A@B@host:1", Peer("A@B", "host", 1)),
    ],
)
def test_a_node_that_is_called(text, expected):
    assert peers.peer(text) == expected


@pytest.mark.parametrize(
    "text", ["PACS", "@host:104", "PACS@", "PACS@host:0", "PACS@host:x", "A\\B@host", "x" * 17 + "@h"]
)
def test_what_names_no_node_is_refused(text):
    with pytest.raises(WrongUsage, match=r"(write|take it|allowed)"):
        peers.peer(text)


def test_only_a_known_title_from_its_own_address_may_call():
    allowed = AllowList(map(peers.caller, ("XRAYROOM1@192.168.1.20", "*@10.0.0.0/8:104", "V6@fd00::/8")))
    assert allowed.caller("XRAYROOM1", "192.168.1.20").port is None
    assert allowed.caller("XRAYROOM1", "192.168.1.21") is None
    assert allowed.caller("XRAYROOM2", "192.168.1.20") is None
    assert allowed.caller("ANYBODY", "10.9.8.7").port == 104
    assert allowed.caller("ANYBODY", "::ffff:10.9.8.7").port == 104
    assert allowed.caller("V6", "fd00::1%eth0").title == "V6"
    assert allowed.caller("V6", "not an address") is None
    assert allowed.knows("10.0.0.1") and not allowed.knows("11.0.0.1")


@pytest.mark.parametrize(
    "text", ["XRAYROOM1", "XRAYROOM1@xray.clinic", "@10.0.0.1", "A@10.0.0.1/8", "A@10.0.0.1:99999"]
)
def test_what_allows_nobody_is_refused(text):
    with pytest.raises(WrongUsage):
        peers.caller(text)


def test_without_a_list_this_machine_may_call_and_no_other():
    allowed = AllowList(peers.loopback())
    assert allowed.caller("ANYBODY", "127.0.0.1") and allowed.caller("ANYBODY", "::1")
    assert not allowed.knows("192.168.1.20")
    assert peers.is_loopback("localhost") and not peers.is_loopback("0.0.0.0")


def test_a_pacs_may_call_from_the_address_that_it_is_called_at():
    (found,) = peers.callers_of(Peer("PACS", "127.0.0.1", 104))
    assert (found.title, str(found.network)) == ("PACS", "127.0.0.1/32")
    assert peers.callers_of(Peer("PACS", "no.such.host.invalid", 104)) == []
