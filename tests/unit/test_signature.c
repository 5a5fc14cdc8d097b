// SPDX-License-Identifier: GPL-2.0-or-later
/* Signatures by keys made here: what verify_pkcs7_signature() would say of them. */
#include "signing.h"

static const char content[] = "the bytes of a module, as far as its signature";

/* In it: RSA keys of a kernel, of another, and one that is elliptic. */
static struct fx_signer ours, other, elliptic;

static int make_signers(void **state)
{
	(void)state;
	ours = fx_signer_new(EVP_RSA_gen(2048), 1001);
	other = fx_signer_new(EVP_RSA_gen(2048), 1002);
	elliptic = fx_signer_new(EVP_EC_gen("P-384"), 1003);
	return 0;
}

static int free_signers(void **state)
{
	(void)state;
	fx_signer_free(&ours);
	fx_signer_free(&other);
	fx_signer_free(&elliptic);
	return 0;
}

static struct fx_bytes sign(const struct fx_signer *signer, const struct fx_signing *how)
{
	return fx_sign(signer, 1, content, sizeof(content), how);
}

static int verify(const struct fx_bytes *message, const struct dg_keys *keys)
{
	return dg_signature_verify((struct dg_span){ (const unsigned char *)content, sizeof(content) },
				   (struct dg_span){ message->data, message->len }, keys);
}

static void test_signature_verify_every_digest(void **state)
{
	const struct {
		const char *name;
		const EVP_MD *digest;
	} cases[] = {
		{ "sha1", EVP_sha1() },
		{ "sha256", EVP_sha256() },
		{ "sha384", EVP_sha384() },
		{ "sha512", EVP_sha512() },
	};
	struct dg_keys *keys = fx_keys(&ours, 1);

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_bytes b = sign(&ours, &(struct fx_signing){ .digest = c->digest });

		fx_int(verify(&b, keys), 0);
		fx_free(&b);
	}
	dg_keys_free(keys);
}

static void test_signature_verify_elliptic(void **state)
{
	struct dg_keys *keys = fx_keys(&elliptic, 1);
	struct fx_bytes b = sign(&elliptic, &(struct fx_signing){ .digest = EVP_sha512() });

	(void)state;
	assert_int_equal(verify(&b, keys), 0);
	b.data[b.len - 1] ^= 1;
	assert_int_equal(verify(&b, keys), EKEYREJECTED);
	fx_free(&b);
	dg_keys_free(keys);
}

/* pkcs7_sig_note_digest_algo(): ENOPKG for what it does not know, whoever signed. */
static void test_signature_verify_unknown_digest(void **state)
{
	struct dg_keys *keys = fx_keys(&ours, 1);
	struct fx_bytes b = sign(&ours, &(struct fx_signing){ .digest = EVP_md5() });

	(void)state;
	assert_int_equal(verify(&b, keys), ENOPKG);
	assert_int_equal(verify(&b, NULL), ENOPKG);
	fx_free(&b);
	dg_keys_free(keys);
}

static void test_signature_verify_changed_content(void **state)
{
	struct dg_keys *keys = fx_keys(&ours, 1);
	struct fx_bytes b = sign(&ours, NULL);
	unsigned char changed[sizeof(content)];

	(void)state;
	for (size_t i = 0; i < sizeof(content); i++) {
		memcpy(changed, content, sizeof(content));
		changed[i] ^= 1;
		assert_int_equal(dg_signature_verify((struct dg_span){ changed, sizeof(changed) },
						     (struct dg_span){ b.data, b.len }, keys),
				 EKEYREJECTED);
	}
	/* Shorter, and nothing at all. */
	for (size_t len = 0; len < sizeof(content); len++)
		assert_int_equal(dg_signature_verify((struct dg_span){ (const unsigned char *)content, len },
						     (struct dg_span){ b.data, b.len }, keys),
				 EKEYREJECTED);
	fx_free(&b);
	dg_keys_free(keys);
}

/* The signature itself is the last 256 bytes of the message. */
static void test_signature_verify_changed_signature(void **state)
{
	struct dg_keys *keys = fx_keys(&ours, 1);
	struct fx_bytes b = sign(&ours, NULL);

	(void)state;
	for (size_t i = b.len - 256; i < b.len; i++) {
		b.data[i] ^= 0x10;
		assert_int_equal(verify(&b, keys), EKEYREJECTED);
		b.data[i] ^= 0x10;
	}
	assert_int_equal(verify(&b, keys), 0);
	fx_free(&b);
	dg_keys_free(keys);
}

/* The name and number of our key, but signed by another. */
static void test_signature_verify_impostor(void **state)
{
	struct fx_signer impostor = fx_signer_new(EVP_RSA_gen(2048), 1001);
	struct dg_keys *keys = fx_keys(&ours, 1);
	struct fx_bytes b = sign(&impostor, NULL);

	(void)state;
	assert_int_equal(verify(&b, keys), EKEYREJECTED);
	fx_free(&b);
	dg_keys_free(keys);
	fx_signer_free(&impostor);
}

static void test_signature_verify_other_key(void **state)
{
	const struct fx_signer both[] = { other, ours };
	struct dg_keys *keys = fx_keys(&ours, 1), *two = fx_keys(both, 2), *none = NULL;
	struct fx_bytes b = sign(&other, NULL);

	(void)state;
	assert_int_equal(verify(&b, keys), ENOKEY);
	assert_int_equal(verify(&b, NULL), ENOKEY);
	assert_int_equal(verify(&b, two), 0);
	assert_int_equal(dg_keys_collect((struct dg_span){ 0 }, &none), 0);
	assert_int_equal(verify(&b, none), ENOKEY);
	fx_free(&b);
	dg_keys_free(keys);
	dg_keys_free(two);
	dg_keys_free(none);
}

/* One signer that is trusted is enough; one that is wrong spoils it. */
static void test_signature_verify_two_signers(void **state)
{
	const struct fx_signer both[] = { other, ours };
	struct dg_keys *keys = fx_keys(&ours, 1), *two = fx_keys(both, 2);
	struct fx_bytes b = fx_sign(both, 2, content, sizeof(content), NULL);

	(void)state;
	assert_int_equal(verify(&b, keys), 0);
	assert_int_equal(verify(&b, two), 0);
	b.data[b.len - 1] ^= 1;
	assert_int_equal(verify(&b, two), EKEYREJECTED);
	fx_free(&b);
	dg_keys_free(keys);
	dg_keys_free(two);
}

/* By key id instead of issuer and number, as `sign-file -k` does: no key is found by it here. */
static void test_signature_verify_key_id(void **state)
{
	struct fx_signer named = fx_signer_new(EVP_RSA_gen(2048), 1004);
	X509_EXTENSION *id;
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	struct dg_keys *keys = fx_keys(&ours, 1);
	unsigned char *der = NULL;
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	struct fx_bytes b;
	int n;

	(void)state;
	assert_int_equal(ASN1_OCTET_STRING_set(octets, (const unsigned char *)"key identifier", 14), 1);
	n = i2d_ASN1_OCTET_STRING(octets, &der);
	assert_int_equal(ASN1_OCTET_STRING_set(value, der, n), 1);
	id = X509_EXTENSION_create_by_NID(NULL, NID_subject_key_identifier, 0, value);
	assert_int_equal(X509_add_ext(named.cert, id, -1), 1);
	assert_true(X509_sign(named.cert, named.key, EVP_sha256()) > 0);
	b = sign(&named, &(struct fx_signing){ .with = CMS_USE_KEYID });
	assert_int_equal(verify(&b, keys), ENOKEY);
	fx_free(&b);
	dg_keys_free(keys);
	X509_EXTENSION_free(id);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OCTET_STRING_free(value);
	OPENSSL_free(der);
	fx_signer_free(&named);
}

/* pkcs7_verify() for modules: no signed attributes, of whatever key, looked at before any key is. */
static void test_signature_verify_attributes(void **state)
{
	struct dg_keys *keys = fx_keys(&ours, 1);
	struct fx_bytes b = sign(&ours, &(struct fx_signing){ .without = CMS_NOATTR });

	(void)state;
	assert_int_equal(verify(&b, keys), EKEYREJECTED);
	assert_int_equal(verify(&b, NULL), EKEYREJECTED);
	fx_free(&b);
	dg_keys_free(keys);
}

/* verify_pkcs7_message_sig(): "PKCS#7 signature with non-detached data". */
static void test_signature_verify_content_within(void **state)
{
	struct dg_keys *keys = fx_keys(&ours, 1);
	struct fx_bytes b = sign(&ours, &(struct fx_signing){ .without = CMS_DETACHED });

	(void)state;
	assert_int_equal(verify(&b, keys), EBADMSG);
	assert_int_equal(verify(&b, NULL), EBADMSG);
	fx_free(&b);
	dg_keys_free(keys);
}

/* The signer's certificate may come with it; it is trusted only when the kernel has it, too. */
static void test_signature_verify_certificate_within(void **state)
{
	struct dg_keys *keys = fx_keys(&ours, 1);
	struct fx_bytes b = sign(&ours, &(struct fx_signing){ .without = CMS_NOCERTS });

	(void)state;
	assert_int_equal(verify(&b, keys), 0);
	assert_int_equal(verify(&b, NULL), ENOKEY);
	fx_free(&b);
	dg_keys_free(keys);
}

static void test_signature_verify_truncated(void **state)
{
	struct dg_keys *keys = fx_keys(&ours, 1);
	struct fx_bytes b = sign(&ours, NULL);
	struct fx_guarded g = fx_guarded_new(b.len);

	(void)state;
	for (size_t len = 0; len < b.len; len++) {
		fx_guarded_fill(&g, b.data, len);
		assert_int_equal(
			dg_signature_verify((struct dg_span){ (const unsigned char *)content, sizeof(content) },
					    (struct dg_span){ g.data, g.len }, keys),
			EBADMSG);
	}
	fx_guarded_free(&g);
	fx_free(&b);
	dg_keys_free(keys);
}

/* Lengths that lie: longer than there is, of too many bytes, without end. */
static void test_signature_verify_bad_lengths(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
	} cases[] = {
		{ "nothing", "", 0 },
		{ "text", "no message at all", 17 },
		{ "a tag alone", "\x30", 1 },
		{ "empty", "\x30\x00", 2 },
		{ "no end", "\x30\x80\x06\x00", 4 },
		{ "length cut", "\x30\x82\x01", 3 },
		{ "length of four bytes", "\x30\x84\xff\xff\xff\xff", 6 },
		{ "length of many bytes", "\x30\xff\xff\xff\xff\xff", 6 },
		{ "longer than there is", "\x30\x7f\x06\x09", 4 },
		{ "another content", "\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", 13 },
	};
	struct dg_keys *keys = fx_keys(&ours, 1);

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_guarded g = fx_guarded_new(64);

		fx_guarded_fill(&g, c->bytes, c->len);
		fx_int(dg_signature_verify((struct dg_span){ (const unsigned char *)content, sizeof(content) },
					   (struct dg_span){ g.data, g.len }, keys),
		       EBADMSG);
		fx_guarded_free(&g);
	}
	dg_keys_free(keys);
}

static void any_answer(const unsigned char *data, size_t len, void *arg)
{
	const struct fx_bytes b = { (unsigned char *)(uintptr_t)data, len };
	int r = verify(&b, arg);

	assert_true(r == 0 || r == EBADMSG || r == ENOKEY || r == EKEYREJECTED || r == ENOPKG);
}

static void test_signature_verify_hostile(void **state)
{
	const struct fx_signer both[] = { ours, other };
	struct dg_keys *keys = fx_keys(both, 2);
	struct fx_bytes b = fx_sign(both, 2, content, sizeof(content), NULL);

	(void)state;
	fx_hostile(&b, 8000, any_answer, keys);
	fx_free(&b);
	dg_keys_free(keys);
}

/* Certificates lie one behind the other in .init.data, with whatever else is there. */
static void test_keys_collect_among_other_bytes(void **state)
{
	/* As a certificate begins, and none. */
	static const unsigned char like[] = { 0x30, 0x82, 0x01, 0x00, 0x30, 0x82, 0x00, 0xff };
	struct fx_bytes b = { 0 }, signature = sign(&other, NULL);
	struct dg_keys *keys = NULL;

	(void)state;
	fx_put(&b, "0000", 4);
	fx_put_zero(&b, 100);
	fx_put(&b, like, sizeof(like));
	fx_put_cert(&b, &ours);
	fx_put_cert(&b, &other);
	fx_put(&b, like, sizeof(like));
	fx_put_zero(&b, 300);
	fx_put_cert(&b, &elliptic);
	fx_put(&b, like, 4);
	assert_int_equal(dg_keys_collect((struct dg_span){ b.data, b.len }, &keys), 0);
	assert_int_equal(dg_keys_count(keys), 3);
	assert_int_equal(verify(&signature, keys), 0);
	/* They add up. */
	assert_int_equal(dg_keys_collect((struct dg_span){ b.data, b.len }, &keys), 0);
	assert_int_equal(dg_keys_count(keys), 6);
	dg_keys_free(keys);
	fx_free(&b);
	fx_free(&signature);
}

static void test_keys_none(void **state)
{
	struct dg_keys *keys = NULL;

	(void)state;
	assert_int_equal(dg_keys_count(NULL), 0);
	assert_int_equal(dg_keys_collect((struct dg_span){ (const unsigned char *)"none", 4 }, &keys), 0);
	assert_int_equal(dg_keys_count(keys), 0);
	dg_keys_free(keys);
	dg_keys_free(NULL);
}

static void collect(const unsigned char *data, size_t len, void *arg)
{
	struct dg_keys *keys = NULL;

	(void)arg;
	assert_int_equal(dg_keys_collect((struct dg_span){ data, len }, &keys), 0);
	assert_true(dg_keys_count(keys) <= 2);
	dg_keys_free(keys);
}

static void test_keys_collect_hostile(void **state)
{
	struct fx_bytes b = { 0 };

	(void)state;
	fx_put_cert(&b, &ours);
	fx_put_cert(&b, &elliptic);
	fx_hostile(&b, 8000, collect, NULL);
	fx_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signature_verify_every_digest),
		cmocka_unit_test(test_signature_verify_elliptic),
		cmocka_unit_test(test_signature_verify_unknown_digest),
		cmocka_unit_test(test_signature_verify_changed_content),
		cmocka_unit_test(test_signature_verify_changed_signature),
		cmocka_unit_test(test_signature_verify_impostor),
		cmocka_unit_test(test_signature_verify_other_key),
		cmocka_unit_test(test_signature_verify_two_signers),
		cmocka_unit_test(test_signature_verify_key_id),
		cmocka_unit_test(test_signature_verify_attributes),
		cmocka_unit_test(test_signature_verify_content_within),
		cmocka_unit_test(test_signature_verify_certificate_within),
		cmocka_unit_test(test_signature_verify_truncated),
		cmocka_unit_test(test_signature_verify_bad_lengths),
		cmocka_unit_test(test_signature_verify_hostile),
		cmocka_unit_test(test_keys_collect_among_other_bytes),
		cmocka_unit_test(test_keys_none),
		cmocka_unit_test(test_keys_collect_hostile),
	};

	return cmocka_run_group_tests_name("signature", tests, make_signers, free_signers);
}
