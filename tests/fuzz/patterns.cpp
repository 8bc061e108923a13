// Patterns as somebody asks for them, and the types that come: the index finds what comparing token by token finds,
// before and after patterns leave. A line is "+PATTERN", "-PATTERN" or "TYPE".
#include "actors/pattern_index.hpp"
#include "messages/type_pattern.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace cafbus;

namespace {

std::vector<std::string_view> split(std::string_view x, char separator) {
  std::vector<std::string_view> result;
  for (;;) {
    const auto end = x.find(separator);
    result.push_back(x.substr(0, end));
    if (end == std::string_view::npos)
      return result;
    x.remove_prefix(end + 1);
  }
}

bool matches_token_by_token(std::string_view pattern, std::string_view type) {
  const auto wanted = split(pattern, '.');
  const auto tokens = split(type, '.');
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == ">" && i + 1 == wanted.size())
      return tokens.size() >= wanted.size();
    if (i >= tokens.size() || (wanted[i] != "*" && wanted[i] != tokens[i]))
      return false;
  }
  return tokens.size() == wanted.size();
}

struct index_and_model {
  pattern_index index;
  std::map<std::string, pattern_index::subscriber, std::less<>> model;
  pattern_index::subscriber last_id = 0;

  void add(std::string_view pattern) {
    if (const auto checked = check_pattern(pattern); !checked)
      return fuzz::require(!checked.error().text.empty(), "a refusal without a reason", pattern);
    fuzz::require(has_wildcard(pattern), "a pattern without a wildcard", pattern);
    if (model.emplace(pattern, last_id + 1).second)
      index.add(pattern, ++last_id);
  }

  void remove(std::string_view pattern) {
    const auto known = model.find(pattern);
    if (known == model.end())
      return;
    index.remove(pattern, known->second);
    model.erase(known);
    fuzz::require(index.empty() == model.empty(), "the index does not know whether it is empty", pattern);
  }

  void find(std::string_view type) const {
    std::vector<pattern_index::subscriber> found;
    index.find(type, found);
    std::vector<pattern_index::subscriber> expected;
    for (const auto& [pattern, id] : model) {
      const auto wanted = matches_token_by_token(pattern, type);
      fuzz::require(matches(pattern, type) == wanted, "a pattern matches something else", pattern);
      if (wanted)
        expected.push_back(id);
    }
    std::ranges::sort(found);
    std::ranges::sort(expected);
    fuzz::require(found == expected, "the index finds something else", type);
  }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  index_and_model x;
  for (const auto line : split(fuzz::text_of(data, size), '\n')) {
    if (line.starts_with('+'))
      x.add(line.substr(1));
    else if (line.starts_with('-'))
      x.remove(line.substr(1));
    else if (!line.empty()) // as with all names
      x.find(line);
  }
  return 0;
}
