# Everything a user or an engineer starts. Python lives in .venv, private services under var/.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# What is started a second time finds compiled what the first time compiled, whatever the machine is used to.
unexport PYTHONDONTWRITEBYTECODE

TOKEN := softhsm2:softhsm2-util
# What WeasyPrint draws with, and the typeface of the prints.
PRINT := libpangoft2-1.0-0:/usr/lib/*/libpangoft2-1.0.so.0 libharfbuzz-subset0:/usr/lib/*/libharfbuzz-subset.so.0 \
  fonts-noto-cjk:/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
RUN := $(TOKEN) $(PRINT)
TESTS := $(RUN) poppler-utils:pdftotext xmlsec1:xmlsec1 libxml2-utils:xmllint postgresql:/usr/lib/postgresql/*/bin/postgres \
  openssh-server:/usr/sbin/sshd rabbitmq-server:/usr/lib/rabbitmq/bin/rabbitmq-server swtpm:swtpm \
  libtpm2-pkcs11-1:/usr/lib/*/pkcs11/libtpm2_pkcs11.so libtss2-tcti-swtpm0:/usr/lib/*/libtss2-tcti-swtpm.so.0 openssl:openssl \
  gcc:gcc libc6-dev:/usr/include/stdio.h p11-kit:p11-kit p11-kit-modules:/usr/lib/*/pkcs11/p11-kit-client.so

.PHONY: help setup setup-tests run demo test fuzz chaos check bench bench-month trace docs lock

help:    ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup:   ## Install system packages and .venv for running
	@tools/setup $(RUN)

setup-tests: ## Install what the tests need besides
	@tools/setup $(TESTS)

run: setup ## Play the example through the whole procedure, then keep running until Ctrl-C
	@.venv/bin/gateway demo --keep-running

demo: setup ## Play the example through the whole procedure and exit
	@.venv/bin/gateway demo

test: setup-tests ## Run every test
	@.venv/bin/python -m pytest -q -n 3 --no-loadscope-reorder

fuzz: setup-tests ## Fuzz every parser and the verifier for FUZZ_MINUTES (60) in all
	@.venv/bin/python -m tests.fuzz

chaos: setup-tests ## Send CHAOS_DOCUMENTS (2000) documents through a storm of faults, on each database, and make the books
	@for each in sqlite postgres; do .venv/bin/python -m tests.chaos --database $$each \
	  --documents $(or $(CHAOS_DOCUMENTS),2000) --minutes $(or $(CHAOS_MINUTES),15) || exit 1; done

check: setup-tests ## Format, lint, strict types
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy

bench: setup-tests ## Measure documents per second through the folders, beside a straight-line script
	@.venv/bin/python -m tests.bench --publish $(BENCH)

bench-month: setup-tests ## Measure the aggregation of months of 1,000, 10,000 and 100,000 manifests
	@.venv/bin/python -m tests.bench.month

trace: setup-tests ## Show each requirement with its tests
	@.venv/bin/python -m tests.trace

docs: setup ## Generate the parts of docs/ and schemas/ that come from code
	@.venv/bin/python -m gateway.messages.relax
	@.venv/bin/python -m gateway.messages.dictionary
	@.venv/bin/python -m gateway.documents.diagrams
	@.venv/bin/python -m tests.errors_page

lock:    ## Renew requirements.lock from pyproject.toml
	@python3 -m venv .venv && .venv/bin/python -m pip install -q uv
	@.venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --extra dev pyproject.toml -o requirements.lock
