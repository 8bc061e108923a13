#pragma once
#include "io/sockets/socket_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <unistd.h>

namespace cafbus {

/// Sockets that exist in a test alone: each takes what it has room for.
class scripted_calls : public socket_calls {
public:
  struct socket {
    std::string received;
    std::string sent; // by the peer, not read yet
    size_t room = std::string::npos;
    bool reads_on = false;  // after each write that it has not taken all of, it has room for anything
    bool shut = false;      // by the bus
    bool broken = false;    // the peer takes nothing any more
    bool ended = false;     // the peer sends nothing any more: behind `sent` is the end
    bool was_reset = false; // both, and what was sent is gone
    size_t writes = 0;
    int64_t pid = 4711; // of the peer
  };

  ssize_t send(int fd, const char* data, size_t size) override {
    auto& x = sockets[fd];
    if (x.broken || x.shut || x.was_reset) {
      errno = EPIPE;
      return -1;
    }
    auto taken = std::min(size, x.room);
    if (taken == 0) {
      errno = EAGAIN;
      return -1;
    }
    if (x.reads_on && taken < size)
      x.room = std::string::npos;
    else if (x.room != std::string::npos)
      x.room -= taken;
    x.received.append(data, taken);
    ++x.writes;
    changed(fd);
    return static_cast<ssize_t>(taken);
  }
  ssize_t send(int fd, std::span<const std::string_view> pieces) override {
    std::string all;
    for (auto piece : pieces)
      all += piece;
    return send(fd, all.data(), all.size());
  }
  ssize_t receive(int fd, std::span<char> to) override {
    auto& x = sockets[fd];
    const auto n = std::min(to.size(), x.sent.size());
    if (n == 0 && x.ended && !x.was_reset)
      return 0;
    if (n == 0 || x.was_reset) {
      errno = x.was_reset ? ECONNRESET : EAGAIN;
      return -1;
    }
    std::copy_n(x.sent.begin(), n, to.begin());
    x.sent.erase(0, n);
    return static_cast<ssize_t>(n);
  }
  std::optional<credentials> peer(int fd) override { return credentials{static_cast<pid_t>(sockets[fd].pid), uid, 0}; }
  void shut_down(int fd) override {
    sockets[fd].shut = true;
    changed(fd);
  }
  bool has_pending(int) override { return pending; }

  std::map<int, socket> sockets;
  uid_t uid = ::geteuid();
  bool pending = false;

protected:
  /// The bus has written to a socket or shut it down.
  virtual void changed(int fd) { static_cast<void>(fd); }
};

} // namespace cafbus
