/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digests of a file's bytes: SHA-256 (libcrypto) and the sums of sum(1) and cksum(1). */
#ifndef DG_DIGEST_H
#define DG_DIGEST_H

#include "util.h"

#define DG_SHA256_HEX 65 /* with its NUL */

/* SHA-256 in lower-case hex. 0, or -EIO when libcrypto fails. */
int dg_sha256(const void *data, size_t len, char hex[DG_SHA256_HEX]);

/* BSD checksum, as `sum` prints it: 16 bits, rotated right before each byte. */
unsigned int dg_sum_bsd(const void *data, size_t len);
/* System V checksum, as `sum -s` prints it. */
unsigned int dg_sum_sysv(const void *data, size_t len);
/* POSIX cksum: CRC-32 0x04C11DB7, the length fed in after the data. */
uint32_t dg_cksum(const void *data, size_t len);

#endif
