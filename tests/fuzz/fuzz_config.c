// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/config, and libinih under it, through a file in memory.
 *
 * Bound: 64 bytes a byte and 256 KiB: a section is 64 bytes and some strings for
 * a line of at least 10; remarks are at most 21 a file and one a driver, 776 bytes
 * each, for which its section must be there.
 */
#include "fuzz.h"

#include <errno.h>
#include <sys/mman.h>

#include "lib/config.h"

/* The one file, rewritten for each input. */
static const char *write_file(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("drvguard.conf", MFD_CLOEXEC);
		fuzz_assert(fd >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	fuzz_assert(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	return path;
}

static void walk(const struct dg_config *c)
{
	fuzz_assert(c->store && c->store[0] == '/');
	for (size_t i = 0; i < c->n_products; i++) {
		const struct dg_product *p = &c->products[i];

		fuzz_string(p->name);
		fuzz_string(p->origin);
		fuzz_assert(!p->depot || p->depot[0] == '/');
	}
	for (size_t i = 0; i < c->n_drivers; i++) {
		const struct dg_driver *d = &c->drivers[i];

		fuzz_assert(!d->bad && d->product && !d->product->bad && d->product->depot);
		fuzz_assert(dg_modname_valid(d->name) && dg_config_driver(c, d->name) == d);
		fuzz_assert(strcmp(d->product_name, d->product->name) == 0);
		fuzz_assert(!d->path || d->path[0] == '/');
		fuzz_string(d->origin);
	}
	for (size_t i = 0; i < c->problems.n; i++) {
		fuzz_assert(c->problems.v[i].what[0]);
		fuzz_string(c->problems.v[i].where);
		fuzz_string(c->problems.v[i].cure);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = write_file(data, size);
	struct dg_config *c = NULL;
	struct dg_diag d = { 0 };
	int r;

	fuzz_bound(size * 256 + 256 * FUZZ_KIB);
	r = dg_config_read("/", path, &c, &d);
	fuzz_assert(r == 0 || ((r == -EBADMSG || r == -EFBIG) && d.what[0]));
	if (r == 0)
		walk(c);
	dg_config_free(c);
	fuzz_unbound();
	return 0;
}
