#pragma once
#include "base/result.hpp"
#include "cli/top_view.hpp"

#include <memory>

namespace cafbus {

/// Whether this program was built with ncurses.
bool has_top() noexcept;

/// The screen and the keyboard of `cafbus top`, by ncurses. At most one at a time. However the program ends, the
/// terminal is left as it was: by the destructor, and by a handler for the signals of a crash.
class top_terminal {
public:
  /// Takes the terminal of standard input and output. A failure says why that does not work, or that this program was
  /// built without ncurses.
  static result<top_terminal> open();
  ~top_terminal();
  top_terminal(top_terminal&&) noexcept;
  top_terminal& operator=(top_terminal&&) = delete;

  size_t width() const;
  size_t height() const;

  /// The terminal may have got another size.
  void measure();

  /// @param lines As many as `height`.
  void draw(const std::vector<top_line>& lines);

  /// A key that was pressed; none: nothing more is there.
  std::optional<top_key> next_key();

private:
  struct impl;
  explicit top_terminal(std::unique_ptr<impl> x);
  std::unique_ptr<impl> impl_;
};

} // namespace cafbus
