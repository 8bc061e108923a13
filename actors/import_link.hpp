#pragma once
#include "actors/pattern_index.hpp"
#include "messages/node_actors.hpp"
#include "messages/node_events.hpp"

#include <string>
#include <unordered_set>

namespace cafbus {

/// What an import knows of the export that serves it; as long-lived as that one, which may outlive its connection.
struct import_service {
  /// Remembers what is asked for: it may come from now on.
  void note_asked(const node_interest& x);

  /// Whether an event of that type was asked for; what is not wanted any more may be on its way still.
  bool was_asked(const std::string& type) const;

  uint64_t number = 0; ///< The export's; 0: it cannot be resumed.
  uint64_t taken = 0;  ///< Messages of it.
  uint64_t dropped = 0;
  std::unordered_set<std::string> asked = {};
  std::unordered_set<std::string> asked_patterns = {};
  pattern_index index = {}; ///< Of them.
};

/// How far the other bus knows what is wanted.
enum class telling : uint8_t {
  settled,       ///< As of the last time that something changed.
  pausing,       ///< Something has changed; what changes within the pause travels along.
  asking,        ///< The hub or the other bus has not answered.
  asking_change, ///< The same, and something has changed meanwhile.
};

/// The other bus, over one connection.
struct import_link {
  import_link(uint64_t self, const node_welcome& x)
    : exporter{x.exporter}, node{x.node}, peer{x.peer}, decoder{{self, x.node, x.protocol}} {}

  node_export_actor exporter;
  uint64_t node;
  link_peer peer;
  events_decoder decoder;
  telling interest = telling::settled;
  node_interest told = {};
};

/// What of an interest may be told: nothing that the other bus may not publish here, and no more than a message may
/// hold.
struct limited_interest {
  node_interest wanted = {};
  size_t left_out = 0; ///< For its size.
};
limited_interest limited(node_interest wanted, const type_filter& may_publish);

} // namespace cafbus
