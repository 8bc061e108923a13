#include "cli/known_names.hpp"

#include "base/deadline.hpp"
#include "base/utf8.hpp"
#include "config/options.hpp"
#include "io/client/client.hpp"
#include "io/daemon/file_lock.hpp"
#include "io/daemon/instance.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// For the bus. With what the program itself takes it stays below 100 ms from a key to the answer.
constexpr auto most_waiting = 60ms;

/// As many as anybody looks at.
constexpr size_t most_names = 1'000;

using typed_words = std::vector<std::string>;

/// As the command itself would find it.
result<app_paths> locate(const typed_words& typed) {
  flag_values flags;
  for (std::string name : {"app", "dir"})
    if (auto value = value_of("--" + name, typed); !value.empty())
      flags.emplace_back(name, value);
  const auto env = process_environment();
  auto loaded = load_options(flags, env);
  if (!loaded)
    return loaded.error();
  auto dir = loaded->values.dir;
  if (dir.starts_with("~/")) // the shell has not replaced it yet
    dir.replace(0, 1, env("HOME").value_or(""));
  return find_app_paths(base_dir(dir, env), loaded->values.app);
}

typed_words running_apps(const typed_words& typed) {
  auto paths = locate(typed);
  if (!paths)
    return {};
  typed_words result;
  for (const auto& x : find_apps(paths->base)) // asks for locks only: a bus that hangs runs, too
    if (result.size() < most_names && find_lock_holder(x.alive_lock))
      result.push_back(x.dir.substr(x.dir.rfind('/') + 1));
  return result;
}

typed_words names_on_bus(const typed_words& typed) {
  deadline until{most_waiting};
  auto paths = locate(typed);
  if (!paths)
    return {};
  auto bus = client::connect(paths->socket, until.left());
  if (!bus)
    return {};
  auto status = bus->ask_status(until.left());
  return status ? event_names(*status) : typed_words{};
}

} // namespace

bool can_be_shown(std::string_view name) {
  if (name.empty() || name.front() == '-')
    return false;
  while (!name.empty()) {
    auto c = first_char(name);
    if (c.size == 0 || c.code < 0x20 || (c.code >= 0x7f && c.code < 0xa0))
      return false;
    name.remove_prefix(c.size);
  }
  return true;
}

std::vector<std::string> event_names(const status_response& status) {
  std::set<std::string> names;
  for (const auto& consumer : status.consumers) {
    names.insert(consumer.event_key);
    names.insert(consumer.event_types.begin(), consumer.event_types.end());
    names.insert(consumer.patterns.begin(), consumer.patterns.end());
  }
  for (const auto& unmatched : status.unmatched_types)
    names.insert(unmatched.event_type);
  std::erase_if(names, [](const auto& x) { return !can_be_shown(x); });
  typed_words result{names.begin(), names.end()};
  result.resize(std::min(result.size(), most_names));
  return result;
}

name_sources names_of_this_machine() {
  return {running_apps, names_on_bus};
}

} // namespace cafbus
