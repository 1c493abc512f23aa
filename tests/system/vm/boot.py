"""The first process in the machine of `camera_vm.sh`: mounts, loads the virtual camera, runs the job, powers off."""

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

library = ctypes.CDLL(None)
for kind, place in (("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/tmp")):
    Path(place).mkdir(parents=True, exist_ok=True)
    library.mount(kind.encode(), place.encode(), kind.encode(), 0, None)
surroundings = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": "/opt/site:/opt/work", "HOME": "/tmp"}
print(f"UP {os.uname().machine} {os.uname().release}", flush=True)
subprocess.run(["/sbin/modprobe", "vivid", "n_devs=1"], env=surroundings, check=False)
print("devices", sorted(path.name for path in Path("/dev").glob("video*")), flush=True)
done = subprocess.run([sys.executable, "/opt/camera_job.py"], env=surroundings, cwd="/opt/work", check=False)
print(f"JOB {'OK' if done.returncode == 0 else f'FAILED {done.returncode}'}", flush=True)
os.sync()
Path("/proc/sysrq-trigger").write_text("o")
time.sleep(30)
