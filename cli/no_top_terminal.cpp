#include "cli/top_terminal.hpp"

// For a build without ncurses: there is no screen.

namespace cafbus {

bool has_top() noexcept {
  return false;
}

struct top_terminal::impl {};

top_terminal::top_terminal(std::unique_ptr<impl> x) : impl_(std::move(x)) {}
top_terminal::~top_terminal() = default;
top_terminal::top_terminal(top_terminal&&) noexcept = default;

result<top_terminal> top_terminal::open() {
  return failure{failure_kind::not_found, "this cafbus was built without ncurses, so it has no `top`; "
                                          "`cafbus status --watch` shows the same figures. To get it, install "
                                          "libncurses-dev, and build cafbus again"};
}

size_t top_terminal::width() const {
  return 0;
}
size_t top_terminal::height() const {
  return 0;
}
void top_terminal::measure() {}
void top_terminal::draw(const std::vector<top_line>&) {}
std::optional<top_key> top_terminal::next_key() {
  return std::nullopt;
}

} // namespace cafbus
