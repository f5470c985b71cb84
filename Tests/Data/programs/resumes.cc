// Frames that go on after an exception has landed in them, for long: their loops are hot there.
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

uint64_t mix(uint64_t a, uint64_t b) { return (a ^ b) * 0x9e3779b97f4a7c15 + (a >> 29); }

struct Odd {
    uint64_t value;
};
struct Counted {
    static int alive;
    Counted() { alive++; }
    ~Counted() { alive--; }
};
int Counted::alive = 0;

__attribute__((noinline)) uint64_t step(uint64_t n, uint64_t every)
{
    if (n % every == every - 1)
        throw Odd{n};
    return n * 3;
}

// Locals in callee-saved registers, changed before and behind the call that throws.
__attribute__((noinline)) uint64_t locals(uint64_t turns)
{
    uint64_t a = turns, b = 1, c = 2, d = 3, e = 4, f = 5;
    for (uint64_t i = 0; i < turns; i++) {
        a = mix(a, i);
        b += a >> 5;
        try {
            c ^= step(i, 997);
            d += c;
        } catch (const Odd &odd) {
            e = mix(e, odd.value);
            continue;
        }
        f = f * 5 + b + d;
    }
    return mix(mix(mix(a, b), mix(c, d)), mix(e, f));
}

// Several loops behind the landing, one inside of another.
__attribute__((noinline)) uint64_t nested(uint64_t turns)
{
    uint64_t h = 7;
    try {
        h += step(turns - 1, turns);
    } catch (Odd &odd) {
        h = mix(h, odd.value);
    }
    for (uint64_t i = 0; i < turns; i++)
        h = mix(h, i);
    for (uint64_t i = 0; i < 40; i++) {
        for (uint64_t k = 0; k < turns / 40; k++)
            h += mix(h, k) >> 3;
        try {
            for (uint64_t k = 0;; k++)
                h ^= step(k, 50 + i);
        } catch (Odd &odd) {
            h += odd.value;
        }
    }
    return h;
}

__attribute__((noinline)) uint64_t deep(uint64_t level, uint64_t value)
{
    Counted here;
    std::string name = "level " + std::to_string(level);
    if (level == 0)
        throw std::runtime_error(name + " of " + std::to_string(value));
    return deep(level - 1, mix(value, level)) + name.size();
}

// Across many frames, caught in the middle, thrown again, and caught outside.
__attribute__((noinline)) uint64_t rethrown(uint64_t n)
{
    uint64_t h = n;
    try {
        Counted one;
        std::vector<int> many(n % 50 + 1, 3);
        h += deep(n % 30, n) + many.size();
    } catch (std::runtime_error &error) {
        for (const char *p = error.what(); *p; p++)
            h = mix(h, uint64_t(*p));
        if (n % 3 == 0)
            throw;
        if (n % 3 == 1)
            throw Odd{h};
    }
    return h;
}

__attribute__((noinline)) uint64_t crossing(uint64_t turns)
{
    uint64_t h = 0, caught[3] = {};
    for (uint64_t n = 0; n < turns; n++) {
        try {
            h = mix(h, rethrown(n));
            caught[0]++;
        } catch (std::exception &error) {
            h += std::string(error.what()).size();
            caught[1]++;
        } catch (Odd &odd) {
            h ^= odd.value;
            caught[2]++;
        }
        for (int k = 0; k < 200; k++)
            h += h << 7 | uint64_t(k);
    }
    std::printf("caught %llu %llu %llu, %d alive\n", (unsigned long long)caught[0],
                (unsigned long long)caught[1], (unsigned long long)caught[2], Counted::alive);
    return h;
}

// An interpreter: its loop has a table, and errors come back into it.
__attribute__((noinline)) uint64_t machine(const std::vector<uint8_t> &code, uint64_t turns)
{
    uint64_t a = 1, b = 2, errors = 0, at = 0;
    while (turns--) {
        try {
            switch (code[at++ % code.size()]) {
            case 0: a += b; break;
            case 1: b ^= a << 3; break;
            case 2: a = mix(a, b); break;
            case 3: b -= at; break;
            case 4: a = a >> 1 | a << 63; break;
            case 5: b *= 0x10001; break;
            case 6: a ^= step(turns, 211); break;
            case 7: std::swap(a, b); break;
            case 8: a += code.at(b % (code.size() + 1)); break;
            default: throw std::runtime_error("no such operation");
            }
        } catch (std::exception &error) {
            errors++;
            b = mix(b, uint64_t(error.what()[0]));
        } catch (Odd &odd) {
            a += odd.value;
        }
    }
    return mix(mix(a, b), errors);
}

// Floating-point values in registers and on the stack, across landings.
__attribute__((noinline)) double floats(uint64_t turns)
{
    double x = 0.5, y = 1.25;
    long double z = 3;
    float w = 0;
    for (uint64_t i = 1; i < turns; i++) {
        x = x * 0.999 + 1.0 / double(i);
        try {
            y += double(step(i, 313)) * 1e-6;
            z = z / 1.0001L + x;
        } catch (Odd &odd) {
            w += float(odd.value) * 0.25f;
            y -= x;
        }
    }
    return x + y + double(z) + double(w);
}

// A loop that has no way round but by exceptions, and one in a destructor that runs while unwinding.
struct Sweeper {
    std::vector<uint64_t> &values;
    ~Sweeper()
    {
        for (auto &v : values)
            v = mix(v, values.size());
    }
};

__attribute__((noinline)) uint64_t retried(uint64_t turns)
{
    std::vector<uint64_t> values(64, 1);
    uint64_t left = turns;
again:
    try {
        Sweeper sweeper{values};
        values[left % 64] += left;
        if (--left)
            throw Odd{left};
    } catch (Odd &odd) {
        values[odd.value % 64] ^= odd.value;
        goto again;
    }
    uint64_t h = 0;
    for (uint64_t v : values)
        h = mix(h, v);
    return h;
}

// A frame that allocates on the stack, so that RSP differs from landing to landing.
__attribute__((noinline)) uint64_t growing(uint64_t turns)
{
    uint64_t h = 0;
    for (uint64_t i = 0; i < turns; i++) {
        auto *p = static_cast<volatile uint8_t *>(__builtin_alloca(i % 3 * 16 + 16));
        p[0] = uint8_t(i);
        try {
            h = mix(h, step(i, 7) + p[0]);
        } catch (Odd &odd) {
            h += odd.value ^ p[0];
        }
    }
    return h;
}

}  // namespace

int main()
{
    std::printf("locals %016llx\n", (unsigned long long)locals(200000));
    std::printf("nested %016llx\n", (unsigned long long)nested(40000));
    std::printf("crossing %016llx\n", (unsigned long long)crossing(600));
    std::vector<uint8_t> code;
    for (uint64_t i = 0; i < 4001; i++)
        code.push_back(i % 401 == 400 ? 9 : uint8_t(mix(i, 77) % 9));
    std::printf("machine %016llx\n", (unsigned long long)machine(code, 300000));
    std::printf("floats %.12g\n", floats(100000));
    std::printf("retried %016llx\n", (unsigned long long)retried(500));
    std::printf("growing %016llx\n", (unsigned long long)growing(2000));
    return 0;
}
