#include "config/effective_config.hpp"

#include "config/quoted.hpp"

namespace cafbus {

namespace {

/// A value as a config file takes it.
std::string config_value(const std::string& text) {
  if (!text.empty() && text.find_first_of(" \t\r#\"\\") == std::string::npos)
    return text;
  std::string result = "\"";
  for (auto c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + '"';
}

std::string line(const effective_value& x) {
  auto place = x.from == origin::file ? x.place : to_string(x.from);
  if (x.value.empty())
    return "# " + x.option + " is not set   # " + place + '\n';
  if (x.value.find('\n') != std::string::npos) // a config file cannot say it
    return "# " + x.option + " = " + log::quoted(x.value, x.value.size()) + "   # " + place +
           ", in more than one line\n";
  return x.option + " = " + config_value(x.value) + "   # " + place + '\n';
}

} // namespace

std::vector<effective_value> effective_values(const loaded_options& options, const environment& env) {
  std::vector<effective_value> result;
  auto table = option_table();
  for (size_t i = 0; i < table.size(); ++i) {
    auto values = options.values;
    auto add = [&](std::string value, size_t n) {
      auto from = options.origins[i];
      result.push_back({table[i].name, std::move(value), from,
                        from == origin::default_value ? std::string{} : options.places[i][n]});
    };
    if (table[i].repeatable && !table[i].list(values).empty())
      for (size_t n = 0; n < table[i].list(values).size(); ++n)
        add(table[i].list(values)[n], n);
    else
      add(table[i].name == "dir" ? base_dir(values.dir, env) : table[i].text(values), 0);
  }
  return result;
}

std::string effective_config(const loaded_options& options, const environment& env) {
  std::string result;
  for (const auto& x : effective_values(options, env))
    result += line(x);
  return result;
}

} // namespace cafbus
