// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/event: what waits in /run as it is read. What was read is kept as in a list,
 * written and read again, to the same.
 *
 * Bound: 16 bytes a byte and 64 KiB: held as read, in a list, written and read again,
 * each byte escaped at most.
 */
#include "fuzz.h"

#include <errno.h>

#include "lib/event.h"

static void expect_same(struct dg_event *a, struct dg_event *b)
{
	for (size_t i = 0; i < DG_EVENT_NUMBERS; i++)
		fuzz_assert(dg_event_number(a, i) == dg_event_number(b, i));
	for (size_t i = 0; i < DG_EVENT_TEXTS; i++) {
		const char *x = *dg_event_text(a, i), *y = *dg_event_text(b, i);

		fuzz_assert(!x == !y && (!x || strcmp(x, y) == 0));
	}
}

static void keep_and_reread(const struct dg_event *e)
{
	dg_auto_free char *text = NULL;
	struct dg_events list = { 0 };
	struct dg_event again;

	fuzz_assert(dg_events_add(&list, e) == 0);
	for (size_t i = 0; i < DG_EVENT_TEXTS; i++) {
		const char *s = *dg_event_text(&list.v[0], i);

		fuzz_assert(!s || (*s && strlen(s) <= DG_EVENT_TEXT_MAX));
		for (; s && *s; s++)
			fuzz_assert(*s >= ' ' && *s <= '~');
	}
	text = dg_event_format(&list.v[0]);
	fuzz_assert(text && strlen(text) <= DG_EVENT_FORM_MAX && dg_event_parse(text, &again) == 0);
	expect_same(&list.v[0], &again);
	dg_events_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dg_event e = { 0 };
	char *copy;
	int r;

	fuzz_bound(size * 16 + 64 * FUZZ_KIB);
	copy = fuzz_copy(data, size, 1);
	r = dg_event_parse(copy, &e);
	fuzz_assert(r == 0 || (r == -EBADMSG && !e.id));
	if (r == 0)
		keep_and_reread(&e);
	free(copy);
	fuzz_unbound();
	return 0;
}
