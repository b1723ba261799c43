# Linli (邻里). Bare `make` lists what can be done; everything a run leaves behind is in build/.
SHELL := /bin/sh
# The first Python that is new enough; a shim that does not run is passed over.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && exit; \
	done; echo python3)
# Said by any Python there ever was, so it stands here.
NEW_ENOUGH := import sys; sys.exit("Linli needs Python 3.11 or newer, and this is " \
	+ sys.version.split()[0] + ". Choose another with `make PYTHON=/path/to/python3 ...`." \
	if sys.version_info < (3, 11) else 0)
RUN := .venv/bin/python
PORT ?= 4566
MQTT_PORT ?= 8883
EMULATOR ?= ministack
STAGE ?=
DOMAIN ?=
CERTIFICATE ?=
ISSUER ?=
AUDIENCE ?=
WHO ?=

.DEFAULT_GOAL := help
.PHONY: help prepare run demo token test prove check package deploy bench openapi lock clean

help: ## list what can be done
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

prepare: ## make the virtual environments from their locks (every target does it first)
	@$(PYTHON) -c '$(NEW_ENOUGH)'
	@$(PYTHON) -m local.prepare

run: prepare ## bring the whole platform up on this machine; Ctrl-C ends it (PORT= MQTT_PORT= EMULATOR=)
	@exec $(RUN) -m local.run --port $(PORT) --mqtt-port $(MQTT_PORT) --emulator $(EMULATOR)

demo: prepare ## play a day in the community against the running platform
	@$(RUN) -m local.demo

token: prepare ## print a token for a sample person of the running platform (WHO=)
	@$(RUN) -m local.token "$(WHO)"

test: prepare ## run every test, with an emulator of its own on free ports
	@$(RUN) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

prove: prepare ## run the families of attacks at their full counts; writes the table into the READMEs
	@$(RUN) -m pytest --prove --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: prepare ## what capabilities lack, lint, types, templates, state machines, security, locks
	@$(RUN) -m local.check

package: prepare ## build layers, apps, state machines and templates for AWS into build/
	@$(RUN) -m local.package

deploy: prepare ## deploy to the AWS account of your credentials (STAGE= DOMAIN= CERTIFICATE= ISSUER= AUDIENCE=)
	@$(RUN) -m local.release --stage "$(STAGE)" --domain "$(DOMAIN)" --certificate "$(CERTIFICATE)" \
		--issuer "$(ISSUER)" --audience "$(AUDIENCE)"

bench: prepare ## measure cold starts and footprints as ratios, in one interleaved run
	@$(RUN) -m tests.bench

openapi: prepare ## write the OpenAPI document of all capabilities to build/openapi.json
	@$(RUN) -m local.openapi

lock: prepare ## resolve local/requirements/*.in and layers/*/requirements.in anew
	@$(RUN) -m local.locks write

clean: ## forget everything a run left behind, the kept state included
	@$(PYTHON) -m local.clean
