#include "actors/file_lines.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

// A file is the same one only as long as what was read of it is still there. Size and times do not tell: one that was
// truncated and has grown beyond the old end looks as if it had grown, and one that was written anew may have its old
// size. So its first bytes, and the last ones before the place that has been reached, are kept and compared whenever
// something may have happened. What was written anew with the same bytes cannot be told, and is not read again.

namespace cafbus {

namespace {

constexpr size_t head_bytes = 256;
constexpr size_t tail_bytes = 64;
/// Shorter runs of NUL are a text in UTF-16 or UTF-32, which is an error to be told.
constexpr size_t least_hole = 4;

uint64_t hash_of(std::string_view text) {
  uint64_t result = 14'695'981'039'346'656'037U; // FNV-1a
  for (unsigned char c : text)
    result = (result ^ c) * 1'099'511'628'211U;
  return result;
}

/// Why a file of that mode is none to follow.
result<void> check_kind(const std::string& path, mode_t mode) {
  if (S_ISREG(mode))
    return {};
  if (S_ISFIFO(mode))
    return failure{failure_kind::invalid,
                   path + " is a named pipe, which cannot be followed; use exec:'cat " + path + "'"};
  return failure{failure_kind::invalid, path + (S_ISDIR(mode) ? " is a folder" : " is a device or socket") +
                                            ", and only a regular file can be followed"};
}

/// Files that the kernel makes up when they are read have neither a size nor an end that stays.
result<void> check_system(const std::string& path, const struct statfs& info) {
  if (info.f_type != PROC_SUPER_MAGIC && info.f_type != SYSFS_MAGIC)
    return {};
  return failure{failure_kind::invalid, path +
                                            " is made up by the kernel whenever it is read, and cannot be followed; "
                                            "use exec:every=30s:'cat " +
                                            path + "'"};
}

} // namespace

result<void> can_be_followed(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return {};
  if (auto kind = check_kind(path, info.st_mode); !kind)
    return kind;
  struct statfs system {};
  return ::statfs(path.c_str(), &system) == 0 ? check_system(path, system) : result<void>{};
}

result<file_lines> file_lines::open(const std::string& path) {
  file_lines result;
  result.fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!result.fd_)
    return errno_failure("cannot open " + path);
  struct stat info {};
  if (::fstat(result.fd(), &info) != 0)
    return errno_failure(path);
  if (auto kind = check_kind(path, info.st_mode); !kind)
    return kind.error();
  struct statfs system {};
  if (::fstatfs(result.fd(), &system) == 0)
    if (auto made_up = check_system(path, system); !made_up)
      return made_up.error();
  result.device_ = info.st_dev;
  result.inode_ = info.st_ino;
  return result;
}

std::string file_lines::read_at(uint64_t offset, size_t size) const {
  std::string result(size, '\0');
  auto n = ::pread(fd(), result.data(), size, static_cast<off_t>(offset));
  result.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return result;
}

result<size_t> file_lines::read(std::span<char> buffer) {
  for (;;) {
    std::array<char, tail_bytes> before; // what was read last is read again with it: is it still there?
    iovec parts[] = {{before.data(), tail_.size()}, {buffer.data(), buffer.size()}};
    auto n = ::preadv(fd(), parts, 2, static_cast<off_t>(offset_ - tail_.size()));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return errno_failure("cannot read");
    has_changed_ =
        static_cast<size_t>(n) < tail_.size() || !std::ranges::equal(tail_, std::span{before}.first(tail_.size()));
    if (has_changed_)
      return size_t{0};
    auto size = static_cast<size_t>(n) - tail_.size();
    if (size > 0 && !in_a_line_ && skip_hole(buffer, size) > 0)
      continue;
    auto* end = size == 0 ? nullptr : static_cast<char*>(::memrchr(buffer.data(), '\n', size));
    if (end == nullptr && size < buffer.size() && !in_a_line_) {
      rest_.assign(buffer.data(), size);
      return size_t{0};
    }
    auto whole = end == nullptr ? size : static_cast<size_t>(end - buffer.data()) + 1;
    if (whole > 0)
      in_a_line_ = end == nullptr;
    offset_ += whole;
    remember(buffer.first(whole));
    rest_.clear();
    return whole;
  }
}

/// @returns how many NUL bytes it has passed over.
size_t file_lines::skip_hole(std::span<char> buffer, size_t size) {
  auto text = buffer.first(size);
  auto first = std::ranges::find_if(text, [](char c) { return c != '\0'; });
  auto n = static_cast<size_t>(first - text.begin());
  if (n < least_hole)
    return 0;
  offset_ += n;
  // a hole may have gigabytes: the next data is asked for
  if (auto data = ::lseek(fd(), static_cast<off_t>(offset_), SEEK_DATA); data > static_cast<off_t>(offset_))
    offset_ = static_cast<uint64_t>(data);
  tail_.clear();
  if (head_.size() < head_bytes)
    head_ = read_at(0, std::min<uint64_t>(offset_, head_bytes));
  return n;
}

void file_lines::remember(std::span<const char> handed_out) {
  if (handed_out.empty())
    return;
  if (head_.size() < head_bytes)
    head_ = read_at(0, std::min<uint64_t>(offset_, head_bytes));
  auto last = handed_out.last(std::min(handed_out.size(), tail_bytes));
  tail_.append(last.begin(), last.end());
  if (tail_.size() > tail_bytes)
    tail_.erase(0, tail_.size() - tail_bytes);
}

std::string file_lines::take_rest() {
  offset_ += rest_.size();
  remember(rest_);
  in_a_line_ = false;
  return std::exchange(rest_, {});
}

bool file_lines::is_rewritten() const {
  struct stat info {};
  if (::fstat(fd(), &info) != 0 || offset_ == 0)
    return false;
  if (static_cast<uint64_t>(info.st_size) < offset_ && info.st_size != 0)
    return true;
  // a file system may know no sizes, and say 0: then its content tells
  return read_at(0, head_.size()) != head_ || read_at(offset_ - tail_.size(), tail_.size()) != tail_;
}

void file_lines::start_over() noexcept {
  offset_ = 0;
  head_.clear();
  tail_.clear();
  rest_.clear();
  in_a_line_ = false;
  has_changed_ = false;
}

bool file_lines::is_removed() const noexcept {
  struct stat info {};
  return ::fstat(fd(), &info) == 0 && info.st_nlink == 0;
}

bool file_lines::has_more() const noexcept {
  char byte = 0;
  return ::pread(fd(), &byte, 1, static_cast<off_t>(offset_)) > 0;
}

char file_lines::first_byte() const {
  auto head = read_at(0, head_bytes);
  auto text = trimmed(head);
  return text.empty() ? '\0' : text.front();
}

file_position file_lines::where() const {
  return {device_, inode_, offset_, head_.size(), hash_of(head_)};
}

bool file_lines::go_to(const file_position& x) {
  struct stat info {};
  if (!is(x) || ::fstat(fd(), &info) != 0 || static_cast<uint64_t>(info.st_size) < x.offset)
    return false;
  auto head = read_at(0, std::min<uint64_t>(x.head_size, head_bytes));
  if (head.size() != x.head_size || hash_of(head) != x.head)
    return false;
  offset_ = x.offset;
  head_ = std::move(head);
  tail_ = read_at(offset_ - std::min<uint64_t>(offset_, tail_bytes), std::min<uint64_t>(offset_, tail_bytes));
  return true;
}

} // namespace cafbus
