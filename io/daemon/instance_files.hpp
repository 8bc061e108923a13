#pragma once
#include "base/unique_fd.hpp"
#include "io/daemon/instance_lock.hpp"

#include <chrono>

namespace cafbus {

/// The files of a running daemon, and their protection. Programs clean /tmp by age: so the folder is locked, which
/// systemd-tmpfiles respects, the files' times are renewed, which all other cleaners go by, and files that disappear
/// nevertheless are put back if that is safe. For one thread.
class instance_files {
public:
  /// @param lock The right to have the other files. @param has_log The log is one of them.
  instance_files(app_paths paths, instance_lock lock, bool has_log = true);

  const app_paths& paths() const noexcept { return paths_; }
  instance_lock& lock() noexcept { return lock_; }

  /// The socket is bound now.
  void add_socket() { socket_ = own_file{paths_.socket}; }
  const own_file& socket() const noexcept { return socket_; }

  /// Looks at all files, keeps them young and puts back those that are missing.
  /// @returns the paths that were put back. Fails if the socket, or the lock, is not ours any more: then no client can
  /// find this bus, or another one has taken its place.
  result<std::vector<std::string>> look();

  /// Removes the socket file, if it is ours, at the end.
  void remove_socket() const { socket_.remove(); }

private:
  void keep_young();

  app_paths paths_;
  instance_lock lock_;
  bool has_log_;
  own_file socket_;
  unique_fd folder_; // with a shared flock
  std::chrono::steady_clock::time_point touched_{};
};

} // namespace cafbus
