#include "base/metrics_page.hpp"

#include "base/utf8.hpp"

#include <algorithm>

namespace cafbus {

std::string escaped_label(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto size = first_char(text).size;
    if (size == 0)
      result += "\xef\xbf\xbd";
    else if (text[0] == '\n')
      result += "\\n";
    else if (text[0] == '\\' || text[0] == '"')
      result += {'\\', text[0]};
    else
      result += text.substr(0, size);
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return result;
}

void metrics_page::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  series_.clear();
  text_ += "# HELP " + name_ + ' ' + std::string{help} + "\n# TYPE " + name_ + ' ' + std::string{type} + '\n';
}

void metrics_page::sample(const std::string& app, uint64_t value, const labels& with, size_t extent) {
  if (++series_[app] > max_series * extent)
    ++omitted_[{app, name_}];
  else
    write(app, value, with);
}

std::string metrics_page::end(const std::vector<std::string>& apps) {
  family("cafbus_series_omitted", "gauge", "Series left out, by metric: each has at most 100 per app, or 100 sources.");
  for (const auto& app : apps)
    if (std::ranges::none_of(omitted_, [&](const auto& x) { return x.first.first == app; }))
      write(app, 0, {});
  for (const auto& [where, count] : omitted_)
    write(where.first, count, {{"metric", where.second}});
  return std::move(text_);
}

void metrics_page::write(const std::string& app, uint64_t value, const labels& with) {
  text_ += name_ + "{app=\"" + escaped_label(app) + '"';
  for (const auto& [name, of] : with)
    text_ += ',' + std::string{name} + "=\"" + escaped_label(of) + '"';
  text_ += "} " + std::to_string(value) + '\n';
}

} // namespace cafbus
