#include "testing/deaf_conn.hpp"

#include "actors/conn.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <utility>

namespace cafbus::testing {

void plant_deaf_conn(harness& x, size_t bus, const std::vector<std::string>& types, std::function<bool()> is_deaf) {
  consumer_script script;
  script.types = types;
  auto loses = [is_deaf = std::move(is_deaf)](const caf::type_erased_tuple& y) {
    return y.match_elements<lose>() && is_deaf();
  };
  script.join_by = [&x, types, loses](const bus_parts& parts, const subscriber_actor& consumer) -> conn_actor {
    const consumer_info info{99, "planted", "planted", types};
    auto deaf = relayed(x.system(), spawn_conn(x.system(), {}, info, consumer), {.loses = loses}, x.random());
    caf::anon_send(parts.hub, subscribe{deaf, info, {}});
    return deaf;
  };
  x.add_consumer("planted", bus, script);
}

bool is_deaf_conn_found(const harness& x) {
  return std::ranges::any_of(x.broken(), [](const std::string& what) {
    return what.find(" planted: ") != std::string::npos && what.ends_with("told as lost");
  });
}

} // namespace cafbus::testing
