// SPDX-License-Identifier: GPL-2.0-or-later
#include "lazy.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static int load(const struct dg_lazy *l)
{
	void *library = dlopen(l->soname, RTLD_LAZY | RTLD_LOCAL);

	if (!library)
		return -ELIBACC;
	for (size_t i = l->n; i-- > 0;) {
		l->functions[i] = dlsym(library, l->names[i]);
		if (!l->functions[i]) {
			dlclose(library);
			return -ELIBACC;
		}
	}
	return 0;
}

int dg_lazy_load(const struct dg_lazy *l)
{
	int r;

	pthread_mutex_lock(&loading);
	/* The first is found last. */
	r = l->functions[0] ? 0 : load(l);
	pthread_mutex_unlock(&loading);
	return r;
}
