// How the options get their values: from file, environment and flags.

#include "base/text.hpp"
#include "config/config_file.hpp"
#include "config/options.hpp"
#include "config/quoted.hpp"
#include "config/source_path.hpp"

#include <filesystem>

namespace cafbus {

namespace {

failure invalid(std::string text) {
  return {failure_kind::invalid, std::move(text)};
}

/// Applies values of growing precedence to the options and remembers where they came from.
class loader {
public:
  loader() {
    loaded.origins.resize(option_table().size(), origin::default_value);
    loaded.places.resize(option_table().size());
  }

  /// @param place A file and line, a variable or a flag; the text of a failure begins with it.
  result<void> set(const option& x, std::string_view value, origin from, const std::string& place) {
    auto index = static_cast<size_t>(&x - option_table().data());
    auto& known = loaded.origins[index];
    auto& places = loaded.places[index];
    if (x.repeatable && known != from)
      x.list(loaded.values).clear(); // what beats a list replaces it
    if (!x.repeatable || known != from)
      places.clear();
    known = from;
    places.push_back(place);
    auto done = x.set(loaded.values, value);
    if (!done)
      return invalid(place + (from == origin::file ? ": " + x.name : "") + ": " + done.error().text +
                     "; allowed: " + x.allowed);
    return {};
  }

  result<void> set_file(const config_file& file) {
    std::vector<size_t> line_of(option_table().size());
    loaded.file = file.path;
    std::error_code error;
    auto folder = std::filesystem::absolute(file.path, error).parent_path().string(); // a relative path counts from it
    for (const auto& entry : file.entries) {
      auto place = file.path + ':' + std::to_string(entry.line);
      const auto* x = find_option(entry.key);
      if (x == nullptr)
        return invalid(place + ": unknown key " + log::quoted(entry.key) + " (value " + log::quoted(entry.value) + ')' +
                       did_you_mean(entry.key, names()) + "; allowed: " + all_names());
      auto& earlier = line_of[static_cast<size_t>(x - option_table().data())];
      if (earlier != 0 && !x->repeatable)
        return invalid(place + ": " + x->name + " = " + log::quoted(entry.value) + ": already set in line " +
                       std::to_string(earlier) + "; allowed: once");
      earlier = entry.line;
      auto value = x->name == "source" ? with_absolute_path(entry.value, folder) : entry.value;
      if (auto done = set(*x, value, origin::file, place); !done)
        return done;
    }
    return {};
  }

  result<void> set_environment(const environment& env) {
    for (const auto& x : option_table()) {
      auto value = env(x.env);
      if (!value)
        continue;
      for (std::string_view rest = *value; !rest.empty();) {
        auto end = x.repeatable ? rest.find('\n') : std::string_view::npos;
        auto one = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (one.empty())
          continue;
        if (auto done = set(x, one, origin::environment, x.env); !done)
          return done;
      }
    }
    return {};
  }

  result<void> set_flags(const flag_values& flags) {
    for (const auto& [name, value] : flags) {
      const auto* x = find_option(name);
      if (x == nullptr)
        return invalid("there is no option --" + name + did_you_mean(name, names()));
      if (auto done = set(*x, value, origin::flag, "--" + name); !done)
        return done;
    }
    return {};
  }

  loaded_options loaded;

private:
  static std::vector<std::string_view> names() {
    std::vector<std::string_view> result;
    for (const auto& x : option_table())
      result.push_back(x.name);
    return result;
  }

  static std::string all_names() {
    std::string result;
    for (const auto& x : option_table())
      result += (result.empty() ? "" : ", ") + x.name;
    return result;
  }
};

} // namespace

std::string to_string(origin x) {
  switch (x) {
  case origin::default_value:
    return "default";
  case origin::file:
    return "file";
  case origin::environment:
    return "environment";
  case origin::flag:
    return "flag";
  }
  return "unknown";
}

result<loaded_options> load_options(const flag_values& flags, const environment& env) {
  auto file = read_config(env);
  if (!file)
    return file.error();
  loader x;
  auto done = x.set_file(*file);
  if (done)
    done = x.set_environment(env);
  if (done)
    done = x.set_flags(flags);
  if (!done)
    return done.error();
  return std::move(x.loaded);
}

} // namespace cafbus
