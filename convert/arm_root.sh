#!/usr/bin/env bash
# Makes build/arm/ARCH, a Debian bookworm root of another processor with Python 3.11 and the published tflite-runtime, in
# which qemu runs it: `convert/arm_root.sh aarch64|armhf`. Needs root, and installs qemu and mmdebstrap if they are not there.
# No maintainer script runs inside, so it takes half a minute.
set -euo pipefail
arch=${1:?aarch64 or armhf}
root=build/arm/$arch
if [ -d "$root/opt/site/tflite_runtime" ]; then exit 0; fi
[ "$(id -u)" = 0 ] || { echo "$0: only root can make a root of another processor; run it with sudo." >&2; exit 2; }
common=python3.11-minimal,libpython3.11-stdlib,libstdc++6,libgcc-s1,zlib1g
case $arch in
  aarch64) debian=arm64; qemu=qemu-aarch64-static; packages=$common ;;
  # Armv7 has no wheels of numpy; Debian's own is used.
  armhf) debian=armhf; qemu=qemu-arm-static; packages=$common,python3-numpy ;;
  *) echo "$0: unknown architecture '$arch'; aarch64 and armhf are allowed." >&2; exit 2 ;;
esac
if ! command -v mmdebstrap >/dev/null || ! command -v "$qemu" >/dev/null; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends qemu-user-static mmdebstrap unzip >/dev/null
fi
mirror=$(awk '/^URIs/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources)
rm -rf "$root"
mkdir -p build/arm
mmdebstrap --quiet --mode=root --arch="$debian" --variant=extract --include="$packages" \
  --aptopt='APT::Install-Recommends "false"' bookworm "$root" "$mirror"
mkdir -p "$root/opt/site" "$root/proc" "$root/tmp" "$root/sys/devices/system/cpu"
# The cpuinfo library of XNNPACK reads these, and qemu without a kernel of its own shows the host's.
for file in possible present; do echo 0-3 >"$root/sys/devices/system/cpu/$file"; done
for core in 0 1 2 3; do
  printf 'processor\t: %d\nFeatures\t: fp asimd evtstrm crc32 cpuid half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n\n' "$core"
done >"$root/proc/cpuinfo"
cp "$(command -v "$qemu")" "$root/usr/bin/$qemu"
pip=(.venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all:
  --implementation cp --python-version 311 --dest "$root/opt/wheels")
if [ "$arch" = aarch64 ]; then
  platforms=()
  for tag in manylinux_2_34 manylinux_2_28 manylinux_2_17 manylinux2014; do platforms+=(--platform "${tag}_aarch64"); done
  "${pip[@]}" "${platforms[@]}" tflite-runtime==2.14.0 numpy==1.26.4
else
  "${pip[@]}" --platform manylinux_2_34_armv7l tflite-runtime==2.14.0
  # Debian's update-alternatives, a maintainer script, would have made these.
  for library in blas/libblas.so.3 lapack/liblapack.so.3; do
    ln -sf "$library" "$root/usr/lib/arm-linux-gnueabihf/"
  done
fi
for wheel in "$root"/opt/wheels/*.whl; do .venv/bin/python -m zipfile -e "$wheel" "$root/opt/site"; done
echo "$root: ready"
