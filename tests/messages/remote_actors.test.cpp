#include "messages/remote_actors.hpp"

#include "io/remote/remote_bus.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/message.hpp>
#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

struct fixture {
  struct config : caf::actor_system_config {
    config() { add_remote_types(*this); }
  };

  std::vector<char> bytes_of(const caf::message& x) {
    std::vector<char> result;
    caf::binary_serializer sink{system, result};
    CAF_REQUIRE(!sink(x));
    return result;
  }

  /// Null: it is an error.
  caf::message read(const std::vector<char>& x) {
    caf::message result;
    caf::binary_deserializer source{system, x};
    if (auto error = source(result))
      return {};
    return result;
  }

  config how;
  caf::actor_system system{how};
};

const remote_bytes sample{std::string{"cafbus-link\n\0\1\xff", 15}};

} // namespace

CAF_TEST_FIXTURE_SCOPE(remote_actors_tests, fixture)

CAF_TEST(all bytes come across as they are) {
  for (const auto& x : {sample, remote_bytes{}, remote_bytes{std::string(300'000, '\0')}}) {
    auto y = read(bytes_of(caf::make_message(x)));
    CAF_REQUIRE(y.match_elements<remote_bytes>());
    CAF_CHECK(y.get_as<remote_bytes>(0) == x);
  }
}

CAF_TEST(a message that is cut is an error) {
  const auto whole = bytes_of(caf::make_message(sample));
  for (size_t n = 0; n < whole.size(); ++n)
    CAF_CHECK(read({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(n)}).empty());
}

CAF_TEST(a message with a wrong byte is an error or another message) {
  const auto whole = bytes_of(caf::make_message(sample));
  for (size_t i = 0; i < whole.size(); ++i)
    for (int flipped = 1; flipped < 256; flipped <<= 1) {
      auto damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ flipped);
      auto x = read(damaged);
      CAF_CHECK(x.empty() || !x.match_elements<remote_bytes>() ||
                x.get_as<remote_bytes>(0).bytes.size() <= sample.bytes.size());
    }
}

CAF_TEST(a length that is not there is not believed) {
  std::vector<char> promise(9, '\xff'); // as a number of seven bits a byte
  promise.push_back('\1');
  remote_bytes x;
  caf::binary_deserializer source{system, promise};
  CAF_CHECK(source(x));
  CAF_CHECK(x.bytes.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
