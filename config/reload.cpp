#include "config/reload.hpp"

namespace cafbus {

reload_plan plan_reload(const serve_options& running, const serve_options& wanted) {
  reload_plan result{running, {}, {}};
  for (const auto& x : option_table()) {
    auto text = x.text(wanted);
    if (text == x.text(running))
      continue;
    if (x.reloadable && x.set(result.next, text))
      result.changed.push_back(x.name);
    else
      result.need_restart.push_back(x.name);
  }
  return result;
}

} // namespace cafbus
