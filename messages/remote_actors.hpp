#pragma once
#include <caf/meta/type_name.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>
#include <string>

/// What crosses CAF's own network between two buses: one type of message, and no more. The bytes in it are those of a
/// link (messages/link_frames.hpp), so that the same reader checks them, and programs of different versions of cafbus
/// understand one another as linked buses do.
namespace cafbus {

/// Some of the bytes of one direction, in order. Somebody else may have made them: `link_reader` believes none of them.
struct remote_bytes {
  std::string bytes;
  bool operator==(const remote_bytes&) const = default;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, remote_bytes& x) {
  return f(caf::meta::type_name("cafbus::remote_bytes"), x.bytes);
}

/// The door of a bus for other CAF nodes. The first bytes of a caller come here; the session that answers them is what
/// the caller talks to from then on.
using remote_gate_actor = caf::typed_actor<caf::reacts_to<remote_bytes>>; // from the session of another node

} // namespace cafbus
