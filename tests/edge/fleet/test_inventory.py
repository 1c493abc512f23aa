"""The inventory: Prometheus's own file, and what it may not hold."""

import json

import pytest

from edge_app.errors import WrongUsage
from edge_app.fleet import inventory


def listed(path, *groups):
    path.write_text(json.dumps(groups))
    return inventory.read(path)


def test_targets_schemes_and_ssh(tmp_path):
    devices = listed(
        tmp_path / "pis.json",
        {"targets": ["pi-1.example:8443", "192.168.1.7"], "labels": {"site": "north"}},
        {"targets": ["[fe80::1]:9"], "labels": {"__scheme__": "http", "__metrics_path__": "/xray/metrics"}},
        {"targets": ["pi-4"], "labels": {"__ssh__": "ssh://fleet@pi-4.example:2222", "site": "south"}},
    )
    assert [(one.name, one.host, one.port, one.scheme, one.path) for one in devices] == [
        ("pi-1.example:8443", "pi-1.example", 8443, "https", "/metrics"),
        ("192.168.1.7", "192.168.1.7", 8443, "https", "/metrics"),
        ("[fe80::1]:9", "[fe80::1]", 9, "http", "/xray/metrics"),
        ("pi-4", "pi-4", 8443, "https", "/metrics"),
    ]
    assert [one.ssh for one in devices] == ["pi-1.example", "192.168.1.7", "fe80::1", "ssh://fleet@pi-4.example:2222"]
    assert [dict(one.labels) for one in devices] == [{"site": "north"}] * 2 + [{}, {"site": "south"}]
    assert not any(one.is_local for one in devices)
    assert all(one.is_local for one in listed(tmp_path / "here", {"targets": ["localhost:1", "127.0.0.2", "[::1]"]}))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("{}", "holds {}"),
        ("[]", "lists no device"),
        ('["pi"]', "group 0: 'pi'"),
        ('[{"targets": ["a"], "hosts": []}]', "an object with 'targets' and 'labels' is allowed"),
        ('[{"targets": "pi"}]', "'targets' is 'pi'"),
        ('[{"targets": ["a"], "labels": {"x": 1}}]', "'labels' is {'x': 1}"),
        ('[{"targets": ["a", "a"]}]', "a is listed twice"),
        ('[{"targets": ["http://pi"]}]', "target 'http://pi'"),
        ('[{"targets": ["pi:0"]}]', "target 'pi:0'"),
        ('[{"targets": ["pi:70000"]}]', "target 'pi:70000'"),
        ('[{"targets": ["-oProxyCommand=x"]}]', "target '-oProxyCommand=x'"),
        ('[{"targets": ["a"], "labels": {"__ssh__": "-oProxyCommand=x"}}]', "'__ssh__' is '-oProxyCommand=x'"),
        ('[{"targets": ["a"], "labels": {"__ssh__": "a b"}}]', "'__ssh__' is 'a b'"),
        ('[{"targets": ["a"], "labels": {"__scheme__": "ftp"}}]', "'__scheme__' is 'ftp'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, content, words):
    path = tmp_path / "pis.json"
    path.write_text(content)
    with pytest.raises(WrongUsage) as refused:
        inventory.read(path)
    assert str(refused.value).startswith(f"{path}: ") and words in str(refused.value)


def test_one_that_is_not_there(tmp_path):
    with pytest.raises(WrongUsage, match="cannot be read"):
        inventory.read(tmp_path / "none.json")
