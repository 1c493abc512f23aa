#!/usr/bin/env bash
# Runs a program in a root of `tests/system/arm/root.sh`: `tests/system/arm/enter.sh ROOT PROGRAM...`. It has processes, a /proc and a
# network of its own: no other machine can be reached, and what listens there was started there.
set -euo pipefail
root=${1:?root} && shift
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 QEMU_CPU="${QEMU_CPU:-cortex-a72}" \
  unshare --mount --pid --fork --net --ipc --uts --mount-proc="$root/proc" \
  sh -c 'ip link set lo up; mount --bind "$0/cpuinfo" "$0/proc/cpuinfo"; mount --rbind /dev "$0/dev"
    mount -t tmpfs none "$0/tmp"; exec chroot "$0" "$@"' "$root" "$@"
