#include "config/reload.hpp"

namespace cafbus {

namespace {

bool take_over(const option& x, serve_options& to, serve_options from, const std::string& text) {
  if (!x.repeatable)
    return static_cast<bool>(x.set(to, text));
  x.list(to) = x.list(from);
  return true;
}

} // namespace

reload_plan plan_reload(const serve_options& running, const serve_options& wanted) {
  reload_plan result{running, {}, {}};
  for (const auto& x : option_table()) {
    auto text = x.text(wanted);
    option_change change{x.name, x.text(running), text};
    if (change.from == text)
      continue;
    if (x.reloadable && take_over(x, result.next, wanted, text))
      result.changed.push_back(std::move(change));
    else
      result.need_restart.push_back(std::move(change));
  }
  return result;
}

} // namespace cafbus
