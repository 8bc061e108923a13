#include "actors/file_watcher.hpp"

#include <algorithm>
#include <array>
#include <poll.h>
#include <sys/inotify.h>
#include <system_error>
#include <unistd.h>

namespace cafbus {

result<std::shared_ptr<file_watcher>> file_watcher::shared() {
  static std::mutex guard_of_known;
  static std::weak_ptr<file_watcher> known;
  std::lock_guard guard{guard_of_known};
  if (auto result = known.lock())
    return result;
  unique_fd inotify{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  if (!inotify) {
    auto why = errno_failure("cannot watch files: inotify");
    why.text += "; see fs.inotify.max_user_instances";
    return why;
  }
  auto stop = wakeup::make();
  if (!stop)
    return stop.error();
  std::shared_ptr<file_watcher> result{new file_watcher{std::move(inotify), std::move(*stop)}};
  try {
    result->thread_ = std::thread{[x = result.get()] { x->run(); }};
  } catch (const std::system_error& x) {
    return errno_failure("cannot make a thread", x.code().value());
  }
  known = result;
  return result;
}

file_watcher::~file_watcher() {
  stop_.set();
  if (thread_.joinable())
    thread_.join();
}

result<void> file_watcher::watches::set(const std::vector<watch_wish>& wishes) {
  std::vector<int> wanted;
  result<void> outcome;
  for (const auto& x : wishes) {
    auto added = watcher_->add(x, wake_);
    if (added)
      wanted.push_back(*added);
    else if (outcome)
      outcome = added.error();
  }
  for (auto x : descriptors_)
    if (std::ranges::find(wanted, x) == wanted.end())
      watcher_->remove(x, wake_);
  descriptors_ = std::move(wanted);
  return outcome;
}

result<int> file_watcher::add(const watch_wish& x, wakeup& wake) {
  std::lock_guard guard{mutex_}; // no notice is handed out before it is known who wants it
  auto descriptor = ::inotify_add_watch(inotify_.get(), x.path.c_str(), x.changes);
  if (descriptor < 0) {
    auto why = errno_failure("cannot watch " + x.path);
    if (why.kind == failure_kind::unavailable)
      why.text += "; see fs.inotify.max_user_watches";
    return why;
  }
  auto& who = interested_[descriptor];
  if (std::ranges::find(who, &wake) == who.end())
    who.push_back(&wake);
  return descriptor;
}

void file_watcher::remove(int descriptor, const wakeup& wake) {
  std::lock_guard guard{mutex_};
  auto i = interested_.find(descriptor);
  if (i == interested_.end())
    return; // the kernel has let it go
  std::erase(i->second, &wake);
  if (!i->second.empty())
    return;
  interested_.erase(i);
  ::inotify_rm_watch(inotify_.get(), descriptor);
}

void file_watcher::run() {
  alignas(inotify_event) std::array<char, 16 * 1'024> buffer;
  for (;;) {
    pollfd fds[] = {{inotify_.get(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0)
      continue;
    if (fds[1].revents != 0)
      return;
    auto n = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (n > 0)
      dispatch(buffer.data(), static_cast<size_t>(n));
  }
}

void file_watcher::dispatch(const char* begin, size_t size) {
  std::lock_guard guard{mutex_};
  auto wake = [](const std::vector<wakeup*>& who) {
    for (auto* x : who)
      x->set();
  };
  for (size_t i = 0; i < size;) {
    const auto* x = reinterpret_cast<const inotify_event*>(begin + i);
    i += sizeof(inotify_event) + x->len;
    if ((x->mask & IN_Q_OVERFLOW) != 0)
      for (const auto& [descriptor, who] : interested_)
        wake(who);
    auto known = interested_.find(x->wd);
    if (known == interested_.end())
      continue;
    wake(known->second);
    if ((x->mask & IN_IGNORED) != 0)
      interested_.erase(known);
  }
}

} // namespace cafbus
