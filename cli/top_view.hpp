#pragma once
#include "cli/top_model.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace cafbus {

/// A key of the keyboard.
struct top_key {
  enum kind : uint8_t { text, up, down, left, right, page_up, page_down, home, end, enter, escape, backspace };
  kind what = text;
  std::string letter = {}; ///< Of `text`: one character.
};

/// A line of the screen.
struct top_line {
  enum look : uint8_t { plain, title, header, good, bad, faint, selected };
  std::string text = {}; ///< As `shown` returns it; fills the line, or less.
  look how = plain;
};

/// What `cafbus top` shows: takes in looks at the bus and keys, gives lines for a screen of any size. Knows no
/// terminal.
class top_view {
public:
  using clock = std::chrono::steady_clock;

  explicit top_view(std::string app, top_order order = top_order::trouble, std::string filter = {})
    : app_(std::move(app)), order_(order), filter_(std::move(filter)) {}

  /// The bus has answered.
  void take(status_response x, clock::time_point now);

  /// There is no answer. @param why For people.
  void lose(std::string why, clock::time_point now);

  /// @returns false if that key ends it.
  bool press(const top_key& x);

  /// Exactly `height` lines of at most `width` cells each.
  std::vector<top_line> lines(size_t width, size_t height, clock::time_point now);

private:
  using identity = std::tuple<int64_t, std::string, std::string>;
  enum class page : uint8_t { table, consumer, bus, help };

  static identity identity_of(const top_row& x);
  std::vector<top_row> visible_rows() const;
  bool press_in_filter(const top_key& x);
  bool press_in_text(const top_key& x);
  void press_letter(const std::string& x);
  void move_selection(const top_key& x);

  top_line title(size_t width) const;
  top_line totals(size_t width) const;
  top_line trouble(size_t width, clock::time_point now) const;
  top_line footer(size_t width, size_t shown, size_t all) const;
  void add_table(std::vector<top_line>& out, size_t width, size_t height);
  void add_text(std::vector<top_line>& out, size_t width, size_t height);
  std::vector<std::string> text_of_page() const;
  std::vector<std::string> text_of_consumer() const;

  std::string app_;
  top_order order_;
  std::string filter_;
  bool reversed_ = false;
  bool paused_ = false;
  bool typing_ = false; // the filter
  page page_ = page::table;

  std::optional<status_response> latest_;
  clock::time_point latest_at_;
  std::optional<status_response> shown_; // the latest one, or that of when it was paused
  std::vector<top_row> rows_;
  top_totals totals_;
  std::string lost_; // why there is no answer; empty: there is one
  clock::time_point lost_since_;

  std::optional<identity> selected_;
  size_t first_ = 0;      // row at the top of the table
  size_t scroll_ = 0;     // line at the top of a text
  size_t page_rows_ = 10; // of the table or text, when it was drawn last
};

} // namespace cafbus
