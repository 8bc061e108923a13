#include "actors/source_spec.hpp"

#include "actors/file_lines.hpp"
#include "config/duration.hpp"
#include "config/node_place.hpp"

#include <algorithm>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>

namespace cafbus {

namespace {

/// Long commands are cut in status and log.
constexpr size_t max_name = 80;

constexpr std::string_view file_prefix = "file:";
constexpr std::string_view exec_prefix = "exec:";
constexpr std::string_view node_prefix = "node:";
constexpr std::string_view every_prefix = "every=";

failure wrong(const source_spec& x, const std::string& why) {
  return {failure_kind::invalid, "source '" + x.name + "': " + why};
}

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

result<source_spec> parse_file(source_spec x, std::string_view path) {
  x.what = source_spec::kind::file;
  std::error_code failed;
  x.argument = std::filesystem::absolute(path, failed).string();
  if (failed)
    return wrong(x, failed.message());
  if (path.front() == '~' && !exists(x.argument))
    return wrong(x, "'~' is not expanded here; write the whole path, as in file:\"$HOME/...\"");
  if (path.find_first_of("*?[") != std::string_view::npos && !exists(x.argument))
    return wrong(x, "patterns are not expanded here; name each file as a source of its own, or use "
                    "exec:'tail -q -n +1 -F PATTERN'");
  return x;
}

result<source_spec> parse_exec(source_spec x, std::string_view command) {
  x.what = source_spec::kind::exec;
  if (command.starts_with(every_prefix)) {
    auto interval = command.substr(every_prefix.size());
    auto end = interval.find(':');
    auto parsed = parse_duration(interval.substr(0, end));
    if (!parsed)
      return wrong(x, parsed.error().text);
    command = end == std::string_view::npos ? std::string_view{} : interval.substr(end + 1);
    x.every = *parsed;
    if (x.every.count() <= 0 || command.empty())
      return wrong(x, "an interval is a duration above 0 before a command, as in exec:every=30s:COMMAND");
  }
  x.argument = command;
  return x;
}

} // namespace

result<source_spec> parse_source_spec(std::string_view text) {
  source_spec x;
  x.name = text.substr(0, max_name);
  if (text.size() > max_name)
    x.name += "...";
  auto names = [&](std::string_view kind) { return text.starts_with(kind) && text.size() > kind.size(); };
  if (text == "stdin")
    return x;
  if (names(file_prefix))
    return parse_file(std::move(x), text.substr(file_prefix.size()));
  if (names(exec_prefix))
    return parse_exec(std::move(x), text.substr(exec_prefix.size()));
  if (!text.starts_with(node_prefix))
    return failure{failure_kind::invalid, "source '" + x.name +
                                              "' is unknown; allowed are stdin, file:PATH, exec:COMMAND, "
                                              "exec:every=DURATION:COMMAND, node:[NAME@]HOST:PORT or node:unix:PATH"};
  x.what = source_spec::kind::node;
  x.argument = text.substr(node_prefix.size());
  auto place = parse_node_place(x.argument);
  if (!place)
    return wrong(x, place.error().text);
  return x;
}

result<std::vector<source_spec>> parse_sources(const std::vector<std::string>& texts) {
  std::vector<source_spec> result;
  for (const auto& text : texts) {
    auto spec = parse_source_spec(text);
    if (!spec)
      return spec.error();
    if (spec->what == source_spec::kind::file)
      if (auto possible = can_be_followed(spec->argument); !possible)
        return failure{possible.error().kind, "source " + spec->name + ": " + possible.error().text};
    result.push_back(std::move(*spec));
  }
  name_apart(result);
  return result;
}

void name_apart(std::vector<source_spec>& specs) {
  for (size_t i = 0; i < specs.size(); ++i) {
    auto taken = [&](const std::string& x) {
      return std::any_of(specs.begin(), specs.begin() + static_cast<std::ptrdiff_t>(i),
                         [&](const source_spec& y) { return y.name == x; });
    };
    auto wanted = specs[i].name;
    for (size_t n = 2; taken(specs[i].name); ++n)
      specs[i].name = wanted + " #" + std::to_string(n);
  }
}

} // namespace cafbus
