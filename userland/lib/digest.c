// SPDX-License-Identifier: GPL-2.0-or-later
#include "digest.h"

#include <errno.h>
#include <openssl/evp.h>

int dg_sha256(const void *data, size_t len, char hex[DG_SHA256_HEX])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n;

	if (EVP_Digest(data, len, md, &n, EVP_sha256(), NULL) != 1)
		return -EIO;
	for (unsigned int i = 0; i < n; i++)
		snprintf(hex + i * 2, 3, "%02x", md[i]);
	return 0;
}

unsigned int dg_sum_bsd(const void *data, size_t len)
{
	const unsigned char *p = data;
	unsigned int sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (((sum >> 1) | (sum << 15)) + p[i]) & 0xffff;
	return sum;
}

unsigned int dg_sum_sysv(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t sum = 0, r;

	for (size_t i = 0; i < len; i++)
		sum += p[i];
	r = (sum & 0xffff) + (sum >> 16);
	return (r & 0xffff) + (r >> 16);
}

uint32_t dg_cksum(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t table[256], crc = 0;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i << 24;

		for (int bit = 0; bit < 8; bit++)
			c = c & 0x80000000u ? (c << 1) ^ 0x04c11db7u : c << 1;
		table[i] = c;
	}
	for (size_t i = 0; i < len; i++)
		crc = (crc << 8) ^ table[(crc >> 24) ^ p[i]];
	for (size_t n = len; n; n >>= 8)
		crc = (crc << 8) ^ table[(crc >> 24) ^ (n & 0xff)];
	return ~crc;
}
