#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace cafbus::test {

/// A private folder of its own for one test, gone after it.
class temp_dir {
public:
  temp_dir() {
    char name[] = "/tmp/cafbus-test-XXXXXX";
    if (auto* made = ::mkdtemp(name))
      path_ = made;
  }
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;
  ~temp_dir() {
    std::error_code ignored;
    if (!path_.empty())
      std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + '/' + name; }

private:
  std::string path_;
};

} // namespace cafbus::test
