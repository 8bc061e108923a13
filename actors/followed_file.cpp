#include "actors/followed_file.hpp"

#include "config/defaults.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

// What to wait for: the file itself, for its growth and truncation, and its folder, for another file of the same name.
// A watch is set before what it watches is looked at, so that no change falls between the two. inotify says nothing
// about other machines' writes to a network file system, nor about a folder above that was renamed; so there is a
// slow look, too, every `slow_look`. Notices only wake; what has happened is always found out by looking.

namespace cafbus {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds slow_look = 10s;
constexpr uint32_t file_changes = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF;
constexpr uint32_t folder_changes =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

std::string failure(const std::string& what, int code) {
  return what + ": " + std::strerror(code);
}

/// Why a file of that mode is none to follow.
std::string wrong_kind(const std::string& path, mode_t mode) {
  if (S_ISREG(mode))
    return {};
  if (S_ISFIFO(mode))
    return path + " is a named pipe, which cannot be followed; use exec:'cat " + path + "'";
  return path + (S_ISDIR(mode) ? " is a folder" : " is a device or socket") +
         ", and only a regular file can be followed";
}

} // namespace

std::string not_followable(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? wrong_kind(path, info.st_mode) : std::string{};
}

opened_input followed_file::open(const std::string& path, uint64_t seed) {
  auto result = std::make_shared<followed_file>(path, seed);
  if (!result->has_switch())
    return failure("cannot make an eventfd", errno);
  result->inotify_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (result->inotify_ < 0)
    return failure("cannot follow " + path + ": inotify", errno) + "; see fs.inotify.max_user_instances";
  return result;
}

followed_file::followed_file(std::string path, uint64_t seed)
  : path_{std::move(path)}, pauses_{defaults::source_backoff, defaults::source_backoff_max, seed} {
  auto slash = path_.rfind('/');
  folder_ = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
}

followed_file::~followed_file() {
  close(current_);
  close(next_);
  if (inotify_ >= 0)
    ::close(inotify_);
}

input_step followed_file::next(std::span<char> buffer) {
  for (;;) {
    pollfd stop{stop_fd_, POLLIN, 0};
    if (::poll(&stop, 1, 0) > 0)
      return {input_step::kind::stopped, 0, {}, "stopped"};
    if (!news_.empty()) {
      auto result = std::move(news_.front());
      news_.pop_front();
      return result;
    }
    auto n = current_ ? ::read(current_.fd, buffer.data(), buffer.size()) : 0;
    if (n > 0) {
      current_.offset += n;
      return {input_step::kind::bytes, static_cast<size_t>(n)};
    }
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return {input_step::kind::end, 0, {}, failure("cannot read " + path_, errno)};
    look();
    if (news_.empty() && !read_again_ && !wait())
      return {};
  }
}

/// Finds out what has become of the file, `current_` being read to its end.
void followed_file::look() {
  decided_before_ = std::exchange(read_again_, false);
  struct stat info {};
  if (current_ && ::fstat(current_.fd, &info) == 0 && info.st_size < current_.offset) {
    ::lseek(current_.fd, 0, SEEK_SET);
    current_.offset = 0;
    news_.push_back({input_step::kind::cut});
    return;
  }
  auto watched = watch_folder();
  if (next_ && ::fstat(next_.fd, &info) == 0 && info.st_size > 0) {
    advance();
    return;
  }
  if (::stat(path_.c_str(), &info) != 0) {
    look_while_absent(failure(path_, errno));
    return;
  }
  if (current_.is(info)) {
    close(next_);
    say(source_state::connected, watched ? "" : "its folder cannot be watched: a new file of its name is found late");
    return;
  }
  if (next_.is(info))
    return; // nothing in it yet
  if (auto error = open_next(); !error.empty())
    look_while_absent(error);
  else if (next_ && (!current_ || info.st_size > 0))
    advance();
}

void followed_file::look_while_absent(const std::string& why) {
  close(next_);
  struct stat info {};
  if (current_ && ::fstat(current_.fd, &info) == 0 && info.st_nlink == 0) {
    if (!settled())
      return;
    close(current_); // nobody else may have it: its space is given back
    news_.push_back({input_step::kind::cut});
  }
  say(source_state::reconnecting, why);
}

/// Opens what has the name now, unless that is `current_` again. @returns an error text.
std::string followed_file::open_next() {
  close(next_);
  file x;
  x.fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (x.fd < 0)
    return failure("cannot open " + path_, errno);
  struct stat info {};
  auto error = ::fstat(x.fd, &info) == 0 ? wrong_kind(path_, info.st_mode) : failure(path_, errno);
  if (error.empty() && !current_.is(info)) {
    x.device = info.st_dev;
    x.inode = info.st_ino;
    auto itself = "/proc/self/fd/" + std::to_string(x.fd); // the name may mean another file by now
    x.watch = ::inotify_add_watch(inotify_, itself.c_str(), file_changes);
    if (x.watch < 0)
      error = failure("cannot watch " + path_, errno) + "; see fs.inotify.max_user_watches";
  }
  next_ = x;
  if (x.watch < 0)
    close(next_);
  return error;
}

/// Goes over to `next_`, once `current_` has been read again to its end.
void followed_file::advance() {
  if (current_ && !settled())
    return;
  close(current_);
  current_ = std::exchange(next_, file{});
  news_.push_back({input_step::kind::cut});
  say(source_state::connected, "");
}

/// Whether `current_` was read to its end after it was known that it is to be left; if not, it will be.
bool followed_file::settled() {
  read_again_ = !decided_before_;
  return decided_before_;
}

void followed_file::close(file& x) {
  if (x.watch >= 0)
    ::inotify_rm_watch(inotify_, x.watch);
  if (x.fd >= 0)
    ::close(x.fd);
  x = file{};
}

bool followed_file::watch_folder() {
  if (folder_watch_ < 0)
    folder_watch_ = ::inotify_add_watch(inotify_, folder_.c_str(), folder_changes);
  return folder_watch_ >= 0;
}

void followed_file::say(source_state state, const std::string& text) {
  if (state_ == state && text_ == text)
    return;
  if (state_ != state) {
    pauses_.reset();
    pause_ = pauses_.next();
  }
  state_ = state;
  text_ = text;
  news_.push_back({input_step::kind::state, 0, state_, text_});
}

/// Blocks until something may have changed. @returns false if it was interrupted or stopped.
bool followed_file::wait() {
  pollfd fds[] = {{stop_fd_, POLLIN, 0}, {inotify_, POLLIN, 0}};
  auto absent = state_ == source_state::reconnecting;
  auto n = ::poll(fds, 2, static_cast<int>((absent ? pause_ : slow_look).count()));
  if (n == 0 && absent)
    pause_ = pauses_.next();
  if (n > 0 && fds[1].revents != 0)
    read_notices();
  return n >= 0 && fds[0].revents == 0;
}

void followed_file::read_notices() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  auto n = ::read(inotify_, buffer.data(), buffer.size());
  for (ssize_t i = 0; i < n;) {
    const auto* x = reinterpret_cast<const inotify_event*>(buffer.data() + i);
    if (x->wd == folder_watch_ && (x->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) {
      if ((x->mask & IN_MOVE_SELF) != 0)
        ::inotify_rm_watch(inotify_, folder_watch_);
      folder_watch_ = -1; // whatever has its name now is watched from the next look on
    }
    i += static_cast<ssize_t>(sizeof(inotify_event) + x->len);
  }
}

} // namespace cafbus
