// SPDX-License-Identifier: GPL-2.0-or-later
/* lib/uki: an input is a PE file. Two texts of 64 KiB at most are read of it: the bound is 1 MiB. */
#include "fuzz.h"

#include <sys/mman.h>

#include "lib/uki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("uki", MFD_CLOEXEC);
	struct dg_uki u;

	fuzz_assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	fuzz_bound(FUZZ_MIB);
	if (dg_uki_read(fd, &u) == 0) {
		if (u.release)
			fuzz_string(u.release);
		if (u.sort_key)
			fuzz_string(u.sort_key);
		if (u.version)
			fuzz_string(u.version);
		dg_uki_free(&u);
	}
	fuzz_unbound();
	close(fd);
	return 0;
}
