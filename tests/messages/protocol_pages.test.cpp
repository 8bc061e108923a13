// What the reference shows is what the codec writes: checked, so that it cannot drift.
#include "messages/frame_codec.hpp"

#include <fstream>
#include <variant>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(the examples in the protocol reference are what the codec writes) {
  size_t written = 0;
  size_t payloads = 0;
  for (const auto* name : {"messages/PROTOCOL.md", "messages/CHOICE.md", "messages/HISTORY.md", "messages/GROUPS.md"}) {
    std::ifstream file{name};
    for (std::string before, line; std::getline(file, line); before = line) {
      if (before != "```json")
        continue;
      CAF_MESSAGE(line);
      const auto result = decode(line);
      CAF_REQUIRE(std::holds_alternative<frame>(result));
      std::visit(
          [&](const auto& x) {
            if constexpr (requires { encode(x); }) {
              CAF_CHECK_EQUAL(encode(x), line + '\n');
              ++written;
            } else {
              CAF_CHECK(line.find("\"payload\":") != std::string::npos);
              ++payloads;
            }
          },
          std::get<frame>(result));
    }
  }
  CAF_CHECK_EQUAL(written, 30u);
  CAF_CHECK_EQUAL(payloads, 4u);
}
