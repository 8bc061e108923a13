#include "cli/console.hpp"

#include "base/deadline.hpp"
#include "base/shell_word.hpp"
#include "base/utf8.hpp"
#include "io/daemon/instance.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>

namespace cafbus {

namespace {

/// Characters that a terminal obeys or that hide or reorder what stands around them.
bool is_format(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
         (c >= 0xe0000 && c <= 0xe007f);
}

/// Bytes of the character that `text` begins with; 0 if it is not UTF-8 or not to be shown.
size_t printable_size(std::string_view text) {
  auto c = first_char(text);
  return is_format(c.code) ? 0 : c.size;
}

} // namespace

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string plain(std::string_view text) {
  constexpr const char* digits = "0123456789abcdef";
  std::string result;
  while (!text.empty()) {
    auto size = printable_size(text);
    if (size == 0) {
      auto byte = static_cast<unsigned char>(text[0]);
      result.append({'\\', 'x', digits[byte >> 4], digits[byte & 15]});
      size = 1;
    } else {
      result += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return result;
}

void say(std::string_view text) {
  write_all(STDERR_FILENO, "[cafbus] " + plain(text) + '\n'); // one write, so that lines of two programs do not mix
}

int complain(int code, std::string_view text) {
  say("error: " + std::string{text});
  return code;
}

void tell_of_others(const app_paths& paths) {
  for (const auto& x : find_others(paths, process_environment()))
    say("note: another bus of this app" + (x.pid != 0 ? " (process " + std::to_string(x.pid) + ")" : std::string{}) +
        " is running in " + x.base + "; it shares no events with the one in " + paths.base +
        "; to choose one, use --dir or CAFBUS_DIR");
}

std::string not_running_text(const std::string& app_dir, const std::string& socket) {
  auto slash = app_dir.rfind('/');
  return "no bus is running at " + socket + "; to start one: cafbus start --dir " +
         shell_word(app_dir.substr(0, slash == 0 ? 1 : slash)) + " --app " + shell_word(app_dir.substr(slash + 1)) +
         " (or, in the foreground, cafbus serve)";
}

int print(std::string_view text, int code) {
  if (write_all(STDOUT_FILENO, text) || errno == EPIPE || errno == ECONNRESET)
    return code;
  return complain(exit_code::unwritable, errno_failure("cannot write to standard output").text);
}

failure cannot_make(const std::string& path, int error) {
  auto why = errno_failure("cannot create " + path, error);
  auto above = std::filesystem::path{path}.parent_path().string();
  std::error_code ignored;
  if (error == ENOENT && !above.empty() && !std::filesystem::exists(above, ignored))
    why.text = "cannot create " + path + ": the folder " + above + " does not exist; create it first";
  return why;
}

bool wait_while_read(std::chrono::nanoseconds time) {
  pollfd item{STDOUT_FILENO, 0, 0};
  return ::poll(&item, 1, poll_ms(time)) <= 0 || (item.revents & (POLLERR | POLLHUP)) == 0;
}

bool is_writable(int fd) {
  auto flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

bool is_readable(int fd) {
  auto flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) != O_WRONLY;
}

} // namespace cafbus
