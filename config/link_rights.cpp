#include "config/link_rights.hpp"

#include "config/defaults.hpp"

#include <algorithm>
#include <utility>

namespace cafbus {

namespace {

failure bad_permit(std::string_view text, const std::string& why) {
  return {failure_kind::invalid, '\'' + std::string{text.substr(0, 100)} + "' " + why};
}

/// Takes what stands before the next `separator`; the rest stays in `text`.
std::string_view take(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const auto result = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return result;
}

result<type_filter> parse_types(std::string_view text) {
  type_filter result;
  if (text == "*")
    return result;
  result.all = false;
  while (!text.empty()) {
    const auto type = take(text, ',');
    if (type.empty() || type.size() > defaults::max_name_bytes || type.find('*') != type.npos ||
        type.find('>') != type.npos)
      return bad_permit(type, "is not an event type; write TYPE,TYPE or *");
    result.types.emplace_back(type);
  }
  std::ranges::sort(result.types);
  return result;
}

} // namespace

bool type_filter::admits(std::string_view type) const {
  return all || std::binary_search(types.begin(), types.end(), type);
}

result<link_permit> parse_link_permit(std::string_view text) {
  auto rest = text;
  link_permit result;
  result.name = take(rest, ' ');
  if (result.name.empty() || result.name.find('=') != std::string::npos || text.find('\0') != text.npos)
    return bad_permit(text, "has no name; write NAME [read=TYPES] [publish=TYPES]");
  if (!rest.empty())
    result.rights = {{false, {}}, {false, {}}};
  bool has_read = false;
  bool has_publish = false;
  while (!rest.empty()) {
    auto word = take(rest, ' ');
    if (word.empty())
      continue;
    const auto has_value = word.find('=') != word.npos;
    const auto what = take(word, '=');
    if (!has_value || (what != "read" && what != "publish"))
      return bad_permit(what, "is neither read=TYPES nor publish=TYPES; write NAME [read=TYPES] [publish=TYPES]");
    if (std::exchange(what == "read" ? has_read : has_publish, true))
      return bad_permit(what, "is there twice; write all types in one: TYPE,TYPE");
    auto types = parse_types(word);
    if (!types)
      return std::move(types).error();
    (what == "read" ? result.rights.read : result.rights.publish) = std::move(*types);
  }
  return result;
}

std::optional<link_rights> rights_of(std::span<const link_permit> permits, std::span<const std::string> names) {
  if (permits.empty())
    return link_rights{};
  for (const auto& x : permits)
    if (std::ranges::find(names, x.name) != names.end())
      return x.rights;
  const auto rest = std::ranges::find(permits, "*", &link_permit::name);
  return rest == permits.end() ? std::nullopt : std::optional{rest->rights};
}

} // namespace cafbus
