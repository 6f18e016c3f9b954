# Every target sets up what it needs: plain Python (3.11 to 3.13) with venv, nothing else.
# Shown by `make help`: a target followed by two hashes and a sentence.

PYTHON ?= python3
VENV := .venv
TRAIN_VENV := .venv-train
JOBS ?= $(or $(shell getconf _NPROCESSORS_ONLN 2>/dev/null),2)
PIP := -m pip --disable-pip-version-check install --quiet --require-hashes
EDITABLE := -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format docs bench eval eval-diarization calibrate calibrate-fixed-text train train-segmentation eval-segmentation train-phrase calibrate-phrase eval-phrase eval-voiceprints lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 27
	@echo
	@echo "  Options: PYTHON=python3.12   AUDIO=folder (demo on your own speaker/clip folders)   JOBS=4 (tests at once)"
	@echo "           ARGS='...' (handed to pytest, the benchmark, the evaluation or the training)"

setup: $(VENV)/.run ## make .venv with the command `earmark` in it

demo: $(VENV)/.run ## enrol, verify and identify sample speakers, in words
	@$(VENV)/bin/python demo/run.py $(if $(AUDIO),--audio "$(AUDIO)")

test: $(VENV)/.dev ## run every test, the built wheel included
	@# Some hundred processes are started: whatever is set here, each need not compile all modules again.
	PYTHONDONTWRITEBYTECODE= $(VENV)/bin/python -m pytest -n $(JOBS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/.dev ## linter, format and strict types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: $(VENV)/.dev ## let the linter mend what it can
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

docs: $(VENV)/.dev ## write the generated pages and the output in the README again
	$(VENV)/bin/python -m earmark.cli.reference docs/cli/reference.md
	$(VENV)/bin/python -m earmark.cli.settings docs/settings.md
	$(VENV)/bin/python tests/contract/coverage_page.py docs/azure-coverage.md
	$(VENV)/bin/python tests/test_docs.py

bench: $(TRAIN_VENV)/.train ## speed and memory, beside the baseline (a large download the first time)
	$(TRAIN_VENV)/bin/python -m bench $(ARGS)

eval: $(TRAIN_VENV)/.train ## accuracy beside the baseline; needs recordings (EARMARK_SPEECH=folder)
	$(TRAIN_VENV)/bin/python recipes/evaluate.py $(ARGS)

eval-voiceprints: $(TRAIN_VENV)/.train ## what enrolling more, and learning, are worth; needs recordings (EARMARK_SPEECH=folder)
	$(TRAIN_VENV)/bin/python recipes/evaluate_voiceprints.py $(ARGS)

eval-diarization: $(TRAIN_VENV)/.train ## who spoke when, beside baselines; needs recordings (EARMARK_SPEECH=folder)
	$(TRAIN_VENV)/bin/python recipes/evaluate_diarization.py $(ARGS)

calibrate: $(TRAIN_VENV)/.train ## fit what the default model's scores mean; needs recordings
	$(TRAIN_VENV)/bin/python recipes/calibrate.py $(ARGS)

calibrate-fixed-text: $(TRAIN_VENV)/.train ## fit what its scores mean where both sides say one passphrase; after calibrate
	$(TRAIN_VENV)/bin/python recipes/calibrate_fixed_text.py $(ARGS)

train: $(TRAIN_VENV)/.train ## train the default model from recordings; resumes where it stopped
	$(TRAIN_VENV)/bin/python recipes/train.py $(ARGS)

train-segmentation: $(TRAIN_VENV)/.train ## train the network that hears who speaks when; resumes where it stopped
	$(TRAIN_VENV)/bin/python recipes/train_segmentation.py $(ARGS)

eval-segmentation: $(TRAIN_VENV)/.train ## its errors within windows, beside the speech detector alone
	$(TRAIN_VENV)/bin/python recipes/evaluate_segmentation.py $(ARGS)

train-phrase: $(TRAIN_VENV)/.train ## train the network that hears words; resumes where it stopped
	$(TRAIN_VENV)/bin/python recipes/train_phrase.py $(ARGS)

calibrate-phrase: $(TRAIN_VENV)/.train ## fit when a phrase counts as said; needs recordings
	$(TRAIN_VENV)/bin/python recipes/calibrate_phrase.py $(ARGS)

eval-phrase: $(TRAIN_VENV)/.train ## was it said, word for word: errors on people and synthetic voices
	$(TRAIN_VENV)/bin/python recipes/evaluate_phrase.py $(ARGS)

lock: ## pin the requirements again (for maintainers; needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: python3 -m pip install uv" >&2; exit 2; }
	@set -e; work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	cp pyproject.toml "$$work"; touch "$$work/README.md" "$$work/LICENSE"; \
	export="uv export --project $$work --quiet --no-emit-project --no-header --group build"; \
	$$export --no-dev --extra media > requirements/run.txt; \
	$$export --extra media --extra eval > requirements/dev.txt; \
	$$export --no-dev --extra media --extra eval --extra openvino --extra train > requirements/train.txt
	@! grep -n '://' requirements/*.txt || { echo "a requirements file names a host" >&2; exit 1; }

clean: ## remove the virtual environments and what tools left behind
	rm -rf $(VENV) $(TRAIN_VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

# $(call venv,folder): an empty virtual environment, with a hint where that fails.
define venv
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "Earmark needs Python 3.11 to 3.13; this is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12" >&2; exit 2; }
	@echo "Setting up $(1), once..."
	@$(PYTHON) -m venv $(1) || \
	  { echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
endef

$(VENV)/.run: requirements/run.txt pyproject.toml
	$(call venv,$(VENV))
	@$(VENV)/bin/python $(PIP) -r requirements/run.txt
	@$(VENV)/bin/python $(EDITABLE)
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Adding the tools for tests and checks..."
	@$(VENV)/bin/python $(PIP) -r requirements/dev.txt
	@touch $@

$(TRAIN_VENV)/.train: requirements/train.txt pyproject.toml
	$(call venv,$(TRAIN_VENV))
	@echo "This one holds PyTorch and takes several minutes."
	@$(TRAIN_VENV)/bin/python $(PIP) -r requirements/train.txt
	@$(TRAIN_VENV)/bin/python $(EDITABLE)
	@touch $@
