// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/grubscript.h"

/* Two files there are, one there is not, of others nobody knows. */
static int site_read(void *arg, const char *path, char **ret, size_t *ret_len)
{
	static const struct {
		const char *path, *text;
	} files[] = { { "/boot/grub/custom.cfg", "set from=custom\nmenuentry C --id c { linux /c; }\n" },
		      { "/boot/grub/empty", "" },
		      { "/boot/grub/loop.cfg", "source $prefix/loop.cfg\n" } };

	(void)arg;
	for (size_t i = 0; i < DG_ARRAY_SIZE(files); i++)
		if (dg_streq(path, files[i].path)) {
			*ret = strdup(files[i].text);
			*ret_len = strlen(*ret);
			return 0;
		}
	return dg_startswith(path, "/boot/grub/") ? -ENOENT : -ENODATA;
}

static int site_blscfg(void *arg, struct dg_grub *g)
{
	int r = dg_grub_add(g, "Fedora (6.5)", "4ef8-6.5", "/vmlinuz-6.5");

	(void)arg;
	return r < 0 ? r : dg_grub_add(g, "Fedora (6.4)", "4ef8-6.4", "/vmlinuz-6.4");
}

static const struct dg_grub_site site = { NULL, "/boot/grub", site_read, site_blscfg };

#define THREE                                                                                                          \
	"menuentry 'A' --class x --id a { linux /a ro; }\n"                                                            \
	"submenu 'More > B' $menuentry_id_option 'm' {\n menuentry \"B\" {\n\tlinux /b\n\t}\nmenuentry 'B2' --id=b2 "  \
	"{linux16 /b2\n}\n}\nmenuentry D --unrestricted { linuxefi /d\n}\n"
#define DEFAULT(x) "menuentry_id_option=--id\nset default=" x "\n" THREE

static const struct {
	const char *name, *text, *env;
	const char *id, *kernel; /* NULL kernel: it cannot be told */
} scripts[] = {
	{ "no default", "menuentry_id_option=--id\n" THREE, "", "a", "/a" },
	{ "number", DEFAULT("2"), "", "D", "/d" },
	{ "number of nothing", DEFAULT("7"), "", "a", "/a" },
	{ "hexadecimal", DEFAULT("0x2"), "", "D", "/d" },
	{ "in a submenu", DEFAULT("\"1>1\""), "", "m>b2", "/b2" },
	{ "a submenu", DEFAULT("m"), "", "m>B", "/b" },
	{ "past a submenu's end", DEFAULT("'m>9'"), "", "m>B", "/b" },
	{ "title", DEFAULT("'More >> B>B2'"), "", "m>b2", "/b2" },
	{ "title, one arrow", DEFAULT("'More > B>B2'"), "", "a", "/a" },
	{ "id of a submenu's entry alone", DEFAULT("b2"), "", "a", "/a" },
	{ "saved", DEFAULT("\"${saved_entry}\""), "saved_entry=D\n", "a", "/a" },
	{ "saved, loaded", "load_env\n" DEFAULT("\"$saved_entry\""), "saved_entry=D\n", "D", "/d" },
	{ "saved, one by name", "load_env other\n" DEFAULT("\"$saved_entry\""), "saved_entry=D\n", "a", "/a" },
	{ "unset", "load_env\nunset saved_entry\n" DEFAULT("\"$saved_entry\""), "saved_entry=D\n", "a", "/a" },
	{ "elif", "if false; then set x=a; elif [ 1 -lt 2 ]; then set x=D; else set x=m; fi\n" DEFAULT("$x"), "", "D",
	  "/d" },
	{ "else", "if [ ! 1 -lt 2 -o -n '' ]\nthen\n x=a\nelse x=D\nfi\n" DEFAULT("$x"), "", "D", "/d" },
	{ "parentheses", "if [ ( a = b -o a = a ) -a c != d ]; then x=D; fi\n" DEFAULT("$x"), "", "D", "/d" },
	{ "file is there", "if [ -f ${config_directory}/custom.cfg ]; then x=D; fi\n" DEFAULT("$x"), "", "D", "/d" },
	{ "file is empty", "if [ -s $prefix/empty ]; then x=a; else x=D; fi\n" DEFAULT("$x"), "", "D", "/d" },
	{ "file is not there", "if [ -e $prefix/no ]; then x=a; else x=D; fi\n" DEFAULT("$x"), "", "D", "/d" },
	{ "file nobody knows", "if [ -f (hd0)/x ]; then x=a; else x=D; fi\n" DEFAULT("$x"), "", NULL, NULL },
	{ "unknown changes nothing", "x=D\nif loadfont f; then x=D; y=1; fi\n" DEFAULT("$x"), "", "D", "/d" },
	{ "unknown changes it", "x=a\nif loadfont f; then x=D; fi\n" DEFAULT("$x"), "", NULL, NULL },
	{ "unknown before", "if [ $grub_platform = efi ]; then menuentry E { exit; }; fi\n" DEFAULT("1"), "", NULL,
	  NULL },
	{ "unknown after", DEFAULT("1") "if [ $grub_platform = efi ]; then menuentry E { exit; }; fi\n", "", "m>B",
	  "/b" },
	{ "unknown, by name", "if [ $grub_cpu = x ]; then menuentry E { exit; }; fi\n" DEFAULT("D"), "", "D", "/d" },
	{ "unknown, not there", "if [ $grub_cpu = x ]; then menuentry E { exit; }; fi\n" DEFAULT("F"), "", NULL, NULL },
	{ "both unknown", "if [ $grub_cpu = x ]; then x=a; else x=D; fi\n" DEFAULT("$x"), "", NULL, NULL },
	{ "known after unknown", "if cmostest 1:2; then x=a; elif true; then x=D; else x=m; fi\n" DEFAULT("$x"), "",
	  NULL, NULL },
	{ "set by the machine", "x=D\nsearch --fs-uuid --set=x 1\n" DEFAULT("$x"), "", NULL, NULL },
	{ "set by regexp", "x=D\nregexp --set=1:x a b\n" DEFAULT("$x"), "", NULL, NULL },
	{ "read", "x=D\nread x\n" DEFAULT("$x"), "", NULL, NULL },
	{ "eval", "eval \"set default=1\"\n" THREE, "", NULL, NULL },
	{ "function", "function f {\n if [ $1 = 1 ]; then set x=$2; return; fi\n x=a\n}\nf 1 D\n" DEFAULT("$x"), "",
	  "D", "/d" },
	{ "for", "for x in a b D; do y=$x; done\n" DEFAULT("$y"), "", "D", "/d" },
	{ "while", "while [ x$y != xaaa ]; do y=${y}a; done\nif [ $y = aaa ]; then x=D; fi\n" DEFAULT("$x"), "", "D",
	  "/d" },
	{ "until", "until [ 0$n -ge 3 ]; do increment n; done\nset x=$n\ndecrement x\n" DEFAULT("$x"), "", "D", "/d" },
	{ "while, unknown", "x=D\nwhile keystatus; do x=a; done\n" DEFAULT("$x"), "", NULL, NULL },
	{ "source", "source $prefix/custom.cfg\nset default=c", "", "c", "/c" },
	{ "source, its variables", ". $prefix/custom.cfg\nif [ $from = custom ]; then x=D; fi\n" DEFAULT("$x"), "", "D",
	  "/d" },
	{ "source, not there", "source $prefix/none.cfg\n" DEFAULT("D"), "", "D", "/d" },
	{ "source, unknown", "source (hd1)/x.cfg\n" DEFAULT("D"), "", NULL, NULL },
	{ "configfile", THREE "configfile $prefix/custom.cfg\nset default=D\n", "", "c", "/c" },
	{ "configfile, unknown", "configfile (hd1,1)/grub.cfg\n" DEFAULT("D"), "", NULL, NULL },
	{ "quotes", "x=\"a\\\"b \\$c '\"'d\\'\\\\e\nmenuentry \"$x\" 'x' { linux /q; }\nset default=\"$x\"", "",
	  "a\"b $c 'd\\\\e", "/q" },
	{ "continued line", "set \\\ndefault\\\n=D\n" THREE, "", "D", "/d" },
	{ "comment", "set default=D # no\n# set default=a\n" THREE, "", "D", "/d" },
	{ "split value", "x=\"--id k\"\nmenuentry T $x { linux /k; }\nset default=k", "", "k", "/k" },
	{ "empty value", "menuentry T $none --id $none k { linux /k; }\nset default=k", "", "k", "/k" },
	{ "device", "menuentry T { linux ($root)/boot/vmlinuz-1; }", "", "T", "(\x01)/boot/vmlinuz-1" },
	{ "set in the entry", "menuentry T { set k=/x; if true; then linux ${k}1 $2; fi; }", "", "T", "/x1" },
	{ "kernel in doubt", "menuentry T { if cpuid -l; then linux /64; else linux /32; fi; }", "", "T", "\x01" },
	{ "linux fails", "menuentry T { echo hello; }", "", "T", NULL },
	{ "chainloader", "menuentry T { chainloader +1; }", "", "T", NULL },
	{ "xen", "menuentry T { multiboot2 /xen.gz x; module2 /vmlinuz-1 ro; module2 --nounzip /initrd; }", "", "T",
	  "/vmlinuz-1" },
	{ "xen, option", "menuentry T { multiboot /xen; module --nounzip /vmlinuz-1; }", "", "T", "/vmlinuz-1" },
	{ "empty menu", "set default=1", "", NULL, NULL },
	{ "empty submenu", "submenu x { true; }", "", "x", NULL },
	{ "bls", "blscfg\nmenuentry E { exit; }", "", "4ef8-6.5", "/vmlinuz-6.5" },
	{ "bls by id", "blscfg\nset default=4ef8-6.4", "", "4ef8-6.4", "/vmlinuz-6.4" },
	{ "bls by title", "blscfg\nset default='Fedora (6.4)'", "", "4ef8-6.4", "/vmlinuz-6.4" },
	{ "bls by number", "menuentry A { exit; }\nblscfg\nset default=2", "", "4ef8-6.4", "/vmlinuz-6.4" },
	{ "bls, one gone", "blscfg\nset default=4ef8-6.3", "", "4ef8-6.5", "/vmlinuz-6.5" },
	{ "digits before a name", "menuentry 4ef8 { linux /n; }\n" DEFAULT("4ef8"), "", "4ef8", "/n" },
};

static struct dg_grubenv env_of(const char *lines)
{
	dg_auto_free char *block = dg_format("# GRUB Environment Block\n%s###", lines);
	struct dg_grubenv e = { 0 };

	assert_int_equal(dg_grubenv_parse(block, strlen(block), &e), 0);
	return e;
}

static void test_grubscript_default(void **state)
{
	(void)state;
	FX_CASE(c, scripts)
	{
		struct dg_grubenv env = env_of(c->env);
		struct dg_grub *g = NULL;
		struct dg_grub_boot b;

		fx_int(dg_grub_run(&site, c->text, strlen(c->text), &env, &g), 0);
		fx_int(dg_grub_default(g, &b), 0);
		if (c->id)
			fx_str(b.id, c->id);
		else
			assert_null(b.id);
		if (c->kernel)
			fx_str(b.kernel, c->kernel);
		else
			fx_int(b.kernel == NULL && b.why[0], 1);
		dg_grub_boot_free(&b);
		dg_grub_free(g);
		dg_grubenv_free(&env);
	}
}

/* What saves a variable changes the block for the boot after. */
static void test_grubscript_saves(void **state)
{
	static const char text[] =
		"load_env\nif [ \"${next_entry}\" ]; then set default=$next_entry\nset next_entry=\n"
		"save_env next_entry\nset boot_once=true\nelse default=0; fi\n"
		"function savedefault { if [ -z $boot_once ]; then saved_entry=\"$chosen\"\n"
		"save_env saved_entry; fi; }\n"
		"menuentry A --id a { savedefault; linux /a; }\nmenuentry B --id b { savedefault; linux /b; }";
	struct dg_grubenv env = env_of("next_entry=b\n");
	static const char *const kernels[] = { "/b", "/a" }, *const saved[] = { NULL, "a" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct dg_grub *g = NULL;
		struct dg_grub_boot b;

		assert_int_equal(dg_grub_run(&site, text, strlen(text), &env, &g), 0);
		assert_int_equal(dg_grub_default(g, &b), 0);
		assert_string_equal(b.kernel, kernels[i]);
		assert_string_equal(dg_grubenv_get(&env, "next_entry"), "");
		if (saved[i])
			assert_string_equal(dg_grubenv_get(&env, "saved_entry"), saved[i]);
		else
			assert_null(dg_grubenv_get(&env, "saved_entry"));
		dg_grub_boot_free(&b);
		dg_grub_free(g);
	}
	dg_grubenv_free(&env);
}

static const struct {
	const char *name, *text;
	int err;
} bad[] = {
	{ "if without fi", "if true; then x=1", -EBADMSG },
	{ "stray fi", "fi", -EBADMSG },
	{ "stray brace", "}", -EBADMSG },
	{ "open brace", "menuentry x { linux /a", -EBADMSG },
	{ "open quote", "set x='a", -EBADMSG },
	{ "open double quote", "set x=\"$a", -EBADMSG },
	{ "open variable", "set x=${a", -EBADMSG },
	{ "pipe", "echo a | b", -EBADMSG },
	{ "for without do", "for x in a b", -EBADMSG },
	{ "no title", "menuentry { linux /a; }", -EBADMSG },
	{ "never ends", "while true; do x=1; done", -E2BIG },
	{ "never ends either", "until false; do\ndone", -E2BIG },
	{ "calls itself", "function f { f; }\nf", -E2BIG },
	{ "reads itself", "source $prefix/loop.cfg", -E2BIG },
	{ "deep",
	  "if if if if if if if if if if if if if if if if if if if if if if if if if if if if if if if if if if if "
	  "if if if if if if if if if if if if if if if if if if if true",
	  -E2BIG },
	{ "parentheses that are deep",
	  "[ ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a "
	  "( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o "
	  "( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a ( a -a "
	  "( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a -o ( a ]",
	  -E2BIG },
	{ "many in a row",
	  "[ a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a "
	  "-a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a "
	  "-a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a -a a ]",
	  0 },
	{ "grows", "x=aaaaaaaa\nwhile [ $x != b ]; do x=$x$x$x$x; done", 0 },
};

static void test_grubscript_bad(void **state)
{
	(void)state;
	FX_CASE(c, bad)
	{
		struct dg_grubenv env = { 0 };
		struct dg_grub *g = NULL;

		fx_int(dg_grub_run(&site, c->text, strlen(c->text), &env, &g), c->err);
		dg_grub_free(g);
		dg_grubenv_free(&env);
	}
}

static int gather(void *arg, const struct dg_grub_boot *b)
{
	char *text = arg;

	snprintf(text + strlen(text), 200 - strlen(text), "%s=%s ", b->id, b->kernel ? b->kernel : "-");
	return 0;
}

static void test_grubscript_each(void **state)
{
	static const char text[] =
		DEFAULT("2") "menuentry W { chainloader +1; }\nif cpuid; then menuentry M { linux /m; }\nfi\n";
	struct dg_grubenv env = { 0 };
	struct dg_grub *g = NULL;
	char all[200] = "";

	(void)state;
	assert_int_equal(dg_grub_run(&site, text, strlen(text), &env, &g), 0);
	assert_int_equal(dg_grub_each(g, gather, all), 0);
	assert_string_equal(all, "a=/a m>B=/b m>b2=/b2 D=/d W=- ");
	dg_grub_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grubscript_default),
		cmocka_unit_test(test_grubscript_saves),
		cmocka_unit_test(test_grubscript_bad),
		cmocka_unit_test(test_grubscript_each),
	};

	return cmocka_run_group_tests_name("grubscript", tests, NULL, NULL);
}
