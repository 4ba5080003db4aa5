# make paper builds everything; make help lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Stages run at once: a number, or auto: one a core that this process may use, or one a GPU where the profile uses them.
JOBS ?= auto
# tcp://host:port of a Dask scheduler whose workers run the study; without one, JOBS workers are started here.
SCHEDULER ?=
# The build of torch: cpu, or cu126, cu128, cu130 for a GPU, of PyTorch's index; none: what this machine can use.
TORCH ?=
# 1: install TeX as root without asking, as CI does.
YES ?=
# 1: an archive with the models.
WITH_MODELS ?=
# A DVC remote, where those workers have clones of their own; without one, they share this folder.
REMOTE ?=
# Python would not look for the study in this folder; a library that the study uses would end on a warning, on a date, on
# docstrings that are not there, or on a notebook's way to draw.
unexport PYTHONSAFEPATH PYTHONWARNINGS SOURCE_DATE_EPOCH PYTHONOPTIMIZE MPLBACKEND
$(if $(findstring :,$(CURDIR)),$(error $(CURDIR): a folder with a colon in its name cannot be on PATH; move the checkout))
export PATH := $(CURDIR)/$(BIN):$(PATH)
# What LaTeX needs on Debian and Ubuntu, and the files that show it is there.
TEX_PACKAGES := latexmk texlive-latex-recommended texlive-publishers texlive-fonts-recommended cm-super latexdiff
TEX_FILES := IEEEtran.cls booktabs.sty tabularx.sty microtype.sty cite.sty amssymb.sty hyperref.sty ptmr8t.tfm

# A user's own TeX files are not the report's: `tex` does not look at them, nor does the build (stages/report/text/pdf.py).
unexport TEXINPUTS TFMFONTS TEXMF KPSE_DOT

# A variable given as nothing, as by SCHEDULER=$ADDRESS where the shell has no ADDRESS, would pass for one not given.
$(foreach name,A B CONFIG DATA DELIMITER ENCODING GRID LABEL N NAME PAIR PROFILE PYTHON REMOTE REPEATS SCHEDULER SET STUDY TEXT TORCH WITH_MODELS YES,$(if \
	$(and $(filter command,$(firstword $(origin $(name)))),$(if $(strip $(value $(name))),,empty)), \
	$(error $(name): empty; give it a value or leave it out)))

# What a variable says is the user's: a dollar sign in it is a dollar sign, and nothing of it is a command. Values reach
# the recipes' programs through the environment alone.
OWN := A B CONFIG DATA DELIMITER ENCODING GRID JOBS LABEL N NAME PAIR PROFILE REMOTE REPEATS SCHEDULER SET STUDY TEXT TORCH WITH_MODELS YES
$(foreach name,$(OWN),$(eval override $(name) := $$(value $(name))))
export $(OWN)

# What a study needs beside the requirements of all: requirements-<name>.txt.
EXTRA := $(patsubst requirements-%.txt,$(VENV)/%,$(filter requirements-$(STUDY).txt,$(wildcard requirements-*.txt)))

.DEFAULT_GOAL := help
.PHONY: help browser paper exp new keep check status worker test test-all lint bench benchmark determinism coverage provenance checkpoints why arxiv archive registry diff lock tex clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# How stages are run: so many at once here, or by a scheduler's workers.
AT_ONCE = --jobs="$$JOBS" $(if $(SCHEDULER),--scheduler="$$SCHEDULER") $(if $(REMOTE),--remote="$$REMOTE")

paper: $(VENV)/study $(EXTRA) tex ## set up, run what is out of date (JOBS=n at once, or on a SCHEDULER), build the PDF: make paper [STUDY=<name>]
	@$(if $(STUDY),python -m tools.studies.build $(AT_ONCE) -- "$$STUDY",python -m tools.check --quick --jobs="$$JOBS" $(if $(SCHEDULER),--elsewhere))
	@$(if $(STUDY),,python -m tools.study $(AT_ONCE))
	@$(if $(STUDY),,python -m tools.summary)

exp: $(VENV)/study tex ## an experiment on all cores, saved as by dvc exp run: make exp SET='lr=2e-5' [NAME=<name>], or GRID='lr=1e-5,2e-5'
	@python -m tools.studies.experiment $(AT_ONCE) --set="$$SET" --grid="$$GRID" --name="$$NAME"

new: $(VENV)/study ## a study of your own data, studies/<name>.yaml: make new NAME=<name> DATA=<file or folder> [TEXT=, PAIR=, LABEL=<column>]
	@python -m tools.studies.new --name="$$NAME" --data="$$DATA" --text="$$TEXT" --pair="$$PAIR" --label="$$LABEL" \
		--delimiter="$$DELIMITER" --encoding="$$ENCODING" --config="$$CONFIG"

keep: $(VENV)/study ## put what a reader needs of a built study into metrics/studies/<name>/: make keep STUDY=<name>
	@python -m tools.studies.keep -- "$$STUDY"

check: $(VENV)/study ## what a profile or a study needs here and what is missing: make check [PROFILE=paper, STUDY=<name>]
	@TEX_FILES='$(TEX_FILES)' python -m tools.check --jobs="$$JOBS" $(if $(PROFILE),--profile="$$PROFILE") --study="$$STUDY"

status: ## how far the study is, from any terminal: make status [STUDY=<name>]
	@python -m tools.status --study="$$STUDY"

worker: $(VENV)/study ## one worker of a SCHEDULER in this folder
	@python -m tools.engine.worker -- "$$SCHEDULER"

test: $(VENV)/dev tex browser lint ## set up, check style, run the tests
	@jobs=$$(python -m tools.machine --jobs="$$JOBS") && OMP_NUM_THREADS=1 python -m pytest -n "$$jobs" --dist loadfile --no-loadscope-reorder -m 'not slow'

test-all: $(VENV)/dev tex browser lint ## the same with the tests that take longest: a sweep, and numbers rebuilt
	@jobs=$$(python -m tools.machine --jobs="$$JOBS") && OMP_NUM_THREADS=1 python -m pytest -n "$$jobs" --dist loadfile --no-loadscope-reorder

lint: $(VENV)/dev ## ruff, and no number typed by hand in the templates
	ruff check .
	ruff format --check .
	@python -m tools.typed_numbers

bench: $(VENV)/study ## the published recipe against ours (metrics/bench/speed.json), each choice alone (levers.json), fixed costs (pipeline.json)
	@case "$$REPEATS" in *[!0-9]*|0) echo "error: REPEATS: '$$REPEATS'; allowed: 1 or more" >&2; exit 1; esac
	dvc repro tokenize
	python -m tools.benchmarks.speed --repeats "$${REPEATS:-1}"
	python -m tools.benchmarks.levers --repeats "$${REPEATS:-1}"
	python -m tools.benchmarks.overhead

benchmark: $(VENV)/study ## what pretraining is worth (metrics/bench/pretraining.json)
	python -m tools.benchmarks.pretraining_gain

determinism: $(VENV)/study ## repeat runs in a clone and compare bit for bit (metrics/bench/determinism.json)
	python -m tools.benchmarks.determinism

coverage: $(VENV)/study ## do intervals cover and tests err as they say? (metrics/bench/coverage.json)
	python -m tools.benchmarks.coverage

checkpoints: $(VENV)/study ## for development: checkpoints of full size with random weights, in models/random
	python -m tools.random_checkpoints

provenance: $(VENV)/study ## delete what random numbers of the PDF were read from, and rebuild it as `make why` says
	python -m tools.benchmarks.provenance

why: $(VENV)/study ## where a number of the paper comes from: make why N=93.15, or N=<key>
	@python -m tools.why -- "$$N"

arxiv: $(VENV)/study tex ## paper/arxiv.tar.gz, which compiles with TeX alone
	@python -m tools.arxiv

archive: $(VENV)/study $(VENV)/archive ## a deposit, paper/archive.zip: code, records, PDF, page, what DVC holds (WITH_MODELS=1: models too)
	@python -m tools.archive.deposit --with-models="$$WITH_MODELS"

registry: $(VENV)/study ## the best run of each architecture in DVC's registry of models, metrics/registry/dvc.yaml
	@python -m tools.archive.registry

diff: $(VENV)/study tex ## what changed between two revisions or experiments: make diff A=... [B=...], paper/diff.pdf
	@python -m tools.diff -- "$$A" "$$B"

clean: ## remove the virtual environment; data, models and metrics are DVC's
	rm -rf $(VENV)

# A file whose hash is not in a lock file is not installed. All that a lock names is in it: pip need not look for more.
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes
of_its_pins = @grep -qF "of $(1), cksum $$(cksum < $(1))" $(2) \
	|| { echo "error: $(1): edited since $(2) was made of it; run: make lock" >&2; exit 1; }

PYTORCH := https://download.pytorch.org/whl
SIZE := 4.6 GB with its libraries on Linux, where the CPU build has 0.7
# Which build of torch, `pypi` or one of PyTorch's index: as told, now or before; else by the driver of the GPU. PyPI's is
# for CUDA 13.
define choose_torch
build="$${TORCH:-$$(cat $(VENV)/torch 2>/dev/null)}"; \
[ -n "$$build" ] || case $$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | sed -n '1s/\..*//p') in \
	[0-9]|[0-9][0-9]|[0-4][0-9][0-9]|5[0-7][0-9]) build=cu126; echo "torch: the GPU's driver is older than 580, so TORCH=cu126";; \
	[0-9][0-9][0-9]|[0-9][0-9][0-9][0-9]) build=pypi;; \
	*) build=cpu; esac
endef
# By hash from what pip is told of; the CPU build also from PyTorch's index, and where nobody asked for it PyPI's in its
# place. (Where a constraint of the user's names torch, pip calls a version that is not there a conflict.) Other builds of
# PyTorch's index have no lock: they are installed by version, and what they ask for within the pins.
define install_torch
try() { $(INSTALL) "$$@" 2>$(VENV)/torch.log; }; \
lacks() { grep -q -e 'No matching distribution found for torch' -e ResolutionImpossible $(VENV)/torch.log; }; \
case "$$build" in \
	cpu) try -r requirements-torch-cpu.lock || { lacks && { \
		try --retries 1 --timeout 15 --extra-index-url $(PYTORCH)/cpu -r requirements-torch-cpu.lock || { [ -z "$$TORCH" ] \
			&& echo "note: no CPU build of torch from $(PYTORCH)/cpu; PyPI's is installed ($(SIZE))" \
			&& build=pypi && try -r requirements-torch.lock; }; }; };; \
	pypi) echo "torch: for CUDA 13 ($(SIZE); TORCH=cpu installs that)"; try -r requirements-torch.lock \
		|| { lacks && build=cpu && try -r requirements-torch-cpu.lock \
			&& echo "note: no torch for CUDA; the CPU build is installed, which uses no GPU"; };; \
	*) echo "torch: $(PYTORCH)/$$build, by version and not by hash"; \
		$(BIN)/pip install --quiet --disable-pip-version-check --extra-index-url $(PYTORCH)/$$build -c requirements.txt \
			"$$(grep '^torch==' requirements.txt)+$$build" 2>$(VENV)/torch.log;; \
esac || { cat $(VENV)/torch.log >&2; exit 1; }
endef

# An environment with another build than the one that is asked for is out of date.
.PHONY: another-torch
$(VENV)/study: $(if $(TORCH),$(if $(filter $(TORCH),$(shell cat $(VENV)/torch 2>/dev/null)),,another-torch))
$(VENV)/study: requirements.txt requirements.lock requirements-torch-cpu.lock requirements-torch.lock
	@case "$$TORCH" in ''|cpu|cu126|cu128|cu130) ;; \
		*) echo "error: TORCH: '$$TORCH'; allowed: cpu, cu126, cu128, cu130" >&2; exit 1; esac
	$(call of_its_pins,requirements.txt,requirements.lock)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements.lock
	@$(choose_torch); $(install_torch); echo "$$build" >$(VENV)/torch
	@echo 'unset PYTHONSAFEPATH # with it, Python would not look for the study in this folder' >> $(BIN)/activate
	@touch $@

# Of a study that needs more, or of `make archive`: files alone, of whose code not a byte is run, nor what its package asks for installed.
$(VENV)/%: requirements-%.txt $(VENV)/study
	$(INSTALL) -r $<
	@touch $@

$(VENV)/dev: requirements-dev.txt requirements-dev.lock $(VENV)/study
	$(call of_its_pins,requirements-dev.txt,requirements-dev.lock)
	$(INSTALL) -r requirements-dev.lock
	@touch $@

# Without prerequisites: an environment that is to be locked anew is out of date.
lock: ## for development: the hashes of what requirements*.txt pin, requirements*.lock (needs what `make test` installs)
	@command -v uv >/dev/null || { echo "error: uv: not found; install it: pip install uv" >&2; exit 1; }
	@python -m tools.lock

# Installs TeX only when it is missing and this user may, and says yes; else says what to run.
tex:
	@missing=; for program in latexmk latexdiff; do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	for file in $(TEX_FILES); do kpsewhich $$file >/dev/null 2>&1 || missing="$$missing $$file"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	install='apt-get install -y --no-install-recommends $(TEX_PACKAGES)'; \
	if ! command -v apt-get >/dev/null; then \
		echo "error: TeX lacks:$$missing; install the equivalent of: $(TEX_PACKAGES)" >&2; exit 1; fi; \
	if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as='sudo -n'; \
	else echo "error: TeX lacks:$$missing; run: sudo $$install" >&2; exit 1; fi; \
	if [ "$$YES" != 1 ] && [ -z "$$CI" ]; then \
		if [ ! -t 0 ]; then \
			echo "error: TeX lacks:$$missing; it is installed as root, and nobody is here to ask: make tex YES=1" >&2; exit 1; fi; \
		printf 'TeX lacks:%s\nInstall it as root (%s)? [y/N] ' "$$missing" "$$install"; read -r answer; \
		case "$$answer" in [yY]|[yY]es) ;; *) echo "error: TeX lacks:$$missing; run: sudo $$install" >&2; exit 1; esac; fi; \
	echo "installing TeX ($$missing missing)"; \
	$$as apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as $$install -qq >/dev/null

# The page is tested in a browser where there is one; CI, where it may, installs one.
BROWSER_INSTALL := apt-get install -y --no-install-recommends chromium
browser:
	@for program in chromium chromium-browser google-chrome; do command -v $$program >/dev/null && exit 0; done; \
	if [ -n "$$CI" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing Chromium"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(BROWSER_INSTALL) -qq >/dev/null && exit 0; fi; \
	echo "no browser: the tests of the page in one are skipped; as root: $(BROWSER_INSTALL)"
