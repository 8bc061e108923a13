#include "actors/line_reader.hpp"

#include "actors/own_thread.hpp"
#include "base/deadline.hpp"
#include "base/text_encoding.hpp"
#include "base/utf8.hpp"
#include "config/defaults.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"
#include "messages/event_encoder.hpp"
#include "messages/frame_splitter.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <new>
#include <optional>
#include <spdlog/logger.h>
#include <utility>

namespace cafbus {

namespace {

/// Between two attempts to tell what there is no memory for.
constexpr auto retry_pause = std::chrono::milliseconds{20};

/// @returns false if there is no memory for that.
bool tell(const reader_owner_actor& owner, const reader_ended& x) {
  try {
    caf::anon_send(owner, x);
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

/// What the log shows, at debug level, of a line that is no event.
constexpr size_t shown_bytes = 40;

class source_reader {
public:
  source_reader(caf::scoped_actor& self, const line_reader_options& options) : self_{self}, x_{options} {}

  /// Reads until the end.
  input_end run() {
    if (auto begun = x_.input->begin(); !begun)
      return {begun.error().text, true};
    for (;;) {
      auto step = x_.input->next(buffer_);
      switch (step.what) {
      case input_step::kind::nothing:
        break;
      case input_step::kind::bytes:
        if (!take_bytes({buffer_.data(), step.size}))
          return finish(true, "the bus has ended");
        break;
      case input_step::kind::text:
        if (!take_bytes(step.text))
          return finish(true, "the bus has ended");
        break;
      case input_step::kind::cut:
        if (!cut())
          return finish(true, "the bus has ended");
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
  input_end finish(bool stopped, std::string why) { return x_.input->finish(stopped, std::move(why)); }

  bool take_bytes(std::string_view bytes) {
    encoder_.arrived_at(std::chrono::system_clock::now());
    splitter_.append(bytes.data(), bytes.size());
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
    give_up_torn();
    return publish_batch();
  }

  /// Something else begins. A rest that is no event may be one together with the next line.
  bool cut() {
    if (auto rest = splitter_.rest(); rest && encoder_.add_line(*rest) != event_encoder::outcome::added) {
      give_up_torn();
      torn_ = *rest;
    }
    splitter_ = frame_splitter{defaults::max_frame_bytes}; // it may be in the middle of a line that is too long
    line_number_ = 0;
    return publish_batch();
  }

  void take(std::string_view line) {
    ++line_number_;
    if (line_number_ == 1)
      line = without_bom(line);
    if (line.empty())
      return;
    if (!torn_.empty()) {
      auto whole = torn_ + std::string{line};
      if (whole.size() <= defaults::max_frame_bytes && encoder_.add_line(whole) == event_encoder::outcome::added) {
        torn_.clear();
        return;
      }
      give_up_torn();
    }
    add(line);
  }

  void add(std::string_view line) {
    switch (encoder_.add_line(line)) {
    case event_encoder::outcome::added:
      break;
    case event_encoder::outcome::rejected:
      reject(why_rejected(line), line);
      break;
    case event_encoder::outcome::other_type:
      reject("its \"type\" is not \"publish\"", line);
    }
  }

  std::string why_rejected(std::string_view line) const {
    auto why = encoder_.error() == event_error::not_json ? explain_not_json(line) : std::string{};
    return why.empty() ? to_string(encoder_.error()) : why;
  }

  void give_up_torn() {
    if (auto line = std::exchange(torn_, {}); !line.empty())
      add(line);
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
    auto times = limit_.pass(std::chrono::steady_clock::now());
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
    if (taken)
      x_.input->on_taken();
    if (taken && size > 0 && x_.tells_progress)
      caf::anon_send(x_.owner, reader_progress{x_.epoch});
    return taken;
  }

  caf::scoped_actor& self_;
  const line_reader_options& x_;
  std::vector<char> buffer_ = std::vector<char>(defaults::read_bytes);
  frame_splitter splitter_{defaults::max_frame_bytes};
  event_encoder encoder_{x_.max_json_depth};
  log::limit limit_;
  std::string torn_; // the end of what was cut, until it is known whether the next line is the rest of it
  uint64_t line_number_ = 0;
  uint64_t rejected_ = 0;
  uint64_t events_ = 0;
};

} // namespace

result<void> start_line_reader(caf::actor_system& system, line_reader_options options) {
  reader_ended end{options.epoch, 0, "there is not enough memory", true}; // which would be needed to say so
  return run_on_own_thread(system,
                           [options = std::move(options), end = std::move(end)](caf::scoped_actor& self) mutable {
                             std::optional<source_reader> reader;
                             try {
                               auto how = reader.emplace(self, options).run();
                               end.detail = std::move(how.detail);
                               end.failed = how.failed;
                             } catch (const std::bad_alloc&) {
                             }
                             if (reader)
                               end.events = reader->events();
                             while (!tell(options.owner, end))
                               sleep_for(retry_pause);
                           });
}

} // namespace cafbus
