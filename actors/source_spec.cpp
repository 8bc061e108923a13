#include "actors/source_spec.hpp"

#include "actors/file_lines.hpp"
#include "config/duration.hpp"
#include "config/literal_path.hpp"
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
  if (auto literal = check_literal_path(std::string{path}); !literal)
    return wrong(x, literal.error().text);
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

/// Whether two paths, each absolute, lead to one file, by links as well.
bool is_one_file(const std::string& a, const std::string& b) {
  struct stat one {
  }, other{};
  if (::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0)
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
  std::error_code failed; // then the path stays as it is
  auto whole = [&failed](const std::string& path) {
    auto found = std::filesystem::weakly_canonical(path, failed);
    return failed ? std::filesystem::path{path}.lexically_normal() : found;
  };
  return whole(a) == whole(b);
}

bool is_one_place(const std::string& a, const std::string& b) {
  const auto one = parse_node_place(a);
  const auto other = parse_node_place(b);
  return one && other && one->where == other->where && one->path == other->path;
}

/// Whether both bring the same events. Two equal commands may be meant to run beside each other.
bool brings_the_same(const source_spec& a, const source_spec& b) {
  using kind = source_spec::kind;
  return a.what == b.what &&
         (a.what == kind::standard_input || (a.what == kind::file && is_one_file(a.argument, b.argument)) ||
          (a.what == kind::node && is_one_place(a.argument, b.argument)));
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
  if (auto literal = check_literal_path(place->path); !literal)
    return wrong(x, literal.error().text);
  return x;
}

result<void> append_source(std::vector<source_spec>& specs, std::string_view text) {
  auto spec = parse_source_spec(text);
  if (!spec)
    return spec.error();
  if (spec->what == source_spec::kind::file)
    if (auto possible = can_be_followed(spec->argument); !possible)
      return failure{possible.error().kind, "source " + spec->name + ": " + possible.error().text};
  auto same = std::ranges::find_if(specs, [&](const auto& x) { return brings_the_same(x, *spec); });
  if (same != specs.end())
    return wrong(*spec, "it brings the same events as the source '" + same->name +
                            "', and those without an event_id would come twice; name it once");
  specs.push_back(std::move(*spec));
  return {};
}

result<std::vector<source_spec>> parse_sources(const std::vector<std::string>& texts) {
  std::vector<source_spec> result;
  for (const auto& text : texts)
    if (auto appended = append_source(result, text); !appended)
      return appended.error();
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
