#include "gateway/peer_user.hpp"

#include "base/unique_fd.hpp"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

// A port on loopback has no owner, but each connection to it has. The kernel finds a socket by its two addresses: those
// of ours, the other way round, are those of the peer's.
//
// A socket that its process has closed lives on until both sides have ended the connection, and may have sent a whole
// request before. The kernel then reports user 0 for it, which does not mean root: it has no owner any longer, and no
// inode. Where no connection has these addresses, the kernel looks for a listener at the peer's port, whose user is not
// the peer's either.

namespace cafbus::http {

namespace {

struct question {
  nlmsghdr head{};
  inet_diag_req_v2 body{};
};

bool put(const sockaddr_storage& x, __be16& port, __be32* address) {
  if (x.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &x, sizeof(in));
    port = in.sin_port;
    address[0] = in.sin_addr.s_addr;
    return true;
  }
  if (x.ss_family != AF_INET6)
    return false;
  sockaddr_in6 in{};
  std::memcpy(&in, &x, sizeof(in));
  port = in.sin6_port;
  std::memcpy(address, &in.sin6_addr, sizeof(in.sin6_addr));
  return true;
}

std::optional<question> ask_for_peer(int fd) {
  sockaddr_storage ours{}, theirs{};
  socklen_t our_size = sizeof(ours), their_size = sizeof(theirs);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&ours), &our_size) != 0 ||
      ::getpeername(fd, reinterpret_cast<sockaddr*>(&theirs), &their_size) != 0)
    return std::nullopt;
  question x;
  x.head.nlmsg_len = sizeof(x);
  x.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  x.head.nlmsg_flags = NLM_F_REQUEST;
  x.body.sdiag_family = static_cast<uint8_t>(ours.ss_family);
  x.body.sdiag_protocol = IPPROTO_TCP;
  x.body.idiag_states = ~0U;
  auto& id = x.body.id;
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (!put(theirs, id.idiag_sport, id.idiag_src) || !put(ours, id.idiag_dport, id.idiag_dst))
    return std::nullopt;
  return x;
}

/// Whether it is one end of a connection, and a process holds it. The process may have shut down its
/// sending side, as `nc -N` does.
bool is_held(const inet_diag_msg& x) {
  return x.idiag_inode != 0 &&
         (x.idiag_state == TCP_ESTABLISHED || x.idiag_state == TCP_FIN_WAIT1 || x.idiag_state == TCP_FIN_WAIT2);
}

} // namespace

std::optional<uid_t> peer_user(int fd) {
  auto asked = ask_for_peer(fd);
  unique_fd kernel{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG)};
  if (!asked || !kernel || ::send(kernel.get(), &*asked, sizeof(*asked), 0) < 0)
    return std::nullopt;
  std::array<char, 4'096> room{}; // the answer is there when send() returns
  auto n = ::recv(kernel.get(), room.data(), room.size(), 0);
  nlmsghdr head{};
  inet_diag_msg body{};
  if (n < static_cast<ssize_t>(sizeof(head) + sizeof(body)))
    return std::nullopt;
  std::memcpy(&head, room.data(), sizeof(head));
  std::memcpy(&body, room.data() + sizeof(head), sizeof(body));
  if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY || !is_held(body))
    return std::nullopt;
  if (!ask_for_peer(fd)) // reset in between: the addresses may belong to another connection by now
    return std::nullopt;
  return body.idiag_uid;
}

} // namespace cafbus::http
