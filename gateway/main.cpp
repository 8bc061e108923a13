#include "config/descriptors.hpp"
#include "config/quoted.hpp"
#include "config/version.hpp"
#include "gateway/limits.hpp"
#include "gateway/session.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

// The process of `cafbus http`: one thread, one loop. A program of its own, so that the daemon's has nothing of HTTP in
// it and a fault here cannot touch a bus; `cafbus http` finds it beside itself and becomes it.

using namespace cafbus::http;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr int failed = 1, usage = 2;

int complain(int code, const std::string& text) {
  std::fprintf(stderr, "[cafbus] error: %s\n", text.c_str());
  return code;
}

class listener {
public:
  /// @param places Connections at a time.
  listener(asio::io_context& loop, gateway& shared, size_t places)
    : acceptor_(loop), retry_(loop), shared_(shared), places_(places) {}

  cafbus::result<void> open(const cafbus::host_port& at) {
    boost::system::error_code error;
    tcp::endpoint endpoint{asio::ip::make_address(at.host, error), at.port};
    if (!error)
      acceptor_.open(endpoint.protocol(), error);
    if (!error)
      acceptor_.set_option(asio::socket_base::reuse_address{true}, error);
    if (!error)
      acceptor_.bind(endpoint, error);
    if (!error)
      acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error)
      return cafbus::failure{cafbus::failure_kind::system, error.message()};
    return {};
  }

  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted)
        return;
      if (error) {
        shared_.log.write_limited(log_level::error, "accept-failed",
                                  "accept-failed reason=" + cafbus::log::quoted(error.message()),
                                  std::chrono::steady_clock::now());
        return accept_later(); // without a descriptor the same would fail at once, again and again
      }
      if (shared_.counters.connections < places_ || make_room())
        start_session(std::move(socket), shared_);
      // else the socket closes
      accept();
    });
  }

private:
  bool make_room() {
    ++shared_.counters.refused;
    shared_.log.write_limited(log_level::warning, "connections-full",
                              "connections-full connections=" + std::to_string(places_),
                              std::chrono::steady_clock::now());
    return shared_.make_room();
  }

  void accept_later() {
    retry_.expires_after(std::chrono::milliseconds{100});
    retry_.async_wait([this](boost::system::error_code error) {
      if (!error)
        accept();
    });
  }

  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  gateway& shared_;
  const size_t places_;
};

int run(const gateway_options& options) {
  // what is left serves the connections to the bus
  const auto places = std::min<size_t>(limits::max_connections, cafbus::raise_descriptor_limit() / 2);
  asio::io_context loop{1};
  const auto for_journal = is_journal(STDERR_FILENO, std::getenv("JOURNAL_STREAM"));
  gateway shared{loop, options, write_to(STDERR_FILENO, options.format, for_journal)};
  listener doors{loop, shared, places};
  auto host =
      options.listen.host.find(':') == std::string::npos ? options.listen.host : '[' + options.listen.host + ']';
  if (auto opened = doors.open(options.listen); !opened)
    return complain(failed, "cannot listen at " + host + ':' + std::to_string(options.listen.port) + ": " +
                                opened.error().text + "; name another place with --listen");
  asio::signal_set signals{loop, SIGINT, SIGTERM, SIGHUP};
  signals.async_wait([&](boost::system::error_code, int number) {
    shared.log.write(log_level::info, "http-stopping signal=" + std::to_string(number));
    loop.stop();
  });
  doors.accept();
  std::printf("http://%s:%u/\n", host.c_str(), static_cast<unsigned>(doors.endpoint().port()));
  std::fflush(stdout);
  shared.log.write(log_level::info,
                   "http-started app=" + cafbus::log::quoted(options.app) + " pid=" + std::to_string(::getpid()) +
                       " version=" + cafbus::version() +
                       " listen=" + cafbus::log::quoted(host + ':' + std::to_string(doors.endpoint().port())));
  loop.run();
  std::_Exit(0); // connections refer to each other and to what stands above; they end with the process
}

} // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  try {
    auto options = parse_options({argv + 1, argv + argc});
    return options ? run(*options) : complain(usage, options.error().text);
  } catch (const std::exception& e) {
    return complain(failed, e.what());
  }
}
