// Exceptions: through many frames, out of callbacks of C code, rethrown, in destructors' company,
// with every kind of handler; iostreams, and C++'s containers of functions.
#include <algorithm>
#include <exception>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <new>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>
#include <cstdlib>

static int alive, destroyed;
struct Guard {
  int n;
  explicit Guard(int n) : n(n) { alive++; }
  ~Guard() { alive--; destroyed += n; }
};
struct Base : std::exception {
  int level;
  explicit Base(int l) : level(l) {}
  const char *what() const noexcept override { return "base"; }
};
struct Derived : virtual Base {
  explicit Derived(int l) : Base(l) {}
  const char *what() const noexcept override { return "derived"; }
};

__attribute__((noinline)) static int dig(int n, int kind) {
  Guard guard(n);
  double d = n * 0.25;
  if (n == 0) switch (kind % 5) {
    case 0: throw 42;
    case 1: throw Derived(kind);
    case 2: throw std::string("text");
    case 3: throw std::out_of_range("range");
    default: throw static_cast<const char *>("pointer");
    }
  int r = dig(n - 1, kind) + int(d);
  return r + guard.n;
}

static long kinds() {
  long sum = 0;
  for (int i = 0; i < 50; i++) {
    try {
      sum += dig(i, i);
    } catch (int v) {
      sum += v;
    } catch (const Base &b) {
      sum += b.level * 3 + b.what()[0];
    } catch (const std::string &s) {
      sum += long(s.size());
    } catch (const std::exception &e) {
      sum += e.what()[1];
    } catch (...) {
      sum += 1000;
    }
  }
  return sum;
}

extern "C" int compare(const void *a, const void *b) {
  int x = *static_cast<const int *>(a), y = *static_cast<const int *>(b);
  if (x == 13) throw std::runtime_error("thirteen");
  return x - y;
}

static void callbacks() {
  std::vector<int> v;
  for (int i = 0; i < 40; i++) v.push_back((i * 29) % 41);
  try {
    std::qsort(v.data(), v.size(), sizeof(int), compare);
    std::cout << "sorted\n";
  } catch (const std::runtime_error &e) {
    std::cout << "callback: " << e.what() << "\n";
  }
}

static void rethrow() {
  try {
    try {
      throw Derived(7);
    } catch (Base &b) {
      b.level++;
      throw;
    }
  } catch (const Derived &d) {
    std::cout << "rethrown " << d.level << "\n";
  }
  std::exception_ptr kept;
  try {
    try {
      throw std::logic_error("inner");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  } catch (...) {
    kept = std::current_exception();
  }
  try {
    std::rethrow_exception(kept);
  } catch (const std::runtime_error &e) {
    try {
      std::rethrow_if_nested(e);
    } catch (const std::logic_error &inner) {
      std::cout << e.what() << " " << inner.what() << "\n";
    }
  }
  try {
    (void)dynamic_cast<Derived &>(*static_cast<Base *>(std::make_unique<Base>(1).get()));
  } catch (const std::bad_cast &) {
    std::cout << "bad cast\n";
  }
  try {
    std::vector<int>().at(3);
  } catch (const std::out_of_range &) {
    std::cout << "out of range\n";
  }
  try {
    volatile std::size_t huge = ~std::size_t(0) / 2;
    ::operator delete(::operator new(huge));
  } catch (const std::bad_alloc &) {
    std::cout << "bad alloc\n";
  }
}

static thread_local std::string local = "local";
static void library() {
  std::ostringstream out;
  out << std::hex << std::showbase << 255 << " " << std::dec << std::setw(8) << std::setfill('*')
      << 42 << " " << std::fixed << std::setprecision(3) << 3.14159 << " " << std::boolalpha << true
      << " " << std::scientific << 1e-10L;
  std::istringstream in("12 3.5 word 0x1f");
  int i;
  double d;
  std::string s;
  in >> i >> d >> s >> std::hex >> i;
  std::cout << out.str() << " " << i << " " << d << " " << s << "\n";
  std::unordered_map<std::string, std::function<int(int)>> table;
  for (int k = 0; k < 20; k++)
    table["f" + std::to_string(k)] = [k](int x) { return x * k + 1; };
  int sum = 0;
  for (int k = 0; k < 20; k += 3) sum += table.at("f" + std::to_string(k))(k);
  std::variant<int, std::string, double> v = std::string("variant");
  std::visit([&](auto &x) { std::cout << sum << " " << x << "\n"; }, v);
  try {
    std::cout << std::get<int>(v);
  } catch (const std::bad_variant_access &) {
    std::cout << "bad variant\n";
  }
  std::regex expression("(\\w+)@(\\w+)\\.com");
  std::smatch match;
  std::string text = "mail someone@example.com now";
  if (std::regex_search(text, match, expression)) std::cout << match[1] << " " << match[2] << "\n";
  local += "!";
  std::cout << local << "\n";
}

int main() {
  long sum = 0;
  for (int i = 0; i < 40; i++) sum += kinds();
  std::cout << sum << " " << alive << " " << destroyed << "\n";
  callbacks();
  rethrow();
  library();
  std::set_terminate([] {
    std::cout << "terminated" << std::endl;
    std::_Exit(3);
  });
  []() noexcept { throw 1; }();
}
