#pragma once
#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/execution_unit.hpp>
#include <caf/io/abstract_broker.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <typeinfo>
#include <utility>

// An event goes from socket to socket through actors that all live on the multiplexer's thread. A mailbox between two
// of them would only cost: an allocation, a round of the multiplexer, a system call to poll. So such an actor handles a
// message at once where no one can tell the difference, by the same handler and in the same kind of turn as ever, and
// leaves it to its mailbox everywhere else.

namespace cafbus {

/// How many turns may stand on one another's stack: a batch needs four (the producer's session, hub, conn, session),
/// the rest is in reserve.
constexpr size_t max_inline_depth = 8;

/// Turns of `inline_turn` actors on this thread's stack.
inline size_t& inline_depth() noexcept {
  thread_local size_t depth = 0;
  return depth;
}

/// A message in a turn that needs no mailbox: on the stack, not allocated.
class passing_element final : public caf::mailbox_element {
public:
  passing_element(caf::strong_actor_ptr sender, caf::message_id id, caf::message content)
    : mailbox_element{std::move(sender), id, {}}, content_{std::move(content)} {}

  caf::type_erased_tuple& content() override { return content_; }
  const caf::type_erased_tuple& content() const override { return content_; }
  caf::message move_content_to_message() override { return std::move(content_); }
  caf::message copy_content_to_message() const override { return content_; }

private:
  caf::message content_;
};

/// What has become of a message that was handed over.
enum class handed_over : uint8_t {
  no,       ///< Nothing: it has to be sent.
  handled,  ///< An answer comes as a message, if one does.
  answered, ///< By `answer_now`: no message comes.
};

/// What an actor does with a message of this type; its behaviour calls the same function.
template <class Message>
class handler_of {
public:
  virtual void handle(const Message& x) = 0;

  /// For `hand_over`.
  virtual handed_over handle_now(caf::strong_actor_ptr sender, Message& x, caf::execution_unit* host) {
    static_cast<void>(sender);
    static_cast<void>(x);
    static_cast<void>(host);
    return handed_over::no;
  }

protected:
  ~handler_of() = default;
};

/// The part of `Self`, an `inline_turn`, for messages of one type.
template <class Self, class Message>
class inline_handler_of : public handler_of<Message> {
public:
  handed_over handle_now(caf::strong_actor_ptr sender, Message& x, caf::execution_unit* host) final {
    return static_cast<Self*>(this)->run_now(std::move(sender), x, host);
  }

protected:
  ~inline_handler_of() = default;
};

/// That part of an actor; null: it has none, or runs on another node.
template <class Message, class Handle>
handler_of<Message>* handler_in(const Handle& x) {
  return dynamic_cast<handler_of<Message>*>(caf::actor_cast<caf::abstract_actor*>(x));
}

/// Sends `x`, where the receiver can handle it at once without the memory of an element.
/// @param handler Of `to`: `handler_in`, which is worth keeping. @param x Stays as it is if the receiver has answered.
/// @returns whether the receiver has answered already, so that no message comes
template <class Message, class Self, class Handle>
bool hand_over(Self& from, const Handle& to, handler_of<Message>* handler, Message& x) {
  const auto done = handler ? handler->handle_now(from.ctrl(), x, from.context()) : handed_over::no;
  if (done == handed_over::no)
    from.send(to, std::move(x));
  return done == handed_over::answered;
}

/// Which of `Messages` is the whole content of `x`: its place among them, or their number if none is. CAF compares the
/// names of types; where a type is one object, as in any program that is linked once, its address says the same. To
/// miss one costs no more than a way through the mailbox.
template <class... Messages>
size_t place_of(const caf::type_erased_tuple& x) noexcept {
  const auto* type = x.size() == 1 ? x.type(0).second : nullptr; // null: one of CAF's own types
  size_t place = 0;
  static_cast<void>(((type == &typeid(Messages) || (++place, false)) || ...));
  return place;
}

/// What an actor takes on the sender's thread whatever it does meanwhile, so that it never lies in its mailbox.
class taker {
protected:
  ~taker() = default;

  /// Must be safe on any thread, beside any turn of the actor.
  /// @returns whether it has taken `x`
  virtual bool take(const caf::type_erased_tuple& x, caf::execution_unit* host) {
    static_cast<void>(x);
    static_cast<void>(host);
    return false;
  }
};

/// An actor that handles a message at once, if it is idle and the sender runs on its thread.
///
/// One that is in the middle of a turn takes one message more right after it, since the usual one is the answer to what
/// that turn has sent. The response to a request of its own is handled like that, too. Everything else goes through the
/// mailbox: other messages, other threads, turns nested deeper than `max_inline_depth`.
///
/// - **Order**: nothing is taken ahead of a message that waits in the mailbox.
/// - **Invariant**: at most one turn of an actor is on the stack, so a handler never sees another one's half-done work.
/// - **Fairness**: a turn is followed by at most one more; then the actor's next message waits for a round of the
///   multiplexer, in which every other actor and socket has its turn. A backlog is worked off one message a round.
/// - **Ends**: a handler that quits or throws ends its actor as in any turn; the sender continues.
///
/// @tparam Base A typed broker that closes its mailbox when it ends.
/// @tparam Messages What is handled at once, beside responses; each is the whole content of a message.
template <class Base, class... Messages>
class inline_turn : public Base, public taker, public inline_handler_of<inline_turn<Base, Messages...>, Messages>... {
public:
  using Base::Base;

  template <class Message>
  handed_over run_now(caf::strong_actor_ptr sender, Message& x, caf::execution_unit* host) {
    if (!is_free(host))
      return handed_over::no;
    caf::mailbox_element_view<Message> element{std::move(sender), caf::make_message_id(), {}, x};
    auto done = handed_over::handled;
    run([&] {
      this->current_mailbox_element(&element); // for response promises
      answer_ = &done;
      static_cast<handler_of<Message>&>(*this).handle(x);
      answer_ = nullptr;
    });
    return done;
  }

  /// Answers the message at hand with nothing but that it is done, if it was handed over: its sender knows it at once.
  /// @returns whether; if not, the handler has to answer by a message
  bool answer_now() noexcept {
    if (!answer_)
      return false;
    *std::exchange(answer_, nullptr) = handed_over::answered;
    return true;
  }

  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit* host) override {
    const auto place = place_of<Messages...>(x->content());
    const auto named = place < sizeof...(Messages) || x->mid.is_response();
    if (!named && take(x->content(), host))
      return;
    if (named && is_free(host))
      run([&] { dispatch(*x, place); });
    else if (named && may_follow(host))
      next_ = std::move(x);
    else
      Base::enqueue(std::move(x), host);
  }

  /// CAF's would claim for any sender that it runs on the multiplexer's thread.
  void enqueue(caf::strong_actor_ptr sender, caf::message_id id, caf::message content,
               caf::execution_unit* host) override {
    if (take(content, host))
      return;
    if (place_of<Messages...>(content) < sizeof...(Messages) && may_follow(host))
      next_message_.emplace(message_to_follow{std::move(sender), id, std::move(content)});
    else
      enqueue(caf::make_mailbox_element(std::move(sender), id, {}, std::move(content)), host);
  }

  /// Turns that the multiplexer or the mailbox has begun pass through here.
  caf::invoke_message_result consume(caf::mailbox_element& x) override {
    const turn current{*this};
    auto result = Base::consume(x);
    follow_up();
    return result;
  }

  caf::resumable::resume_result resume(caf::execution_unit* host, size_t) override { return Base::resume(host, 1); }

protected:
  /// As if this actor had got `x` from `host`.
  template <class Message>
  void tell_self(const Message& x, caf::execution_unit* host) {
    if (is_free(host))
      run([&] { static_cast<handler_of<Message>&>(*this).handle(x); });
    else
      enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, x), host);
  }

  /// Whether a message from `host` would be handled at once, and so `run` may be called instead.
  bool is_free(caf::execution_unit* host) {
    return stage_ == stage::idle && host == home_ && is_alive() && this->mailbox().blocked() &&
           inline_depth() < max_inline_depth;
  }

  /// A turn of its own, with all that CAF does in one. @pre `is_free`
  template <class Handler>
  void run(Handler handler) {
    const caf::strong_actor_ptr guard{this->ctrl()}; // the handler may drop the sender's handle
    {
      const turn current{*this};
      attempt(handler);
      follow_up();
    }
    if (!is_alive())
      this->finalize();
  }

private:
  enum class stage : uint8_t {
    idle,         ///< No turn is on the stack.
    handling,     ///< One is; one message may follow it.
    following_up, ///< That one is being handled; nothing follows it.
  };

  struct message_to_follow {
    caf::strong_actor_ptr sender;
    caf::message_id id;
    caf::message content;
  };

  /// A turn on the stack. What was to follow one that has thrown or quit goes to the mailbox, which answers requests
  /// when the actor ends.
  struct turn {
    explicit turn(inline_turn& self) noexcept : self_{self} {
      ++inline_depth();
      self_.stage_ = stage::handling;
    }
    ~turn() {
      --inline_depth();
      self_.stage_ = stage::idle;
      if (self_.next_ || self_.next_message_)
        bounce();
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

    void bounce() noexcept {
      try {
        if (auto x = std::exchange(self_.next_message_, {}))
          self_.next_ = caf::make_mailbox_element(std::move(x->sender), x->id, {}, std::move(x->content));
        self_.Base::enqueue(std::exchange(self_.next_, nullptr), self_.home_);
      } catch (...) { // NOLINT(bugprone-empty-catch): no memory for it, or it is in the mailbox and only not scheduled
      }
    }

    inline_turn& self_;
  };

  bool may_follow(caf::execution_unit* host) {
    return stage_ == stage::handling && !next_ && !next_message_ && host == home_ && is_alive() && nothing_waits();
  }

  void follow_up() {
    stage_ = stage::following_up;
    if (next_ && is_alive())
      attempt([this] {
        const auto x = std::exchange(next_, nullptr);
        dispatch(*x, place_of<Messages...>(x->content()));
      });
    if (next_message_ && is_alive())
      attempt([this] {
        auto& next = *next_message_;
        passing_element x{std::move(next.sender), next.id, std::move(next.content)};
        next_message_.reset();
        dispatch(x, place_of<Messages...>(x.content()));
      });
  }

  template <class Handler>
  void attempt(Handler handler) {
    try {
      handler();
    } catch (...) {
      answer_ = nullptr;
      auto what = std::current_exception();
      this->quit(this->exception_handler_(this, what));
    }
  }

  /// @param place of its content's type among `Messages`
  void dispatch(caf::mailbox_element& x, size_t place) {
    if (x.mid.is_response()) { // CAF knows by what request
      Base::consume(x);
      return;
    }
    this->current_mailbox_element(&x); // for response promises
    size_t i = 0;
    static_cast<void>(((i++ == place && dispatch_as<Messages>(x.content())) || ...));
  }

  template <class Message>
  bool dispatch_as(const caf::type_erased_tuple& content) {
    static_cast<handler_of<Message>&>(*this).handle(content.get_as<Message>(0));
    return true;
  }

  bool is_alive() const {
    return !this->getf(caf::abstract_actor::is_shutting_down_flag | caf::abstract_actor::is_terminated_flag);
  }

  /// A mailbox is blocked between the first and the last turn while nothing is in it.
  bool nothing_waits() {
    auto& mailbox = this->mailbox();
    return mailbox.blocked() || (!mailbox.closed() && mailbox.empty());
  }

  caf::execution_unit* const home_ = &this->backend(); // asked for once: it takes five calls, and each event asks
  stage stage_ = stage::idle;
  handed_over* answer_ = nullptr;                 // of the message at hand, if it was handed over
  caf::mailbox_element_ptr next_;                 // what follows the turn at hand; one of the two at most
  std::optional<message_to_follow> next_message_; // ... a message that nobody has put into an element
};

/// The same actor in a system without a multiplexer: every message goes through the mailbox.
template <class Base, class... Messages>
class mailbox_turn : public Base, public taker, public handler_of<Messages>... {
public:
  using Base::Base;
  using Base::enqueue;

  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit* host) override {
    if (!take(x->content(), host))
      Base::enqueue(std::move(x), host);
  }

protected:
  template <class Message>
  void tell_self(const Message& x, caf::execution_unit* host) {
    this->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, x), host);
  }

  /// Never: every turn is the scheduler's. What `run` would be given is not called.
  static bool is_free(caf::execution_unit*) noexcept { return false; }

  template <class Handler>
  static void run(const Handler&) noexcept {}
};

} // namespace cafbus
