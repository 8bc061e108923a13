#pragma once
#include "messages/actor_messages.hpp"

namespace cafbus {

/// A consumer as status shows it.
consumer_status report_on(const consumer_info& info, const conn_counters& x);

} // namespace cafbus
