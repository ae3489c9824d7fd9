# Thin targets; what they do stands in tools/.
BUILD := build/main
MODE ?= standalone
JOBS ?= $(shell nproc)

.PHONY: help setup build test lint run stop status logs bench chaos chaos-mutants chaos-failpoints chaos-peer clean

help:
	@echo "make run      build, start the platform, send and read the first mail, stay until Ctrl-C"
	@echo "              MODE=services: each service its own process; DETACH=1: return when ready;"
	@echo "              CONFIG=file.yaml: laid over the defaults (deploy/local/lab.yaml is one)"
	@echo "make stop, make status, make logs"
	@echo "make test     build and run every test"
	@echo "make lint     format, layers, coroutine rules, generated references, clang-tidy (minutes at first)"
	@echo "make chaos    load under faults, then whether anything was lost: DURATION=120 (seconds), SEED=N,"
	@echo "              FAULTS=kill,stop,...; until MESSAGES=N KILLS=N STOPS=N; also chaos-mutants, chaos-failpoints, chaos-peer: docs/chaos.md"
	@echo "make bench    speed beside Postfix with Dovecot (BENCH=inbound, checks, relay, imap, sessions, memory, growth)"

setup:
	@tools/setup.sh run

build: setup
	@cmake -S . -B $(BUILD) -G Ninja >/dev/null
	@cmake --build $(BUILD) -j $(JOBS)

run: build
	@tools/run.py start --mode $(MODE) $(if $(CONFIG),--config $(CONFIG)) $(if $(filter 1,$(DETACH)),--detach)

stop status logs:
	@tools/run.py $@

test:
	@tools/setup.sh test
	@tools/test.sh

lint:
	@tools/setup.sh test
	@tools/lint.sh

bench: build
	@tools/setup.sh test
	@tests/bench/run.py $(BENCH)

chaos: build
	@tools/setup.sh test
	@tests/chaos/run.py --seed $(or $(SEED),0) --faults $(or $(FAULTS),all) $(if $(DURATION),--duration $(DURATION)) \
	  $(if $(MESSAGES),--messages $(MESSAGES)) $(if $(KILLS),--kills $(KILLS)) $(if $(STOPS),--stops $(STOPS))

chaos-mutants: build
	@tools/setup.sh test
	@tests/chaos/mutants.py $(if $(CONTROL),--control) $(MUTANTS)

chaos-failpoints: build
	@tools/setup.sh test
	@tests/chaos/failpoints.py

chaos-peer:
	@tools/setup.sh test
	@tests/chaos/peer.py --duration $(or $(DURATION),120) --seed $(or $(SEED),1)

clean:
	rm -rf build
