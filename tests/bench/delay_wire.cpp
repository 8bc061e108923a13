#include "bench/delay_wire.hpp"

#include "bench/clock.hpp"
#include "bench/loopback.hpp"
#include "bench/peer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <fstream>
#include <list>
#include <memory>
#include <poll.h>
#include <sys/socket.h>

namespace cafbus::bench {

namespace {

constexpr size_t wire_read = 256 * 1'024;
/// On the way in one direction: 40 ms of it are more than 1.5 GB a second, so the wire is never what is full.
constexpr size_t wire_bytes = 64 * 1'048'576;

/// From one socket to another. Invariant: `held_` is in the order in which it came, so that its moments grow.
class one_way {
public:
  one_way(int from, int to, uint64_t delay_ns) : from_{from}, to_{to}, delay_{delay_ns} {}

  bool over() const { return end_passed_; }
  bool may_read() const { return !end_seen_ && bytes_ < wire_bytes; }
  bool may_write(uint64_t now) const { return !held_.empty() && held_.front().due <= now; }
  /// When something is due; UINT64_MAX: nothing is on the way.
  uint64_t due() const { return held_.empty() ? UINT64_MAX : held_.front().due; }

  void read(char* buffer) {
    auto got = ::recv(from_, buffer, wire_read, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    end_seen_ = got <= 0;
    bytes_ += got > 0 ? static_cast<size_t>(got) : 0;
    held_.push_back({now_ns() + delay_, {buffer, got > 0 ? static_cast<size_t>(got) : 0}});
  }

  void write(uint64_t now) {
    while (may_write(now)) {
      const auto& x = held_.front().bytes;
      if (x.empty()) {
        ::shutdown(to_, SHUT_WR);
        end_passed_ = true;
        held_.clear();
        return;
      }
      auto sent = ::send(to_, x.data() + sent_, x.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        end_seen_ = end_passed_ = true;
        held_.clear();
      }
      if (sent < 0)
        return;
      sent_ += static_cast<size_t>(sent);
      bytes_ -= static_cast<size_t>(sent);
      if (sent_ < x.size())
        return;
      sent_ = 0;
      held_.pop_front();
    }
  }

private:
  struct piece {
    uint64_t due;
    std::string bytes; // empty: the end
  };

  int from_;
  int to_;
  uint64_t delay_;
  std::deque<piece> held_;
  size_t sent_ = 0; // of the first
  size_t bytes_ = 0;
  bool end_seen_ = false;
  bool end_passed_ = false;
};

struct passing {
  unique_fd caller;
  unique_fd called;
  one_way there;
  one_way back;
};

void serve_wire(int listening, uint16_t target, uint64_t delay_ns) {
  std::list<passing> all;
  std::unique_ptr<char[]> buffer{new char[wire_read]};
  for (;;) {
    const auto before = now_ns();
    std::vector<pollfd> waiting{{listening, POLLIN, 0}};
    uint64_t due = UINT64_MAX;
    for (const auto& x : all) {
      auto wanted = [&](const one_way& in, const one_way& out) {
        return static_cast<short>((in.may_read() ? POLLIN : 0) | (out.may_write(before) ? POLLOUT : 0));
      };
      waiting.push_back({x.caller.get(), wanted(x.there, x.back), 0});
      waiting.push_back({x.called.get(), wanted(x.back, x.there), 0});
      for (const auto* way : {&x.there, &x.back})
        if (!way->may_write(before))
          due = std::min(due, way->due());
    }
    const auto rest = due == UINT64_MAX ? 0 : due - std::min(before, due);
    const timespec limit{static_cast<time_t>(rest / 1'000'000'000), static_cast<long>(rest % 1'000'000'000)};
    ::ppoll(waiting.data(), waiting.size(), due == UINT64_MAX ? nullptr : &limit, nullptr);
    auto found = waiting.begin() + 1;
    for (auto& x : all) {
      if (((found++)->revents & (POLLIN | POLLHUP | POLLERR)) != 0 && x.there.may_read())
        x.there.read(buffer.get());
      if (((found++)->revents & (POLLIN | POLLHUP | POLLERR)) != 0 && x.back.may_read())
        x.back.read(buffer.get());
      x.there.write(now_ns());
      x.back.write(now_ns());
    }
    std::erase_if(all, [](const passing& x) { return x.there.over() && x.back.over(); });
    if (waiting.front().revents == 0)
      continue;
    unique_fd caller{::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC)};
    auto called = connect_loopback(target);
    if (!caller || !called)
      continue;
    send_at_once(caller.get());
    one_way there{caller.get(), called.get(), delay_ns};
    one_way back{called.get(), caller.get(), delay_ns};
    all.push_back({std::move(caller), std::move(called), std::move(there), std::move(back)});
  }
}

} // namespace

delay_wire::delay_wire(uint16_t target, uint64_t round_trip_ms, const std::string& dir)
  : process_{{own_path(), "delay-wire", std::to_string(target), std::to_string(round_trip_ms), dir + "/wire"},
             dir + "/wire.log"},
    port_{static_cast<uint16_t>(std::stoi(await_file(dir + "/wire")))} {}

int run_delay_wire(uint16_t target, uint64_t round_trip_ms, const std::string& port_file) {
  auto listening = listen_loopback(0);
  std::ofstream{port_file + '~'} << port_of(listening.get());
  ::rename((port_file + '~').c_str(), port_file.c_str());
  serve_wire(listening.get(), target, round_trip_ms * 500'000);
  return 0;
}

} // namespace cafbus::bench
