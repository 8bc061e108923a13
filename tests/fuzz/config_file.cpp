// A config file: whatever stands in it is taken or refused with its place; and what `serve --check-config` prints of
// what was taken is a config file that says the same.
#include "config/effective_config.hpp"
#include "config/options.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <sys/mman.h>
#include <unistd.h>

using namespace cafbus;

namespace {

/// A file in memory, by a path that can be opened any number of times.
class memory_file {
public:
  explicit memory_file(std::string_view content) : fd_{::memfd_create("config", MFD_CLOEXEC)} {
    fuzz::require(fd_ >= 0 && ::write(fd_, content.data(), content.size()) == static_cast<ssize_t>(content.size()),
                  "no memory for a file");
  }
  memory_file(const memory_file&) = delete;
  memory_file& operator=(const memory_file&) = delete;
  ~memory_file() { ::close(fd_); }

  std::variant<loaded_options, std::string> load() const { return load_options({}, env()); }

  environment env() const {
    return [path = "/proc/self/fd/" + std::to_string(fd_)](const std::string& name) -> std::optional<std::string> {
      return name == "CAFBUS_CONFIG" ? std::optional{path} : std::nullopt;
    };
  }

private:
  int fd_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  memory_file file{fuzz::text_of(data, size)};
  auto loaded = file.load();
  if (auto* error = std::get_if<std::string>(&loaded)) {
    fuzz::require(!error->empty(), "refused without a reason");
    fuzz::require(error->find('\n') == error->npos, "a reason of more than one line", *error);
    return 0;
  }
  const auto& options = std::get<loaded_options>(loaded);
  auto printed = effective_config(options, file.env());
  memory_file copy{printed};
  auto again = copy.load();
  auto* same = std::get_if<loaded_options>(&again);
  fuzz::require(same != nullptr, "what is printed is refused",
                same ? "" : std::get<std::string>(again) + '\n' + printed);
  for (const auto& x : option_table())
    if (x.name != "dir") // printed as it will be used
      fuzz::require(x.text(same->values) == x.text(options.values), x.name.c_str(), printed);
  return 0;
}
