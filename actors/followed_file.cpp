#include "actors/followed_file.hpp"

#include "actors/watched_path.hpp"
#include "config/defaults.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>

// What to wait for: the file itself, for its growth and truncation, and the folders that its name leads through, for
// another file of that name. A watch is set before what it watches is looked at, so that no change falls between the
// two. inotify says nothing about other machines' writes to a network file system, nor about a folder above that was
// renamed; so there is a slow look, too, every `slow_look`. Notices only wake; what has happened is always found out
// by looking.

namespace cafbus {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds slow_look = 10s;
/// A file that was replaced is read on until it has not grown for so long.
constexpr std::chrono::milliseconds rotation_grace = 5s;
/// Positions are written down no more often than this.
constexpr std::chrono::milliseconds save_interval = 1s;
/// Files of a folder among which one that was rotated away is looked for.
constexpr size_t most_looked_through = 1'000;

} // namespace

opened_input followed_file::open(const std::string& path, uint64_t seed, position_file memory) {
  auto stop = wakeup::make();
  auto changed = wakeup::make();
  if (!stop || !changed)
    return stop ? changed.error() : stop.error();
  auto watcher = file_watcher::shared();
  if (!watcher)
    return watcher.error();
  return std::make_shared<followed_file>(std::move(*stop), std::move(*changed), std::move(*watcher), path, seed,
                                         std::move(memory));
}

followed_file::followed_file(wakeup stop, wakeup changed, std::shared_ptr<file_watcher> watcher,
                             const std::string& path, uint64_t seed, position_file memory)
  : line_input{std::move(stop)}, path_{path}, changed_{std::move(changed)}, watches_{std::move(watcher), changed_},
    memory_{std::move(memory)}, known_{memory_.load()}, pauses_{defaults::source_backoff, defaults::source_backoff_max,
                                                                seed} {}

// -- reading -------------------------------------------------------------------------------------------------------

input_step followed_file::next(std::span<char> buffer) {
  for (;;) {
    if (stop_.is_set())
      return {input_step::kind::stopped, 0, {}, "stopped"};
    if (!news_.empty()) {
      auto result = std::move(news_.front());
      news_.pop_front();
      return result;
    }
    if (std::exchange(woken_, false)) {
      look_at_content(); // before a byte is read that stands where another one was
      continue;
    }
    if (auto step = read(buffer))
      return *step;
    look();
    if (news_.empty() && !read_again_ && !std::exchange(look_again_, false))
      wait();
  }
}

/// Whole lines of the old file, then of the one that has the name.
std::optional<input_step> followed_file::read(std::span<char> buffer) {
  for (auto* x : {&old_, &current_}) {
    if (!*x || (x == &old_ && current_->is_in_a_line()))
      continue;
    if (x == &current_)
      join_torn_line();
    if (!news_.empty())
      return input_step{};
    auto n = (*x)->read(buffer);
    if (!n)
      return input_step{input_step::kind::end, 0, {}, n.error().text + " " + path_};
    if (x == &current_ && current_->has_changed()) {
      woken_ = true;
      return input_step{};
    }
    if (*n == 0)
      continue;
    if (x == &old_ && old_until_)
      old_until_ = clock::now() + rotation_grace;
    return input_step{input_step::kind::bytes, *n};
  }
  return std::nullopt;
}

/// A line of the old file that continues in the new one: rotation by size may cut a line. An event begins with
/// a brace; what does not is the rest of one.
void followed_file::join_torn_line() {
  if (!old_ || old_->rest().empty() || current_->where().offset > 0 || current_->is_in_a_line())
    return;
  auto first = current_->first_byte();
  if (first == '\0' || first == '{')
    return;
  news_.push_back({input_step::kind::text, 0, {}, old_->take_rest()});
  news_.push_back({input_step::kind::cut});
}

// -- looking -------------------------------------------------------------------------------------------------------

/// Finds out what has become of the file, all that was there having been read.
void followed_file::look() {
  decided_ = std::exchange(read_again_, false);
  if (!earlier_.empty()) {
    read_earlier();
    return;
  }
  watch();
  look_at_name();
  if (!old_ || !current_)
    return;
  if (!old_until_) {
    if (current_->has_more() || current_->where().offset > 0)
      old_until_ = clock::now() + rotation_grace;
  } else if (clock::now() >= *old_until_ && !current_->is_in_a_line()) {
    let_old_go();
  }
}

void followed_file::look_at_content() {
  if (!current_ || !current_->is_rewritten())
    return;
  auto rest = current_->take_rest();
  if (!rest.empty())
    news_.push_back({input_step::kind::text, 0, {}, std::move(rest)});
  news_.push_back({input_step::kind::cut});
  current_->start_over();
}

void followed_file::look_at_name() {
  struct stat info {};
  if (::stat(path_.c_str(), &info) != 0) {
    look_while_absent(errno_failure(path_).text);
    return;
  }
  if (current_ && current_->is(info)) {
    say(source_state::connected, unwatched_);
    return;
  }
  auto found = file_lines::open(path_);
  if (!found)
    look_while_absent(found.error().text);
  else
    take_over(std::move(*found));
}

void followed_file::look_while_absent(const std::string& why) {
  if (current_ && current_->is_removed()) {
    read_again_ = !decided_; // what was written before it was removed
    if (read_again_)
      return;
    let_current_go(); // it may be the last reference: its space is freed
  }
  say(source_state::reconnecting, why);
}

/// Another file has the name.
void followed_file::take_over(file_lines found) {
  if (old_)
    let_old_go();
  if (current_) {
    if (current_->is_removed() && !decided_) {
      read_again_ = true;
      return;
    }
    old_ = std::move(current_);
    old_until_.reset();
    if (old_->is_removed())
      let_old_go();
  }
  news_.push_back({input_step::kind::cut});
  current_ = std::move(found);
  if (!std::exchange(begun_, true))
    go_on_where_it_was();
  look_again_ = true; // its content is watched from the next look on
  say(source_state::connected, unwatched_);
}

/// At the start: the position of the last run; of a file that has been rotated away since, what it had left.
void followed_file::go_on_where_it_was() {
  for (const auto& x : std::exchange(known_, {}))
    if (!current_->go_to(x) && !current_->is(x))
      if (auto found = find(x))
        earlier_.push_back(std::move(*found));
  read_earlier();
}

/// The file that was read there, under whatever name it has in its folder now.
std::optional<file_lines> followed_file::find(const file_position& x) const {
  std::error_code error;
  size_t looked_through = 0;
  auto folder = std::filesystem::path{path_}.parent_path();
  for (std::filesystem::directory_iterator i{folder, error}, end; !error && i != end; i.increment(error)) {
    if (++looked_through > most_looked_through)
      break;
    struct stat info {};
    if (::lstat(i->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_ino != x.inode ||
        info.st_dev != x.device)
      continue;
    auto found = file_lines::open(i->path());
    if (found && found->go_to(x))
      return std::move(*found);
  }
  return std::nullopt;
}

/// The next one of those that were rotated away since the last run; before a byte of the current one.
void followed_file::read_earlier() {
  if (earlier_.empty())
    return;
  if (old_)
    let_old_go();
  old_ = std::move(earlier_.front());
  earlier_.pop_front();
  look_again_ = true;
}

void followed_file::let_old_go() {
  if (auto rest = old_->take_rest(); !rest.empty())
    news_.push_back({input_step::kind::text, 0, {}, rest + '\n'});
  old_.reset();
  old_until_.reset();
}

void followed_file::let_current_go() {
  if (old_)
    let_old_go();
  if (auto rest = current_->take_rest(); !rest.empty())
    news_.push_back({input_step::kind::text, 0, {}, std::move(rest)});
  news_.push_back({input_step::kind::cut});
  current_.reset();
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

// -- waiting -------------------------------------------------------------------------------------------------------

void followed_file::watch() {
  auto wishes = folders_of(path_);
  for (const auto* x : {&current_, &old_})
    if (*x)
      wishes.push_back(content_of((*x)->fd()));
  auto done = watches_.set(wishes);
  unwatched_ = done || !current_ ? "" : done.error().text + "; changes are noticed late";
  auto inode = current_ ? current_->where().inode : 0;
  if (std::exchange(watched_inode_, inode) != inode)
    look_again_ = woken_ = true; // no event has told of changes between the last read and now
}

/// Blocks until something may have changed.
void followed_file::wait() {
  pollfd fds[] = {{stop_.fd(), POLLIN, 0}, {changed_.fd(), POLLIN, 0}};
  auto absent = state_ == source_state::reconnecting;
  auto limit = absent ? pause_ : slow_look;
  if (old_until_)
    limit = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(*old_until_ - clock::now()), 0ms, limit);
  if (taken_ != saved_)
    limit = std::min(limit, save_interval);
  auto n = ::poll(fds, 2, static_cast<int>(limit.count()));
  if (n == 0 && absent)
    pause_ = pauses_.next();
  changed_.clear();
  woken_ = true;
  save();
}

// -- remembering ---------------------------------------------------------------------------------------------------

void followed_file::on_taken() {
  if (!current_ || current_->is_in_a_line())
    return;
  taken_.clear();
  if (old_)
    taken_.push_back(old_->where());
  taken_.push_back(current_->where());
  save();
}

input_end followed_file::finish(bool stopped, std::string why) {
  memory_.save(taken_);
  return {std::move(why), !stopped};
}

void followed_file::save() {
  auto now = clock::now();
  if (taken_ == saved_ || now - saved_at_ < save_interval)
    return;
  memory_.save(taken_);
  saved_ = taken_;
  saved_at_ = now;
}

} // namespace cafbus
