#include "gateway/feeds.hpp"

#include "gateway/feed.hpp"
#include "gateway/limits.hpp"

#include <map>

namespace cafbus::http {

struct feeds::impl : std::enable_shared_from_this<feeds::impl> {
  impl(boost::asio::io_context& the_loop, bus_port& the_port, gateway_counters& the_counters, gateway_log& the_log)
    : loop(the_loop), port(the_port), counters(the_counters), log(the_log), timer(the_loop) {}

  void sweep_later() {
    timer.expires_after(limits::sweep_time);
    timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error)
        self->sweep();
    });
  }

  void sweep() {
    if (all.empty())
      return; // the next stream that joins tries again
    ++turn;
    auto now = all; // streams that are closed leave meanwhile, and feeds may end with them
    for (const auto& [wanted, x] : now) {
      x->end_stalled();
      x->beat(turn % limits::sweeps_per_beat == 0);
    }
    sweep_later();
  }

  boost::asio::io_context& loop;
  bus_port& port;
  gateway_counters& counters;
  gateway_log& log;
  boost::asio::steady_timer timer;
  std::map<wanted_types, std::shared_ptr<feed>> all;
  unsigned turn = 0;
};

feeds::feeds(boost::asio::io_context& loop, bus_port& port, gateway_counters& counters, gateway_log& log)
  : impl_(std::make_shared<impl>(loop, port, counters, log)) {}

feeds::~feeds() {
  impl_->timer.cancel();
  for (const auto& [wanted, x] : impl_->all)
    x->stop();
}

result<void> feeds::join(const wanted_types& wanted, const stream_start& from, const std::shared_ptr<stream>& reader) {
  auto& all = impl_->all;
  auto found = all.find(wanted);
  if (found == all.end()) {
    if (all.size() >= limits::max_feeds)
      return failure{failure_kind::unavailable, "there are streams with " + std::to_string(limits::max_feeds) +
                                                    " other sets of types; try again when some have ended"};
    found = all.emplace(wanted, std::make_shared<feed>(impl_->loop, impl_->port, impl_->counters, impl_->log, wanted))
                .first;
    found->second->start();
    if (all.size() == 1)
      impl_->sweep_later();
  }
  found->second->add(from, reader);
  impl_->counters.feeds = all.size();
  return {};
}

void feeds::leave(const std::shared_ptr<stream>& reader) {
  std::erase_if(impl_->all, [&](const auto& entry) {
    entry.second->remove(reader);
    auto unused = entry.second->is_unused();
    if (unused)
      entry.second->stop();
    return unused;
  });
  impl_->counters.feeds = impl_->all.size();
}

} // namespace cafbus::http
