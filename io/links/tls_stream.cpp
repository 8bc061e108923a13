#include "io/links/tls_stream.hpp"

#include "config/log.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/native_socket.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/openssl/session.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <spdlog/logger.h>

namespace cafbus {

namespace {

using caf::io::network::native_socket;
using caf::io::network::rw_state;

/// The reason that OpenSSL noted last on this thread; what it noted is forgotten then.
std::string openssl_reason(const std::string& otherwise) {
  const auto code = ::ERR_peek_last_error();
  ::ERR_clear_error();
  const auto* text = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return text ? text : otherwise;
}

std::string address_of(int fd) {
  auto host = caf::io::network::remote_addr_of_fd(fd);
  auto port = caf::io::network::remote_port_of_fd(fd);
  return host && port ? *host + ':' + std::to_string(*port) : "unknown";
}

/// What a CAF stream needs to know of TLS: CAF's own session, and a word in the log when its handshake fails.
class tls_policy {
public:
  tls_policy(caf::openssl::session_ptr session, tls_failure failure, std::string peer)
    : session_{std::move(session)}, failure_{std::move(failure)}, peer_{std::move(peer)} {}

  rw_state read_some(size_t& result, native_socket fd, void* data, size_t size) {
    ::ERR_clear_error();
    const auto state = session_->read_some(result, fd, data, size);
    established_ |= state == rw_state::success && result > 0;
    return watched(state);
  }

  rw_state write_some(size_t& result, native_socket fd, const void* data, size_t size) {
    ::ERR_clear_error();
    return watched(session_->write_some(result, fd, data, size));
  }

  bool must_read_more(native_socket fd, size_t threshold) { return session_->must_read_more(fd, threshold); }

private:
  rw_state watched(rw_state state) {
    if (state != rw_state::failure || established_ || !failure_->empty())
      return state;
    *failure_ = openssl_reason("the other side closed the connection during the handshake");
    log::link().warn("node-tls-failed peer={} reason={}", log::quoted(peer_), log::quoted(*failure_));
    return state;
  }

  caf::openssl::session_ptr session_;
  tls_failure failure_;
  std::string peer_;
  bool established_ = false; // bytes of the other side have come through
};

/// CAF offers no scribe over a stream with a policy of one's own: this is one, and no more.
class tls_scribe : public caf::io::scribe {
public:
  tls_scribe(caf::io::network::default_multiplexer& backend, native_socket fd, tls_policy policy)
    : scribe(caf::io::connection_handle::from_int(fd)), stream_{backend, fd, std::move(policy)} {}

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (launched_)
      return;
    launched_ = true;
    stream_.start(this);
    stream_.force_empty_write(this); // the handshake may have to write before there is anything to say
  }

  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void flush() override { stream_.flush(this); }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }

  std::string addr() const override {
    auto x = caf::io::network::remote_addr_of_fd(stream_.fd());
    return x ? *x : std::string{};
  }

  uint16_t port() const override {
    auto x = caf::io::network::remote_port_of_fd(stream_.fd());
    return x ? *x : uint16_t{0};
  }

private:
  caf::io::network::stream_impl<tls_policy> stream_;
  bool launched_ = false;
};

using context_ptr = std::unique_ptr<SSL_CTX, decltype([](SSL_CTX* x) { ::SSL_CTX_free(x); })>;

} // namespace

std::string check_tls_files(const node_options& options) {
  if (options.certificate.empty() && options.key.empty() && options.ca.empty())
    return {};
  if (options.certificate.empty() || options.key.empty() || options.ca.empty())
    return "links with TLS need all of node-certificate, node-key and node-ca";
  const context_ptr context{::SSL_CTX_new(::TLS_method())};
  if (!context)
    return "cannot use OpenSSL: " + openssl_reason("out of memory");
  auto wrong = [](const char* option, const std::string& file) {
    return std::string{option} + ": cannot use " + file + ": " + openssl_reason("it is no PEM file of that kind");
  };
  if (::SSL_CTX_use_certificate_chain_file(context.get(), options.certificate.c_str()) != 1)
    return wrong("node-certificate", options.certificate);
  if (::SSL_CTX_use_PrivateKey_file(context.get(), options.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return wrong("node-key", options.key);
  if (::SSL_CTX_load_verify_locations(context.get(), options.ca.c_str(), nullptr) != 1)
    return wrong("node-ca", options.ca);
  const auto* certificate = ::SSL_CTX_get0_certificate(context.get());
  if (::X509_cmp_current_time(::X509_get0_notAfter(certificate)) < 0)
    return "node-certificate: " + options.certificate + " has expired; get a new one signed";
  if (::X509_cmp_current_time(::X509_get0_notBefore(certificate)) > 0)
    return "node-certificate: " + options.certificate + " is not valid yet; is the clock right?";
  return {};
}

caf::io::scribe_ptr make_tls_scribe(caf::actor_system& system, unique_fd fd, bool accepted, tls_failure failure) {
  auto& backend = dynamic_cast<caf::io::network::default_multiplexer&>(system.middleman().backend());
  auto peer = address_of(fd.get());
  ::ERR_clear_error();
  try { // CAF throws if a file cannot be loaded
    if (auto session = caf::openssl::make_session(system, fd.get(), accepted))
      return caf::make_counted<tls_scribe>(backend, fd.release(),
                                           tls_policy{std::move(session), std::move(failure), std::move(peer)});
    *failure = openssl_reason("OpenSSL cannot make a session");
  } catch (const std::exception& e) {
    *failure = e.what();
  }
  log::link().warn("node-tls-failed peer={} reason={}", log::quoted(peer), log::quoted(*failure));
  return nullptr;
}

} // namespace cafbus
