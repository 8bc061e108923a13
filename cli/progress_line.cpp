#include "cli/progress_line.hpp"

#include "base/deadline.hpp"
#include "cli/console.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

constexpr auto first_shown_after = 1s;
constexpr auto refresh_after = 250ms;
constexpr size_t usual_columns = 80;

bool is_ours(int fd) {
  if (::isatty(fd) == 0)
    return false;
  auto foreground = ::tcgetpgrp(fd); // fails for a terminal that is not the one that controls us
  return foreground < 0 || foreground == ::getpgrp();
}

size_t columns_of(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col : usual_columns;
}

} // namespace

progress_line::progress_line(int fd) : fd_(is_ours(fd) ? fd : -1), next_(clock::now() + first_shown_after) {}

int progress_line::wait_ms() const {
  return fd_ < 0 ? -1 : poll_ms(next_ - clock::now());
}

void progress_line::show(std::string_view text) {
  if (fd_ < 0)
    return;
  next_ = clock::now() + refresh_after;
  auto line = std::string{text.substr(0, columns_of(fd_) - 1)}; // a full line would begin the next one
  if (line == shown_)
    return;
  auto columns = std::max(line.size(), shown_.size());
  shown_ = line;
  line.resize(columns, ' ');
  write_all(fd_, line + '\r');
}

void progress_line::erase() {
  if (shown_.empty())
    return;
  write_all(fd_, std::string(shown_.size(), ' ') + '\r');
  shown_.clear();
}

std::string publish_progress(size_t answered, size_t read, int percent) {
  return "[cafbus] published " + std::to_string(answered) + " of " + std::to_string(read) + " lines read" +
         (percent < 0 ? "" : ", " + std::to_string(percent) + " %");
}

} // namespace cafbus
