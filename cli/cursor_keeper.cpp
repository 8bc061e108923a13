#include "cli/cursor_keeper.hpp"

#include "base/unique_fd.hpp"
#include "cli/console.hpp"
#include "messages/event_cursor.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace cafbus {

namespace {

/// What a user may have put into the file by mistake is not read to its end.
constexpr size_t most_cursor_file_bytes = max_cursor_bytes + 2;

std::string beside(const std::string& path) {
  return path + ".new";
}

/// Whether the folder takes what is to be written there later.
result<void> try_beside(const std::string& path) {
  const auto temporary = beside(path);
  unique_fd fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!fd)
    return cannot_make(path, errno);
  ::unlink(temporary.c_str());
  return {};
}

} // namespace

result<cursor_file> cursor_file::open(std::string path) {
  cursor_file result;
  result.path_ = std::move(path);
  if (auto tried = try_beside(result.path_); !tried)
    return tried.error();
  unique_fd fd{::open(result.path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!fd && errno == ENOENT)
    return result;
  std::string text(most_cursor_file_bytes, '\0');
  const auto n = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  if (n < 0)
    return errno_failure("cannot read " + result.path_);
  text.resize(static_cast<size_t>(n));
  if (text.ends_with('\n'))
    text.pop_back();
  if (!parse_cursor(text))
    return failure{failure_kind::invalid, result.path_ + " holds no cursor; remove it to begin anew"};
  result.cursor_ = std::move(text);
  return result;
}

result<void> cursor_file::save(const std::string& cursor) {
  const auto temporary = beside(path_);
  const auto text = cursor + '\n';
  unique_fd fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fdatasync(fd.get()) != 0 || ::rename(temporary.c_str(), path_.c_str()) != 0)
    return errno_failure("cannot write " + path_);
  cursor_ = cursor;
  return {};
}

void cursor_keeper::took(std::string_view cursor, uint64_t given) {
  note(given);
  taken_ = cursor;
}

/// Everything up to the last event that was taken is handled once `given` are written.
void cursor_keeper::note(uint64_t given) {
  if (!unwritten_ && !failed_ && !taken_.empty() && taken_ != handled_)
    unwritten_ = mark{taken_, given};
}

void cursor_keeper::settle(uint64_t given, uint64_t written, bool idle) {
  for (auto i = 0; i < 2; ++i) { // an earlier mark, then the newest
    if (unwritten_ && written >= unwritten_->given) {
      handled_ = std::move(unwritten_->cursor);
      unwritten_.reset();
    }
    if (idle)
      note(given);
  }
}

void cursor_keeper::progress(uint64_t given, uint64_t written, bool idle, clock::time_point now) {
  settle(given, written, idle);
  if (handled_.empty() || handled_ == file_.cursor() || now < next_save_)
    return;
  next_save_ = now + pace;
  save();
}

void cursor_keeper::finish(uint64_t given, uint64_t written, bool idle) {
  settle(given, written, idle);
  settle(given, written, idle);
  if (!handled_.empty() && handled_ != file_.cursor())
    save();
}

void cursor_keeper::save() {
  auto saved = file_.save(handled_);
  if (!saved && !std::exchange(told_, true))
    say("warning: " + saved.error().text + "; if this run is repeated, events will come again");
}

std::optional<cursor_keeper::clock::time_point> cursor_keeper::due() const {
  return handled_.empty() || handled_ == file_.cursor() ? std::nullopt : std::optional{next_save_};
}

} // namespace cafbus
