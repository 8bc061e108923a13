#include "actors/watched_path.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <sys/inotify.h>
#include <unistd.h>

namespace cafbus {

namespace {

constexpr uint32_t file_changes = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF;
constexpr uint32_t folder_changes =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
/// As the kernel bounds them.
constexpr int most_links = 40;

std::string link_target(const std::string& path) {
  std::array<char, 4'096> buffer;
  auto n = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return {buffer.data(), static_cast<size_t>(n > 0 ? n : 0)};
}

void add(std::vector<watch_wish>& wishes, std::string folder) {
  if (folder.empty())
    folder = "/";
  if (std::ranges::find(wishes, folder, &watch_wish::path) == wishes.end())
    wishes.push_back({std::move(folder), folder_changes});
}

} // namespace

std::vector<watch_wish> folders_of(const std::string& path) {
  std::vector<watch_wish> result;
  std::string done; // without links
  std::string rest = path;
  for (int links = 0; !rest.empty();) {
    auto begin = rest.find_first_not_of('/');
    if (begin == std::string::npos)
      break;
    auto end = std::min(rest.find('/', begin), rest.size());
    auto name = rest.substr(begin, end - begin);
    auto after = rest.substr(end);
    auto last = after.find_first_not_of('/') == std::string::npos;
    auto target = link_target(done + '/' + name);
    if (last || !target.empty())
      add(result, done);
    if (!target.empty() && ++links <= most_links) {
      if (target.front() == '/')
        done.clear();
      rest = target + after;
      continue;
    }
    if (name == "..")
      done.erase(std::min(done.rfind('/'), done.size()));
    else if (name != ".")
      done += '/' + name;
    rest = after;
  }
  return result;
}

watch_wish content_of(int fd) {
  return {"/proc/self/fd/" + std::to_string(fd), file_changes};
}

} // namespace cafbus
