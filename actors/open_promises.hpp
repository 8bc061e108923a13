#pragma once
#include <caf/error.hpp>
#include <caf/typed_response_promise.hpp>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace cafbus {

/// Questions that an actor has not answered yet. Each promise is kept once: copies of one do not know of each other's
/// delivery. A promise keeps its actor alive, so an actor answers all of them before it ends.
/// @tparam T The answer.
template <class T>
class open_promises {
public:
  using ticket = uint64_t;

  ticket add(caf::typed_response_promise<T> promise) {
    open_.emplace(++last_, std::move(promise));
    return last_;
  }

  /// Answers, with a value or an error; no-op if that has been done. To be called in a handler of the actor.
  template <class Answer>
  void deliver(ticket x, Answer answer) {
    auto i = open_.find(x);
    if (i == open_.end())
      return;
    auto promise = std::move(i->second);
    open_.erase(i);
    promise.deliver(std::move(answer));
  }

  bool is_open(ticket x) const { return open_.contains(x); }

  void fail_all(const caf::error& reason) {
    for (auto& [id, promise] : std::exchange(open_, {}))
      promise.deliver(reason);
  }

private:
  std::unordered_map<ticket, caf::typed_response_promise<T>> open_;
  ticket last_ = 0;
};

} // namespace cafbus
