#include "gateway/session.hpp"

#include "gateway/limits.hpp"
#include "gateway/peer_user.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <unistd.h>

#include <array>
#include <utility>

// The only source that knows Beast, which is a lot to compile. It reads a header, has it judged before any of the body
// is read, and then either answers or becomes an event stream, which has no length and ends with the connection.

namespace cafbus::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using error_code_t = beast::error_code;
using clock = std::chrono::steady_clock;

constexpr std::string_view stream_head = "HTTP/1.1 200 OK\r\n"
                                         "Content-Type: text/event-stream\r\n"
                                         "Cache-Control: no-store\r\n"
                                         "X-Accel-Buffering: no\r\n" // nginx must pass events on as they come
                                         "X-Content-Type-Options: nosniff\r\n"
                                         "Cross-Origin-Resource-Policy: same-origin\r\n"
                                         "Connection: close\r\n\r\n";

std::string lower(beast::string_view text) {
  std::string result{text.data(), text.size()};
  for (auto& c : result)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

/// Of two headers of one name the first counts; Host twice would be a way around its check, so that it is none then.
request to_request(const wire::request<wire::string_body>& x) {
  request result;
  result.method = std::string{x.method_string()};
  result.target = std::string{x.target()};
  for (const auto& field : x)
    result.headers.emplace(lower(field.name_string()), std::string{field.value()});
  if (x.count(wire::field::host) != 1)
    result.headers.erase("host");
  return result;
}

class session final : public std::enable_shared_from_this<session>, stranger {
public:
  session(asio::ip::tcp::socket socket, gateway& shared)
    : stream_(std::move(socket)), shared_(shared), from_other_user_(is_of_other_user()) {
    ++shared_.counters.connections;
    place_ = shared_.strangers.insert(shared_.strangers.end(), this);
    buffer_.max_size(limits::max_header_bytes + limits::write_bytes);
  }
  ~session() {
    --shared_.counters.connections;
    leave_strangers();
    release_body();
  }
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  void read_header() {
    request_ = {};
    parser_.emplace();
    parser_->header_limit(limits::max_header_bytes);
    parser_->body_limit(limits::max_body_bytes);
    stream_.expires_after(limits::header_time);
    wire::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](error_code_t error, size_t) { self->on_header(error); });
  }

private:
  // the far end of an event stream; apart, so that the feed does not keep the reading of requests
  struct far_end final : stream {
    far_end(std::weak_ptr<session> x, uint32_t rate) : stream(rate), owner(std::move(x)), progress(clock::now()) {}
    void wake() override {
      if (auto x = owner.lock(); x && !writing)
        x->write_events();
    }
    bool is_stalled() const override { return writing && clock::now() - progress > limits::stream_stall; }
    void close() override {
      if (auto x = owner.lock())
        x->close();
    }
    std::weak_ptr<session> owner;
    std::string text; // being written
    clock::time_point progress;
    bool writing = true; // the head comes first
  };

  void on_header(error_code_t error) {
    if (error == wire::error::header_limit || error == wire::error::buffer_overflow)
      return reply(refuse(431, "header_too_large", "the header is too large"), true);
    if (error == wire::error::body_limit)
      return reply(refuse(413, "body_too_large", "a body may have at most 1 MiB"), true);
    if (error == asio::error::operation_aborted || error == beast::error::timeout ||
        error == wire::error::end_of_stream || error == asio::error::eof || error == asio::error::connection_reset)
      return close();
    if (error)
      return reply(refuse(400, "bad_request", "this is not an HTTP request"), true);
    ++shared_.counters.requests;
    request_ = to_request(parser_->get());
    request_.from_other_user = from_other_user_;
    if (auto refused = shared_.refusal(request_))
      return reply(std::move(*refused), true);
    if (needs_right(request_.path()))
      leave_strangers();
    if (request_.path() == "/events")
      return start_stream();
    if (!parser_->is_done() && !claim_body())
      return reply(busy(), true);
    if (request_.header("expect") == "100-continue")
      return invite_body();
    read_body();
  }

  /// Asked when the connection is accepted: later, the peer is more likely to have closed its end. A peer whose user
  /// cannot be told is not trusted.
  bool is_of_other_user() {
    auto user = peer_user(stream_.socket().native_handle());
    return !user || (*user != ::geteuid() && *user != 0);
  }

  std::string peer_address() {
    error_code_t error;
    auto place = stream_.socket().remote_endpoint(error);
    return error ? std::string{"gone"} : place.address().to_string();
  }

  static answer busy() {
    auto x = refuse(503, "busy", "too many requests with a body at a time; try again");
    x.headers.emplace_back("Retry-After", "1");
    return x;
  }

  /// Until it is answered: the body, and what the bus is sent of it, are held so long.
  bool claim_body() {
    if (shared_.counters.bodies >= limits::max_bodies && !shared_.make_room_for_body())
      return false;
    ++shared_.counters.bodies;
    return has_body_ = true;
  }
  bool is_sending_body() const override { return has_body_ && !parser_->is_done(); }
  void release_body() { shared_.counters.bodies -= std::exchange(has_body_, false); }

  void invite_body() {
    static constexpr std::string_view invitation = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(invitation), [self = shared_from_this()](error_code_t error, size_t) {
      error ? self->close() : self->read_body();
    });
  }

  void read_body() {
    stream_.expires_after(limits::body_time);
    wire::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code_t error, size_t) { self->on_body(error); });
  }

  void on_body(error_code_t error) {
    if (error == wire::error::body_limit)
      return reply(refuse(413, "body_too_large", "a body may have at most 1 MiB"), true);
    if (error)
      return close();
    request_.body = std::move(parser_->get().body());
    stream_.expires_never(); // the bus has a limit of its own
    shared_.serve(request_, [self = shared_from_this()](answer x) { self->reply(std::move(x), false); });
  }

  /// A stranger's connection ends with its first answer, so that it cannot be kept by asking again and again.
  /// @param last The request is refused, or its rest has not been read and cannot be told from the next one.
  void reply(answer x, bool last) {
    shared_.counters.refused += x.status >= 400 && x.status < 500;
    shared_.note(request_, x, peer_address());
    request_.body = {};
    release_body();
    auto keep = !last && !place_ && parser_->get().keep_alive();
    response_ = {};
    response_.version(11);
    response_.result(static_cast<unsigned>(x.status));
    response_.set(wire::field::content_type, x.content_type);
    response_.set(wire::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    response_.set("Referrer-Policy", "no-referrer");
    response_.set("Cross-Origin-Resource-Policy", "same-origin");
    for (const auto& [name, value] : x.headers)
      response_.set(name, value);
    response_.body() = std::move(x.body);
    response_.keep_alive(keep);
    response_.prepare_payload();
    stream_.expires_after(limits::answer_time);
    wire::async_write(stream_, response_, [self = shared_from_this(), keep](error_code_t error, size_t) {
      if (error)
        self->close();
      else if (keep)
        self->read_header();
      else
        self->linger();
    });
  }

  /// Reads what still comes before it closes: with unread bytes the kernel would reset the connection, and the peer
  /// lose the answer.
  void linger() {
    error_code_t ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    stream_.expires_after(std::chrono::seconds{2});
    discard(limits::max_body_bytes);
  }

  void discard(size_t at_most) {
    stream_.async_read_some(asio::buffer(sink_), [self = shared_from_this(), at_most](error_code_t error, size_t n) {
      if (error || n >= at_most)
        self->close();
      else
        self->discard(at_most - n);
    });
  }

  void leave_strangers() {
    if (place_)
      shared_.strangers.erase(*std::exchange(place_, std::nullopt));
  }

  void close() override {
    leave_strangers();
    if (is_sending_body())
      release_body();
    if (far_end_) {
      shared_.leave(far_end_);
      far_end_->owner.reset();
      far_end_.reset();
      --shared_.counters.streams;
    }
    stream_.close();
  }

  // -- event streams ------------------------------------------------------------------------------------------------

  void start_stream() {
    std::shared_ptr<far_end> reader;
    auto refused = shared_.join(request_, [&](uint32_t rate) {
      reader = std::make_shared<far_end>(weak_from_this(), rate);
      return reader;
    });
    if (refused)
      return reply(std::move(*refused), true);
    far_end_ = std::move(reader);
    ++shared_.counters.streams;
    error_code_t ignored;
    stream_.socket().set_option(asio::socket_base::send_buffer_size{limits::send_buffer_bytes}, ignored);
    stream_.expires_never();
    far_end_->text = stream_head;
    write_text();
    await_end();
  }

  /// A client says nothing more: what comes is its end.
  void await_end() {
    stream_.async_read_some(asio::buffer(sink_), [self = shared_from_this()](error_code_t error, size_t) {
      if (!self->far_end_)
        return;
      error ? self->close() : self->await_end();
    });
  }

  void write_events() {
    if (!far_end_)
      return;
    far_end_->text = far_end_->queue.take(limits::write_bytes);
    far_end_->writing = !far_end_->text.empty();
    far_end_->taken();
    if (far_end_->writing)
      write_text();
  }

  void write_text() {
    asio::async_write(stream_.socket(), asio::buffer(far_end_->text),
                      [self = shared_from_this(), keep = far_end_](error_code_t error, size_t) {
                        keep->progress = clock::now();
                        if (error)
                          self->close();
                        else
                          self->write_events();
                      });
  }

  beast::tcp_stream stream_;
  gateway& shared_;
  const bool from_other_user_;
  beast::flat_buffer buffer_;
  std::optional<wire::request_parser<wire::string_body>> parser_;
  request request_;
  wire::response<wire::string_body> response_;
  std::shared_ptr<far_end> far_end_;
  std::optional<std::list<stranger*>::iterator> place_; // none: no stranger
  bool has_body_ = false;                               // counts as one of `bodies`
  std::array<char, 4'096> sink_{};
};

} // namespace

void start_session(asio::ip::tcp::socket socket, gateway& shared) {
  error_code_t ignored;
  socket.set_option(asio::ip::tcp::no_delay{true}, ignored); // an event is not to wait for the next one
  std::make_shared<session>(std::move(socket), shared)->read_header();
}

} // namespace cafbus::http
