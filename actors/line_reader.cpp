#include "actors/line_reader.hpp"

#include "config/defaults.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"
#include "messages/event_encoder.hpp"
#include "messages/frame_splitter.hpp"

#include <caf/blocking_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <spdlog/logger.h>
#include <utility>

namespace cafbus {

namespace {

/// What the log shows, at debug level, of a line that is no event.
constexpr size_t shown_bytes = 40;

class line_reader {
public:
  line_reader(caf::blocking_actor* self, const line_reader_options& options) : self_{self}, x_{options} {}

  /// Reads until the end. @returns why it ended.
  std::string run() {
    for (;;) {
      auto step = x_.input->next(buffer_);
      switch (step.what) {
      case input_step::kind::nothing:
        break;
      case input_step::kind::bytes:
        if (!take_bytes(step.size))
          return finish(true, "the bus has ended");
        break;
      case input_step::kind::cut:
        if (!take_rest())
          return finish(true, "the bus has ended");
        line_number_ = 0;
        splitter_ = frame_splitter{defaults::max_frame_bytes}; // it may be in the middle of a line that is too long
        break;
      case input_step::kind::state:
        caf::anon_send(x_.owner, reader_state{x_.epoch, step.state, std::move(step.text)});
        break;
      case input_step::kind::stopped:
        return finish(true, std::move(step.text));
      case input_step::kind::end:
        return take_rest() ? finish(false, std::move(step.text)) : finish(true, "the bus has ended");
      }
    }
  }

  uint64_t events() const { return events_; }

private:
  std::string finish(bool stopped, std::string why) { return x_.input->finish(stopped, std::move(why)); }

  bool take_bytes(size_t n) {
    encoder_.arrived_at(std::chrono::system_clock::now());
    splitter_.append(buffer_.data(), n);
    do {
      while (auto line = splitter_.next())
        take(*line);
    } while (skip_too_long());
    return publish_batch();
  }

  /// What has no end of line is a line, too, once nothing can follow it.
  bool take_rest() {
    if (auto line = splitter_.rest())
      take(*line);
    return publish_batch();
  }

  void take(std::string_view line) {
    ++line_number_;
    if (line.empty())
      return;
    switch (encoder_.add_line(line)) {
    case event_encoder::outcome::added:
      break;
    case event_encoder::outcome::rejected:
      reject(to_string(encoder_.error()), line);
      break;
    case event_encoder::outcome::other_type:
      reject("its \"type\" is not \"publish\"", line);
    }
  }

  bool skip_too_long() {
    if (!splitter_.skip_too_long())
      return false;
    ++line_number_;
    reject("line longer than " + std::to_string(defaults::max_frame_bytes) + " bytes", {});
    return true;
  }

  void reject(const std::string& why, std::string_view line) {
    ++rejected_;
    auto times = limit_.allow(std::chrono::steady_clock::now());
    if (!times)
      return;
    log::source().warn("line-rejected source={} line={} reason={} times={}", log::quoted(x_.source_name), line_number_,
                       log::quoted(why), *times);
    if (log::source().should_log(spdlog::level::trace)) // it may be a payload that somebody has spoilt
      log::source().trace("line-rejected-begins source={} line={} bytes={}", log::quoted(x_.source_name), line_number_,
                          log::quoted(line.substr(0, shown_bytes)));
  }

  /// Hands over what was read and waits until the hub has it: the source's credit.
  bool publish_batch() {
    if (encoder_.size() == 0 && rejected_ == 0)
      return true;
    auto size = encoder_.size();
    bool taken = false;
    self_->request(x_.hub, caf::infinite, publish{encoder_.finish(), std::exchange(rejected_, 0)})
        .receive(
            [&](const published& answer) {
              taken = true;
              events_ += answer.accepted;
            },
            [](const caf::error&) {});
    if (taken && size > 0 && x_.tells_progress)
      caf::anon_send(x_.owner, reader_progress{x_.epoch});
    return taken;
  }

  caf::blocking_actor* self_;
  const line_reader_options& x_;
  std::vector<char> buffer_ = std::vector<char>(defaults::read_bytes);
  frame_splitter splitter_{defaults::max_frame_bytes};
  event_encoder encoder_{x_.max_json_depth};
  log::limit limit_;
  uint64_t line_number_ = 0;
  uint64_t rejected_ = 0;
  uint64_t events_ = 0;
};

} // namespace

void spawn_line_reader(caf::actor_system& system, line_reader_options options) {
  // CAF 0.17: a function without further arguments dereferences null, which the library's assertions see
  auto read = [](caf::blocking_actor* self, const line_reader_options& x) {
    line_reader reader{self, x};
    auto detail = reader.run();
    caf::anon_send(x.owner, reader_ended{x.epoch, reader.events(), std::move(detail)});
  };
  system.spawn<caf::detached>(read, std::move(options));
}

} // namespace cafbus
