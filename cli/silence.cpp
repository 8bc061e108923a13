#include "cli/silence.hpp"

#include "cli/console.hpp"
#include "cli/explanation.hpp"
#include "io/client/client.hpp"

namespace cafbus {

void explain_silence(const std::string& socket, const hello& subscription) {
  constexpr std::chrono::seconds patience{1};
  auto bus = client::connect(socket, patience);
  if (!bus)
    return say("why: the bus does not answer: " + bus.error().text);
  auto status = bus->ask_status(patience);
  if (!status)
    return say("why: the bus does not answer: " + status.error().text);
  const auto& names = subscription.patterns.empty() ? subscription.event_types : subscription.patterns;
  for (const auto& x : why_nothing(*status, names.empty() ? subscription.event_key : names[0], subscription.pid))
    say(std::string{"why: "} + to_string(x.stage) + ": " + x.text);
}

} // namespace cafbus
