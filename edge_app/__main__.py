import gc
import os
import sys

from edge_app import stopping

stopping.start()
# Half of the time that imports take goes into looking for garbage among modules that stay, and into numpy's threads for
# large matrices, of which there are none here. `pipeline` switches the collector on again.
gc.disable()
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from edge_app.cli import main  # noqa: E402 (after what must come first)

sys.exit(main())
