/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures of modules, as the kernel checks them: PKCS#7 without attributes,
 * by a key whose certificate is built into the kernel. Source:
 * kernel/module/signing.c, crypto/asymmetric_keys/pkcs7_*.c.
 */
#ifndef DG_SIGNATURE_H
#define DG_SIGNATURE_H

#include "elf.h"

/* The certificates in a kernel; NULL is none. */
struct dg_keys;

/*
 * Find the certificates that lie in @data (an image's .init.data), and add them
 * to *keys, which is made when it is NULL. 0 or -ENOMEM.
 */
int dg_keys_collect(struct dg_span data, struct dg_keys **keys);
/* The DER of each. */
void dg_keys_each(const struct dg_keys *keys, void (*fn)(const unsigned char *der, size_t len, void *data), void *data);
size_t dg_keys_count(const struct dg_keys *keys);
void dg_keys_free(struct dg_keys *keys);

/*
 * What verify_pkcs7_signature() would say of @message over @content, a positive
 * errno: 0 good, EBADMSG no such message, ENOKEY signed by another key (which a
 * kernel that does not insist takes), EKEYREJECTED not what was signed.
 */
int dg_signature_verify(struct dg_span content, struct dg_span message, const struct dg_keys *keys);

#endif
