#include "config/effective_config.hpp"

#include "config/log.hpp"

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

std::string line(const std::string& name, const std::string& value, const std::string& place) {
  if (value.empty())
    return "# " + name + " is not set   # " + place + '\n';
  if (value.find('\n') != std::string::npos) // a config file cannot say it
    return "# " + name + " = " + log::quoted(value, value.size()) + "   # " + place + ", in more than one line\n";
  return name + " = " + config_value(value) + "   # " + place + '\n';
}

} // namespace

std::string effective_config(const loaded_options& options, const environment& env) {
  std::string result;
  auto table = option_table();
  for (size_t i = 0; i < table.size(); ++i) {
    auto from = options.origins[i];
    auto place = [&](size_t n) { return from == origin::file ? options.places[i][n] : to_string(from); };
    auto values = options.values;
    if (table[i].repeatable && !table[i].list(values).empty())
      for (size_t n = 0; n < table[i].list(values).size(); ++n)
        result += line(table[i].name, table[i].list(values)[n], place(n));
    else
      result +=
          line(table[i].name, table[i].name == "dir" ? base_dir(values.dir, env) : table[i].text(values), place(0));
  }
  return result;
}

} // namespace cafbus
