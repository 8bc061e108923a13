#include "testing/decisions.hpp"

#include <array>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>

namespace cafbus::testing {

namespace {

constexpr std::string_view first_line = "cafbus-replay 1";
constexpr std::array<std::string_view, 4> kinds{"pick", "moment", "draw", "wire"};

failure no_replay(const std::string& path, const std::string& why) {
  return {failure_kind::invalid, path + " is not a replay file: " + why};
}

/// One line after the first; false: it is none.
bool read_line(const std::string& line, replay_file& to) {
  std::istringstream words{line};
  std::string word;
  words >> word;
  if (word == "name")
    return static_cast<bool>(std::getline(words >> std::ws, to.name));
  if (word == "seed")
    return static_cast<bool>(words >> to.plan.seed);
  if (word == "pct")
    return words >> to.plan.pct_depth >> to.plan.pct_turns && to.plan.pct_turns > 0;
  if (word == "decisions") {
    to.plan.decisions.emplace();
    return true;
  }
  for (size_t i = 0; i < kinds.size(); ++i) {
    decision x{static_cast<decision::kind>(i), 0, 0};
    if (word != kinds[i])
      continue;
    if (!to.plan.decisions || !(words >> x.at >> x.value))
      return false;
    to.plan.decisions->push_back(x);
    return to.plan.decisions->size() <= max_decisions;
  }
  return false;
}

} // namespace

std::string to_string(const decision& x) {
  return std::string{kinds[static_cast<size_t>(x.what)]} + " " + std::to_string(x.at) + " " + std::to_string(x.value);
}

result<void> write_replay(const std::string& path, const replay_file& x) {
  std::ofstream out{path};
  out << first_line << "\nname " << x.name << "\nseed " << x.plan.seed << '\n';
  if (x.plan.pct_depth > 0)
    out << "pct " << x.plan.pct_depth << ' ' << x.plan.pct_turns << '\n';
  if (x.plan.decisions) {
    out << "decisions " << x.plan.decisions->size() << '\n';
    for (const auto& y : *x.plan.decisions)
      out << to_string(y) << '\n';
  }
  out.close();
  if (!out)
    return errno_failure("cannot write " + path);
  return {};
}

result<replay_file> read_replay(const std::string& path) {
  std::ifstream in{path};
  if (!in)
    return errno_failure("cannot read " + path);
  std::string line;
  if (!std::getline(in, line) || line != first_line)
    return no_replay(path, "it does not begin with \"" + std::string{first_line} + "\"");
  replay_file result;
  for (size_t n = 2; std::getline(in, line); ++n)
    if (!line.empty() && line[0] != '#' && !read_line(line, result))
      return no_replay(path, "line " + std::to_string(n));
  return result;
}

} // namespace cafbus::testing
