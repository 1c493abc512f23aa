"""The settings of the served page, and the folder that holds its state."""

import ipaddress
import socket
from dataclasses import dataclass, field
from pathlib import Path

from edge_app.diagnostics import threads as threads_
from edge_app.errors import WrongUsage
from edge_app.events.config import EventsConfig
from edge_app.install import site_file
from edge_app.install.model_registry import default_model
from edge_app.model.card import RULES

PORT = 8000
# Days for which a reading is kept: until the patient's next visit, in most places.
KEEP_DAYS = 30
# Megabytes of films at full depth: a film of 3000 x 3000 pixels and 12 bits takes 12 to 18, so some 150 of them; a Pi's
# card of 32 GB keeps most of its room.
FILMS_MB = 2000
# The operating point: the default rule of the command line.
RULE = RULES[0]
# Names of files in the state folder.
STORE, PASSWORD, TOKENS, CERTIFICATE, KEY = "results.sqlite", "password", "tokens.json", "page.crt", "page.key"
FILMS = "films"


@dataclass(frozen=True)
class Settings:
    """How the page is served.

    Attributes:
        state_dir: holds the store, the password's hash, tokens' hashes and the certificate.
        host: address that is listened on.
        port: to listen on; 0 is any that is free.
        names: of this device in a browser's address bar, beside its addresses, `localhost` and its host name.
        model: file.
        threads: of one invocation of the networks.
        rule: operating point, of `card.RULES`.
        prevalence, pneumonia_prevalence: of COVID-19 and of other pneumonia, as the user wrote them, or None.
        site: the site's calibration file, or None.
        camera: its name, or None for no live page.
        keep_days: days after which a reading is deleted; 0 for never.
        keep_names: whether the names of films' files are kept, for readers of the page.
        shared_store: file of results that folder and camera write too; None for one of the page's own.
        films_mb: megabytes of films at full depth that are kept for the viewer, the oldest deleted first; 0 for none.
        tls: whether the page is served under TLS.
        fingerprint: of the certificate, SHA-256 as browsers show it; empty without TLS.
        open: whether no password is needed unless one is set: for this machine only.
        pinned: names of `settings_table.FIELDS` that the device's configuration gives: the page changes none of them.
        events: where events go.
    """

    state_dir: Path
    host: str = "127.0.0.1"
    port: int = PORT
    names: tuple[str, ...] = ()
    model: Path = field(default_factory=default_model)
    threads: int = threads_.chosen()
    rule: str = RULE
    prevalence: str | None = None
    pneumonia_prevalence: str | None = None
    site: Path | None = field(default_factory=site_file.default)
    camera: str | None = None
    keep_days: int = KEEP_DAYS
    keep_names: bool = True
    shared_store: Path | None = None
    films_mb: int = FILMS_MB
    tls: bool = False
    fingerprint: str = ""
    open: bool = True
    pinned: frozenset[str] = frozenset()
    events: EventsConfig = field(default_factory=EventsConfig)

    @property
    def store(self) -> Path:
        """The file of results."""
        return self.shared_store or self.own_store

    @property
    def own_store(self) -> Path:
        """The file of results in the state folder; a link where the store is shared."""
        return self.state_dir / STORE

    @property
    def films(self) -> Path:
        """The folder of films at full depth."""
        return self.state_dir / FILMS


def make_state_dir(folder: Path) -> None:
    """Make the state folder, readable by its owner only.

    Raises:
        WrongUsage: it cannot be made, or others may write into it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        raise WrongUsage(f"--state: '{folder}' cannot be made ({error.strerror}); name a folder of yours.") from error
    if not folder.is_dir() or mode & 0o022:
        raise WrongUsage(
            f"--state: '{folder}' is not a folder, or others may write into it; name another, or 'chmod go-w' it."
        )


def is_loopback(host: str) -> bool:
    """Return whether only programs on this machine can reach an address that is listened on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def device_names(settings: Settings) -> frozenset[str]:
    """Return the names, in lower case, by which a browser may call this device; any address of it may be used too."""
    own = socket.gethostname().lower()
    return frozenset({"localhost", own, f"{own}.local", settings.host.lower(), *map(str.lower, settings.names)})
