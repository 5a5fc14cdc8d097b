// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/bootdefault.h"
#include "lib/nextboot.h"
#include "lib/nextloader.h"

#define A "6.1.0-1-amd64"
#define B "6.1.0-2-amd64"
#define LOADER "/efi/loader/loader.conf"

/* Images without a banner, told by their names, of different bytes. */
static void install(const char *root, const char *release)
{
	dg_auto_free char *image = dg_format("/boot/vmlinuz-%s", release),
			  *dir = dg_format("/lib/modules/%s/kernel", release);

	fx_text(root, image, release);
	fx_mkdir(root, dir);
}

static void install_both(const char *root)
{
	install(root, A);
	install(root, B);
}

/* What boots next is @release (NULL: cannot be told) for a reason that begins with @why. */
static struct dg_nextboot *check(const char *root, const char *release, const char *why)
{
	struct dg_nextboot *n = NULL;

	assert_int_equal(dg_nextboot_read(root, &n), 0);
	if (!dg_streq(n->release, release) && (n->release || release))
		print_error("%s (%s)\n", n->release ? n->release : "cannot tell", n->evidence);
	if (release) {
		assert_string_equal(n->release, release);
		assert_string_equal(n->candidates[0], release);
		assert_null(n->candidates[1]);
	} else {
		assert_null(n->release);
	}
	if (!strstr(n->evidence, why))
		print_error("evidence: %s\n", n->evidence);
	assert_non_null(strstr(n->evidence, why));
	return n;
}

static void is(const char *root, const char *release, const char *why)
{
	struct dg_nextboot *n = check(root, release, why);

	assert_false(n->once);
	assert_null(n->after);
	dg_nextboot_free(n);
}

static void test_nextboot_no_loader(void **state)
{
	struct dg_nextboot *n = check(*state, NULL, "no boot loader was found");

	assert_null(n->candidates[0]);
	dg_nextboot_free(n);
	install(*state, A);
	is(*state, A, "it is the only kernel");
	/* One without an image does not boot. */
	fx_mkdir(*state, "/lib/modules/" B "/kernel");
	is(*state, A, "it is the only kernel");
	install(*state, B);
	n = check(*state, NULL, "no boot loader was found");
	assert_string_equal(n->candidates[0], A);
	assert_string_equal(n->candidates[1], B);
	assert_null(n->candidates[2]);
	assert_null(n->loader);
	dg_nextboot_free(n);
}

static void test_nextboot_release(void **state)
{
	static const struct {
		const char *name, *want;
		int err;
	} paths[] = {
		{ "/boot/vmlinuz-" A, A, 0 },
		{ "/vmlinuz-" A, A, 0 },
		{ "(hd0,gpt2)/vmlinuz-" A, A, 0 },
		{ "(\x01)/boot/vmlinuz-" A, A, 0 },
		{ "/@/boot/vmlinuz-" A, A, 0 },
		{ "vmlinuz-" A, A, 0 },
		{ "/vmlinuz", B, 0 },
		{ "/boot/copy", B, 0 },
		{ "/boot/other", NULL, -ENODATA },
		{ "/boot/vmlinuz-9", NULL, -ENOENT },
		{ "/boot", NULL, -ENOENT },
		{ "\x01", NULL, -ENOENT },
		{ "", NULL, -ENOENT },
		{ "/../../../../../../../../etc/passwd", NULL, -ENOENT },
		{ "/boot/vmlinuz-..", NULL, -ENODATA },
	};

	install_both(*state);
	fx_text(*state, "/boot/copy", B);
	fx_text(*state, "/boot/other", "x");
	fx_text(*state, "/boot/vmlinuz-..", "y");
	assert_int_equal(symlink("boot/vmlinuz-" B, fx_at(*state, "/vmlinuz")), 0);
	FX_CASE(c, paths)
	{
		char *release = NULL;

		fx_int(dg_next_release(*state, c->name, dg_next_dirs, &release), c->err);
		if (c->want)
			fx_str(release, c->want);
		free(release);
	}
}

/* Of two loaders neither is believed, unless they say the same or one is known to run. */
static void test_nextboot_two_loaders(void **state)
{
	struct dg_nextboot *n;

	install_both(*state);
	fx_text(*state, "/boot/grub/grub.cfg", "menuentry x { linux /boot/vmlinuz-" A "; }\n");
	is(*state, A, "/boot/grub/grub.cfg: default=\"\" leads to 'x'");
	fx_text(*state, LOADER, "");
	fx_text(*state, "/efi/loader/entries/a.conf", "linux /boot/vmlinuz-" A "\n");
	is(*state, A, "/boot/grub/grub.cfg");
	fx_text(*state, "/efi/loader/entries/b.conf", "linux /boot/vmlinuz-" B "\n");
	n = check(*state, NULL, "GRUB (/boot/grub/grub.cfg");
	assert_null(n->loader);
	assert_string_equal(n->candidates[1], B);
	dg_nextboot_free(n);
	fx_write(*state, "/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
		 "\7\0\0\0G\0R\0U\0B\0 \0", 14);
	is(*state, A, "/boot/grub/grub.cfg");
}

static void test_nextboot_hostile(void **state)
{
	static const char *const configs[] = { "/boot/grub/grub.cfg", "/boot/extlinux/extlinux.conf",
					       "/boot/config.txt", LOADER };

	install_both(*state);
	for (size_t i = 0; i < DG_ARRAY_SIZE(configs); i++) {
		struct dg_nextboot *n;

		/* A directory, a link out of the root, nothing, lines that are never a file's. */
		fx_mkdir(*state, configs[i]);
		assert_int_equal(dg_nextboot_read(*state, &n), 0);
		assert_null(n->release);
		dg_nextboot_free(n);
		assert_int_equal(rmdir(fx_at(*state, configs[i])), 0);
		assert_int_equal(symlink("/dev/zero", fx_at(*state, configs[i])), 0);
		dg_nextboot_free(check(*state, NULL, ""));
		assert_int_equal(unlink(fx_at(*state, configs[i])), 0);
		fx_text(*state, configs[i], "");
		dg_nextboot_free(check(*state, NULL, ""));
		fx_text(*state, configs[i], "default\nlabel\nlinux\nkernel=\n[\n=\n\x01\xff\n");
		dg_nextboot_free(check(*state, NULL, ""));
		assert_int_equal(unlink(fx_at(*state, configs[i])), 0);
	}
}

static void held_is(const char *root, const char *want)
{
	char *held = NULL;

	assert_int_equal(dg_bootdefault_held(root, &held), 0);
	if (want)
		assert_string_equal(held, want);
	else
		assert_null(held);
	free(held);
}

static void file_is(const char *root, const char *path, const char *want)
{
	char *text = fx_read(fx_at(root, path));

	assert_string_equal(text, want);
	free(text);
}

/* loader.conf comes back to the byte, whatever it was, and what somebody else wrote in it stays. */
static void test_bootdefault_systemd_boot(void **state)
{
	static const char *const texts[] = { "timeout 3\ndefault b.conf\n", "default b.conf", "\n\n",
					     "# drvguard holds x\n" };
	struct dg_diag d;
	char *text;

	install_both(*state);
	fx_text(*state, "/efi/loader/entries/a.conf", "linux /boot/vmlinuz-" A "\n");
	fx_text(*state, "/efi/loader/entries/b+3.conf", "linux /boot/vmlinuz-" B "\n");
	for (size_t i = 0; i < DG_ARRAY_SIZE(texts); i++) {
		fx_text(*state, LOADER, texts[i]);
		assert_int_equal(dg_bootdefault_hold(*state, A, &d), 0);
		is(*state, A, LOADER ": default a.conf");
		held_is(*state, A);
		assert_int_equal(dg_bootdefault_hold(*state, A, &d), 0);
		/* Boots of this entry are counted in its name, which changes. */
		assert_int_equal(dg_bootdefault_hold(*state, B, &d), 0);
		is(*state, B, LOADER ": default b[.+]*conf leads to b+3.conf");
		assert_int_equal(dg_bootdefault_hold(*state, A, &d), 0);
		assert_int_equal(dg_bootdefault_release(*state, &d), 0);
		file_is(*state, LOADER, texts[i]);
		held_is(*state, NULL);
		assert_int_equal(dg_bootdefault_release(*state, &d), 0);
		file_is(*state, LOADER, texts[i]);
	}
	/* Lines after ours stay; ours, when somebody changed them, too, and can be held over. */
	fx_text(*state, LOADER, "timeout 1\n");
	assert_int_equal(dg_bootdefault_hold(*state, A, &d), 0);
	text = fx_read(fx_at(*state, LOADER));
	{
		dg_auto_free char *more = dg_format("%stimeout 9\n", text);

		fx_text(*state, LOADER, more);
	}
	free(text);
	assert_int_equal(dg_bootdefault_release(*state, &d), 0);
	file_is(*state, LOADER, "timeout 1\ntimeout 9\n");
	fx_text(*state, LOADER, "# drvguard holds " A " by a.conf\ndefault other\n# drvguard ends\n");
	held_is(*state, NULL);
	assert_int_equal(dg_bootdefault_hold(*state, A, &d), 0);
	held_is(*state, A);
	assert_int_equal(dg_bootdefault_release(*state, &d), 0);
	file_is(*state, LOADER, "# drvguard holds " A " by a.conf\ndefault other\n# drvguard ends\n");
	assert_int_equal(dg_bootdefault_hold(*state, "9.9", &d), -ENOENT);
	assert_int_equal(dg_bootdefault_hold(*state, "../x", &d), -EINVAL);
}

static void test_bootdefault_unsupported(void **state)
{
	struct dg_diag d;

	install_both(*state);
	assert_int_equal(dg_bootdefault_hold(*state, A, &d), -ENOTSUP);
	assert_true(*d.where && *d.what && *d.cure);
	fx_text(*state, "/boot/extlinux/extlinux.conf", "default x\nlabel x\nlinux /boot/vmlinuz-" A "\n");
	assert_int_equal(dg_bootdefault_hold(*state, A, &d), -ENOTSUP);
	assert_string_equal(d.where, "extlinux");
	/* GRUB with a default of its own, and nothing to set another with. */
	assert_int_equal(unlink(fx_at(*state, "/boot/extlinux/extlinux.conf")), 0);
	fx_text(*state, "/boot/grub/grub.cfg",
		"menuentry x --id i-" A " { linux /boot/vmlinuz-" A "; }\nmenuentry y --id i-" B
		" { linux /boot/vmlinuz-" B "; }\n");
	assert_int_equal(dg_bootdefault_hold(*state, B, &d), -ENOTSUP);
	assert_false(fx_exists(fx_at(*state, "/boot/grub/grubenv")));
	assert_false(fx_exists(fx_at(*state, "/etc/default/grub.d/zz-drvguard.cfg")));
	/* An id that would end the quotes around it. */
	fx_text(*state, "/boot/grub/grub.cfg", "menuentry x --id \"i'$(x)-" A "\" { linux /boot/vmlinuz-" A "; }\n");
	assert_int_equal(dg_bootdefault_hold(*state, A, &d), -ENOTSUP);
	held_is(*state, NULL);
	assert_int_equal(dg_bootdefault_release(*state, &d), 0);
}

/* Somebody's own file in the place of the drop-in is neither replaced nor removed. */
static void test_bootdefault_foreign_dropin(void **state)
{
	static const char dropin[] = "/etc/default/grub.d/zz-drvguard.cfg";
	struct dg_diag d;

	install_both(*state);
	fx_text(*state, "/usr/sbin/grub-mkconfig", "for x in /etc/default/grub.d/*.cfg\n");
	fx_text(*state, "/boot/grub/grub.cfg", "menuentry x --id i-" A " { linux /boot/vmlinuz-" A "; }\n");
	fx_text(*state, dropin, "GRUB_DEFAULT=0\n");
	assert_int_equal(dg_bootdefault_hold(*state, A, &d), -ENOTSUP);
	assert_int_equal(dg_bootdefault_release(*state, &d), 0);
	file_is(*state, dropin, "GRUB_DEFAULT=0\n");
	assert_int_equal(unlink(fx_at(*state, dropin)), 0);
	/* grub.cfg boots it as it stands, so that nothing is run. */
	assert_int_equal(dg_bootdefault_hold(*state, A, &d), 0);
	file_is(*state, dropin,
		"# drvguard holds " A " by i-" A
		"\n# since a newer kernel lacks drivers; it wrote this, and removes it.\n"
		"GRUB_DEFAULT='i-" A "'\nGRUB_SAVEDEFAULT=false\n");
	held_is(*state, A);
	assert_int_equal(dg_bootdefault_release(*state, &d), 0);
	assert_false(fx_exists(fx_at(*state, dropin)));
	held_is(*state, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_nextboot_no_loader),	  FX_TEST(test_nextboot_release),
		FX_TEST(test_nextboot_two_loaders),	  FX_TEST(test_nextboot_hostile),
		FX_TEST(test_bootdefault_systemd_boot),	  FX_TEST(test_bootdefault_unsupported),
		FX_TEST(test_bootdefault_foreign_dropin),
	};

	return cmocka_run_group_tests_name("nextboot", tests, NULL, NULL);
}
