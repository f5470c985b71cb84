// libgmp-dev: -lgmp
// GMP picks its assembly by CPUID and is all carries: products, quotients, roots, powers, primes.
#include <gmp.h>
#include <stdio.h>

int main(void)
{
    mpz_t a, b, c, d;
    mpz_inits(a, b, c, d, NULL);
    mpz_fac_ui(a, 3000);
    gmp_printf("%zu %Zx\n", mpz_sizeinbase(a, 10), (mpz_fdiv_r_2exp(b, a, 4000), mpz_tdiv_q_2exp(b, b, 3900), b));
    gmp_randstate_t random;
    gmp_randinit_mt(random);
    gmp_randseed_ui(random, 42);
    unsigned long sum = 0;
    for (unsigned bits = 60; bits < 60000; bits = bits * 3 / 2) {
        mpz_urandomb(a, random, bits);
        mpz_urandomb(b, random, bits / 2 + 7);
        mpz_add_ui(b, b, 3);
        mpz_mul(c, a, b);
        mpz_tdiv_qr(c, d, c, b);
        sum = sum * 31 + (unsigned long)mpz_cmp(c, a) + mpz_sgn(d) + mpz_fdiv_ui(a, 1000003);
        mpz_gcdext(c, d, NULL, a, b);
        sum = sum * 31 + mpz_fdiv_ui(d, 1000003) + mpz_get_ui(c);
        mpz_sqrtrem(c, d, a);
        sum = sum * 31 + mpz_fdiv_ui(c, 999983) + mpz_fdiv_ui(d, 999983);
        mpz_setbit(b, 0);
        if (bits < 4000) {
            mpz_powm(c, a, a, b);
            sum = sum * 31 + mpz_fdiv_ui(c, 999983);
        }
        sum += mpz_popcount(a) + mpz_hamdist(a, b);
        printf("%u %lu\n", bits, sum);
    }
    mpz_set_str(a, "170141183460469231731687303715884105727", 10);
    printf("%d %d\n", mpz_probab_prime_p(a, 20) > 0, mpz_probab_prime_p(b, 5));
    mpf_set_default_prec(2000);
    mpf_t x, y;
    mpf_inits(x, y, NULL);
    mpf_sqrt_ui(x, 2);
    mpf_ui_div(y, 1, x);
    mpf_mul(x, x, y);
    gmp_printf("%.200Ff\n%.60Ff\n", y, x);
    mpz_fib_ui(a, 5000);
    gmp_printf("%Zd\n", a);
    return 0;
}
