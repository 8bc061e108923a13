#include "io/daemon/listeners.hpp"

#include "config/quoted.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <sstream>

namespace cafbus {

namespace {

int socket_option(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

std::string bound_path(int fd) {
  sockaddr_un address{};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || size <= offsetof(sockaddr_un, sun_path))
    return {};
  auto length = std::min<size_t>(size - offsetof(sockaddr_un, sun_path), sizeof(address.sun_path));
  return {address.sun_path, ::strnlen(address.sun_path, length)};
}

} // namespace

bool has_listener(const std::string& path) {
  // Num RefCount Protocol Flags Type St Inode Path; the flag is __SO_ACCEPTCON
  std::ifstream table{"/proc/self/net/unix"};
  for (std::string line; std::getline(table, line);) {
    if (!line.ends_with(' ' + path))
      continue;
    std::istringstream words{line};
    std::string number, references, protocol;
    unsigned flags = 0;
    constexpr unsigned accepts = 0x10000;
    if (words >> number >> references >> protocol >> std::hex >> flags && (flags & accepts) != 0)
      return true;
  }
  return false;
}

std::string why_no_listener(int fd, const std::string& path) {
  if (socket_option(fd, SO_DOMAIN) != AF_UNIX || socket_option(fd, SO_TYPE) != SOCK_STREAM)
    return "is no Unix stream socket";
  if (socket_option(fd, SO_ACCEPTCONN) != 1)
    return "does not listen";
  auto bound = bound_path(fd);
  struct stat file {
  }, wanted{};
  if (::lstat(bound.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode))
    return "has no file";
  if (::lstat(path.c_str(), &wanted) != 0 || wanted.st_dev != file.st_dev || wanted.st_ino != file.st_ino)
    return "listens at " + log::quoted(bound);
  if (file.st_uid != ::geteuid())
    return "belongs to the user " + std::to_string(file.st_uid);
  if ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0) // to connect is to write
    return "other users may use";
  return {};
}

} // namespace cafbus
