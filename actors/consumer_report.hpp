#pragma once
#include "messages/actor_messages.hpp"

#include <caf/typed_response_promise.hpp>
#include <cstddef>
#include <utility>

namespace cafbus {

/// A list of consumers in the making: the conns' counters come in one by one.
struct consumer_listing {
  caf::typed_response_promise<consumer_list> promise;
  consumer_list result;
  size_t missing = 0;

  void arrived() {
    if (--missing == 0)
      promise.deliver(std::move(result));
  }
};

/// A consumer as status shows it.
consumer_status report_on(const consumer_info& info, const conn_counters& x);

} // namespace cafbus
