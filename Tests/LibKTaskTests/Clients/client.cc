// C++ over ktask.h: ownership by destructors, a lambda as the thread function, positions of a client's own.
#include <ktask.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <sys/mman.h>
#include <system_error>
#include <utility>
#include <vector>

#define DEMAND(what)                                                     \
  do {                                                                   \
    if (!(what)) {                                                       \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);    \
      std::exit(1);                                                      \
    }                                                                    \
  } while (false)

namespace {

/// Anonymous memory, unmapped by whoever has it last.
class Mapping {
 public:
  explicit Mapping(std::size_t length) : length_(length) {
    void *const start = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    start_ = static_cast<char *>(start);
  }
  Mapping(const Mapping &) = delete;
  Mapping &operator=(const Mapping &) = delete;
  ~Mapping() { munmap(start_, length_); }

  char *begin() const { return start_; }
  char *end() const { return start_ + length_; }
  std::size_t size() const { return length_; }

 private:
  char *start_;
  std::size_t length_;
};

/// Calls `work(start, end)` for chunks of the elements, on several threads; 0, or what a call returned instead.
template <class Element, class Work>
int for_each_chunk(Element *first, std::size_t count, std::size_t least, Work work, ktask_undo_func undo = nullptr) {
  struct Call {
    static int run(void *start, void *end, void *arg) noexcept {
      return (*static_cast<Work *>(arg))(static_cast<Element *>(start), static_cast<Element *>(end));
    }
  };
  DEFINE_KTASK_CTL(ctl, Call::run, std::addressof(work), least * sizeof(Element));
  ctl.kc_alignment = sizeof(Element);
  ktask_ctl_set_undo_func(&ctl, undo);
  return ktask_run(first, count * sizeof(Element), &ctl);
}

void sums() {
  std::vector<long> numbers(1 << 20);
  std::iota(numbers.begin(), numbers.end(), 0L);
  std::atomic<long> sum{0};
  const int failed = for_each_chunk(numbers.data(), numbers.size(), 1 << 12, [&sum](long *start, long *end) {
    sum += std::accumulate(start, end, 0L);
    return KTASK_RETURN_SUCCESS;
  });
  DEMAND(failed == 0);
  DEMAND(sum == (1L << 19) * ((1L << 20) - 1));
}

void failures() {
  std::vector<int> numbers(1 << 20, 0);
  auto undo = [](void *start, void *end, void *) {
    std::memset(start, 0, static_cast<std::size_t>(static_cast<char *>(end) - static_cast<char *>(start)));
  };
  int *const wrong = &numbers[numbers.size() / 2];
  const int failed = for_each_chunk(
      numbers.data(), numbers.size(), 1 << 12,
      [wrong](int *start, int *end) {
        if (start <= wrong && wrong < end) return 42;
        for (int *at = start; at != end; ++at) *at = 7;
        return KTASK_RETURN_SUCCESS;
      },
      undo);
  DEMAND(failed == 42);
  DEMAND(errno == 0);
  for (int number : numbers) DEMAND(number == 0);
}

void memory() {
  Mapping mapping(64 << 20);
  ktask_options options = KTASK_OPTIONS_INITIALIZER;
  ktask_result result = KTASK_RESULT_INITIALIZER;
  ktask_watch watch = KTASK_WATCH_INITIALIZER;
  options.ko_watch = &watch;
  DEMAND(ktask_populate(mapping.begin(), mapping.size(), &options, &result) == 0);
  DEMAND(result.kr_bytes_done == mapping.size() && watch.kw_done == mapping.size());
  options.ko_flags = KTASK_ZERO;
  DEMAND(ktask_verify(mapping.begin(), mapping.size(), &options, nullptr) == 0);
  mapping.begin()[12345] = 1;
  DEMAND(ktask_verify(mapping.begin(), mapping.size(), &options, &result) == -1 && errno == EILSEQ);
  DEMAND(result.kr_failed_offset == 12345);
  ktask_cancel(&watch);
  DEMAND(ktask_clear(mapping.begin(), mapping.size(), &options, nullptr) == -1 && errno == ECANCELED);
  DEMAND(mapping.begin()[12345] == 1);
}

}  // namespace

int main() {
  sums();
  failures();
  memory();
  std::puts("done");
}
