#!/usr/bin/env bash
# Boots Debian with nothing but Python in systemd-nspawn, and runs tests/system/booted/job.py inside, or another module of
# tests/system/booted: `tests/system/booted/run.sh screens`. It installs the files of `make deb` and `make bundle`. Needs
# root; installs systemd-container and mmdebstrap if they are missing. Takes a few minutes.
# SUITE=trixie boots Debian 13 with Python 3.13 in place of Debian 12 with 3.11;
# KILLS=50 is how often the service is killed; REAL is a folder of real films, for tests/system/booted/screens.py.
set -euo pipefail
suite=${SUITE:-bookworm}
case $suite in bookworm) python=3.11 ;; trixie) python=3.13 ;; *) echo "$0: SUITE is bookworm or trixie." >&2; exit 2 ;; esac
root=build/booted/$suite/root out=build/booted/$suite/out base=build/booted/$suite/base.tar
[ "$(id -u)" = 0 ] || { echo "$0: only root can boot a system; run it with sudo." >&2; exit 2; }
if ! command -v systemd-nspawn >/dev/null || ! command -v mmdebstrap >/dev/null; then
  apt-get install -y -qq --no-install-recommends systemd-container mmdebstrap >/dev/null
fi
if [ ! -e $base ]; then
  mirror=$(awk '/^URIs/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources)
  mkdir -p build/booted/$suite
  mmdebstrap --quiet --mode=root --variant=minbase --aptopt='APT::Install-Recommends "false"' \
    --include=systemd,systemd-sysv,dbus,udev,python3,procps,iproute2,libstdc++6 $suite build/booted/$suite/new.tar "$mirror"
  mv build/booted/$suite/new.tar $base
fi
rm -rf $root $out
mkdir -p $root $out
tar -xf $base -C $root
: >$root/etc/machine-id
mkdir -p $root/debs $root/films $root/bundle $root/out $root/update
# Of this version alone: build/ may hold those of others.
version=$(.venv/bin/python -c 'import edge_app; print(edge_app.__version__)')
bundle=build/covid-xray-edge-$version-$(uname -m)-py$python.tar.gz
cp "build/covid-xray-edge_$version-1~${suite}_$(dpkg --print-architecture).deb" $root/debs/
tar -xzf "$bundle" -C $root/bundle
cp "$bundle" $root/update/
.venv/bin/python -m convert keygen $root/update/site >/dev/null
.venv/bin/python -m convert sign $root/update/*.tar.gz --key $root/update/site >/dev/null
rm $root/update/site
mkdir -p $root/job/tests/system/booted
cp tests/__init__.py $root/job/tests/
cp tests/system/__init__.py $root/job/tests/system/
cp tests/system/booted/*.py $root/job/tests/system/booted/
.venv/bin/python -m tests.system.booted.films $root/films
if [ -n "${REAL:-}" ]; then cp -r "$REAL" $root/films/real; fi
cat >$root/etc/systemd/system/job.service <<UNIT
[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=KILLS=${KILLS:-50} PYTHONDONTWRITEBYTECODE=1
WorkingDirectory=/job
ExecStart=/usr/bin/python3 -m tests.system.booted.${1:-job}
StandardOutput=file:/out/log.txt
StandardError=file:/out/log.txt
ExecStopPost=/usr/bin/systemctl poweroff --no-block
[Install]
WantedBy=multi-user.target
UNIT
ln -s ../job.service $root/etc/systemd/system/multi-user.target.wants/job.service
# cgroup v2 as a Pi has it, even where this machine boots with v1.
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout "${LIMIT:-1200}" systemd-nspawn --quiet --boot --directory=$root --register=no \
  --keep-unit --private-network --machine=covid-xray-test >$out/console.txt 2>&1 || true
cp -r $root/out/* $out/
grep '^JOB' $out/log.txt
grep -q '^JOB OK' $out/log.txt
