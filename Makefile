# SPDX-License-Identifier: GPL-2.0-or-later
#
# drvguard: keeps out-of-tree kernel drivers matched to the kernel they run in.
#
#   make                    build the userland into build/
#   make modules KREL=REL   build the kernel module for an installed kernel's headers
#   make modules KDIR=DIR   … for a kernel build tree; W=1 C=1 DEBUG=1 as in the kernel
#   make demo               the main job on real kernels in a VM (as root; sets up what it needs)
#   make check              every test (as root; sets up what it needs)
#   make check-unit, check-cli, check-fuzz, check-fault, check-oracle, check-e2e   parts of it
#   make check-powercut     a machine's power cut CUTS=50 times while it stages (minutes)
#   make oracle             real kernels asked what they say of thousands of module files (minutes)
#   make fuzz               every parser under libFuzzer (SECONDS=60 each, TARGETS=all)
#   make check-debug-kernel the guard in kernels with KASAN and lockdep, and with KCSAN, built for it (an hour)
#   make check-kernels      the guard in kernels older and newer than this system's: 5.10, and the newest (minutes)
#   make check-cocci        the kernel's Coccinelle rules over kmod/ (minutes; wants the package coccinelle)
#   make check-headers      build the kernel module for every header package in the archive
#   make bench              speed and memory, as ratios against peers
#   make lint               static checks and formatting
#   make deps               install what building and testing need (Debian and its kin)
#   make install            DESTDIR= PREFIX=/usr INIT=systemd (or sysv, openrc); with KREL=REL the kernel module
#                           too, with DKMS=1 its source
#   make uninstall, make clean, make help
#
# V=1 shows the commands. Everything made lies in build/ (BUILD=).

VERSION := $(shell sed -n 's/^\#define DRVGUARD_VERSION[ \t]*"\(.*\)"/\1/p' kmod/uapi/drvguard.h)
BUILD   ?= build
PREFIX  ?= /usr
DESTDIR ?=
sbindir  = $(DESTDIR)$(PREFIX)/sbin
mandir   = $(DESTDIR)$(PREFIX)/share/man
unitdir  = /lib/systemd/system
# The init systems to install for: systemd, sysv, openrc, or several.
INIT    ?= systemd
BOOT_systemd = systemd/:$(unitdir)
BOOT_sysv    = sysv/:/etc/init.d
BOOT_openrc  = openrc/:/etc/init.d
# What boot/ has and where it goes: a file of boot/, or all of a directory, and the directory it is put into.
BOOT     = $(foreach i,$(INIT),$(or $(BOOT_$(i)),$(error INIT=$(i): there are systemd, sysv and openrc))) \
	   kernel/postinst.d/:/etc/kernel/postinst.d kernel/postrm.d/:/etc/kernel/postrm.d \
	   kernel/header_postinst.d/:/etc/kernel/header_postinst.d kernel/install.d/:/usr/lib/kernel/install.d \
	   initramfs-tools/hooks/drvguard:/usr/share/initramfs-tools/hooks \
	   dracut/90drvguard/module-setup.sh:/usr/lib/dracut/modules.d/90drvguard \
	   mkinitcpio/install/drvguard:/usr/lib/initcpio/install \
	   $(if $(filter zypp,$(PACKAGERS)),zypp/:/usr/lib/zypp/plugins/commit) \
	   $(if $(filter pacman,$(PACKAGERS)),pacman/:/usr/share/libalpm/hooks)
# Whose hooks are installed too: those that are here. RPM's triggers go into a package's spec file: boot/rpm.
PACKAGERS ?= $(if $(wildcard /usr/lib/zypp),zypp) $(if $(wildcard /usr/share/libalpm),pacman)
confdir  = $(DESTDIR)/etc/drvguard
dkmsdir  = $(DESTDIR)/usr/src/drvguard-$(VERSION)

CC      ?= gcc
CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wformat=2 -Wvla
# LZO images can be read where liblzo2 is.
LZO     := $(shell pkg-config --exists lzo2 && echo lzo2)
PKGS    := libkmod mount libcrypto sqlite3 inih json-c $(LZO)
# Loaded by the program when it needs them (userland/lib/lazy.h): of these the headers.
LAZY    := libarchive libsystemd
# The kernel's own habit of looking at bytes through other types is ours too.
DG_CFLAGS  = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	     -fno-strict-aliasing -fstack-protector-strong -D_FORTIFY_SOURCE=2 $(WARN) \
	     $(shell pkg-config --cflags $(PKGS) $(LAZY)) $(if $(LZO),-DDG_HAVE_LZO) $(CFLAGS) -Iuserland
DG_LIBS    = $(shell pkg-config --libs $(PKGS)) -ldl -pthread $(LDFLAGS)

LIB_SRC  := $(sort $(wildcard userland/lib/*.c))
CMD_SRC  := $(sort $(wildcard userland/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
CMD_OBJ  := $(CMD_SRC:%.c=$(BUILD)/%.o)
LIB      := $(BUILD)/libdrvguard.a
PROG     := $(BUILD)/drvguard
UNIT     := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/%)

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)

.PHONY: $(UNIT:=.run) all modules deps demo check check-unit check-cli check-fuzz check-fault check-powercut check-oracle check-e2e check-kernels check-debug-kernel check-cocci check-headers oracle fuzz bench lint install uninstall clean help
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

all: $(PROG)

$(PROG): $(CMD_OBJ) $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) -o $@ $^ $(DG_LIBS)

$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/%.o: %.c Makefile
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(DG_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: tests/unit/%.c $(LIB) Makefile
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(DG_CFLAGS) -MMD -MP -o $@ $< $(LIB) $(DG_LIBS) -lelf -larchive -lcmocka

$(BUILD)/tests/inject $(BUILD)/tests/look: $(BUILD)/tests/%: tests/fault/%.c Makefile
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(DG_CFLAGS) -o $@ $< $(DG_LIBS)

$(BUILD)/tests/hold: tests/cli/hold.c $(LIB) Makefile
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(DG_CFLAGS) -o $@ $< $(LIB) $(DG_LIBS)

-include $(LIB_OBJ:.o=.d) $(CMD_OBJ:.o=.d) $(UNIT:=.d)

KDIR ?= $(if $(KREL),/lib/modules/$(KREL)/build)
modules:
	$(if $(KDIR),,$(error name a kernel: make modules KREL=$$(uname -r), or KDIR=its build tree))
	$(Q)kbuild/build-module $(KDIR) $(BUILD)/modules/$(if $(KREL),$(KREL),tree) \
		$(if $(W),W=$(W)) $(if $(C),C=$(C)) $(if $(DEBUG),DEBUG=$(DEBUG)) $(if $(V),V=$(V))

deps:
	$(Q)kbuild/deps

demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/e2e/demo.sh

# One after the other, so that the output reads as it ran; within a part as many at a time as there are processors.
check: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) -Otarget all check-unit
	$(Q)$(MAKE) --no-print-directory check-fuzz
	$(Q)$(MAKE) --no-print-directory check-cli
	$(Q)$(MAKE) --no-print-directory check-fault
	$(Q)$(MAKE) --no-print-directory check-oracle
	$(Q)$(MAKE) --no-print-directory check-e2e

check-unit: $(UNIT:=.run)
$(UNIT:=.run): %.run: %
	$(Q)$<

check-cli: $(PROG) $(BUILD)/tests/hold
	$(Q)tests/cli/run

check-fault: $(PROG) $(BUILD)/tests/inject $(BUILD)/tests/look
	$(Q)tests/fault/run
	$(Q)tests/fault/powercut.sh 4

check-powercut: $(PROG) $(BUILD)/tests/look
	$(Q)tests/fault/powercut.sh $(or $(CUTS),50) ext4 xfs btrfs

check-e2e: $(PROG)
	$(Q)tests/e2e/run

check-fuzz:
	$(Q)tests/fuzz/run check

fuzz:
	$(Q)tests/fuzz/run fuzz $(or $(SECONDS),60) $(TARGETS)

check-oracle: $(PROG)
	$(Q)tests/oracle/run short

oracle: $(PROG)
	$(Q)tests/oracle/run full

check-kernels:
	$(Q)tests/e2e/kmod-suites.sh

check-debug-kernel:
	$(Q)tests/e2e/debug-kernel.sh kasan
	$(Q)tests/e2e/debug-kernel.sh kcsan

check-cocci:
	$(Q)tests/e2e/kmod-cocci.sh

check-headers:
	$(Q)tests/e2e/kmod-build.sh all

bench: $(PROG)
	$(Q)tests/bench/run
	$(Q)tests/bench/guard.sh

lint:
	$(Q)kbuild/lint

install: all $(if $(KREL),modules)
	install -D -m 755 $(PROG) $(sbindir)/drvguard
	install -D -m 644 docs/drvguard.8 $(mandir)/man8/drvguard.8
	install -D -m 644 docs/drvguard.conf.5 $(mandir)/man5/drvguard.conf.5
	install -d $(confdir)/drivers.d $(DESTDIR)/usr/lib/drvguard/drivers.d $(DESTDIR)/var/cache/drvguard
	kbuild/install-boot install $(PREFIX)/sbin '$(DESTDIR)' $(BOOT)
	$(if $(KREL),install -D -m 644 $(BUILD)/modules/$(KREL)/drvguard.ko \
		$(DESTDIR)/lib/modules/$(KREL)/updates/drvguard.ko)
	$(if $(KREL),$(if $(DESTDIR),,depmod $(KREL)))
	$(if $(DKMS),install -d $(dkmsdir)/kbuild && cp -r kmod $(dkmsdir)/ && cp -r kbuild/build-module kbuild/probes $(dkmsdir)/kbuild/ \
		&& sed 's/@version@/$(VERSION)/' kbuild/dkms.conf > $(dkmsdir)/dkms.conf)

# Configuration and what was staged are the administrator's, and stay.
uninstall:
	rm -f $(sbindir)/drvguard $(mandir)/man8/drvguard.8 $(mandir)/man5/drvguard.conf.5
	kbuild/install-boot uninstall $(PREFIX)/sbin '$(DESTDIR)' $(BOOT)
	rm -f $(DESTDIR)/lib/modules/*/updates/drvguard.ko
	rm -rf $(dkmsdir)

clean:
	rm -rf $(filter-out $(BUILD)/cache,$(wildcard $(BUILD)/*))

help:
	@sed -n '/^# drvguard/,/^$$/s/^# \{0,1\}//p' Makefile
