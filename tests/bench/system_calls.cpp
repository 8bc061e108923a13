#include "bench/system_calls.hpp"

#include "bench/process.hpp"

#include <cstdlib>
#include <filesystem>
#include <linux/perf_event.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

namespace cafbus::bench {

namespace {

/// The kernel's number of the event that a system call begins; 0 if it does not tell.
uint64_t number_of_entry() {
  for (const char* root : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"})
    if (auto text = read_file(std::string{root} + "/events/raw_syscalls/sys_enter/id"); !text.empty())
      return std::strtoull(text.c_str(), nullptr, 10);
  return 0;
}

unique_fd counter_of(pid_t thread) {
  perf_event_attr wanted{};
  wanted.size = sizeof(wanted);
  wanted.type = PERF_TYPE_TRACEPOINT;
  wanted.config = number_of_entry();
  wanted.inherit = 1;
  if (wanted.config == 0)
    return {};
  return unique_fd{static_cast<int>(::syscall(SYS_perf_event_open, &wanted, thread, -1, -1, PERF_FLAG_FD_CLOEXEC))};
}

} // namespace

bool call_counter::allowed() {
  return static_cast<bool>(counter_of(::getpid()));
}

call_counter::call_counter(const std::vector<pid_t>& pids) {
  std::error_code ignored;
  for (auto pid : pids)
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", ignored))
      counters_.push_back(counter_of(std::stoi(task.path().filename())));
}

uint64_t call_counter::count() const {
  uint64_t result = 0;
  for (const auto& x : counters_)
    if (uint64_t value = 0; ::read(x.get(), &value, sizeof(value)) == sizeof(value))
      result += value;
  return result;
}

} // namespace cafbus::bench
