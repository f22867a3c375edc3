# Everything runs in .venv, which each target makes and keeps up to date by itself. `make help` lists the targets.
# ROS=jazzy has one of its own.
ROS := kilted
VENV := .venv$(if $(filter-out kilted,$(ROS)),-$(ROS))
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install -qq --disable-pip-version-check
# So many tests at once, more than there are cores: those of nodes mostly wait. A worker that has none left takes
# some of another's.
JOBS := 4
PYTEST := $(PY) -m pytest -n $(JOBS) --dist worksteal
TESTS :=
ARM := panda
ARMS := two_link three_link yaw_pitch_pitch

# The first Python for which there are ROS 2 wheels; `make PYTHON=/path/to/python3.12 …` picks another.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON = $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c '$(SUPPORTED)' 2>/dev/null && echo $$p && break; done)

# A ROS 2 that the shell has sourced would come before the one in .venv.
unexport AMENT_PREFIX_PATH LD_LIBRARY_PATH PYTHONPATH RMW_IMPLEMENTATION ROS_DISTRO
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-all lint train view pictures clean

help:
	@echo 'make demo      solve four arms live on ROS 2, print a table, draw the paths (about 3 minutes)'
	@echo 'make test      run the tests and linters (ROS=jazzy: on Jazzy instead of Kilted; TESTS=test/robot: a part)'
	@echo 'make test-all  the same, then the slow tests one by one'
	@echo 'make lint      run only the linters'
	@echo 'make bench     compare with other solvers, in an environment of its own (BENCH="solve --quick": a minute)'
	@echo 'make train     train the three models that come with the package again (needs torch)'
	@echo 'make view      drag an arm in the browser (ARM=ur5e: another one)'
	@echo 'make pictures  take the pictures of docs/view.md again (needs chromium and chromium-driver)'
	@echo 'make clean     remove .venv and whatever was built'

demo: $(VENV)/.compiled
	$(PY) -m itnnr_ik.cli demo

test: $(VENV)/.test $(VENV)/.train $(VENV)/.compiled
	$(PYTEST) $(TESTS)

# The slow ones measure how fast something is, and are let alone.
test-all: test
	$(PY) -m pytest -m slow

lint: $(VENV)/.test
	$(PY) -m pytest test/test_style.py

train: $(VENV)/.run $(VENV)/.train
	@set -e; for arm in $(ARMS); do \
		echo "training $$arm"; \
		$(PY) -m itnnr_ik.cli train --arm $$arm --output itnnr_ik/models/$$arm; \
	done

view: $(VENV)/.view $(VENV)/.compiled
	$(PY) -m itnnr_ik.cli view $(ARM)

pictures: $(VENV)/.test $(VENV)/.compiled
	$(PY) examples/following.py --output docs/following.gif
	$(PY) test/view/pictures.py

# Rivals bring libraries of their own: they get .venv-bench, which git is told to leave alone.
.PHONY: bench
bench:
	@$(MAKE) --no-print-directory VENV=.venv-bench .venv-bench/.bench
	.venv-bench/bin/python -m itnnr_ik.cli bench $(BENCH)

clean:
	rm -rf .venv-bench .venv-jazzy
	rm -rf $(VENV) build install log *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis itnnr_demo.png
	find itnnr_ik test -name __pycache__ -type d -prune -exec rm -r {} +

# Stamps: a list is installed again only when it, the pins or setup.py changed.
$(VENV)/.venv:
	@{ test -n "$(PYTHON)" && "$(PYTHON)" -c '$(SUPPORTED)'; } 2>/dev/null \
		|| { echo 'needs Python 3.11, 3.12 or 3.13 on PATH, or make PYTHON=…' >&2; exit 1; }
	@$(PY) -c '$(SUPPORTED)' 2>/dev/null && $(PY) -m pip --version >/dev/null 2>&1 \
		|| $(PYTHON) -m venv --clear $(VENV) \
		|| { echo 'could not make $(VENV) with $(PYTHON): on Debian and Ubuntu its package python3-venv is needed' >&2; exit 1; }
	@touch $@

$(VENV)/.run: $(addprefix requirements/,run.txt ros.txt pins.txt pins-$(ROS).txt) setup.py setup.cfg pyproject.toml \
		| $(VENV)/.venv
	@echo 'installing requirements/run.txt and ros.txt ($(ROS)) into $(VENV)'
	@$(PIP) -r requirements/run.txt -r requirements/ros.txt -c requirements/pins-$(ROS).txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# Compiled code is kept beside the modules, and numba does not notice that a function of another module changed.
KERNELS := $(wildcard itnnr_ik/compiled.py $(addsuffix /*.py,$(addprefix itnnr_ik/,robot task twin paths solver)))
$(VENV)/.compiled: $(KERNELS) | $(VENV)/.run
	@echo 'compiling the solver, once (about a minute)'
	@for kernel in $(KERNELS); do find itnnr_ik -name '*.nb[ic]' ! -newer $$kernel -delete; done
	@$(PY) -m itnnr_ik.solver
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	@echo 'installing requirements/test.txt into $(VENV)'
	@$(PIP) -r requirements/test.txt
	@touch $@

$(VENV)/.view: requirements/pins.txt $(VENV)/.run
	@echo 'installing viser and trimesh into $(VENV)'
	@$(PIP) -c requirements/pins.txt viser trimesh
	@touch $@

$(VENV)/.bench: requirements/bench.txt requirements/pins.txt $(VENV)/.run
	@echo 'installing requirements/bench.txt into $(VENV)'
	@$(PIP) -r requirements/bench.txt
	@touch $@

# Goes on without torch, and tries again at the next call.
$(VENV)/.train: requirements/train.txt requirements/pins.txt | $(VENV)/.run
	@echo 'installing requirements/train.txt into $(VENV)'
	@if $(PIP) -r requirements/train.txt; then touch $@; else \
		echo 'no CPU build of torch to be had, so nothing that trains can run: to get it, point pip to'; \
		echo "PyTorch's CPU wheel index (see pytorch.org) or to a folder of wheels (PIP_FIND_LINKS), and repeat"; \
	fi
