#include "cli/consumer_wait.hpp"

#include "cli/console.hpp"
#include "cli/wanted_names.hpp"

#include <algorithm>
#include <chrono>

namespace cafbus {

namespace {

using namespace std::chrono_literals;

/// The bus does not call back, so it is asked at this pace.
constexpr auto pause = 20ms;

} // namespace

result<void> await_consumer(const app_paths& paths, spawn_policy policy, const std::string& event_type,
                            const deadline& until) {
  for (;;) {
    status_response status;
    auto found = reach_bus(paths, policy, [&status](client& bus) -> result<void> {
      auto answer = bus.ask_status(answer_timeout);
      if (!answer)
        return answer.error();
      status = std::move(*answer);
      return {};
    });
    if (!found && found.error().kind != failure_kind::not_found)
      return failure{failure_kind::unavailable, found.error().text}; // `timed_out` is for a consumer that does not come
    if (found && std::ranges::any_of(status.consumers,
                                     [&](const auto& x) { return event_type.empty() || wants(x, event_type); }))
      return {};
    if (until.is_over())
      return failure{failure_kind::timed_out, "no consumer of " +
                                                  (event_type.empty() ? "anything" : "'" + event_type + "'") +
                                                  " has come in time, and nothing was published"};
    sleep_for(std::min<std::chrono::nanoseconds>(pause, until.left()));
  }
}

} // namespace cafbus
