#include "base/result.hpp"

#include <array>
#include <cerrno>
#include <cstring>

namespace cafbus {

const char* to_string(failure_kind x) noexcept {
  static constexpr std::array names{"invalid",  "not_found", "refused",  "untrusted",   "timed_out",
                                    "stopping", "closed",    "protocol", "unavailable", "system"};
  static_assert(names.size() == static_cast<size_t>(failure_kind::system) + 1);
  return names[static_cast<size_t>(x)];
}

failure_kind kind_of_errno(int error) noexcept {
  switch (error) {
  case ENOENT:
  case ENOTDIR:
  case ENXIO:
    return failure_kind::not_found;
  case EACCES:
  case EPERM:
  case EROFS:
  case ECONNREFUSED:
    return failure_kind::refused;
  case ETIMEDOUT:
    return failure_kind::timed_out;
  case EPIPE:
  case ECONNRESET:
  case ECONNABORTED:
    return failure_kind::closed;
  case EMFILE:
  case ENFILE:
  case ENOMEM:
  case ENOSPC:
  case EDQUOT:
  case ENOBUFS:
  case EAGAIN: // of fork and of threads
    return failure_kind::unavailable;
  case EINVAL:
  case ENAMETOOLONG:
    return failure_kind::invalid;
  default:
    return failure_kind::system;
  }
}

std::string errno_text(int error) {
  std::array<char, 128> buffer{}; // glibc's longest text has 49
  return strerror_r(error, buffer.data(), buffer.size());
}

failure errno_failure(std::string what) {
  return errno_failure(std::move(what), errno);
}

failure errno_failure(std::string what, int error) {
  return {kind_of_errno(error), std::move(what) + ": " + errno_text(error)};
}

} // namespace cafbus
