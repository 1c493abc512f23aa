# Every command of the project; `make help` lists them. Environments are made on first use and again when their
# requirements change.

PYTHON ?= python3
DATA ?= ../shared/data
MODEL ?= lite0
IMAGES ?=
OUT ?= build
# The computer that `make bundle` and `make deb` are for. There PYTHON may be a version: that of the Pi.
ARCH ?= aarch64
FOR := 3.11
# Those that `make test-python` looks for.
PYTHONS := 3.11 3.12 3.13
ifneq ($(filter 3.%,$(PYTHON)),)
FOR := $(PYTHON)
PYTHONS := $(PYTHON)
override PYTHON := python3
endif

EDGE := .venv-edge/bin/python
DESK := .venv/bin/python
INDEX := $(OUT)/index.csv
RUN := models/runs/$(MODEL)
PIP := -m pip install --quiet --disable-pip-version-check

export TF_CPP_MIN_LOG_LEVEL ?= 3

# How many tests run beside one another: one more than there are processors, since a third of their time they wait, but 8 at
# most (a worker of the desk takes 1.2 GB). WORKERS=0: one after the other, in this process.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# A worker that has nothing left takes over tests of another. On the desk a file stays together: what its tests share, such
# as a network or a program in a browser, takes long to make.
BESIDE := -n $(WORKERS) --maxprocesses 8 --dist worksteal
BY_FILE := -n $(WORKERS) --maxprocesses 8 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help run camera serve
.PHONY: wheel bundle deb install-pi
.PHONY: data index index-scale pictures lungs outline train test-workers convert study audit gate agree camera-card camera-count compare
.PHONY: bench page-load kill-test test test-fast test-edge test-desk test-python coverage lint style format clean
.PHONY: arm-roots test-arm test-camera-vm test-booted test-power test-shares test-dicom test-fhir test-archive
.PHONY: fuzz soak faults mutants flaky

help:
	@awk -F ':.*## ' '/^##@/ {group = substr($$0, 5)} /^[a-z-]+:.*## / {text[group] = text[group] sprintf("  make %-16s %s\n", $$1, $$2)} \
	  END {split("Use|Pi|Desk|Maintain", order, "|"); for (i = 1; i <= 4; i++) printf "%s\n%s", order[i], text[order[i]]}' Makefile

##@ Use
run: .venv-edge/ready  ## classify a sample film, or yours: make run IMAGES=DIR
	@# 1: a film could not be read, which its own sentence has said
	@$(EDGE) -m edge_app classify $(if $(IMAGES),"$(IMAGES)") || { code=$$?; [ $$code -eq 1 ] || exit $$code; }

camera: .venv-edge/ready  ## look at films through the Pi's camera or a USB camera; CAMERA=film.mp4 for another
	@$(EDGE) -m edge_app camera $(if $(CAMERA),"$(CAMERA)")

serve: .venv-edge/ready  ## the page, for a browser on this machine; for the clinic's network SERVE="--host 0.0.0.0 --tls"
	@$(EDGE) -m edge_app serve $(SERVE)

##@ Desk
data: .venv/ready  ## where to get the collections, and which are in DATA
	@$(DESK) -m train data --data "$(DATA)"

index: .venv/ready  ## list every film of DATA: label, patient, duplicates, split
	$(DESK) -m train index --data "$(DATA)" --out $(INDEX)

index-scale: .venv/ready  ## measure time and memory of the index at 10^4, 10^5 and 10^6 synthetic films (hours, 17 GB of disk)
	$(DESK) -m train index-scale --out $(OUT)/index-scale --scratch $(OUT)

$(INDEX): | .venv/ready
	$(DESK) -m train index --data "$(DATA)" --out $(INDEX)

$(OUT)/pictures/list.csv: | .venv/ready
	$(DESK) -m train gate-pictures --out $(OUT)/pictures

pictures: .venv/ready $(OUT)/pictures/list.csv  ## fetch ordinary pictures out of packages, which the gate must refuse

lungs: .venv/ready $(INDEX) $(OUT)/pictures/list.csv  ## train and convert the network that finds the lungs and tells kinds
	$(DESK) -m train lungs --data "$(DATA)" --index $(INDEX) --cache $(OUT) --pictures $(OUT)/pictures
	$(DESK) -m convert.lungs --data "$(DATA)" --index $(INDEX) --cache $(OUT)

outline: .venv/ready $(INDEX) $(OUT)/pictures/list.csv  ## learn which quadrangle of a photograph is a film, for the camera
	$(DESK) -m train outline --data "$(DATA)" --index $(INDEX) --cache $(OUT) --pictures $(OUT)/pictures

train: .venv/ready $(INDEX)  ## train MODEL (lite0, tiny, seed); goes on where it was stopped
	$(DESK) -m train fit --model $(MODEL) --data "$(DATA)" --index $(INDEX) --cache $(OUT) --run $(RUN) $(if $(wildcard $(RUN)/run.json),--resume)

convert: .venv/ready .venv-edge/ready  ## turn the run of MODEL into models/*.tflite; VARIANTS="int8 mobile-int8", REPORT=1
	$(DESK) -m convert release $(RUN) $(if $(VARIANTS),--variants $(VARIANTS)) $(if $(REPORT),--report) --data "$(DATA)" --index $(INDEX) --cache $(OUT)

study: .venv/ready $(INDEX)  ## what quantization costs the run of MODEL: films, schemes, layers
	$(DESK) -m convert study $(RUN) --data "$(DATA)" --index $(INDEX) --cache $(OUT)

audit: .venv/ready $(INDEX)  ## what the run of MODEL learnt: trains it anew without each detector, source and fold (hours), then reports
	$(DESK) -m train crossfit $(RUN) --data "$(DATA)" --index $(INDEX) --cache $(OUT)
	$(DESK) -m train audit $(RUN) $(if $(PLAIN),--plain $(PLAIN)) --data "$(DATA)" --index $(INDEX) --cache $(OUT)

gate: .venv/ready $(OUT)/pictures/list.csv $(INDEX)  ## count what the gate of MODEL refuses, and its heat inside drawn lungs
	$(DESK) -m train gate-count models/covid-xray-$(MODEL)-int8.tflite --pictures $(OUT)/pictures --data "$(DATA)" --index $(INDEX) --out models/$(MODEL)-gate.json
	$(DESK) -m convert heat models/covid-xray-$(MODEL)-int8.tflite --data "$(DATA)" --index $(INDEX) --cache $(OUT) --out models/$(MODEL)-heat.json

agree: .venv/ready .venv-edge/ready $(INDEX)  ## count verdicts of MODEL that differ between runtimes and processors, on test films
	$(DESK) -m convert agree models/covid-xray-$(MODEL)-int8.tflite --data "$(DATA)" --index $(INDEX) --out models/$(MODEL)-agreement.json

camera-card: .venv/ready $(INDEX)  ## give the int8 file of MODEL thresholds, gate and temperature for photographs
	$(DESK) -m convert camera models/covid-xray-$(MODEL)-int8.tflite --record models/covid-xray-$(MODEL).json --data "$(DATA)" --index $(INDEX) --cache $(OUT)

camera-count: .venv/ready $(INDEX)  ## count what the camera makes of photographed test films with MODEL (hours; COUNT="--films 240")
	$(DESK) -m train photograph-count models/covid-xray-$(MODEL)-int8.tflite $(COUNT) --data "$(DATA)" --index $(INDEX) --out models/$(MODEL)-camera.json

compare: .venv/ready  ## the figures of the released models side by side
	$(DESK) -m train compare models/seed.json models/covid-xray-*.json

##@ Maintain
# In both runtimes: on x86 that of Bookworm, in the edge's Python, runs int8 20 times slower than the desk's, on ARM not.
FILMS = $(wildcard $(patsubst %,$(DATA)/%,COVID-19_Radiography_Dataset/*/images chest_xray/* covid-chestxray-dataset/images nih-chest-xrays/images))

bench: .venv/ready .venv-edge/ready $(INDEX)  ## time the edge against TensorFlow with the H5 file, and a session against its floor
	for python in $(DESK) $(EDGE); do $$python -m edge_app.bench.session $(FILMS) || exit 1; done
	$(DESK) -m convert.bench.bench --edge $(DESK)
	$(DESK) -m train photograph-video --data "$(DATA)" --index $(INDEX) --out $(OUT)/films.avi
	$(EDGE) -m edge_app.bench.camera $(OUT)/films.avi

page-load: .venv-edge/ready  ## 50 clients send films to the page on the loopback for two minutes; FILMS as of bench
	$(EDGE) -m edge_app.bench.page_load $(FILMS)

kill-test: .venv-edge/ready-tests  ## kill a run over 1,000 films 200 times: none lost, none doubled
	KILLS=200 FILMS=1000 $(EDGE) -m pytest -s tests/edge/workers/test_killed_run.py

# It goes on where it was stopped; FAULTS="--every 6 --only serve" tries a part.
faults: .venv-edge/ready-tests .venv/ready  ## fail each call by which a program changes the disk: full, read-only, broken (hours, cc)
	$(EDGE) -m tests.system.faults $(FAULTS)
	$(DESK) -m tests.system.faults $(FAULTS)

# In a network of its own, where nothing but the loopback is: the servers cannot be reached from elsewhere.
test-shares: .venv-edge/ready-tests  ## copy 2,000 films slowly through Samba and NFS into a watched folder (root, Debian)
	unshare -n sh -c 'ip link set lo up && exec $(EDGE) -m pytest -s tests/system/shares'

test-workers: .venv/ready $(INDEX)  ## train tiny by one worker and by two of which one is killed, on the films of DATA (hours)
	DATA="$(DATA)" INDEX=$(INDEX) $(DESK) -m pytest -s tests/system/workers

# Mutated films that are sent to the node; 100000 takes an hour.
MUTATED ?= 10000
test-dicom: .venv-edge/ready-tests  ## 1,000 films from DCMTK and Orthanc to the node and back, killed and cut off (Debian's dcmtk and orthanc)
	MUTATIONS=10000 MUTATED=$(MUTATED) $(EDGE) -m pytest -s tests/system/dicom \
	  tests/edge/dicom_network/test_dicom_associations.py tests/edge/dicom_network/test_dicom_mutated_films.py

test-fhir: .venv-edge/ready-tests build/fhir/node_modules  ## results of 30 films to Medplum's FHIR server, node and server cut off (Node.js, npm)
	$(EDGE) -m pytest -s tests/system/fhir

build/fhir/node_modules: $(wildcard tests/system/fhir/*.json tests/system/fhir/*.mjs)
	@mkdir -p build/fhir
	@cp $^ build/fhir
	@npm ci --prefix build/fhir --ignore-scripts --no-audit --no-fund
	@touch $@

test-archive: .venv/ready  ## 20,000 films on two workers against the edge, killed in the middle (12 minutes, an idle machine)
	$(DESK) -m tests.system.archive.scale "$(DATA)"

# Inputs in all; a campaign that was stopped goes on. Texts of JSON, and seconds of each coverage-guided reader, besides.
INPUTS ?= 100000
GUIDED ?= 600
fuzz: .venv/ready .venv-fuzz/ready  ## bad pictures, changed JSON, and coverage-guided bytes to every reader (hours; INPUTS=2000 GUIDED=20)
	$(DESK) -m tests.system.fuzz.json_campaign --inputs $(INPUTS)
	.venv-fuzz/bin/python -m tests.system.fuzz.guided --seconds $(GUIDED) --out $(OUT)/fuzz
	$(DESK) -m tests.system.fuzz.campaign --inputs $(INPUTS) --data "$(DATA)" --out $(OUT)/fuzz
	$(DESK) -m tests.system.fuzz.unseen --data "$(DATA)" --out $(OUT)/fuzz

# Hours for which films are sent; Ctrl-C ends it sooner, with the report of what was reached.
HOURS ?= 4
soak: .venv/ready  ## page, folder, camera and DICOM node together at full rate in the memory of a Pi, HOURS=4 (root, Debian's dcmtk)
	$(DESK) -m tests.system.soak --hours $(HOURS) --data "$(DATA)" --out $(OUT)/soak

# What another runtime or numpy can change; the page runs with them in the tests in a browser. `make test-edge` runs all in both.
RUNTIME := bench camera diagnostics gate imaging install model outputs screening workers
# There alone: the edge's runtime runs the release 20 times slower on x86, which took this test a minute of processor.
SLOW := tests/edge/camera/test_camera_released.py

test: lint coverage .venv-clients/ready .venv-s3/ready  ## lint, then all tests, what the runtime matters to in both, and the light side's coverage
	$(DESK) -m pytest $(BESIDE) $(addprefix tests/edge/,$(RUNTIME)) $(addprefix --deselect ,$(UNTRACED))
	$(DESK) -m pytest $(BY_FILE) tests/desk tests/test_architecture.py --ignore tests/desk/web

# Neither processes that are killed nor whole programs: what a change of some lines breaks at once.
FAST := imaging gate model screening outputs install service/test_signals.py store/test_store.py

test-fast: style .venv-edge/ready-tests  ## between two edits: style, architecture, the light side's quick tests
	$(DESK) -m pytest -q tests/test_architecture.py
	$(EDGE) -m pytest -q $(addprefix tests/edge/,$(FAST))

lint: style  ## style, and types by basedpyright
	$(DESK) -m basedpyright

style: .venv/ready  ## ruff: rules and format
	$(DESK) -m ruff check .
	$(DESK) -m ruff format --check .

# Tests that kill what they start, limit what it may write, or send 10,000 events: tracing makes them slow or is what fails.
UNTRACED := $(addprefix tests/edge/,test_atomic_io.py::test_a_full_disk_leaves_the_old_file_and_nothing_else \
  events/test_many_events.py \
  service/test_signals.py workers/test_killed_run.py \
  install/test_model_power_cut.py \
  install/test_update_command.py::test_it_is_killed_at_any_moment \
  store/test_results_schema.py::test_a_disk_that_fills_up_costs_one_sink_and_not_the_run)

coverage: .venv-edge/ready-tests .venv/ready  ## the light side's tests and the page's in a browser, and the share of its lines they run
	@rm -rf build/coverage && mkdir -p build/coverage
	$(EDGE) -m coverage run -m pytest $(BESIDE) tests/edge $(addprefix --deselect ,$(UNTRACED) $(SLOW))
	$(EDGE) -m pytest $(BESIDE) $(UNTRACED)
	$(DESK) -m coverage run -m pytest $(BY_FILE) tests/desk/web
	@find build/coverage -size 0 -delete
	-@$(EDGE) -m coverage combine -q
	@$(EDGE) -m coverage report --skip-covered --sort=cover
	@$(EDGE) -m tests.support.coverage_figure

test-python:  ## the light side's tests in each Python that is installed here: PYTHON=3.12 for one
	@$(PYTHON) -m tests.system.python_matrix $(PYTHONS) $(if $(TESTS),-- $(TESTS))

test-edge: .venv-edge/ready-tests .venv/ready  ## the light side, in both TFLite runtimes
	$(EDGE) -m pytest $(BESIDE) tests/edge
	$(DESK) -m pytest $(BESIDE) tests/edge

# Cosmic Ray and pytest-randomly, in a folder that only these two look into.
$(OUT)/test-tools/ready: tests/system/mutants/requirements.txt | .venv-edge/ready-tests
	@rm -rf $(OUT)/test-tools
	@$(EDGE) $(PIP) --no-deps --target $(OUT)/test-tools -r $<
	@touch $@

mutants: .venv-edge/ready-tests $(OUT)/test-tools/ready  ## changes of the program that no test notices (an hour; goes on where it was stopped); PARTS="decision gate"
	PYTHONPATH=$(OUT)/test-tools $(EDGE) -m tests.system.mutants --out $(OUT)/mutants $(MUTANTS) $(PARTS)

# Each folder by itself, 20 times: tests of the light side, then those of the desk (hours). FLAKY="tests/edge/gate" for some.
FLAKY ?= $(filter-out %conftest.py %__pycache__,$(wildcard tests/edge/* tests/desk/*))
REPEATS ?= 20
flaky: .venv-edge/ready-tests .venv/ready $(OUT)/test-tools/ready  ## tests that fail in one order of 20, or once in 20 times (hours)
	@failed=0; export PYTHONPATH=$(OUT)/test-tools; \
	  $(EDGE) -m tests.system.flaky --repeats $(REPEATS) --out $(OUT)/flaky $(filter tests/edge/%,$(FLAKY)) || failed=1; \
	  $(DESK) -m tests.system.flaky --repeats $(REPEATS) --out $(OUT)/flaky $(filter tests/desk/%,$(FLAKY)) || failed=1; exit $$failed

arm-roots: .venv/ready  ## Debian roots of a Pi's processors, emulated, in which `make convert` tries its files too
	convert/arm_root.sh aarch64
	convert/arm_root.sh armhf

test-arm: .venv/ready .venv-edge/ready-tests  ## on emulated Pis: bundle in, doctor, verdicts as on x86, tests (an hour; root)
	convert/arm_root.sh aarch64
	convert/arm_root.sh armhf
	$(MAKE) bundle deb ARCH=aarch64 PYTHON=3.11
	$(MAKE) bundle deb ARCH=aarch64 PYTHON=3.13
	$(DESK) -m pytest -s tests/system/arm

test-camera-vm: .venv/ready  ## the camera on a real /dev/video0 with faults, in an emulated machine (minutes; root)
	tests/system/vm/camera_vm.sh

##@ Pi
wheel: .venv/ready  ## the program as a wheel, with the model inside
	@mkdir -p $(OUT)
	@$(DESK) -c 'import pathlib, convert.packaging.wheels; print(convert.packaging.wheels.build(pathlib.Path("$(OUT)")))'

bundle: .venv/ready  ## all wheels for a Pi without internet, hash-checked: make bundle ARCH=aarch64 PYTHON=3.11
	@$(DESK) -m convert.packaging.offline --arch $(ARCH) --python $(FOR) --out $(OUT)

deb: .venv/ready  ## the package for Raspberry Pi OS: make deb ARCH=aarch64 PYTHON=3.11
	@$(DESK) -m convert.packaging.deb --arch $(ARCH) --python $(FOR) --out $(OUT)

install-pi:  ## on a Pi with internet: install this checkout for the whole device, with services (asks for root)
	@$(PYTHON) -m venv --clear $(OUT)/fetch
	@$(OUT)/fetch/bin/python $(PIP) $$(grep -E '^(packaging|setuptools)==' train/requirements.txt)
	@archive=$$($(OUT)/fetch/bin/python -m convert.packaging.offline --arch $$(uname -m) --out $(OUT) \
	  --python $$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')) && \
	  $(if $(filter 0,$(shell id -u)),,sudo) $(PYTHON) $${archive%.tar.gz}/install.py --system

##@ Maintain
test-booted: .venv/ready  ## the .deb and its services in a booted Debian: killed 50 times, hung, stopped (minutes; root)
	$(MAKE) deb bundle ARCH=$$(uname -m) PYTHON=$(FOR)
	SUITE=$(if $(filter 3.13,$(FOR)),trixie,bookworm) tests/system/booted/run.sh

test-power: .venv/ready  ## the .deb in a virtual machine: limits of memory, power cuts during work (minutes; root)
	$(MAKE) deb ARCH=x86_64 PYTHON=3.11
	$(DESK) -m tests.system.booted.machine

test-desk: .venv-edge/ready .venv/ready .venv-clients/ready .venv-s3/ready  ## index, training, conversion, architecture
	$(DESK) -m pytest $(BY_FILE) tests/desk tests/test_architecture.py

format: .venv/ready  ## let ruff rewrite the code
	$(DESK) -m ruff check --fix .
	$(DESK) -m ruff format .

clean:  ## remove environments and caches; runs and models stay
	rm -rf .venv .venv-edge .venv-clients .venv-s3 .venv-fuzz build .pytest_cache .ruff_cache

.venv-edge/ready: edge_app/requirements.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python is " + sys.version.split()[0] + "; 3.11 or newer is needed; name one with: make run PYTHON=python3.11")'
	@echo "Making the edge environment (once, about a minute)..."
	@$(PYTHON) -m venv --clear .venv-edge
	@$(EDGE) $(PIP) -r edge_app/requirements.txt
	@$(EDGE) edge_app/system/slim.py
	@printf '#!/bin/sh\n# The program of this checkout, from any folder.\nPYTHONPATH="%s" exec "%s" -m edge_app "$$@"\n' "$(CURDIR)" "$(CURDIR)/$(EDGE)" > .venv-edge/bin/covid-xray
	@chmod +x .venv-edge/bin/covid-xray
	@touch $@

.venv-edge/ready-tests: .venv-edge/ready tests/requirements.txt
	@$(EDGE) $(PIP) -r tests/requirements.txt
	@touch $@

.venv-fuzz/ready: edge_app/requirements.txt tests/system/fuzz/requirements.txt
	@$(PYTHON) -m venv --clear .venv-fuzz
	@.venv-fuzz/bin/python $(PIP) -r edge_app/requirements.txt -r tests/system/fuzz/requirements.txt
	@touch $@

.venv-clients/ready: tests/system/clients/requirements.txt
	@$(PYTHON) -m venv --clear .venv-clients
	@.venv-clients/bin/python $(PIP) -r tests/system/clients/requirements.txt
	@touch $@

.venv-s3/ready: tests/system/archive/requirements.txt
	@$(PYTHON) -m venv --clear .venv-s3
	@.venv-s3/bin/python $(PIP) -r tests/system/archive/requirements.txt
	@touch $@

.venv/ready: train/requirements.txt
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("Python is " + sys.version.split()[0] + "; TensorFlow needs 3.11 to 3.13; name one with: make train PYTHON=python3.11")'
	@echo "Making the desk environment with TensorFlow (once, a few minutes)..."
	@$(PYTHON) -m venv --clear .venv
	@$(DESK) $(PIP) -r train/requirements.txt
	@touch $@
