// The wire between two buses: what a peer may send, to the side that calls and to the side that answers, before and
// after the hello, cut anywhere. Whatever comes, the reader holds no more than came, lets through no frame that may not
// come, and what gets through as events is a sound batch.
//
// The first byte says which side reads and what it has sent by then (see `prepared`), the second how the rest is cut.

#include "config/link_limits.hpp"
#include "messages/link_reader.hpp"
#include "messages/node_events.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cstring>

using namespace cafbus;

namespace {

constexpr uint64_t own_node = 1, peer_node = 2;

/// What the side that reads sees of its peer.
struct peer {
  explicit peer(link_side own) : reader{own} {}

  void read(std::string_view bytes, size_t at_once) {
    while (!bytes.empty() && !reader.offence()) {
      const auto used = reader.read(bytes.substr(0, at_once));
      fuzz::require(used > 0 || reader.offence(), "no byte was taken and nothing is wrong");
      bytes.remove_prefix(used);
      came += used;
      fuzz::require(reader.held() <= 2 * came + 64, "more is held than has come");
      if (auto frame = reader.frame())
        std::visit([this](auto& x) { on(x); }, *frame);
    }
    if (reader.offence())
      fuzz::require(reader.read("more") == 0, "something is read after an offence");
  }

  void on(link_greeting&) { fuzz::require(reader.protocol() != 0, "a greeting without a common protocol"); }
  void on(link_hello& x) {
    fuzz::require(x.name.size() <= defaults::max_name_bytes, "a long name");
    fuzz::require(x.resume.has_value() == may_resume(), "what is resumed, in another protocol");
    again(link_side::answerer, x);
  }
  void on(link_welcome& x) {
    fuzz::require(x.refused.size() <= defaults::max_name_bytes, "a long text");
    fuzz::require(x.exporter.has_value() == may_resume(), "what is resumed, in another protocol");
    again(link_side::caller, x);
  }
  void on(node_interest& x) {
    fuzz::require(x.types.size() == x.via.size() && x.types.size() <= defaults::max_node_types, "an unsound interest");
    for (size_t i = 0; i < x.types.size(); ++i)
      fuzz::require(!x.types[i].empty() && x.types[i].size() <= defaults::max_name_bytes && !x.via[i].empty() &&
                        x.via[i].size() <= defaults::max_node_hops,
                    "an unsound entry");
    again(x);
    reader.sent(link_kind::interest_taken);
  }
  void on(link_events& x) {
    auto decoded = decoder.decode({std::move(x.body)}, [](const std::string& type) { return type != "no"; });
    const auto says_something = decoded.batch || !decoded.streams.empty() || decoded.complete;
    fuzz::require(decoded.offence.has_value() != says_something, "neither something said nor an offence");
    if (decoded.batch)
      check(*decoded.batch);
    for (const auto& stream : decoded.streams)
      fuzz::require(stream.node != own_node && (stream.node == peer_node) == (stream.hops == 1) && !stream.type.empty(),
                    "an unsound stream");
    reader.sent(link_kind::events_taken);
  }
  void on(link_ping&) { reader.tick(); }
  void on(link_bye& x) { fuzz::require(x.reason.size() <= 256, "a long reason"); }
  template <class T>
  void on(T&) {}

  bool may_resume() const { return reader.protocol() >= first_protocol_with_resume; }

  /// What was read is written as it was.
  template <class T>
  void again(link_side own, const T& x) {
    link_reader other{own};
    other.read(encode_link(link_greeting{lowest_link_protocol, reader.protocol()}));
    other.frame();
    if (own == link_side::caller)
      other.sent(link_kind::hello);
    other.read(encode_link(link_frame{x}));
    auto frame = other.frame();
    fuzz::require(frame && std::get<T>(*frame) == x, "an introduction that is not read again");
  }

  /// The same.
  void again(const node_interest& x) {
    link_reader other{link_side::answerer};
    other.read(encode_link(link_greeting{}));
    other.frame();
    other.read(encode_link(link_hello{1, {}, link_resume{}}));
    other.frame();
    other.sent(link_kind::welcome);
    other.read(encode_link(link_frame{x}));
    auto frame = other.frame();
    fuzz::require(frame && std::get<node_interest>(*frame) == x, "an interest that is not read again");
  }

  void check(const event_batch& x) {
    fuzz::require(!x.empty() && x.origins.size() == x.size(), "an event without an origin");
    size_t begin = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const auto& origin = x.origins[i];
      fuzz::require(origin.node != own_node && (origin.node == peer_node) == (origin.hops == 1), "a wrong origin");
      fuzz::require(x.slots[i].begin == begin && x.tail(i).ends_with("}\n"), "an unsound slot");
      fuzz::require(std::memchr(x.head(i).data(), '\n', x.head(i).size() + x.tail(i).size() - 1) == nullptr,
                    "an event of two lines");
      fuzz::require(x.type(i) != "no", "a type that was not asked for");
      begin += x.slots[i].head + x.slots[i].tail;
    }
    fuzz::require(begin == x.bytes.size(), "bytes that belong to no event");
  }

  link_reader reader;
  events_decoder decoder{{own_node, peer_node}};
  size_t came = 0;
};

peer prepared(uint8_t how) {
  peer result{how % 2 == 0 ? link_side::caller : link_side::answerer};
  if (how / 2 % 2 == 0)
    return result; // from the greeting on
  result.read(encode_link(link_greeting{}), 64);
  if (how % 2 == 0) {
    result.reader.sent(link_kind::hello);
    if (how / 4 % 2 != 0)
      result.read(encode_link(link_welcome{peer_node, {}, link_export{}}), 64);
    if (how / 8 % 2 != 0)
      result.reader.sent(link_kind::interest);
  } else if (how / 4 % 2 != 0) {
    result.read(encode_link(link_hello{peer_node, "b", link_resume{}}), 64);
    result.reader.sent(link_kind::welcome);
    if (how / 8 % 2 != 0)
      result.reader.sent(link_kind::events);
  }
  if (how / 16 % 2 != 0)
    result.reader.sent(link_kind::ping);
  return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::reader input{fuzz::text_of(data, size)};
  auto testee = prepared(input.byte());
  const auto cut = input.byte();
  testee.read(input.rest(), cut == 0 ? std::string_view::npos : cut);
  return 0;
}
