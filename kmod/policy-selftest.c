// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy's rules, right and hostile, at every load of a debug build: text,
 * questions, tightening; and where a build-id is found in memory.
 *
 * Locking: none. Context: module init.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": selftest: " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "buildid.h"
#include "policy.h"

#define ID_A	"00112233445566778899aabbccddeeff00112233"
#define ID_B	"ffeeddccbbaa99887766554433221100ffeeddcc"
#define ID_32	ID_A "00112233445566778899aabb"

struct dg_parse_case {
	const char *text;
	int want;
	unsigned int line;
};

static const struct dg_parse_case dg_parse_cases[] __initconst = {
	{ "", 0 }, { "\n", 0 }, { "\n\n# a word\n", 0 }, { " \t \n#", 0 },
	{ "deny scap " ID_A, 0 }, { "deny scap " ID_A "\n", 0 },
	{ "warn scap\n", 0 }, { "\t deny\tscap \t" ID_A " !" ID_B " \n", 0 },
	{ "deny scap " ID_32, 0 }, { "deny scap AbCd", 0 },
	{ "deny scap " ID_A "\nwarn dm-writeboost " ID_B, 0 },
	{ "deny scap " ID_32 "00", -EINVAL, 1 },
	{ "allow scap " ID_A, -EINVAL, 1 }, { "deny", -EINVAL, 1 },
	{ "den", -EINVAL, 1 }, { "denyy scap", -EINVAL, 1 },
	{ "deny scap abc", -EINVAL, 1 }, { "deny scap xy", -EINVAL, 1 },
	{ "deny scap !", -EINVAL, 1 }, { "deny scap !!00", -EINVAL, 1 },
	{ "deny !00", -EINVAL, 1 }, { "deny # 00", -EINVAL, 1 },
	{ "deny a/b 00", -EINVAL, 1 }, { "deny s\xffp 00", -EINVAL, 1 },
	{ "deny scap 00\r\n", -EINVAL, 1 },
	{ "deny 0123456789012345678901234567890123456789012345678901234567890123", -EINVAL, 1 },
	{ "\n#\ndeny scap 00\nwarn scap 01\n", -EEXIST, 4 },
	{ "deny a-b 00\ndeny a_b 01\n", -EEXIST, 2 },
	{ "deny a 00\ndeny b 00\n", -EEXIST, 2 },
	{ "deny a 00 !00\n", -EEXIST, 1 },
};

struct dg_ask_case {
	const char *name;
	u8 id;		/* 0: has none */
	struct dg_answer want;
};

/* One-byte build-ids serve as well as long ones here. */
static const char dg_ask_policy[] __initconst =
	"deny scap aa ab !ac\nwarn dm-writeboost ba\ndeny nothing\n";

static const struct dg_ask_case dg_ask_cases[] __initconst = {
	{ "ext4", 0, { DG_UNGUARDED, false, false, false } },
	{ "ext4", 0x01, { DG_UNGUARDED, false, false, false } },
	{ "scap", 0xaa, { DG_PROVEN, true, false, true } },
	{ "scap", 0xab, { DG_PROVEN, true, false, true } },
	{ "scap", 0xac, { DG_UNPROVEN, true, false, true } },
	{ "scap", 0xad, { DG_UNPROVEN, true, false, false } },
	{ "scap", 0, { DG_UNPROVEN, true, false, false } },
	{ "scap", 0xba, { DG_UNPROVEN, true, false, true } },	/* proven, as another driver */
	{ "dm_writeboost", 0xba, { DG_PROVEN, false, false, true } },
	{ "dm_writeboost", 0xbb, { DG_UNPROVEN, false, false, false } },
	{ "dm_writeboost", 0xac, { DG_UNPROVEN, true, false, true } },	/* denied, as another driver */
	{ "dm_writeboost", 0xaa, { DG_UNPROVEN, true, false, true } },	/* the same, if proven as that */
	{ "dm-writeboost", 0, { DG_UNGUARDED, false, false, false } },	/* no module's name */
	{ "scbp", 0xaa, { DG_PROVEN, true, true, true } },
	{ "scbp", 0xac, { DG_UNPROVEN, true, true, true } },
	{ "nothing", 0xaa, { DG_UNPROVEN, true, false, true } },
};

struct dg_tighter_case {
	const char *than, *policy;
	bool want;
};

static const struct dg_tighter_case dg_tighter_cases[] __initconst = {
	{ "", "", true }, { "", "deny a 00", true },
	{ "deny a 00", "deny a 00", true }, { "deny a 00", "", false },
	{ "deny a 00", "warn a 00", false }, { "warn a 00", "deny a 00", true },
	{ "deny a 00", "deny a", false }, { "deny a 00", "deny a 00 01", false },
	{ "deny a 00", "deny a 01", false }, { "deny a 00", "deny a !00", true },
	{ "deny a 00 !01", "deny a 00", false }, { "deny a 00 !01", "deny a 00 01", false },
	{ "deny a 00", "deny a 00\ndeny b 01", true },
	{ "deny a !01", "deny a\ndeny b 01", false },
	{ "deny a !01", "deny a\nwarn b !01", false }, { "warn a !01", "warn a\ndeny b !01", true },
	{ "deny a !01", "deny a !01\nwarn b", true },
	{ "deny a 00", "deny a\nwarn b !00", false }, { "deny a 00", "deny a\ndeny b !00", true },
	{ "deny a 00\ndeny b 01", "deny a 01\ndeny b 00", false },
	{ "deny a 00\ndeny b 01", "deny b 01\ndeny a 00", true },
};

static int __init dg_parse_selftest(const struct dg_parse_case *c)
{
	struct dg_policy *p = NULL;
	unsigned int line = 0;
	int ret = dg_policy_parse(c->text, strlen(c->text), &p, &line);
	size_t len = 0;
	bool same = ret || !memcmp(dg_policy_text(p, &len), c->text, strlen(c->text));

	if (!ret)
		same = same && len == strlen(c->text);
	dg_policy_free(p);
	if (ret == c->want && same && (!ret || line == c->line))
		return 0;
	pr_err("policy \"%s\": %d in line %u, not %d in line %u\n", c->text, ret,
	       line, c->want, c->line);
	return -EINVAL;
}

static int __init dg_ask_selftest(const struct dg_policy *p,
				  const struct dg_ask_case *c)
{
	struct dg_build_id id = { .len = c->id ? 1 : 0, .bytes = { c->id } };
	struct dg_answer got = dg_policy_ask(p, c->name, &id);

	if (got.standing == c->want.standing && got.deny == c->want.deny &&
	    got.renamed == c->want.renamed && got.known == c->want.known)
		return 0;
	pr_err("%s %02x: %d %d %d %d, not %d %d %d %d\n", c->name, c->id,
	       got.standing, got.deny, got.renamed, got.known, c->want.standing,
	       c->want.deny, c->want.renamed, c->want.known);
	return -EINVAL;
}

static int __init dg_tighter_selftest(const struct dg_tighter_case *c)
{
	struct dg_policy *than = NULL, *policy = NULL;
	unsigned int line;
	int ret = -EINVAL;

	if (dg_policy_parse(c->than, strlen(c->than), &than, &line) ||
	    dg_policy_parse(c->policy, strlen(c->policy), &policy, &line) ||
	    dg_policy_is_tighter(policy, than) != c->want)
		pr_err("\"%s\" after \"%s\" is%s tighter\n", c->policy, c->than,
		       c->want ? " not" : "");
	else
		ret = 0;
	dg_policy_free(policy);
	dg_policy_free(than);
	return ret;
}

static bool dg_finds(const void *memory, size_t size, size_t *at, const char *want,
		     u8 want_len)
{
	struct dg_build_id id;

	if (!dg_build_id_find(memory, size, at, &id))
		return !want;
	return want && id.len == want_len && !memcmp(id.bytes, want, want_len);
}

/* A note at every place of a small memory: whole, cut short, lying; and another behind it. */
static int __init dg_build_id_selftest(void)
{
	static const u32 note[] __initconst = { 4, 4, 3, 0x00554e47, 0x78563412 };
	static const char want[] __initconst = "\x12\x34\x56\x78", other[] __initconst = "\x12\x34";
	struct dg_build_id id;
	u32 memory[12];
	size_t at, from, size;
	int ret = 0;

	if (!IS_ENABLED(CONFIG_CPU_LITTLE_ENDIAN) && !IS_ENABLED(CONFIG_X86))
		return 0;	/* the note above is in that order */
	for (at = 0; at + ARRAY_SIZE(note) <= ARRAY_SIZE(memory); at++)
		for (size = 0; size <= sizeof(memory); size++) {
			bool whole = size >= at * sizeof(u32) + sizeof(note);

			memset(memory, 0, sizeof(memory));
			memcpy(memory + at, note, sizeof(note));
			from = 0;
			if (!dg_finds(memory, size, &from, whole ? want : NULL, 4) ||
			    !dg_finds(memory, size, &from, NULL, 0))
				ret = -EINVAL;
		}
	memset(memory, 0, sizeof(memory));
	memcpy(memory, note, sizeof(note));
	memcpy(memory + 6, note, sizeof(note));
	memory[7] = 2;
	from = 0;
	if (!dg_finds(memory, sizeof(memory), &from, want, 4) ||
	    !dg_finds(memory, sizeof(memory), &from, other, 2) ||
	    !dg_finds(memory, sizeof(memory), &from, NULL, 0))
		ret = -EINVAL;
	memset(memory + 6, 0, sizeof(note));
	for (size = 0; size < 64; size++) {
		memory[1] = size == 4 ? 0 : size < 32 ? 1U << size : U32_MAX - size;
		from = 0;
		if (dg_build_id_find(memory, sizeof(memory), &from, &id) &&
		    (!id.len || id.len > sizeof(id.bytes) || id.len > sizeof(memory)))
			ret = -EINVAL;
	}
	if (ret)
		pr_err("build-ids are not found as they should be\n");
	return ret;
}

/**
 * dg_policy_selftest() - try the rules
 *
 * Return: 0, or -EINVAL when a case fails; each is named in the log.
 */
int __init dg_policy_selftest(void)
{
	struct dg_policy *policy = NULL;
	unsigned int line;
	int ret = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dg_parse_cases); i++)
		ret = dg_parse_selftest(&dg_parse_cases[i]) ?: ret;
	if (dg_policy_parse(dg_ask_policy, strlen(dg_ask_policy), &policy, &line))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(dg_ask_cases); i++)
		ret = dg_ask_selftest(policy, &dg_ask_cases[i]) ?: ret;
	dg_policy_free(policy);
	for (i = 0; i < ARRAY_SIZE(dg_tighter_cases); i++)
		ret = dg_tighter_selftest(&dg_tighter_cases[i]) ?: ret;
	ret = dg_build_id_selftest() ?: ret;
	if (!ret)
		pr_info("policy: %zu cases pass\n", ARRAY_SIZE(dg_parse_cases) +
			ARRAY_SIZE(dg_ask_cases) + ARRAY_SIZE(dg_tighter_cases));
	return ret;
}
