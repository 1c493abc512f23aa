#!/usr/bin/env bash
# Runs tests/system/vm/camera_job.py on a Debian kernel for 64-bit ARM, played by qemu without KVM, in which the kernel's driver
# `vivid` gives a real /dev/video0 with fault injection. All of the machine is one initramfs: no disk, no network.
# Needs root and `make arm-roots`; installs qemu, cpio and kmod if they are not there. About five minutes.
set -euo pipefail
root=build/arm/aarch64 vm=$PWD/build/vm
[ -d "$root/opt/site/tflite_runtime" ] || { echo "$0: there is no $root; run 'make arm-roots' first." >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "$0: only root can make the machine's file system; run it with sudo." >&2; exit 2; }
if ! command -v qemu-system-aarch64 >/dev/null || ! command -v cpio >/dev/null || ! command -v depmod >/dev/null; then
  apt-get install -y -qq --no-install-recommends qemu-system-arm ipxe-qemu cpio kmod >/dev/null
fi
mkdir -p $vm/lists/partial $vm/cache/archives/partial $vm/debs
mirror=$(awk '/^URIs/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources)
echo "deb [arch=arm64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main" >$vm/src.list
apt=(apt-get -o "Dir::Etc::sourcelist=$vm/src.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$vm/lists"
  -o "Dir::Cache=$vm/cache" -o APT::Architecture=arm64 -o APT::Architectures=arm64)
if [ ! -d $vm/kernel/boot ]; then
  "${apt[@]}" update -qq
  name=$(apt-cache "${apt[@]:1}" depends linux-image-arm64 | grep -oP 'linux-image-[0-9]\S+' | head -1)
  # v4l2-ctl turns vivid's faults on; kmod loads it.
  (cd $vm/debs && "${apt[@]}" download -q "$name" v4l-utils libv4l2rds0 libv4l-0 libv4lconvert0 libudev1 libjpeg62-turbo \
    kmod libkmod2 libzstd1 liblzma5 libssl3 libcap2 libgcc-s1 libstdc++6 >/dev/null)
  dpkg -x $vm/debs/linux-image-*.deb $vm/kernel
fi
if [ ! -d $vm/site/cv2 ]; then
  .venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --implementation cp \
    --python-version 311 --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 --dest $vm/wheels \
    opencv-python-headless==4.11.0.86
  .venv/bin/python -m zipfile -e $vm/wheels/*.whl $vm/site
fi
version=$(ls $vm/kernel/lib/modules)
rm -rf $vm/root
cp -a $root $vm/root
rm -rf $vm/root/opt/wheels $vm/root/proc/* $vm/root/sys/* $vm/root/usr/bin/qemu-*
for deb in $vm/debs/*.deb; do case $deb in *linux-image*) ;; *) dpkg -x "$deb" $vm/root ;; esac; done
cp -a $vm/site/* $vm/root/opt/site/
depmod -b $vm/kernel "$version"
# vivid, and what it depends on.
modprobe -d $vm/kernel -S "$version" --show-depends vivid | awk '/^insmod/ {print $2}' | while read -r module; do
  to=$vm/root${module#"$vm/kernel"}
  mkdir -p "$(dirname "$to")"
  cp "$module" "$to"
done
cp $vm/kernel/lib/modules/"$version"/modules.{builtin,order}* $vm/root/lib/modules/"$version"/
depmod -b $vm/root "$version"
mkdir -p $vm/root/opt/work
cp -a edge_app $vm/root/opt/work/
cp tests/system/vm/camera_job.py $vm/root/opt/
# No shell is in the root: the kernel starts Python itself.
{ echo '#!/usr/bin/python3.11'; cat tests/system/vm/boot.py; } >$vm/root/init
chmod +x $vm/root/init
(cd $vm/root && find . -print | cpio -o -H newc --quiet | gzip -1 >../initramfs.gz)
timeout "${LIMIT:-900}" qemu-system-aarch64 -M virt -cpu cortex-a72 -smp 2 -m 3G -nographic -no-reboot -net none \
  -kernel $vm/kernel/boot/vmlinuz-* -initrd $vm/initramfs.gz -append "console=ttyAMA0 quiet rdinit=/init panic=-1" | tee $vm/log.txt
grep -q '^JOB OK' $vm/log.txt
