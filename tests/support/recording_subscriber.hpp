#pragma once
#include "messages/actors.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <memory>

namespace cafbus {

/// What a subscriber has seen. The test holds it, too: an actor under the deterministic scheduler runs on its thread.
struct recording {
  std::vector<uint64_t> seqs;
  std::vector<std::string> payloads;
  std::vector<source_status> statuses;
  size_t deliveries = 0;
  std::string filter_failure;
  std::optional<close_reason> closed;
  bool stuck = false; ///< Keeps the credit back.
  std::vector<caf::typed_response_promise<delivered>> withheld;
};

/// Makes it give back all credit, and no longer be stuck.
struct release_credit {};

using recording_actor = subscriber_actor::extend<caf::reacts_to<release_credit>>;

/// Takes deliveries, and gives credit at once unless the recording is `stuck`.
inline recording_actor::behavior_type recording_subscriber(recording_actor::pointer self,
                                                           std::shared_ptr<recording> seen) {
  self->attach_functor([seen] { seen->withheld.clear(); }); // a promise keeps its actor alive
  return {[self, seen](const delivery& x) -> caf::result<delivered> {
            ++seen->deliveries;
            seen->filter_failure += x.filter_failure;
            if (x.closed)
              seen->closed = x.closed;
            seen->statuses.insert(seen->statuses.end(), x.statuses.begin(), x.statuses.end());
            for (const auto& range : x.events)
              for (auto i = range.first; i < range.last; ++i) {
                seen->seqs.push_back(range.seq + (i - range.first));
                seen->payloads.emplace_back(range.batch->payload(i));
              }
            if (!seen->stuck)
              return delivered{};
            seen->withheld.push_back(self->make_response_promise<delivered>());
            return seen->withheld.back();
          },
          [seen](const release_credit&) {
            seen->stuck = false;
            for (auto& x : seen->withheld)
              x.deliver(delivered{});
            seen->withheld.clear();
          }};
}

} // namespace cafbus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafbus::release_credit)
