#include "messages/type_pattern.hpp"

#include <utility>

namespace cafbus {

std::string_view cut_token(std::string_view& rest) noexcept {
  auto dot = rest.find('.');
  auto token = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
  return token;
}

bool has_wildcard(std::string_view name) noexcept {
  for (auto rest = name; rest.data() != nullptr;) {
    auto token = cut_token(rest);
    if (token == "*" || (token == ">" && rest.data() == nullptr))
      return true;
  }
  return false;
}

result<std::vector<std::string>> split_type_list(std::string_view list) {
  auto refuse = [](std::string why) {
    return failure{failure_kind::invalid, std::move(why) + "; write A,B with one comma between two types and no blank"};
  };
  std::vector<std::string> result;
  for (;;) {
    const auto end = list.find(',');
    const auto name = list.substr(0, end);
    if (name.empty())
      return refuse("an event type in the list is empty");
    if (name.front() == ' ' || name.back() == ' ')
      return refuse("the event type '" + std::string{name} + "' begins or ends with a blank");
    result.emplace_back(name);
    if (end == std::string_view::npos)
      return result;
    list.remove_prefix(end + 1);
  }
}

result<void> check_pattern(std::string_view pattern) {
  auto refuse = [&](const char* why) {
    return failure{failure_kind::invalid, "'" + std::string{pattern} + "' is not a pattern of event types: " + why};
  };
  for (auto rest = pattern; rest.data() != nullptr;) {
    auto token = cut_token(rest);
    if (token == ">" && rest.data() != nullptr)
      return refuse("'>' stands for all tokens that follow and must be the last one");
    if (token.size() > 1 && token.find_first_of("*>") != std::string_view::npos)
      return refuse("'*' and '>' stand for whole tokens between dots, as in 'github.*.opened' or 'github.>'");
  }
  if (!has_wildcard(pattern))
    return refuse("it has no '*' and no '>'");
  return {};
}

bool matches(std::string_view pattern, std::string_view type) noexcept {
  while (true) {
    auto wanted = cut_token(pattern);
    if (wanted == ">")
      return true;
    if (auto token = cut_token(type); wanted != "*" && wanted != token)
      return false;
    if (pattern.data() == nullptr || type.data() == nullptr)
      return pattern.data() == nullptr && type.data() == nullptr;
  }
}

} // namespace cafbus
