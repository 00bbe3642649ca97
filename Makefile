# Everything that is done with this package. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

SWIFT   ?= swift
CLANG   ?= clang
PREFIX  ?= /usr/local
DESTDIR ?=

BIN  = $(DESTDIR)$(PREFIX)/bin
MAN  = $(DESTDIR)$(PREFIX)/share/man
UNIT = $(DESTDIR)$(PREFIX)/lib/systemd/system
BASH = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSH  = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
DATA = $(DESTDIR)$(PREFIX)/share/ktaskctl
INCLUDE = $(DESTDIR)$(PREFIX)/include
LIBDIR ?= $(PREFIX)/lib
# What `ktaskctl run` finds from BIN.
LIB  = $(DESTDIR)$(PREFIX)/lib/ktask
EXEC = $(DESTDIR)$(PREFIX)/libexec/ktask
FISH = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

# One file that runs without the Swift toolchain; libnuma stays a shared library.
PROGRAM = .build/release/ktaskctl
STATIC  = .build/static
# Types such as OptionGroup<…> are asked for by their functions, not by names that the run-time would take apart and look up
# among all conformances there are: a tenth of every start.
COMPILING = -Xswiftc -Xfrontend -Xswiftc -disable-concrete-type-metadata-mangled-name-accessors
LINKING = -Xlinker -s -Xlinker -L$(CURDIR)/$(STATIC) -Xlinker --no-export-dynamic -Xswiftc -Xclang-linker -Xswiftc -static-libgcc
SOURCES = Package.swift $(shell find Sources -type f -not -path "*/Packaging/*")
C_FILES = $(wildcard Sources/*/*.c Tests/*/*.c Tests/*/*/*.c)
PAGES   = $(wildcard man/*.8)
RECIPES = $(filter-out man/ktask.7, $(wildcard man/*.7))
CALLS   = $(wildcard man/*.3)
LIBRARY = .build/library/libktask.so.1
# What `ktaskctl run` puts in front of the C library: it looks for LIBRARY beside itself.
PRELOAD = .build/library/libktask-run.so
# Sources/Packaging is no target: SwiftPM leaves it alone, and the top level stays short.
SCHEMA  = Sources/Packaging/report.schema.json
UNITS   = $(wildcard Sources/Packaging/*.service)
# A guest's kernel for the benchmarks: the newest that `make test-guest` has fetched.
KERNEL ?= $(lastword $(sort $(wildcard $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ktaskctl-guest/linux-image-*/vmlinuz)))
SCRIPTS = .ci/run Tests/Guest/init $(shell find Sources Tests -name '*.sh')

# $(call apt_install,SUDO,PACKAGES): installs them, fetching the package lists where those are missing or too old.
apt_install = if (( EUID == 0 )); then sudo=env; else sudo="$(1)"; fi; \
	apt() { $$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq "$$@"; }; \
	apt install -y --no-install-recommends $(2) || { apt update && apt install -y --no-install-recommends $(2); }

## The main jobs

run: build ## set up, build, and clear a quarter of the free memory (4 GiB at most) with each thread count
	@mib=$$({ awk '/^MemAvailable:/ { printf "%.0f\n", $$2 * 1024 }' /proc/meminfo; \
		cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || true; } \
		| awk '/^[0-9]+$$/ && (!least || $$1 < least) { least = $$1 } END { print int(least / 4 / 1048576) }'); \
	if (( mib > 4096 )); then mib=4096; fi; \
	set -x; $(PROGRAM) clear --size "$${mib}M"

test: setup test-tools ## set up, build, and run all tests (as root none is skipped)
	$(SWIFT) build --product ktaskctl
	@$(MAKE) --no-print-directory $(LIBRARY) $(PRELOAD)
	$(SWIFT) test --no-parallel

build: setup release-ktaskctl ## build the program for use: .build/release/ktaskctl

release-%: $(STATIC)/libstdc++.a
	$(SWIFT) build -c release --product $* --static-swift-stdlib --disable-local-rpath $(COMPILING) $(LINKING)

# Found before the shared one, where there is one: Swift's run-time needs it, and every start would load it.
$(STATIC)/libstdc++.a:
	mkdir -p $(@D)
	ln -sf "$$($(CLANG) -print-file-name=$(@F))" $@

library: setup ## build the C library, libktask.so.1 and libktask.a, and what `ktaskctl run` preloads: .build/library
	Sources/LibKTask/library.sh Sources .build/library
	@$(MAKE) --no-print-directory $(PRELOAD)

$(PRELOAD): $(wildcard Sources/CKTaskRun/*) Sources/CKTask/include/ktask.h
	mkdir -p $(@D)
	$(CLANG) -shared -O2 -fPIC -fvisibility=hidden -std=gnu17 -Wall -Wextra -Werror -ISources/CKTask/include \
		-Wl,--version-script=Sources/CKTaskRun/exports.map -Wl,-z,defs,-z,relro,-z,now -Wl,-s -o $@ Sources/CKTaskRun/*.c

wheel: library ## the Python package with the C library in it: .build/wheel/ktask-….whl
	rm -rf .build/wheel
	python3 Sources/Python/wheel.py .build/wheel .build/library/libktask.so.1

bench: build ## measure against a plain loop, fallocate, QEMU, libdispatch …; PARTS="--quick engine" picks, with PARTS=hand-overs HANDOVERS=100000 their number
	@$(MAKE) --no-print-directory $(LIBRARY) $(PRELOAD)
	@$(MAKE) --no-print-directory release-ktask-bench
	KTASKCTL=$(PROGRAM) KERNEL=$(KERNEL) .build/release/ktask-bench --json .build/bench-pins.json $(PARTS)

# The sample is for the program that `make test` has built, the rest for the one that is used.
SAMPLE = $(filter sample,$(FAULTS))
faults: $(if $(SAMPLE),setup,build) ## every command with every call failing in every way, for hours; FAULTS=sample a minute's, FAULTS=200 a number for each, FAULTS_ONLY=verify, FAULTS='LINE' one again
	$(SWIFT) build --build-tests
	@$(MAKE) --no-print-directory $(LIBRARY) $(PRELOAD)
	$(if $(SAMPLE),,KTASKCTL=$(PROGRAM)) FAULTS="$${FAULTS:-all}" $(SWIFT) test --no-parallel --filter ktaskctlTests.FaultTests

soak: build ## 1000 ends at any moment beside a neighbour, 20 000 random command lines, all orders of the engine's steps; SOAK=… and RANDOM_LINES=… others
	$(SWIFT) build --build-tests
	KTASKCTL=$(PROGRAM) SOAK="$${SOAK:-1000}" RANDOM_LINES="$${RANDOM_LINES:-20000}" ENGINE_MODEL=whole \
		$(SWIFT) test --no-parallel --filter 'SoakTests|RandomLineTests|EngineModelTests'

test-guest: setup ## boot machines with NUMA nodes and an IOMMU under QEMU, run the tests in them; PARTS="…" picks
	Tests/Guest/guest.sh test $(PARTS)

bench-guest: setup ## the benchmarks in those machines: .build/bench-guest.md and .json; PARTS="two_nodes pin-knee" picks
	Tests/Guest/guest.sh bench $(PARTS)

## Checks

check: lint test man-check consumer-check docs ## format, lint, build with warnings as errors, tests, manual pages, KTask elsewhere

lint: test-tools ## format, lint, C warnings, shell scripts
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests
	$(CLANG) -fsyntax-only -std=gnu17 -Wall -Wextra -Werror -ISources/CLinux/include -ISources/CKTask/include -ISources/CProgram/include -ITests/Counting/include -ITests/Guest/Calls/include $(C_FILES)
	@if command -v shellcheck >/dev/null; then echo shellcheck $(SCRIPTS); shellcheck $(SCRIPTS); \
	else echo "shellcheck is not installed: the shell scripts are not checked."; fi

man-check: setup test-tools ## the manual pages against the program's options, and against mandoc's lint
	$(SWIFT) build --product ktaskctl
	Tests/man-check.sh .build/debug/ktaskctl man

consumer-check: ## a package of somebody else's that uses KTask, as a folder and by a git URL: built and run
	Tests/Package/consumer-check.sh .build/consumer-check

docs: ## KTask's documentation for a browser, without a warning: .build/docs
	@command -v docc >/dev/null || { echo "docs: not done: this toolchain has no docc"; exit 0; }; \
	$(SWIFT) build --target KTask; \
	built=$$($(SWIFT) build --show-bin-path); rm -rf .build/docs .build/symbols; mkdir -p .build/symbols; \
	$(SWIFT) symbolgraph-extract -module-name KTask -I "$$built/Modules" -ISources/CLinux/include \
		-Xcc -fmodule-map-file="$$built/CLinux.build/module.modulemap" -target "$$(uname -m)-unknown-linux-gnu" \
		-minimum-access-level public -output-dir .build/symbols; \
	docc convert Sources/KTask/KTask.docc --additional-symbol-graph-dir .build/symbols --warnings-as-errors \
		--fallback-bundle-identifier ktask.KTask --output-path .build/docs

tsan: setup ## the engine's tests under the thread sanitizer
	$(SWIFT) test --sanitize=thread --filter '^KTaskTests\.' --scratch-path .build/tsan

format: ## write the sources as the format check wants them
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests

## Installing

install: $(PROGRAM) $(LIBRARY) $(PRELOAD) ## program, what it preloads, manual pages, JSON schema, units and shell completions, under PREFIX (/usr/local) and DESTDIR
	install -D -m 0755 $(PROGRAM) $(BIN)/ktaskctl
	install -D -m 0644 -t $(LIB) $(PRELOAD) $(LIBRARY)
	install -d $(EXEC)
	sed 's,@BIN@,$(PREFIX)/bin,' Sources/Packaging/qemu-run.sh > $(EXEC)/qemu-system-x86_64
	chmod 0755 $(EXEC)/qemu-system-x86_64
	install -d $(MAN)/man7 $(MAN)/man8 $(UNIT) $(BASH) $(ZSH) $(FISH) $(DATA)
	install -m 0644 $(RECIPES) $(MAN)/man7
	install -m 0644 $(PAGES) $(MAN)/man8
	install -m 0644 $(SCHEMA) $(DATA)
	for unit in $(UNITS); do \
		sed 's,@BIN@,$(PREFIX)/bin,' "$$unit" > "$(UNIT)/$${unit##*/}"; chmod 0644 "$(UNIT)/$${unit##*/}"; done
	$(PROGRAM) --generate-completion-script bash | sed '1{/^#!/d}' > $(BASH)/ktaskctl
	$(PROGRAM) --generate-completion-script zsh > $(ZSH)/_ktaskctl
	$(PROGRAM) --generate-completion-script fish > $(FISH)/ktaskctl.fish
	chmod 0644 $(BASH)/ktaskctl $(ZSH)/_ktaskctl $(FISH)/ktaskctl.fish

install-library: $(LIBRARY) ## the C library, its header, pkg-config file and manual pages, under PREFIX, LIBDIR and DESTDIR
	version=$$(sed -n 's/.*return "\([^"]*\)".*/\1/p' Sources/CKTask/version.c); \
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(INCLUDE) $(MAN)/man3 $(MAN)/man7; \
	install -m 0644 $(LIBRARY) $(DESTDIR)$(LIBDIR)/libktask.so.$$version; \
	ln -sf libktask.so.$$version $(DESTDIR)$(LIBDIR)/libktask.so.1; \
	ln -sf libktask.so.1 $(DESTDIR)$(LIBDIR)/libktask.so; \
	if [[ -e .build/library/libktask.a ]]; then install -m 0644 .build/library/libktask.a $(DESTDIR)$(LIBDIR); fi; \
	sed "s,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(LIBDIR),; s,@VERSION@,$$version," Sources/Packaging/ktask.pc.in \
		> $(DESTDIR)$(LIBDIR)/pkgconfig/ktask.pc; \
	chmod 0644 $(DESTDIR)$(LIBDIR)/pkgconfig/ktask.pc
	install -m 0644 Sources/CKTask/include/ktask.h $(INCLUDE)
	install -m 0644 $(CALLS) $(MAN)/man3
	for page in $(notdir $(CALLS)); do \
		for name in $$(sed -n '/^\.Sh SYNOPSIS/q; s/^\.Nm \([a-z_]*\).*/\1/p' "man/$$page"); do \
			if [[ $$name.3 != "$$page" ]]; then echo ".so man3/$$page" | install -m 0644 /dev/stdin "$(MAN)/man3/$$name.3"; fi; \
		done; done
	install -m 0644 man/ktask.7 $(MAN)/man7

uninstall-library: ## remove what install-library put there
	rm -f $(DESTDIR)$(LIBDIR)/libktask.{so*,a} $(DESTDIR)$(LIBDIR)/pkgconfig/ktask.pc $(INCLUDE)/ktask.h
	rm -f $(MAN)/man7/ktask.7 $(MAN)/man3/ktask.3 $(MAN)/man3/ktask_*.3

uninstall: ## remove what install put there
	rm -f $(BIN)/ktaskctl $(patsubst man/%,$(MAN)/man8/%,$(PAGES)) $(patsubst man/%,$(MAN)/man7/%,$(RECIPES))
	rm -f $(patsubst Sources/Packaging/%,$(UNIT)/%,$(UNITS))
	rm -f $(BASH)/ktaskctl $(ZSH)/_ktaskctl $(FISH)/ktaskctl.fish
	rm -rf $(DATA) $(LIB) $(EXEC)

deb: $(PROGRAM) $(LIBRARY) $(PRELOAD) ## Debian packages of all that install and install-library put in place: .build/deb/*.deb
	@command -v dpkg-shlibdeps >/dev/null || { echo "make: as root, run: apt-get install dpkg-dev" >&2; exit 1; }
	rm -rf .build/deb/root .build/deb/*.deb
	@$(MAKE) --no-print-directory install DESTDIR=$(CURDIR)/.build/deb/root PREFIX=/usr \
		ZSH=$(CURDIR)/.build/deb/root/usr/share/zsh/vendor-completions
	Sources/Packaging/debian.sh .build/deb/root .build/deb
	rm -rf .build/deb/library
	@$(MAKE) --no-print-directory install-library DESTDIR=$(CURDIR)/.build/deb/library PREFIX=/usr \
		LIBDIR=/usr/lib/$$(dpkg-architecture -qDEB_HOST_MULTIARCH)
	Sources/Packaging/debian-library.sh .build/deb/library .build/deb

deb-check: deb ## that it is the same twice; as root: install it on a bare Debian 12, run it, and its units under a systemd of their own
	Tests/Package/package-check.sh .build/deb/ktaskctl_*.deb .build/deb/root
	Tests/Package/library-check.sh .build/deb
	Tests/Package/deb-check.sh .build/deb/ktaskctl_*.deb .build/deb
	Tests/Package/unit-check.sh .build/deb/ktaskctl_*.deb .build/deb

clean: ## remove what was built
	$(SWIFT) package clean
	rm -rf .build/tsan

## What the rest builds on

help: ## this list
	@awk -F ':.*## ' '/^## / { printf "\n%s\n", substr($$0, 4) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# A build that is missing or older than its sources, so that `sudo make install` need not build again.
$(PROGRAM): $(SOURCES)
	@$(MAKE) --no-print-directory build
	@touch $@

$(LIBRARY): $(SOURCES)
	@$(MAKE) --no-print-directory library
	@touch $@

setup:
	@command -v $(SWIFT) >/dev/null || { \
		echo "make: there is no Swift toolchain here; install Swift 6.3 or newer: https://www.swift.org/install" >&2; \
		exit 1; }
	@if [[ -e /usr/include/numa.h || -e /usr/local/include/numa.h ]]; then exit 0; fi; \
	echo "numa.h is missing: installing libnuma-dev with apt-get."; \
	{ $(call apt_install,sudo,libnuma-dev); } || { \
		echo "make: that did not work; as root, run: apt-get install libnuma-dev" >&2; \
		echo "  (other systems have libnuma's header in numactl-devel, libnuma-devel or numactl)" >&2; \
		exit 1; }

# Programs that some tests use. Those tests are skipped, saying why, where this does not succeed.
test-tools:
	@PATH="$$PATH:/usr/sbin:/sbin"; missing=""; \
	for tool in strace:strace mkfs.xfs:xfsprogs mkfs.ext4:e2fsprogs python3:python3 \
		systemd-analyze:systemd shellcheck:shellcheck lintian:lintian mandoc:mandoc tmux:tmux zsh:zsh fish:fish debootstrap:debootstrap \
		qemu-system-x86_64:qemu-system-x86; do \
		command -v "$${tool%:*}" >/dev/null || missing+=" $${tool#*:}"; \
	done; \
	python3 -c "import numpy" 2>/dev/null || missing+=" python3-numpy"; \
	if [[ -n $$missing ]]; then \
		echo "Installing for the tests:$$missing."; \
		{ $(call apt_install,sudo -n,$$missing); } || \
			echo "Not installed:$$missing. The tests that need them will be skipped."; \
	fi
	@# what other people test, place and time memory with. Redis, PostgreSQL and Java are used where they are: the first two would start servers here
	@for wanted in '/usr/bin/stress-ng:stress-ng' '/usr/bin/fio:fio' '/usr/bin/numactl:numactl' '/usr/bin/hugeadm:libhugetlbfs-bin' \
		'/usr/bin/hyperfine:hyperfine' '/usr/src/linux-source-*.tar.xz:linux-source'; do \
		package=$${wanted#*:}; \
		if compgen -G "$${wanted%:*}" >/dev/null; then continue; fi; \
		echo "Installing for the tests: $$package."; \
		{ $(call apt_install,sudo -n,$$package); } || \
			echo "Not installed: $$package. The tests that need it will be skipped."; \
	done
	@# by itself: not every system has it under this name, and it must not keep the others away
	@if command -v chromium >/dev/null; then exit 0; fi; \
	echo "Installing for the tests: chromium."; \
	{ $(call apt_install,sudo -n,chromium); } || \
		echo "Not installed: chromium. The test that looks at the picture in it will be skipped."
	@# by itself, too: the tests start it by hand, with settings of their own
	@if [[ -x /usr/sbin/libvirtd ]] && command -v virsh >/dev/null; then exit 0; fi; \
	echo "Installing for the tests: libvirt-daemon-system libvirt-clients."; \
	{ $(call apt_install,sudo -n,libvirt-daemon-system libvirt-clients); } || \
		echo "Not installed: libvirt-daemon-system libvirt-clients. The tests of libvirt's machines will be skipped."

.PHONY: run test library wheel faults soak test-guest build bench bench-guest check lint man-check consumer-check docs tsan format install install-library uninstall uninstall-library deb deb-check \
	clean help setup test-tools
