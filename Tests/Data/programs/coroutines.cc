// Coroutines of C++20, ranges, and threads of the standard library.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <mutex>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

template <typename T> struct Generator {
  struct promise_type {
    T value;
    std::exception_ptr error;
    Generator get_return_object() {
      return Generator{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(T v) { value = std::move(v); return {}; }
    void return_void() {}
    void unhandled_exception() { error = std::current_exception(); }
  };
  std::coroutine_handle<promise_type> handle;
  explicit Generator(std::coroutine_handle<promise_type> h) : handle(h) {}
  Generator(Generator &&o) : handle(std::exchange(o.handle, nullptr)) {}
  ~Generator() { if (handle) handle.destroy(); }
  bool next() {
    handle.resume();
    if (handle.promise().error) std::rethrow_exception(handle.promise().error);
    return !handle.done();
  }
  T value() { return handle.promise().value; }
};

static Generator<long> fibonacci(int limit) {
  long a = 0, b = 1;
  for (int i = 0; i < limit; i++) {
    co_yield a;
    a = std::exchange(b, a + b);
  }
  throw std::runtime_error("end of the numbers");
}

static Generator<std::string> tree(int depth) {
  if (depth == 0) { co_yield "leaf"; co_return; }
  auto below = tree(depth - 1);
  while (below.next()) { co_yield "l" + below.value(); co_yield "r" + below.value(); }
}

static void threads() {
  std::mutex lock;
  std::condition_variable signal;
  long sum = 0;
  int done = 0;
  std::vector<std::thread> all;
  std::atomic<int> spins{0};
  for (int n = 0; n < 4; n++)
    all.emplace_back([&, n] {
      for (int i = 0; i < 1000; i++) {
        spins.fetch_add(1, std::memory_order_relaxed);
        std::lock_guard hold(lock);
        sum += n * i;
      }
      std::lock_guard hold(lock);
      done++;
      signal.notify_all();
    });
  std::unique_lock hold(lock);
  signal.wait(hold, [&] { return done == 4; });
  hold.unlock();
  for (auto &t : all) t.join();
  auto future = std::async(std::launch::async, [] {
    if (getenv("NO_SUCH_VARIABLE") == nullptr) throw std::logic_error("from a thread");
    return 1;
  });
  try {
    future.get();
  } catch (const std::logic_error &e) {
    std::cout << e.what() << "\n";
  }
  std::cout << sum << " " << spins << "\n";
}

int main() {
  auto numbers = fibonacci(30);
  long sum = 0;
  try {
    while (numbers.next()) sum += numbers.value();
  } catch (const std::runtime_error &e) {
    std::cout << sum << " " << e.what() << "\n";
  }
  auto leaves = tree(4);
  std::size_t length = 0;
  int count = 0;
  for (; leaves.next(); count++) length += leaves.value().size();
  std::cout << count << " " << length << "\n";
  for (int x : std::views::iota(1, 50) | std::views::filter([](int v) { return v % 7 == 0; }) |
                   std::views::transform([](int v) { return v * v; }))
    std::cout << x << " ";
  std::cout << "\n";
  threads();
}
