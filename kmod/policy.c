// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy: which builds of which drivers are proven for this kernel.
 *
 * Knows the text and how to look a module up in it in constant time; hides the
 * tables. A policy does not change once it is parsed.
 *
 * Locking: none; whoever shares a policy sees to its lifetime. Context: parsing
 * and freeing may sleep, looking up may not and does not.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "inject.h"
#include "policy.h"
#include "uapi/drvguard.h"

struct dg_guarded {
	char name[MODULE_NAME_LEN];
	bool deny;
};

struct dg_known {
	struct dg_build_id id;
	u32 guarded;	/* index of its driver */
	bool proven;
};

/* Open addressing; a slot is an index plus one, 0 where it is empty. */
struct dg_table {
	u32 mask;
	u32 *slots;
};

struct dg_policy {
	struct dg_guarded *guarded;
	struct dg_known *known;
	u32 n_guarded, n_known;
	struct dg_table by_name, by_id;
	char *text;
	size_t len;
};

static u32 dg_name_hash(const char *name)
{
	return jhash(name, strlen(name), 0);
}

static u32 dg_id_hash(const struct dg_build_id *id)
{
	return jhash(id->bytes, id->len, 0);
}

static bool dg_id_same(const struct dg_build_id *a, const struct dg_build_id *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

/* At most half full: a search ends at an empty slot. */
static int dg_table_alloc(struct dg_table *table, u32 n)
{
	u32 slots = roundup_pow_of_two(2 * n + 1);

	table->mask = slots - 1;
	table->slots = dg_inject() ? NULL : kvcalloc(slots, sizeof(u32), GFP_KERNEL);
	return table->slots ? 0 : -ENOMEM;
}

static void dg_table_put(struct dg_table *table, u32 hash, u32 index)
{
	u32 at = hash & table->mask;

	while (table->slots[at])
		at = (at + 1) & table->mask;
	table->slots[at] = index + 1;
}

static const struct dg_guarded *dg_by_name(const struct dg_policy *p,
					   const char *name)
{
	u32 at, slot;

	for (at = dg_name_hash(name) & p->by_name.mask;
	     (slot = p->by_name.slots[at]); at = (at + 1) & p->by_name.mask)
		if (!strcmp(p->guarded[slot - 1].name, name))
			return &p->guarded[slot - 1];
	return NULL;
}

static const struct dg_known *dg_by_id(const struct dg_policy *p,
				       const struct dg_build_id *id)
{
	u32 at, slot;

	for (at = dg_id_hash(id) & p->by_id.mask; (slot = p->by_id.slots[at]);
	     at = (at + 1) & p->by_id.mask)
		if (dg_id_same(&p->known[slot - 1].id, id))
			return &p->known[slot - 1];
	return NULL;
}

/* --- the text ------------------------------------------------------------- */

static bool dg_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of [*at, end), NULL for no more; *at goes behind it. */
static const char *dg_word(const char **at, const char *end, size_t *ret_len)
{
	const char *from = *at;

	while (from < end && dg_is_blank(*from))
		from++;
	*at = from;
	while (*at < end && !dg_is_blank(**at))
		(*at)++;
	*ret_len = *at - from;
	return *ret_len ? from : NULL;
}

/* '-' and '_' are one to the loader, which knows modules by '_'. */
static int dg_take_name(struct dg_policy *p, struct dg_guarded *g,
			const char *word, size_t len)
{
	size_t i;

	if (!word || len >= sizeof(g->name))
		return -EINVAL;
	/* A build-id or a remark, where a name was forgotten. */
	if (*word == DRVGUARD_POLICY_NOT || *word == '#')
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (!isascii(word[i]) || !isgraph(word[i]) || word[i] == '/')
			return -EINVAL;
		g->name[i] = word[i] == '-' ? '_' : word[i];
	}
	g->name[len] = '\0';
	if (dg_by_name(p, g->name))
		return -EEXIST;
	dg_table_put(&p->by_name, dg_name_hash(g->name), p->n_guarded);
	return 0;
}

static int dg_take_id(struct dg_policy *p, const char *word, size_t len)
{
	struct dg_known *k = &p->known[p->n_known];

	k->proven = *word != DRVGUARD_POLICY_NOT;
	if (!k->proven) {
		word++;
		len--;
	}
	if (!len || len % 2 || len / 2 > sizeof(k->id.bytes) ||
	    hex2bin(k->id.bytes, word, len / 2))
		return -EINVAL;
	k->id.len = len / 2;
	k->guarded = p->n_guarded;
	if (dg_by_id(p, &k->id))
		return -EEXIST;
	dg_table_put(&p->by_id, dg_id_hash(&k->id), p->n_known++);
	return 0;
}

/* ACTION NAME [!]BUILD-ID... */
static int dg_take_line(struct dg_policy *p, const char *at, const char *end)
{
	struct dg_guarded *g = &p->guarded[p->n_guarded];
	const char *word;
	size_t len;
	int ret;

	word = dg_word(&at, end, &len);
	if (!word || *word == '#')
		return 0;
	g->deny = len == 4 && !memcmp(word, DRVGUARD_POLICY_DENY, len);
	if (!g->deny && (len != 4 || memcmp(word, DRVGUARD_POLICY_WARN, len)))
		return -EINVAL;
	word = dg_word(&at, end, &len);
	ret = dg_take_name(p, g, word, len);
	while (!ret && (word = dg_word(&at, end, &len)))
		ret = dg_take_id(p, word, len);
	if (!ret)
		p->n_guarded++;
	return ret;
}

static int dg_take_text(struct dg_policy *p, unsigned int *ret_line)
{
	const char *at = p->text, *end = p->text + p->len, *eol;
	int ret = 0;

	for (*ret_line = 1; !ret && at < end; at = eol + 1) {
		eol = memchr(at, '\n', end - at) ?: end;
		ret = dg_take_line(p, at, eol);
		if (!ret)
			++*ret_line;
	}
	return ret;
}

/* No more drivers than lines, no more build-ids than words. */
static int dg_policy_alloc(struct dg_policy *p, const char *text, size_t len)
{
	u32 lines = 1, words = 1;
	size_t i;
	int ret;

	for (i = 0; i < len; i++) {
		lines += text[i] == '\n';
		words += dg_is_blank(text[i]);
	}
	p->text = dg_inject() ? NULL : kvmalloc(len + 1, GFP_KERNEL);
	p->guarded = dg_inject() ? NULL : kvcalloc(lines, sizeof(*p->guarded), GFP_KERNEL);
	p->known = dg_inject() ? NULL : kvcalloc(words, sizeof(*p->known), GFP_KERNEL);
	if (!p->text || !p->guarded || !p->known)
		return -ENOMEM;
	ret = dg_table_alloc(&p->by_name, lines);
	if (!ret)
		ret = dg_table_alloc(&p->by_id, words);
	if (ret)
		return ret;
	memcpy(p->text, text, len);
	p->text[len] = '\0';
	p->len = len;
	return 0;
}

/**
 * dg_policy_parse() - read a policy
 * @text: its text, by uapi/drvguard.h; not kept
 * @len: bytes of @text; the caller has bounded it by DRVGUARD_POLICY_MAX
 * @ret: the policy, for dg_policy_free(); only set on success
 * @ret_line: the line that is wrong, counted from 1; only told for -EINVAL
 *	and -EEXIST
 *
 * Return: 0, -ENOMEM, -EINVAL for a line that is no line of a policy, -EEXIST
 * for a name or a build-id that is there twice.
 */
int dg_policy_parse(const char *text, size_t len, struct dg_policy **ret,
		    unsigned int *ret_line)
{
	struct dg_policy *p;
	int err;

	p = dg_inject() ? NULL : kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	err = dg_policy_alloc(p, text, len);
	if (!err)
		err = dg_take_text(p, ret_line);
	if (err) {
		dg_policy_free(p);
		return err;
	}
	*ret = p;
	return 0;
}

/** dg_policy_free() - free a policy; NULL is none */
void dg_policy_free(struct dg_policy *policy)
{
	if (!policy)
		return;
	kvfree(policy->by_id.slots);
	kvfree(policy->by_name.slots);
	kvfree(policy->known);
	kvfree(policy->guarded);
	kvfree(policy->text);
	kfree(policy);
}

/** dg_policy_text() - the very bytes it was read from, as long as @policy lives */
const char *dg_policy_text(const struct dg_policy *policy, size_t *ret_len)
{
	*ret_len = policy ? policy->len : 0;
	return policy ? policy->text : "";
}

/**
 * dg_policy_ask() - what is said of a module
 * @policy: NULL is one that guards nothing
 * @name: as the loader knows it, with '_'
 * @id: its build-id
 *
 * A name that is guarded decides whether it is proven; else a build-id of a guarded
 * driver does. Both their lines say whether to refuse it, so that no line that is
 * added takes anything back.
 */
struct dg_answer dg_policy_ask(const struct dg_policy *policy, const char *name,
			       const struct dg_build_id *id)
{
	struct dg_answer answer = { .standing = DG_UNGUARDED };
	const struct dg_guarded *g;
	const struct dg_known *k;

	if (!policy)
		return answer;
	g = dg_by_name(policy, name);
	k = id->len ? dg_by_id(policy, id) : NULL;
	if (!g && !k)
		return answer;
	answer.renamed = !g;
	answer.known = k;
	answer.deny = (g && g->deny) || (k && policy->guarded[k->guarded].deny);
	answer.standing = k && k->proven && (!g || g == &policy->guarded[k->guarded]) ?
			  DG_PROVEN : DG_UNPROVEN;
	return answer;
}

/**
 * dg_policy_is_tighter() - whether a policy lets nothing in that another does not
 * @policy: the one
 * @than: the other; NULL guards nothing
 *
 * Every driver guarded there is guarded here, at least as strictly; no build is
 * proven here that was unknown or unproven there for such a driver; what was
 * known there still is, as no more than it was and at least as strictly: also a
 * proven build is not let in when it is forced, whatever its name.
 */
bool dg_policy_is_tighter(const struct dg_policy *policy,
			  const struct dg_policy *than)
{
	u32 i;

	if (!than)
		return true;
	for (i = 0; i < than->n_guarded; i++) {
		const struct dg_guarded *was = &than->guarded[i];
		const struct dg_guarded *is = dg_by_name(policy, was->name);

		if (!is || is->deny < was->deny)
			return false;
	}
	for (i = 0; i < than->n_known; i++) {
		const struct dg_known *was = &than->known[i];
		const struct dg_known *is = dg_by_id(policy, &was->id);

		if (!is || (is->proven && !was->proven) ||
		    policy->guarded[is->guarded].deny < than->guarded[was->guarded].deny)
			return false;
	}
	for (i = 0; i < policy->n_known; i++) {
		const struct dg_known *is = &policy->known[i];
		const char *name = policy->guarded[is->guarded].name;
		const struct dg_known *was = dg_by_id(than, &is->id);

		if (is->proven && dg_by_name(than, name) &&
		    (!was || strcmp(than->guarded[was->guarded].name, name)))
			return false;
	}
	return true;
}
