#!/usr/bin/env bash
# Makes build/arm/bare-ARCH-PYTHON, a Debian root of another processor with nothing but Python in it, and registers qemu
# with the kernel (binfmt_misc) so that its programs start one another: `tests/system/arm/root.sh aarch64 3.11`. Root only.
set -euo pipefail
arch=${1:?aarch64 or armhf} python=${2:?3.11 or 3.13}
root=build/arm/bare-$arch-$python
[ "$(id -u)" = 0 ] || { echo "$0: only root can make a root of another processor; run it with sudo." >&2; exit 2; }
case $arch in
  aarch64) debian=arm64 qemu=qemu-aarch64 ;;
  armhf) debian=armhf qemu=qemu-arm ;;
  *) echo "$0: unknown architecture '$arch'; aarch64 and armhf are allowed." >&2; exit 2 ;;
esac
case $python in
  3.11) suite=bookworm ;;
  3.13) suite=trixie ;;
  *) echo "$0: no Debian has Python $python; Bookworm has 3.11, Trixie 3.13." >&2; exit 2 ;;
esac
if ! command -v mmdebstrap >/dev/null || ! command -v $qemu-static >/dev/null || ! command -v ip >/dev/null; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends qemu-user-static mmdebstrap iproute2 >/dev/null
fi
# The mark and mask of ELF files of that processor are in Debian's own file; F: qemu is opened now, and so works in a root.
[ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
[ -e /proc/sys/fs/binfmt_misc/$qemu ] || cat /usr/lib/binfmt.d/$qemu.conf >/proc/sys/fs/binfmt_misc/register
if [ -x "$root/usr/bin/python$python" ] && [ -f "$root/etc/passwd" ]; then exit 0; fi
mirror=$(awk '/^URIs/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources)
rm -rf "$root"
mkdir -p build/arm
# Unpacked and not configured: no maintainer script runs under emulation, which takes seconds in place of minutes. Beside
# Python stands what each Raspberry Pi OS has: a shell, coreutils, the C++ library.
mmdebstrap --quiet --mode=root --arch="$debian" --variant=extract --aptopt='APT::Install-Recommends "false"' \
  --include=python3,python3-minimal,python$python,libpython$python-stdlib,libstdc++6,libgcc-s1,zlib1g,dash,coreutils,base-files \
  $suite "$root" "$mirror"
[ -e "$root/bin" ] || ln -s usr/bin "$root/bin"
ln -sfn dash "$root/bin/sh"  # Bookworm, unpacked, has /bin beside /usr/bin
mkdir -p "$root"/{proc,sys/devices/system/cpu,dev,tmp,root,work}
for file in possible present online; do echo 0-3 >"$root/sys/devices/system/cpu/$file"; done
chmod 1777 "$root/tmp"
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n' >"$root/etc/passwd"
# Of a Raspberry Pi 4: the cpuinfo library of XNNPACK reads this, and qemu would show the processor of this machine.
for core in 0 1 2 3; do
  printf 'processor\t: %d\nFeatures\t: fp asimd evtstrm crc32 cpuid half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n\n' "$core"
done >"$root/cpuinfo"
echo "$root: ready"
