import sys

from edge_app import stopping

stopping.start()

from edge_app.cli import main  # noqa: E402 (a signal while this is imported must not show a traceback)

sys.exit(main())
