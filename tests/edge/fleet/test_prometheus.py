"""The files of docs/fleet with a real Prometheus (Debian's package): rules, a live scrape, an alert, the dashboard."""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.support.broker import free_port
from tests.support.films import png
from tests.support.fleet_pages import TOKEN, FleetPage
from tests.support.program import ROOT
from tests.support.receiver import until

FILES = ROOT / "docs" / "fleet"
PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")
pytestmark = pytest.mark.skipif(PROMETHEUS is None, reason="needs Prometheus: apt-get install prometheus")
# Figures that no machine need have: a sensor of heat.
MAY_BE_EMPTY = ("covid_xray_temperature_celsius",)
DASHBOARD = json.loads((FILES / "dashboard.json").read_text())
PANELS = {panel["title"]: panel["targets"] for panel in DASHBOARD["panels"]}


class Prometheus:
    """Prometheus with the documented configuration, looking each second, so that alerts come after a second or two.

    Attributes:
        port: that it listens on.
    """

    def __init__(self, folder, pages):
        for name in ("prometheus.yml", "alerts.yml"):
            text = (FILES / name).read_text().replace("interval: 60s", "interval: 1s")
            # Two minutes is less than a test should wait; promtool's own test keeps the times.
            (folder / name).write_text(re.sub(r"\bfor: \w+", "for: 1s", text))
        (folder / "token").write_text(TOKEN)
        (folder / "pages.pem").write_text("".join(page.certificate.read_text() for page in pages))
        groups = [{"targets": [page.target], "labels": {"site": "north", "__ssh__": "fleet@pi"}} for page in pages]
        (folder / "pis.json").write_text(json.dumps(groups))
        self.port = free_port()
        line = [PROMETHEUS, "--config.file=prometheus.yml", f"--web.listen-address=127.0.0.1:{self.port}"]
        line += ["--storage.tsdb.path=data", "--log.level=warn"]
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(line, cwd=folder, stdout=self._log, stderr=self._log)

    def query(self, expression: str) -> list[dict]:
        """Return the result of a query; fail if it is not valid. Empty while it starts."""
        asked = urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{asked}", timeout=30) as answer:
                return json.loads(answer.read())["data"]["result"]
        except urllib.error.HTTPError as error:
            assert error.code == 503, (expression, error.read())
            return []
        except (urllib.error.URLError, ConnectionError):
            assert self._process.poll() is None, "Prometheus has ended"
            return []

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._log.close()


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Return Prometheus over three pages, and the pages: the first has read a film, one test stops the last."""
    pages = [FleetPage(tmp_path_factory.mktemp(name)) for name in ("one", "two", "stopped")]
    assert pages[0].read(png()) == 200
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), pages)
    until(lambda: len(prometheus.query("up == 1")) == 3, seconds=120)
    yield prometheus, pages
    prometheus.close()
    for page in pages:
        page.stop()


def promtool(*words) -> str:
    done = subprocess.run([PROMTOOL, *words], cwd=FILES, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_rules_and_their_own_test():
    assert "SUCCESS" in promtool("check", "rules", "alerts.yml")
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml")


def test_every_alert_is_tested():
    alerts = re.findall(r"- alert: (\w+)", (FILES / "alerts.yml").read_text())
    tested = (FILES / "alerts_test.yml").read_text()
    assert len(alerts) == 9
    fires = re.findall(r"alertname: (\w+)\n +exp_alerts:\n", tested)
    assert set(fires) == set(alerts)


def test_the_pages_are_scraped_with_their_labels(watched):
    prometheus, pages = watched
    found = prometheus.query('up{job="covid-xray"}')
    assert {one["metric"]["instance"] for one in found} == {page.target for page in pages}
    assert all(one["metric"]["site"] == "north" and "__ssh__" not in one["metric"] for one in found)
    rules = promtool("query", "instant", f"http://127.0.0.1:{prometheus.port}", "covid_xray_build_info")
    assert "version=" in rules


@pytest.mark.parametrize("title", PANELS)
def test_each_panel_of_the_dashboard_shows_something(watched, title):
    prometheus, _ = watched
    for target in PANELS[title]:
        # Grafana puts these in; the rate needs two looks within its window, which lie a second apart here.
        expression = target["expr"].replace("$site", ".*").replace("$instance", ".*")
        empty = any(name in expression for name in MAY_BE_EMPTY)
        if empty:
            prometheus.query(expression)  # valid at least
            continue
        until(lambda text=expression: prometheus.query(text), seconds=120)


def test_variables_of_the_dashboard_have_values(watched):
    prometheus, _ = watched
    for one in DASHBOARD["templating"]["list"][1:]:
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", one["query"]["query"]).groups()
        values = {found["metric"].get(label) for found in prometheus.query(selector.replace("$site", ".*"))}
        assert values and None not in values


def test_an_alert_fires_when_a_page_is_stopped(watched):
    prometheus, pages = watched
    firing = 'ALERTS{alertname="CovidXrayDown",alertstate="firing"}'
    assert prometheus.query(firing) == []
    pages[2].stop()
    until(lambda: prometheus.query(firing), seconds=120)
    assert [one["metric"]["instance"] for one in prometheus.query(firing)] == [pages[2].target]
