#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "base/wakeup.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace cafbus {

/// Something to be watched: a file or a folder, and the changes of inotify(7) that count.
struct watch_wish {
  std::string path;
  uint32_t changes = 0; ///< The same for everybody who watches the same thing.
};

/// Wakes followers of files after changes: one inotify instance (a user may have 128) and one thread for all followers
/// of the process. It does not say what has changed; the follower looks.
class file_watcher {
public:
  /// The one of this process, made when the first one asks and gone with the last.
  static result<std::shared_ptr<file_watcher>> shared();

  ~file_watcher();
  file_watcher(const file_watcher&) = delete;
  file_watcher& operator=(const file_watcher&) = delete;

  /// What one follower watches. Its thread alone uses it. The wakeup must live as long.
  class watches {
  public:
    watches(std::shared_ptr<file_watcher> watcher, wakeup& wake) : watcher_{std::move(watcher)}, wake_{wake} {}
    ~watches() { static_cast<void>(set({})); }
    watches(const watches&) = delete;
    watches& operator=(const watches&) = delete;

    /// Watches these from now on, and nothing else. Existing watches stay; a file that was replaced under its name gets
    /// a new watch. @returns the first failure; the others are watched all the same.
    result<void> set(const std::vector<watch_wish>& wishes);

  private:
    std::shared_ptr<file_watcher> watcher_;
    wakeup& wake_;
    std::vector<int> descriptors_;
  };

private:
  file_watcher(unique_fd inotify, wakeup stop) : inotify_{std::move(inotify)}, stop_{std::move(stop)} {}
  result<int> add(const watch_wish& x, wakeup& wake);
  void remove(int descriptor, const wakeup& wake);
  void run();
  void dispatch(const char* begin, size_t size);

  unique_fd inotify_;
  wakeup stop_;
  std::mutex mutex_; // of what follows
  std::unordered_map<int, std::vector<wakeup*>> interested_;
  std::thread thread_;
};

} // namespace cafbus
