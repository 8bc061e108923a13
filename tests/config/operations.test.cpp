// The manual says what the program does: checked, so that it cannot drift.
#include "config/options.hpp"

#include <fstream>
#include <iterator>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

std::string manual() {
  std::ifstream in{"config/OPERATIONS.md"};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The line that the manual must have of an option.
std::string row(const option& x) {
  auto standard = x.text(serve_options{});
  return "| `" + x.name + "` | `" + x.env + "` | " + (standard.empty() ? "" : "`" + standard + "`") + " | " +
         x.allowed + " | " + (x.reloadable ? "yes" : "no") + " | " + x.help + " |";
}

} // namespace

CAF_TEST(the manual has every option with its default and its bounds) {
  auto text = '\n' + manual();
  for (const auto& x : option_table())
    if (text.find('\n' + row(x) + '\n') == std::string::npos)
      CAF_ERROR("config/OPERATIONS.md lacks: " << row(x));
}

CAF_TEST(the manual has no option that does not exist) {
  auto text = manual();
  for (size_t i = 0; (i = text.find("\n| `", i)) != std::string::npos; ++i) {
    auto name = text.substr(i + 4, text.find('`', i + 4) - i - 4);
    auto after = text.substr(i + 4 + name.size(), 13);
    if (after.starts_with("` | `CAFBUS_"))
      CAF_CHECK(find_option(name) != nullptr);
  }
}
