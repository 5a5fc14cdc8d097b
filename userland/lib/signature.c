// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PKCS#7 SignedData (RFC 2315, 9), the parts the kernel looks at; it passes over
 * the list of digests, so a library that checks all of it would refuse more.
 *
 *   SEQUENCE { OID signedData, [0] { SEQUENCE {
 *       INTEGER version, SET digests, SEQUENCE { OID data },
 *       [0] certificates?, [1] revocations?,
 *       SET { SEQUENCE { INTEGER version, SEQUENCE { issuer, serial } or [0] key id,
 *                        SEQUENCE { OID digest }, [0] attributes?, SEQUENCE algorithm,
 *                        OCTET STRING signature } } } } }
 */
#include "signature.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

struct key {
	X509 *cert;
	unsigned char *issuer_serial; /* DER of both, as a signature names its signer */
	size_t len;
};

struct dg_keys {
	struct key *v;
	size_t n;
};

/* Certificates are larger than this, and smaller than that. */
#define CERT_LEAST 256
#define CERT_MOST 8192

/* "30 82 LL LL 30 82": a DER sequence of that size that begins with another. */
static size_t der_length(const unsigned char *p, size_t left)
{
	size_t len;

	if (left < 6 || p[0] != 0x30 || p[1] != 0x82 || p[4] != 0x30 || p[5] != 0x82)
		return 0;
	len = ((size_t)p[2] << 8 | p[3]) + 4;
	return len >= CERT_LEAST && len <= CERT_MOST && len <= left ? len : 0;
}

static int add(struct dg_keys *keys, X509 *cert)
{
	X509_NAME *issuer = X509_get_issuer_name(cert);
	ASN1_INTEGER *serial = X509_get_serialNumber(cert);
	int name = i2d_X509_NAME(issuer, NULL), number = i2d_ASN1_INTEGER(serial, NULL);
	struct key k = { .cert = cert };
	unsigned char *p;

	if (name > 0 && number > 0)
		k.issuer_serial = malloc((size_t)name + (size_t)number);
	if (!k.issuer_serial || DG_GROW(keys->v, keys->n) < 0) {
		X509_free(cert);
		free(k.issuer_serial);
		return -ENOMEM;
	}
	p = k.issuer_serial;
	i2d_X509_NAME(issuer, &p);
	i2d_ASN1_INTEGER(serial, &p);
	k.len = (size_t)name + (size_t)number;
	keys->v[keys->n++] = k;
	return 0;
}

int dg_keys_collect(struct dg_span data, struct dg_keys **keys)
{
	const unsigned char *p = data.data, *end = p + data.len;

	if (!*keys && !(*keys = calloc(1, sizeof(**keys))))
		return -ENOMEM;
	while (p < end && (p = memchr(p, 0x30, (size_t)(end - p)))) {
		size_t len = der_length(p, (size_t)(end - p));
		const unsigned char *at = p;
		X509 *cert = len ? d2i_X509(NULL, &at, (long)len) : NULL;

		p++;
		if (!cert)
			continue;
		p = at;
		if (add(*keys, cert) < 0)
			return -ENOMEM;
	}
	ERR_clear_error();
	return 0;
}

void dg_keys_each(const struct dg_keys *keys, void (*fn)(const unsigned char *der, size_t len, void *data), void *data)
{
	for (size_t i = 0; keys && i < keys->n; i++) {
		unsigned char *der = NULL;
		int len = i2d_X509(keys->v[i].cert, &der);

		if (len > 0)
			fn(der, (size_t)len, data);
		OPENSSL_free(der);
	}
}

size_t dg_keys_count(const struct dg_keys *keys)
{
	return keys ? keys->n : 0;
}

void dg_keys_free(struct dg_keys *keys)
{
	for (size_t i = 0; keys && i < keys->n; i++) {
		X509_free(keys->v[i].cert);
		free(keys->v[i].issuer_serial);
	}
	free(keys ? keys->v : NULL);
	free(keys);
}

enum tag {
	INTEGER = 0x02,
	OCTETS = 0x04,
	OBJECT = 0x06,
	SEQUENCE = 0x30,
	SET = 0x31,
	CONTEXT_0 = 0xa0,
	CONTEXT_1 = 0xa1,
};

/* Take one element off the front of @from. false: another tag, or damaged. */
static bool take(struct dg_span *from, enum tag tag, struct dg_span *ret)
{
	size_t head = 2, len, bytes;

	if (from->len < 2 || from->data[0] != tag)
		return false;
	len = from->data[1];
	if (len >= 0x80) {
		bytes = len & 0x7f;
		if (!bytes || bytes > 3 || from->len < 2 + bytes)
			return false;
		for (len = 0; bytes; bytes--)
			len = len << 8 | from->data[head++];
	}
	if (len > from->len - head)
		return false;
	*ret = (struct dg_span){ from->data + head, len };
	from->data += head + len;
	from->len -= head + len;
	return true;
}

static bool is(struct dg_span s, const char *bytes, size_t len)
{
	return s.len == len && memcmp(s.data, bytes, len) == 0;
}

static const EVP_MD *digest_of(struct dg_span oid)
{
	static const char sha2[] = "\x60\x86\x48\x01\x65\x03\x04\x02";

	if (is(oid, "\x2b\x0e\x03\x02\x1a", 5))
		return EVP_sha1();
	if (oid.len != 9 || memcmp(oid.data, sha2, 8) != 0)
		return NULL;
	switch (oid.data[8]) {
	case 1:
		return EVP_sha256();
	case 2:
		return EVP_sha384();
	case 3:
		return EVP_sha512();
	default:
		return NULL;
	}
}

struct signer {
	struct dg_span issuer_serial, digest, algorithm, signature;
	bool has_attributes;
};

/* The content of SignedData, up to the signers. */
static bool find_signers(struct dg_span message, struct dg_span *ret)
{
	struct dg_span outer, inner, data, content, x;

	return take(&message, SEQUENCE, &outer) && !message.len && take(&outer, OBJECT, &x) &&
	       is(x, "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 9) && take(&outer, CONTEXT_0, &inner) &&
	       take(&inner, SEQUENCE, &data) && take(&data, INTEGER, &x) && take(&data, SET, &x) &&
	       take(&data, SEQUENCE, &content) && take(&content, OBJECT, &x) && !content.len &&
	       (take(&data, CONTEXT_0, &x) || true) && (take(&data, CONTEXT_1, &x) || true) && take(&data, SET, ret) &&
	       !data.len;
}

static bool read_signer(struct dg_span *signers, struct signer *ret)
{
	struct dg_span info, x, algorithm;

	*ret = (struct signer){ 0 };
	if (!take(signers, SEQUENCE, &info) || !take(&info, INTEGER, &x))
		return false;
	/* By key id, as some sign, no key here is found; that is what the kernel then says too. */
	if (!take(&info, SEQUENCE, &ret->issuer_serial) && !take(&info, 0x80, &x))
		return false;
	if (!take(&info, SEQUENCE, &algorithm) || !take(&algorithm, OBJECT, &ret->digest))
		return false;
	ret->has_attributes = take(&info, CONTEXT_0, &x);
	return take(&info, SEQUENCE, &algorithm) && take(&algorithm, OBJECT, &ret->algorithm) &&
	       take(&info, OCTETS, &ret->signature);
}

/* pkcs7_sig_note_pkey_algo(): RSA, and ECDSA with any digest. */
static bool is_known_algorithm(struct dg_span oid)
{
	static const char ecdsa[] = "\x2a\x86\x48\xce\x3d\x04";

	return is(oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9) || (oid.len > 6 && memcmp(oid.data, ecdsa, 6) == 0);
}

static X509 *find_cert(const struct signer *s, const struct dg_keys *keys)
{
	for (size_t i = 0; keys && i < keys->n; i++)
		if (is(s->issuer_serial, (const char *)keys->v[i].issuer_serial, keys->v[i].len))
			return keys->v[i].cert;
	return NULL;
}

static int verify(const struct signer *s, X509 *cert, struct dg_span content)
{
	const EVP_MD *digest = digest_of(s->digest);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY *key = X509_get0_pubkey(cert);
	bool good = ctx && key && digest && !s->has_attributes &&
		    EVP_DigestVerifyInit(ctx, NULL, digest, NULL, key) == 1 &&
		    EVP_DigestVerify(ctx, s->signature.data, s->signature.len, content.data, content.len) == 1;

	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	if (!digest)
		return ENOPKG;
	return good ? 0 : EKEYREJECTED;
}

int dg_signature_verify(struct dg_span content, struct dg_span message, const struct dg_keys *keys)
{
	struct dg_span signers;
	int answer = ENOKEY;

	if (!find_signers(message, &signers) || !signers.len)
		return EBADMSG;
	/* One that is trusted is enough; one that is wrong spoils it. */
	while (signers.len) {
		struct signer s;
		X509 *cert;
		int r;

		if (!read_signer(&signers, &s))
			return EBADMSG;
		if (s.has_attributes)
			return EKEYREJECTED;
		if (!digest_of(s.digest) || !is_known_algorithm(s.algorithm))
			return ENOPKG;
		cert = find_cert(&s, keys);
		if (!cert)
			continue;
		r = verify(&s, cert, content);
		if (r)
			return r;
		answer = 0;
	}
	return answer;
}
