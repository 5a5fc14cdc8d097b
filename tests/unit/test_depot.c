// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/depot.h"

static void test_depot_find_states(void **state)
{
	static const struct {
		const char *name; /* the depot, too */
		int err;
		enum dg_depot_state expected;
	} cases[] = {
		{ "/opt/full", 0, DG_DEPOT_PRESENT },
		{ "/opt/empty", 0, DG_DEPOT_EMPTY },
		{ "/opt/fresh", 0, DG_DEPOT_EMPTY },
		{ "/opt/none", 0, DG_DEPOT_ABSENT },
		{ "/opt/none/below", 0, DG_DEPOT_ABSENT },
		{ "/opt/link", 0, DG_DEPOT_PRESENT },
		{ "/opt/dangling", 0, DG_DEPOT_ABSENT },
		{ "/opt/file", -ENOTDIR, DG_DEPOT_ABSENT },
		{ "/opt/file/below", -ENOTDIR, DG_DEPOT_ABSENT },
		{ "/opt/loop", -ELOOP, DG_DEPOT_ABSENT },
	};

	fx_text(*state, "/opt/full/x.ko", "");
	fx_mkdir(*state, "/opt/empty");
	fx_mkdir(*state, "/opt/fresh/lost+found");
	fx_text(*state, "/opt/file", "");
	assert_int_equal(symlink("/opt/full", fx_at(*state, "/opt/link")), 0);
	assert_int_equal(symlink("nowhere", fx_at(*state, "/opt/dangling")), 0);
	assert_int_equal(symlink("loop", fx_at(*state, "/opt/loop")), 0);
	FX_CASE(c, cases)
	{
		enum dg_depot_state s = DG_DEPOT_ABSENT;
		struct dg_diag why = { 0 };
		char *dir = NULL;

		fx_int(dg_depot_find(*state, c->name, &s, &dir, &why), c->err);
		if (c->err == 0) {
			fx_int(s, c->expected);
			fx_int(dir != NULL, c->expected == DG_DEPOT_PRESENT);
		}
		if (dir)
			fx_str(dir, fx_at(*state, "/opt/full"));
		/* Whatever is not there is told, with a cure. */
		fx_int(why.what[0] != '\0', c->err != 0 || c->expected != DG_DEPOT_PRESENT);
		if (why.what[0])
			fx_str(why.where, c->name);
		if (c->err != -ELOOP)
			fx_int(why.cure[0] != '\0', why.what[0] != '\0');
		free(dir);
	}
}

struct seen {
	char text[4096];
	int stop_at, n;
};

static int see(const char *path, int err, const struct dg_diag *bad, void *data)
{
	struct seen *s = data;
	size_t used = strlen(s->text);

	assert_int_equal(bad != NULL, err != 0);
	if (bad)
		assert_true(bad->what[0]);
	snprintf(s->text + used, sizeof(s->text) - used, "%s%s ", strrchr(path, '/') + 1,
		 err ? strerrorname_np(-err) : "");
	return ++s->n == s->stop_at ? -ECANCELED : 0;
}

static void test_depot_walk_finds(void **state)
{
	struct seen s = { 0 };

	fx_text(*state, "/root/depot/6.1.0-10/scap10.ko", "");
	fx_text(*state, "/root/depot/6.1.0-9/scap9.ko.xz", "");
	fx_text(*state, "/root/depot/a.ko", "");
	fx_text(*state, "/root/depot/README", "");
	fx_mkdir(*state, "/root/depot/dir.ko");
	fx_text(*state, "/root/elsewhere/linked.ko", "");
	fx_text(*state, "/outside.ko", "");
	assert_int_equal(symlink("/elsewhere/linked.ko", fx_at(*state, "/root/depot/link1.ko")), 0);
	assert_int_equal(symlink("../../outside.ko", fx_at(*state, "/root/depot/link2.ko")), 0);
	assert_int_equal(symlink("link3.ko", fx_at(*state, "/root/depot/link3.ko")), 0);
	assert_int_equal(symlink("nowhere", fx_at(*state, "/root/depot/link4.ko")), 0);
	assert_int_equal(symlink("6.1.0-9", fx_at(*state, "/root/depot/link5.ko")), 0);
	assert_int_equal(symlink("..", fx_at(*state, "/root/depot/upwards")), 0);
	assert_int_equal(mkfifo(fx_at(*state, "/root/depot/pipe.ko"), 0644), 0);
	assert_int_equal(dg_depot_walk(fx_at(*state, "/root"), fx_at(*state, "/root/depot"), see, &s, NULL), 0);
	assert_string_equal(s.text, "scap9.ko.xz scap10.ko a.ko dir.koEISDIR linked.ko link2.koENOENT link3.koELOOP "
				    "link4.koENOENT link5.koEISDIR pipe.koENXIO ");
}

static void test_depot_walk_ended_by_caller(void **state)
{
	struct seen s = { .stop_at = 2 };

	fx_text(*state, "/a.ko", "");
	fx_text(*state, "/b.ko", "");
	fx_text(*state, "/c.ko", "");
	assert_int_equal(dg_depot_walk("/", *state, see, &s, NULL), -ECANCELED);
	assert_string_equal(s.text, "a.ko b.ko ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_depot_find_states),
		FX_TEST(test_depot_walk_finds),
		FX_TEST(test_depot_walk_ended_by_caller),
	};

	return cmocka_run_group_tests_name("depot", tests, NULL, NULL);
}
