#include "config/log_callback.hpp"

#include "config/log.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace cafbus::log {

namespace {

// as spdlog spells them
constexpr std::array<std::string_view, 5> words{"trace", "debug", "info", "warning", "error"};

severity from_spdlog(std::string_view word) {
  const auto found = std::ranges::find(words, word);
  return found == words.end() ? severity::error : static_cast<severity>(std::distance(words.begin(), found));
}

class to_function final : public output {
public:
  explicit to_function(callback to) : to_{std::move(to)} {}

  result<void> open() override { return {}; }

  void write(const record& x) override {
    auto parts = take_apart(x.text);
    entry line{from_spdlog(x.level), x.time, x.component, parts.event, {}};
    for (auto& y : parts.fields)
      line.fields.emplace_back(std::move(y.key), std::move(y.value));
    try {
      to_(line);
    } catch (...) { // NOLINT(bugprone-empty-catch): spdlog would pass on what is no std::exception, on its thread
    }
  }

private:
  callback to_;
};

} // namespace

result<void> to_callback(callback to, severity least) {
  if (!to)
    return failure{failure_kind::invalid, "there is no function to call"};
  const auto word = least == severity::warn ? std::string_view{"warn"} : words.at(static_cast<size_t>(least));
  return log::to(std::make_shared<to_function>(std::move(to)), word);
}

void end_callback() {
  shut_down();
}

} // namespace cafbus::log
