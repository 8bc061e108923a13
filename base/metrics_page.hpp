#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Prometheus's text format, version 0.0.4. Written here, since it saves a dependency: prometheus-cpp keeps counters of
/// its own, which each scrape would have to fill, and the escape below is all that the format asks for beyond plain
/// text.
namespace cafbus {

/// Series of one metric and one app: `metrics_page` leaves out and counts those beyond.
inline constexpr size_t max_series = 100;

/// A label's value with `\`, `"` and line feeds escaped; what is no UTF-8, which the format forbids, becomes U+FFFD.
std::string escaped_label(std::string_view text);

/// The families of a page, one after another, each with its samples below it.
class metrics_page {
public:
  using labels = std::vector<std::pair<std::string_view, std::string>>;

  /// Begins a family. @param type "counter", whose name ends in _total, or "gauge".
  void family(std::string_view name, std::string_view type, std::string_view help);

  /// A sample of the family, with the label `app` in front of others. Samples beyond the limit are counted instead.
  /// @param extent How many samples of its kind one thing has: the limit is for things.
  void sample(const std::string& app, uint64_t value, const labels& with = {}, size_t extent = 1);

  /// Adds how many series were left out. @returns the page.
  /// @param apps Each gets a sample, even if nothing was left out.
  std::string end(const std::vector<std::string>& apps);

private:
  void write(const std::string& app, uint64_t value, const labels& with);

  std::string text_;
  std::string name_;
  std::map<std::string, size_t> series_;                            // of the family, by app
  std::map<std::pair<std::string, std::string>, uint64_t> omitted_; // by app and metric
};

} // namespace cafbus
