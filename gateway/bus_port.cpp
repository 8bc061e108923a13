#include "gateway/bus_port.hpp"

#include "base/spawn.hpp"
#include "base/unique_fd.hpp"
#include "gateway/limits.hpp"
#include "gateway/publish_body.hpp"
#include "io/client/publisher.hpp"
#include "messages/frame_codec.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fcntl.h>
#include <sys/wait.h>

#include <array>
#include <utility>

// The clients of io/client never wait when they are told not to; here the loop says when their sockets are ready. The
// loop only borrows a descriptor: it is released, not closed, when its owner is done.

namespace cafbus::http {

namespace asio = boost::asio;
using error_code_t = boost::system::error_code;

namespace {

class borrowed {
public:
  explicit borrowed(asio::io_context& loop) : watch_(loop) {}
  ~borrowed() { give_back(); }
  borrowed(const borrowed&) = delete;
  borrowed& operator=(const borrowed&) = delete;

  bool take(int fd) {
    error_code_t error;
    watch_.assign(fd, error);
    return !error;
  }
  void give_back() {
    if (watch_.is_open())
      watch_.release();
  }
  template <class Handler>
  void wait(bool for_write, Handler handler) {
    watch_.async_wait(for_write ? asio::posix::descriptor_base::wait_write : asio::posix::descriptor_base::wait_read,
                      std::move(handler));
  }

private:
  asio::posix::stream_descriptor watch_;
};

/// The line itself, if it is what was asked for; a bus that ends sends an error instead.
result<std::string> to_status(std::string_view line) {
  if (line.starts_with(R"({"type":"status_response")"))
    return std::string{line};
  auto decoded = decode(line);
  auto* known = std::get_if<frame>(&decoded);
  if (auto* error = known == nullptr ? nullptr : std::get_if<error_frame>(known))
    return failure{failure_kind::stopping, "the bus reports: " + error->message};
  if (known != nullptr && std::holds_alternative<status_response>(*known))
    return std::string{line};
  return failure{failure_kind::protocol, "the answer of the bus is not a status"};
}

/// One question of status: keeps itself alive until it is answered.
struct status_call : std::enable_shared_from_this<status_call> {
  status_call(asio::io_context& loop, client connection, bus_port::status_done then)
    : bus(std::move(connection)), watch(loop), timer(loop), done(std::move(then)) {}

  void start() {
    if (auto sent = bus.send(encode(status_query{}), limits::send_time); !sent)
      return finish(sent.error());
    if (!watch.take(bus.fd()))
      return finish(failure{failure_kind::system, "cannot wait for the bus"});
    timer.expires_after(limits::bus_time);
    timer.async_wait([self = shared_from_this()](error_code_t error) {
      if (!error)
        self->finish(failure{failure_kind::timed_out, "the bus did not answer in time"});
    });
    wait();
  }
  void wait() {
    watch.wait(false, [self = shared_from_this()](error_code_t error) {
      if (!error && self->done)
        self->on_readable();
    });
  }
  void on_readable() {
    auto received = bus.receive();
    if (auto line = bus.buffered_line())
      return finish(to_status(*line));
    if (!received)
      return finish(received.error());
    if (auto good = bus.check(); !good)
      return finish(good.error());
    wait();
  }
  void finish(const result<std::string>& outcome) {
    watch.give_back();
    timer.cancel();
    if (auto then = std::exchange(done, nullptr))
      then(outcome);
  }

  client bus;
  borrowed watch;
  asio::steady_timer timer;
  bus_port::status_done done;
};

/// One request's events.
struct publish_call : std::enable_shared_from_this<publish_call> {
  publish_call(asio::io_context& loop, client connection, std::shared_ptr<publish_body> lines,
               bus_port::publish_done then)
    : bus(std::move(connection)), body(std::move(lines)), watch(loop), timer(loop), done(std::move(then)) {}

  void start() {
    if (!watch.take(bus.bus().fd()))
      return finish(failure{failure_kind::system, "cannot wait for the bus"});
    timer.expires_after(limits::bus_time);
    timer.async_wait([self = shared_from_this()](error_code_t error) {
      if (!error)
        self->finish(failure{failure_kind::timed_out, "the bus did not answer for every event in time"});
    });
    step();
  }
  void step() {
    for (; bus.pending() < limits::publish_ahead && !body->frame().empty(); body->advance())
      bus.queue(body->frame());
    const auto all_queued = body->frame().empty();
    auto stepped = bus.step();
    if (all_queued && bus.settled())
      return finish(bus.totals());
    if (!stepped)
      return finish(stepped.error());
    auto for_write = !all_queued || bus.pending() != 0;
    watch.wait(for_write, [self = shared_from_this()](error_code_t error) {
      if (!error && self->done)
        self->step();
    });
  }
  void finish(const result<publish_ack>& outcome) {
    watch.give_back();
    timer.cancel();
    if (auto then = std::exchange(done, nullptr))
      then(outcome);
  }

  publisher bus;
  std::shared_ptr<publish_body> body;
  borrowed watch;
  asio::steady_timer timer;
  bus_port::publish_done done;
};

} // namespace

struct bus_port::impl : std::enable_shared_from_this<bus_port::impl> {
  impl(asio::io_context& the_loop, const gateway_options& the_options)
    : loop(the_loop), options(the_options), starter_end(the_loop) {}

  void ask_status() {
    auto bus = client::connect(options.socket, limits::connect_time);
    if (!bus)
      return tell_status(bus.error());
    std::make_shared<status_call>(loop, std::move(*bus), [self = shared_from_this()](const auto& line) {
      self->tell_status(line);
    })->start();
  }

  void tell_status(const result<std::string>& line) {
    for (auto& done : std::exchange(status_waiters, {}))
      done(line);
  }

  /// `cafbus publish` without input starts one as any command does on demand: under the locks, with the options of the
  /// config file, and not after `stop --hold`.
  void start_bus(std::function<void(result<void>)> done) {
    start_waiters.push_back(std::move(done));
    if (start_waiters.size() > 1)
      return;
    unique_fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
      return tell_started(errno_failure("cannot start a bus"));
    said = unique_fd{ends[0]};
    unique_fd says{ends[1]};
    std::vector<std::string> words{options.starter, "publish", "--dir", options.base, "--app", options.app};
    auto arguments = as_pointers(words);
    auto variables = make_environment({}, {});
    auto environment = as_pointers(variables);
    auto started = spawn({.program = options.starter.c_str(),
                          .arguments = arguments.data(),
                          .environment = environment.data(),
                          .input = null.get(),
                          .output = null.get(),
                          .errors = says.get()});
    if (!started)
      return tell_started(started.error());
    starter = std::move(*started);
    if (!starter_end.take(starter.end.get()))
      return tell_started(failure{failure_kind::system, "cannot wait for a bus to start"});
    starter_end.wait(false, [self = shared_from_this()](error_code_t) { self->on_starter_end(); });
  }

  void on_starter_end() {
    starter_end.give_back();
    int status = 0;
    ::waitpid(starter.pid, &status, 0);
    starter.end.reset();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
      return tell_started({});
    std::array<char, limits::max_said_bytes> text{};
    auto n = ::read(said.get(), text.data(), text.size());
    std::string_view why{text.data(), n > 0 ? static_cast<size_t>(n) : 0};
    constexpr std::string_view mark = "[cafbus] error: ";
    auto at = why.find(mark);
    why = at == std::string_view::npos ? std::string_view{} : why.substr(at + mark.size());
    why = why.substr(0, why.find('\n'));
    tell_started(failure{failure_kind::unavailable, "no bus is running, and none could be started: " +
                                                        (why.empty() ? describe_end(status) : std::string{why})});
  }

  void tell_started(const result<void>& outcome) {
    for (auto& done : std::exchange(start_waiters, {}))
      done(outcome);
  }

  void connect(bool may_start, connected done) {
    auto bus = client::connect(options.socket, limits::connect_time);
    if (bus || bus.error().kind != failure_kind::not_found || !may_start || options.starter.empty())
      return done(std::move(bus));
    start_bus([self = shared_from_this(), done = std::move(done)](const result<void>& started) {
      if (!started)
        return done(started.error());
      done(client::connect(self->options.socket, limits::connect_time));
    });
  }

  asio::io_context& loop;
  const gateway_options& options;
  std::vector<status_done> status_waiters;
  std::vector<std::function<void(result<void>)>> start_waiters;
  child starter;
  unique_fd said; // by the starter
  borrowed starter_end;
};

bus_port::bus_port(asio::io_context& loop, const gateway_options& options)
  : impl_(std::make_shared<impl>(loop, options)) {}

bus_port::~bus_port() = default;

void bus_port::ask_status(status_done done) {
  impl_->status_waiters.push_back(std::move(done));
  if (impl_->status_waiters.size() == 1)
    impl_->ask_status();
}

void bus_port::publish(std::shared_ptr<publish_body> body, publish_done done) {
  impl_->connect(true, [x = impl_, body = std::move(body), done = std::move(done)](result<client> bus) {
    if (!bus)
      return done(bus.error());
    std::make_shared<publish_call>(x->loop, std::move(*bus), body, done)->start();
  });
}

void bus_port::connect(bool may_start, connected done) {
  impl_->connect(may_start, std::move(done));
}

} // namespace cafbus::http
