// A config file: whatever stands in it is taken or refused with its place; and what `serve --check-config` prints of
// what was taken is a config file that says the same.
#include "base/unique_fd.hpp"
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
    fuzz::require(fd_ && ::write(fd_.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()),
                  "no memory for a file");
  }

  result<loaded_options> load() const { return load_options({}, env()); }

  environment env() const {
    return
        [path = "/proc/self/fd/" + std::to_string(fd_.get())](const std::string& name) -> std::optional<std::string> {
          return name == "CAFBUS_CONFIG" ? std::optional{path} : std::nullopt;
        };
  }

private:
  unique_fd fd_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  memory_file file{fuzz::text_of(data, size)};
  auto loaded = file.load();
  if (!loaded) {
    const auto& why = loaded.error().text;
    fuzz::require(!why.empty(), "refused without a reason");
    fuzz::require(why.find('\n') == why.npos, "a reason of more than one line", why);
    return 0;
  }
  auto printed = effective_config(*loaded, file.env());
  memory_file copy{printed};
  auto again = copy.load();
  fuzz::require(static_cast<bool>(again), "what is printed is refused",
                again ? "" : again.error().text + '\n' + printed);
  for (const auto& x : option_table())
    if (x.name != "dir") // printed as it will be used
      fuzz::require(x.text(again->values) == x.text(loaded->values), x.name.c_str(), printed);
  return 0;
}
