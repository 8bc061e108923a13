#include "config/log_output.hpp"

#include "config/defaults.hpp"
#include "config/log_file.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace cafbus::log {

namespace {

class to_log_file final : public output {
public:
  to_log_file(const std::string& path, format how)
    : file_(path, defaults::log_file_bytes, defaults::log_files_kept), format_(how) {}

  result<void> open() override { return file_.open(); }
  void write(const record& x) override { file_.write(to_line(x, format_)); }

private:
  log_file file_;
  format format_;
};

class to_stream final : public output {
public:
  to_stream(int fd, format how) : fd_(fd), format_(how) {}

  result<void> open() override { return {}; }

  void write(const record& x) override {
    auto line = to_line(x, format_);
    for (std::string_view rest = line; !rest.empty();) {
      constexpr int patience_ms = 1'000;
      pollfd item{fd_, POLLOUT, 0};
      auto ready = ::poll(&item, 1, stuck_ ? 0 : patience_ms);
      if (ready < 0 && errno == EINTR)
        continue;
      stuck_ = ready <= 0;
      if (stuck_)
        return;
      auto n = ::write(fd_, rest.data(), std::min<size_t>(rest.size(), at_once));
      if (n < 0 && (errno == EINTR || errno == EAGAIN))
        continue;
      if (n <= 0)
        return;
      rest.remove_prefix(static_cast<size_t>(n));
    }
  }

private:
  /// What a pipe that is ready takes without blocking, however full it is.
  static constexpr size_t at_once = 4'096;

  int fd_;
  format format_;
  bool stuck_ = false;
};

} // namespace

std::shared_ptr<output> file_output(const std::string& path, format how) {
  return std::make_shared<to_log_file>(path, how);
}

std::shared_ptr<output> stream_output(int fd, format how) {
  return std::make_shared<to_stream>(fd, how);
}

} // namespace cafbus::log
