// libssl-dev: -lcrypto -ldl -lpthread
// libcrypto picks its assembly by CPUID, or by OPENSSL_ia32cap: hashes, ciphers, authentication codes, big
// numbers, curves, signatures. What comes of fixed keys is printed, of random ones only whether it fits.
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

static unsigned char data[20011];

static void print(const char *name, const unsigned char *bytes, size_t count)
{
    printf("%s ", name);
    for (size_t i = 0; i < count; i++)
        printf("%02x", bytes[i]);
    printf("\n");
}

static void digests(void)
{
    static const char *names[] = {"MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-256", "SHA3-512",
                                  "SHAKE128", "BLAKE2b512", "BLAKE2s256", "RIPEMD160", "SM3"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsigned char out[64];
        unsigned int size = 0;
        EVP_MD *md = EVP_MD_fetch(NULL, names[i], NULL);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_DigestInit_ex(context, md, NULL);
        for (size_t at = 0, step = 1; at < sizeof data; at += step, step = step * 3 % 997 + 1)
            EVP_DigestUpdate(context, data + at, at + step > sizeof data ? sizeof data - at : step);
        EVP_DigestFinal_ex(context, out, &size);
        print(names[i], out, size);
        EVP_MD_CTX_free(context);
        EVP_MD_free(md);
    }
}

static void ciphers(void)
{
    static const char *names[] = {
        "AES-128-ECB", "AES-128-CBC", "AES-192-CTR", "AES-256-CBC", "AES-256-GCM", "AES-128-CCM",
        "AES-256-OCB", "AES-128-XTS", "AES-256-ECB", "AES-128-CTR", "AES-128-GCM", "AES-256-XTS", "ChaCha20", "ChaCha20-Poly1305", "CAMELLIA-256-CBC", "ARIA-128-CBC",
        "DES-EDE3-CBC", "SM4-CBC"};
    static unsigned char sealed[sizeof data + 64], opened[sizeof data + 64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsigned char out[32], key[64], iv[16];
        unsigned int size = 0;
        int n = 0, last = 0, total = (int)(sizeof data / 16 * 16);
        for (int k = 0; k < 64; k++)
            key[k] = (unsigned char)(k * 7 + 1);
        memset(iv, 9, sizeof iv);
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, names[i], NULL);
        EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
        int good = EVP_EncryptInit_ex(context, cipher, NULL, key, iv);
        if (EVP_CIPHER_get_mode(cipher) == EVP_CIPH_CCM_MODE)
            good &= EVP_EncryptUpdate(context, NULL, &n, NULL, total);
        good &= EVP_EncryptUpdate(context, sealed, &n, data, total);
        good &= EVP_EncryptFinal_ex(context, sealed + n, &last);
        EVP_Digest(sealed, (size_t)(n + last), out, &size, EVP_sha256(), NULL);
        printf("%d %d ", good, n + last);
        print(names[i], out, 8);
        if (EVP_CIPHER_get_flags(cipher) & EVP_CIPH_FLAG_AEAD_CIPHER) {
            good = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out);
            print("tag", out, good ? 16 : 0);
        }
        if (EVP_CIPHER_get_mode(cipher) != EVP_CIPH_CCM_MODE) {
            good = EVP_DecryptInit_ex(context, cipher, NULL, key, iv);
            int m = 0;
            if (EVP_CIPHER_get_flags(cipher) & EVP_CIPH_FLAG_AEAD_CIPHER)
                good &= EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, out);
            good &= EVP_DecryptUpdate(context, opened, &m, sealed, n + last);
            good &= EVP_DecryptFinal_ex(context, opened + m, &last);
            printf("back %d %d\n", good, memcmp(opened, data, (size_t)total) == 0);
        }
        EVP_CIPHER_CTX_free(context);
        EVP_CIPHER_free(cipher);
    }
}

static void numbers(void)
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *a = BN_new(), *b = BN_new(), *m = BN_new(), *r = BN_new();
    for (int bits = 256; bits <= 4096; bits *= 2) {
        BN_bin2bn(data, bits / 8, a);
        BN_bin2bn(data + 1000, bits / 8, b);
        BN_bin2bn(data + 2000, bits / 8, m);
        BN_set_bit(m, 0);
        BN_mod_exp(r, a, b, m, context);
        char *text = BN_bn2hex(r);
        printf("%d %.40s\n", bits, text);
        OPENSSL_free(text);
        BN_mod_inverse(r, a, m, context);
        BN_sqr(a, b, context);
        BN_div(a, r, a, m, context);
        printf("%d %d\n", BN_num_bits(a), BN_num_bits(r));
    }
    BN_set_word(a, 1000003);
    printf("prime %d\n", BN_check_prime(a, context, NULL));
    BN_free(a);
    BN_free(b);
    BN_free(m);
    BN_free(r);
    BN_CTX_free(context);
}

static void sign(const char *name, EVP_PKEY *key, const char *digest)
{
    unsigned char signature[1024];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int good = EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL);
    good &= EVP_DigestSign(context, signature, &size, data, 1000);
    EVP_MD_CTX_free(context);
    context = EVP_MD_CTX_new();
    EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, key, NULL);
    int verified = EVP_DigestVerify(context, signature, size, data, 1000);
    signature[size - 1] ^= 1;
    EVP_MD_CTX_free(context);
    context = EVP_MD_CTX_new();
    EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, key, NULL);
    int forged = EVP_DigestVerify(context, signature, size, data, 1000);
    printf("%s %d %d %d\n", name, good, verified, forged == 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

static void agree(const char *name)
{
    EVP_PKEY *mine = EVP_PKEY_Q_keygen(NULL, NULL, name), *other = EVP_PKEY_Q_keygen(NULL, NULL, name);
    unsigned char secrets[2][64];
    size_t sizes[2] = {64, 64};
    for (int i = 0; i < 2; i++) {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(i ? other : mine, NULL);
        EVP_PKEY_derive_init(context);
        EVP_PKEY_derive_set_peer(context, i ? mine : other);
        EVP_PKEY_derive(context, secrets[i], &sizes[i]);
        EVP_PKEY_CTX_free(context);
    }
    printf("%s %zu %d\n", name, sizes[0], memcmp(secrets[0], secrets[1], sizes[0]) == 0);
    EVP_PKEY_free(mine);
    EVP_PKEY_free(other);
}

static void codes(void)
{
    static const char *names[] = {"SHA1", "SHA256", "SHA512", "SHA3-256"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsigned char out[64];
        size_t size = 0;
        EVP_Q_mac(NULL, "HMAC", NULL, names[i], NULL, data, 40, data, sizeof data, out, sizeof out, &size);
        print(names[i], out, size);
    }
}

// The first prime from these bytes of the data on: how far it is was found beforehand.
static BIGNUM *prime(int bits, int from, unsigned distance)
{
    BIGNUM *p = BN_bin2bn(data + from, bits / 8, NULL);
    BN_set_bit(p, bits - 1);
    BN_set_bit(p, bits - 2);
    BN_add_word(p, distance);
    return p;
}

static void rsa(BIGNUM *p, BIGNUM *q)
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *n = BN_new(), *e = BN_new(), *d = BN_new(), *phi = BN_new(), *less = BN_new();
    BN_mul(n, p, q, context);
    BN_set_word(e, 65537);
    BN_sub(phi, n, p);
    BN_sub(phi, phi, q);
    BN_add_word(phi, 1);
    BN_mod_inverse(d, e, phi, context);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, d);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_FACTOR1, p);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_FACTOR2, q);
    BIGNUM *one = BN_mod(phi, d, (BN_sub(less, p, BN_value_one()), less), context) ? BN_dup(phi) : NULL;
    BIGNUM *two = BN_mod(phi, d, (BN_sub(less, q, BN_value_one()), less), context) ? BN_dup(phi) : NULL;
    BN_mod_inverse(phi, q, p, context);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_EXPONENT1, one);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_EXPONENT2, two);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, phi);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY_fromdata_init(maker);
    EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEYPAIR, parameters);
    unsigned char signature[512], out[32];
    size_t size = sizeof signature;
    EVP_MD_CTX *signer = EVP_MD_CTX_new();
    int good = EVP_DigestSignInit_ex(signer, NULL, "SHA256", NULL, NULL, key, NULL);
    good &= EVP_DigestSign(signer, signature, &size, data, 1000);
    EVP_Digest(signature, size, out, NULL, EVP_sha256(), NULL);
    printf("%d ", good);
    print("fixed RSA", out, sizeof out);
    sign("with it", key, "SHA256");
    BIGNUM *all[] = {p, q, n, e, d, phi, less, one, two};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        BN_free(all[i]);
    EVP_MD_CTX_free(signer);
    EVP_PKEY_CTX_free(maker);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    BN_CTX_free(context);
}

static void curve(int name)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(name);
    EC_POINT *mine = EC_POINT_new(group), *shared = EC_POINT_new(group);
    BIGNUM *a = BN_bin2bn(data + 100, 28, NULL), *b = BN_bin2bn(data + 200, 28, NULL);
    unsigned char out[150];
    EC_POINT_mul(group, mine, a, NULL, NULL, NULL);
    EC_POINT_mul(group, shared, NULL, mine, b, NULL);
    print("point", out, EC_POINT_point2oct(group, shared, POINT_CONVERSION_COMPRESSED, out, sizeof out, NULL));
    EC_POINT_mul(group, shared, a, mine, b, NULL);
    print("point", out, EC_POINT_point2oct(group, shared, POINT_CONVERSION_COMPRESSED, out, sizeof out, NULL));
    EC_POINT_free(mine);
    EC_POINT_free(shared);
    EC_GROUP_free(group);
    BN_free(a);
    BN_free(b);
}

static void montgomery(const char *name, size_t length)
{
    EVP_PKEY *keys[2];
    for (int i = 0; i < 2; i++)
        keys[i] = EVP_PKEY_new_raw_private_key_ex(NULL, name, NULL, data + 300 * i, length);
    unsigned char secret[64];
    size_t size = sizeof secret;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(keys[0], NULL);
    EVP_PKEY_derive_init(context);
    EVP_PKEY_derive_set_peer(context, keys[1]);
    EVP_PKEY_derive(context, secret, &size);
    print(name, secret, size);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
}

static void edwards(const char *name, size_t length)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, name, NULL, data + 500, length);
    unsigned char signature[128];
    size_t size = sizeof signature;
    EVP_MD_CTX *signer = EVP_MD_CTX_new();
    EVP_DigestSignInit_ex(signer, NULL, NULL, NULL, NULL, key, NULL);
    EVP_DigestSign(signer, signature, &size, data, 1000);
    print(name, signature, size);
    EVP_MD_CTX_free(signer);
    EVP_PKEY_free(key);
}

static void fixed_keys(void)
{
    codes();
    rsa(prime(512, 1000, 381), prime(512, 2000, 62));
    rsa(prime(1024, 3000, 630), prime(1024, 4000, 127));
    curve(NID_X9_62_prime256v1);
    curve(NID_secp384r1);
    curve(NID_secp521r1);
    montgomery("X25519", 32);
    montgomery("X448", 56);
    edwards("ED25519", 32);
    edwards("ED448", 57);
}

int main(void)
{
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)((i * 2654435761u) >> 13);
    digests();
    ciphers();
    numbers();
    fixed_keys();
    sign("RSA", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), "SHA256");
    sign("P-256", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), "SHA256");
    sign("P-384", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"), "SHA384");
    sign("ED25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL);
    agree("X25519");
    agree("X448");
    unsigned char key[32];
    PKCS5_PBKDF2_HMAC("password", 8, data, 16, 1000, EVP_sha512(), sizeof key, key);
    print("PBKDF2", key, sizeof key);
    EVP_PBE_scrypt("password", 8, data, 16, 1024, 8, 1, 0, key, sizeof key);
    print("scrypt", key, sizeof key);
    printf("%lu\n", ERR_peek_error());
    return 0;
}
