#include "cli/top_view.hpp"

#include "cli/cells.hpp"
#include "cli/explanation.hpp"
#include "cli/status_text.hpp"
#include "cli/wanted_names.hpp"
#include "config/duration.hpp"

#include <algorithm>
#include <array>
#include <sstream>

namespace cafbus {

namespace {

constexpr size_t narrowest = 30, lowest = 8;

constexpr std::array help_lines{
    "up, down, PgUp, PgDn, Home, End   select a consumer",
    "Enter      its details; Esc comes back",
    "s, S       sort by the next column, the one before: trouble, lag, drops, delivered, received, key, pid",
    "r          reverse the order",
    "/          show only consumers with a text in pid, key, types or state; Esc shows all",
    "p, space   pause, and go on",
    "i          information on the bus: sources, links, limits, why events do not arrive",
    "?, h       this help; Ctrl-L draws the screen again",
    "q          quit",
    "",
    "IN/S       events that came for the consumer, per second",
    "OUT/S      events that it took, per second",
    "LAG        events that wait for it",
    "DROPS      events that it lost since it came",
    "STATE      how it fares, the worst first: loses, stuck, delays, behind, catches up, keeps up, idle",
};

std::string figure(double x) {
  return short_number(x);
}
std::string figure(uint64_t x) {
  return short_number(static_cast<double>(x));
}

std::string seconds_text(std::chrono::nanoseconds x) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(x).count()) + " s";
}

top_line::look look_of(const top_row& x) {
  return x.how >= pace::stuck ? top_line::bad : top_line::plain;
}

/// The widths of the table's columns in a screen of `width`; 0: not shown.
struct column_widths {
  explicit column_widths(size_t width)
    : received(width >= 80 ? 6 : 0), bytes(width >= 100 ? 9 : 0), subscription(width >= 140 ? 20 : 0) {
    size_t fixed = pid + 1 + delivered + 1 + lag + 1 + drops + 1 + 1;
    for (auto x : {received, bytes, subscription})
      fixed += x == 0 ? 0 : x + 1;
    const auto rest = width > fixed ? width - fixed : 0;
    state = std::min<size_t>(rest / 2 + rest % 2, 44);
    key = rest - state;
  }

  size_t pid = 7, delivered = 6, lag = 6, drops = 6;
  size_t received, bytes, subscription;
  size_t key = 0, state = 0;
};

struct table_cells {
  std::string pid, key, subscription, received, delivered, lag, bytes, drops, state;
};

std::string row_text(const column_widths& w, const table_cells& x) {
  std::string result = fitted(x.pid, w.pid, alignment::right) + ' ' + fitted(x.key, w.key);
  if (w.subscription != 0)
    result += ' ' + fitted(x.subscription, w.subscription);
  if (w.received != 0)
    result += ' ' + fitted(x.received, w.received, alignment::right);
  result += ' ' + fitted(x.delivered, w.delivered, alignment::right) + ' ' + fitted(x.lag, w.lag, alignment::right);
  if (w.bytes != 0)
    result += ' ' + fitted(x.bytes, w.bytes, alignment::right);
  return result + ' ' + fitted(x.drops, w.drops, alignment::right) + ' ' + fitted(x.state, w.state);
}

table_cells header_cells() {
  return {"PID", "KEY", "SUBSCRIPTION", "IN/S", "OUT/S", "LAG", "BYTES", "DROPS", "STATE"};
}

table_cells cells_of_row(const top_row& x) {
  return {std::to_string(x.consumer.pid),
          x.consumer.event_key,
          x.consumer.subscription_id,
          figure(x.received),
          figure(x.delivered),
          figure(x.consumer.queued),
          figure(x.consumer.queued_bytes),
          figure(x.consumer.dropped),
          reason(x)};
}

std::string comma_list(const std::vector<std::string>& all) {
  std::string result;
  for (const auto& x : all)
    result += (result.empty() ? "" : ", ") + x;
  return result;
}

/// Its last character less.
void shorten(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80)
    text.pop_back();
  if (!text.empty())
    text.pop_back();
}

} // namespace

top_view::identity top_view::identity_of(const top_row& x) {
  return {x.consumer.pid, x.consumer.event_key, x.consumer.subscription_id};
}

void top_view::take(status_response x, clock::time_point now) {
  const auto seconds = std::chrono::duration<double>(now - latest_at_).count();
  const auto* before = latest_ ? &*latest_ : nullptr;
  if (!paused_) {
    rows_ = rows_between(before, x, seconds);
    totals_ = totals_between(before, x, seconds, rows_);
    shown_ = x;
  }
  latest_ = std::move(x);
  latest_at_ = now;
  lost_.clear();
}

void top_view::lose(std::string why, clock::time_point now) {
  if (lost_.empty())
    lost_since_ = now;
  lost_ = why.empty() ? "the bus does not answer" : std::move(why);
}

std::vector<top_row> top_view::visible_rows() const {
  auto result = rows_;
  std::erase_if(result, [this](const auto& x) { return !fits(x, filter_); });
  sort_rows(result, order_, reversed_);
  return result;
}

// -- keys
// ---------------------------------------------------------------------------------------------------------------

bool top_view::press(const top_key& x) {
  if (typing_)
    return press_in_filter(x);
  if (x.what == top_key::text && x.letter == "q")
    return false;
  if (page_ != page::table)
    return press_in_text(x);
  if (x.what == top_key::text)
    press_letter(x.letter);
  else if (x.what == top_key::enter && selected_)
    page_ = page::consumer;
  else if (x.what == top_key::escape)
    filter_.clear();
  else if (x.what == top_key::left || x.what == top_key::right)
    press_letter(x.what == top_key::left ? "S" : "s");
  else
    move_selection(x);
  scroll_ = page_ == page::table ? scroll_ : 0;
  return true;
}

bool top_view::press_in_filter(const top_key& x) {
  if (x.what == top_key::text)
    filter_ += x.letter;
  else if (x.what == top_key::backspace)
    shorten(filter_);
  else if (x.what == top_key::escape)
    filter_.clear();
  typing_ = x.what != top_key::enter && x.what != top_key::escape;
  return true;
}

bool top_view::press_in_text(const top_key& x) {
  const auto page_rows = std::max<size_t>(page_rows_, 1);
  if (x.what == top_key::down || x.what == top_key::page_down)
    scroll_ += x.what == top_key::down ? 1 : page_rows;
  else if (x.what == top_key::up || x.what == top_key::page_up)
    scroll_ -= std::min(scroll_, x.what == top_key::up ? 1 : page_rows);
  else if (x.what == top_key::home || x.what == top_key::end)
    scroll_ = x.what == top_key::home ? 0 : SIZE_MAX / 2; // drawing knows where it ends
  else if (x.what == top_key::text && (x.letter == "p" || x.letter == " "))
    paused_ = !paused_;
  else
    page_ = page::table;
  return true;
}

void top_view::press_letter(const std::string& x) {
  if (x == "s" || x == "S")
    order_ = static_cast<top_order>((static_cast<size_t>(order_) + (x == "s" ? 1 : top_orders - 1)) % top_orders);
  else if (x == "r")
    reversed_ = !reversed_;
  else if (x == "/")
    typing_ = true;
  else if (x == "p" || x == " ")
    paused_ = !paused_;
  else if (x == "?" || x == "h")
    page_ = page::help;
  else if (x == "i")
    page_ = page::bus;
}

void top_view::move_selection(const top_key& x) {
  const auto rows = visible_rows();
  if (rows.empty())
    return;
  const auto found = std::ranges::find_if(rows, [this](const auto& y) { return selected_ == identity_of(y); });
  auto at = static_cast<size_t>(found == rows.end() ? 0 : found - rows.begin());
  const auto last = rows.size() - 1;
  if (x.what == top_key::home)
    at = 0;
  else if (x.what == top_key::end)
    at = last;
  else if (x.what == top_key::up || x.what == top_key::page_up)
    at -= std::min(at, x.what == top_key::up ? 1 : page_rows_);
  else if ((x.what == top_key::down && found != rows.end()) || x.what == top_key::page_down)
    at = std::min(last, at + (x.what == top_key::down ? 1 : page_rows_));
  selected_ = identity_of(rows[at]);
}

// -- lines
// --------------------------------------------------------------------------------------------------------------

std::vector<top_line> top_view::lines(size_t width, size_t height, clock::time_point now) {
  std::vector<top_line> result;
  if (width < narrowest || height < lowest) {
    result.push_back({fitted("too small: 30 x 8", width)});
  } else {
    result = {title(width), totals(width), trouble(width, now)};
    if (page_ == page::table)
      add_table(result, width, height);
    else
      add_text(result, width, height);
  }
  result.resize(height);
  return result;
}

top_line top_view::title(size_t width) const {
  auto text = "cafbus top  app " + app_;
  if (shown_)
    text += "  pid " + std::to_string(shown_->pid) + "  up " + seconds_text(std::chrono::seconds{shown_->uptime_sec}) +
            "  consumers " + std::to_string(shown_->consumers.size());
  const std::string right = paused_ ? " PAUSED" : "";
  return {fitted(text, width - right.size()) + right, top_line::title};
}

top_line top_view::totals(size_t width) const {
  auto text = "in " + figure(totals_.received) + "/s  out " + figure(totals_.delivered) + "/s  drops " +
              figure(totals_.dropped) + "/s  lag " + figure(totals_.queued) + "  unmatched " +
              figure(totals_.unmatched) + "/s  duplicates " + figure(totals_.duplicates) + "/s  queued bytes " +
              figure(totals_.queued_bytes);
  return {fitted(text, width), totals_.dropped > 0 ? top_line::bad : top_line::plain};
}

/// What keeps events from arriving, of the bus as a whole: rows tell of consumers.
top_line top_view::trouble(size_t width, clock::time_point now) const {
  if (!lost_.empty())
    return {fitted("NO BUS for " + seconds_text(now - lost_since_) + (shown_ ? ", below is what was: " : ": ") + lost_,
                   width),
            top_line::bad};
  if (!shown_)
    return {fitted("asking the bus ...", width), top_line::faint};
  auto why = explain(*shown_);
  std::erase_if(why, [](const auto& x) { return x.starts_with("consumer "); });
  if (why.empty())
    return {fitted("", width)};
  const auto more = why.size() == 1 ? std::string{} : " (+" + std::to_string(why.size() - 1) + ": i)";
  return {fitted(why[0], width - more.size()) + more, top_line::bad};
}

top_line top_view::footer(size_t width, size_t shown, size_t all) const {
  if (typing_)
    return {fitted("/" + filter_ + "_   Enter keeps it, Esc shows all", width), top_line::title};
  std::string text = "q quit  ";
  if (page_ == page::table)
    text += std::string{"? help  Enter details  s sort: "} + to_string(order_) + (reversed_ ? " (reversed)" : "");
  else
    text += "Esc back";
  if (shown < all)
    text = std::to_string(shown) + " of " + std::to_string(all) + "  " + text;
  if (page_ == page::table && !filter_.empty())
    text = "/" + filter_ + "  " + text;
  return {fitted(text, width), top_line::faint};
}

void top_view::add_table(std::vector<top_line>& out, size_t width, size_t height) {
  const auto rows = visible_rows();
  const column_widths widths{width};
  page_rows_ = height - out.size() - 2;
  const auto found = std::ranges::find_if(rows, [this](const auto& x) { return selected_ == identity_of(x); });
  if (found != rows.end()) {
    const auto at = static_cast<size_t>(found - rows.begin());
    first_ = std::clamp(first_, at + 1 > page_rows_ ? at + 1 - page_rows_ : 0, at);
  }
  first_ = std::min(first_, rows.size() > page_rows_ ? rows.size() - page_rows_ : 0);
  const auto end = std::min(rows.size(), first_ + page_rows_);
  out.push_back({row_text(widths, header_cells()), top_line::header});
  for (auto i = first_; i < end; ++i)
    out.push_back({row_text(widths, cells_of_row(rows[i])), selected_ == identity_of(rows[i]) ? top_line::selected
                                                            : !lost_.empty()                  ? top_line::faint
                                                                                              : look_of(rows[i])});
  if (rows.empty() && shown_)
    out.push_back({fitted(rows_.empty() ? "no consumer is connected" : "no consumer fits the filter", width)});
  out.resize(height - 1);
  out.push_back(footer(width, end - first_, rows_.size()));
}

void top_view::add_text(std::vector<top_line>& out, size_t width, size_t height) {
  std::vector<std::string> all;
  for (const auto& line : text_of_page())
    std::ranges::move(wrapped(line, width), std::back_inserter(all));
  page_rows_ = height - out.size() - 1;
  scroll_ = std::min(scroll_, all.size() > page_rows_ ? all.size() - page_rows_ : 0);
  const auto end = std::min(all.size(), scroll_ + page_rows_);
  for (auto i = scroll_; i < end; ++i)
    out.push_back({all[i]});
  out.resize(height - 1);
  out.push_back(footer(width, end - scroll_, all.size()));
}

std::vector<std::string> top_view::text_of_page() const {
  if (page_ == page::help)
    return {help_lines.begin(), help_lines.end()};
  if (page_ == page::consumer)
    return text_of_consumer();
  if (!shown_)
    return {"the bus has not answered yet"};
  std::vector<std::string> result;
  auto bus = *shown_;
  bus.consumers.clear(); // the table has them
  std::istringstream text{status_text(bus)};
  for (std::string line; std::getline(text, line);)
    if (line.find("no consumer is connected") == std::string::npos || shown_->consumers.empty())
      result.push_back(line);
  return result;
}

std::vector<std::string> top_view::text_of_consumer() const {
  const auto found = std::ranges::find_if(rows_, [this](const auto& x) { return selected_ == identity_of(x); });
  if (found == rows_.end())
    return {"this consumer has gone"};
  const auto& x = found->consumer;
  const auto whole = [](uint64_t n) { return std::to_string(n); };
  std::vector<std::string> result{
      "state         " + reason(*found),
      "pid           " + std::to_string(x.pid),
      "key           " + x.event_key,
      "types         " + comma_list(wanted_names(x)),
      "received      " + whole(x.received) + "  (" + figure(found->received) + "/s)",
      "delivered     " + whole(x.delivered) + "  (" + figure(found->delivered) + "/s)",
      "dropped       " + whole(x.dropped) + "  (" + figure(found->dropped) + "/s)",
      "queued        " + whole(x.queued) + " events, " + whole(x.queued_bytes) + " bytes",
      std::string{"policy        "} + (x.policy == queue_policy::unknown ? "drop_oldest" : to_string(x.policy)),
  };
  if (!x.subscription_id.empty() && x.subscription_id != x.event_key)
    result.push_back("subscription  " + x.subscription_id);
  if (x.queue_capacity != 0 || x.queue_bytes != 0)
    result.push_back("queue limit   " + (x.queue_capacity == 0 ? std::string{"the bus's"} : whole(x.queue_capacity)) +
                     " events, " + (x.queue_bytes == 0 ? std::string{"the bus's"} : size_text(x.queue_bytes)));
  for (const auto& why : why_nothing(*shown_, x.event_key, x.pid))
    if (why.stage == event_stage::queue)
      result.insert(result.begin() + 1, "why           " + why.text);
  for (auto pid : x.blocks)
    result.push_back("delays        " + (pid == 0 ? std::string{"a source of the bus"} : std::to_string(pid)));
  return result;
}

} // namespace cafbus
