#pragma once
#include "base/result.hpp"
#include "messages/link_frames.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// TLS for links: the one place that knows OpenSSL. Both sides show a certificate, TLS 1.2 is the oldest version. No
/// socket and no actor: bytes in, bytes out.
namespace cafbus {

struct certificate_info {
  std::string name;               ///< The common name, else the first of the alternative names.
  std::vector<std::string> names; ///< All of them: common name, DNS names, addresses.
  std::chrono::system_clock::time_point expires{};
};

struct tls_files {
  std::string certificate; ///< PEM, its chain behind it.
  std::string key;
  std::string ca; ///< Of those whose certificates are accepted.
};

/// This bus's certificate and key, and whom it trusts. Immutable; any thread.
class tls_context {
public:
  /// Reads the files. Fails if one cannot be read, they do not fit each other, or the certificate is not valid now.
  static result<std::shared_ptr<const tls_context>> load(const tls_files& files);

  ~tls_context();
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  const certificate_info& own() const noexcept { return own_; }

private:
  friend class tls_channel;
  tls_context() = default;

  void* native_ = nullptr; // SSL_CTX
  certificate_info own_;
};

/// One connection's TLS. What it holds is bounded by a record, a certificate chain and the bytes of one call.
class tls_channel {
public:
  /// @param expected The name that the peer's certificate must have; empty: any that is signed.
  tls_channel(std::shared_ptr<const tls_context> context, link_side side, std::string expected);
  ~tls_channel();
  tls_channel(const tls_channel&) = delete;
  tls_channel& operator=(const tls_channel&) = delete;

  /// Begins the handshake. @pre it is the caller's side
  void start();

  /// Answerer's side: `x` is asked when the other side's first words are complete, before they cost anything. If it
  /// says no, the handshake fails.
  void admit_by(std::function<bool()> x) { admit_ = std::move(x); }

  /// Takes bytes of the network; appends what they said to `plain`. A failure ends the connection, after the `output`,
  /// which tells the peer.
  result<void> receive(std::string_view bytes, std::string& plain);

  /// @pre `established`
  result<void> send(std::string_view plain);

  /// Takes the bytes for the network.
  std::string output();

  /// Both sides know each other, as far as this side can tell.
  bool established() const noexcept { return established_; }

  /// @pre `established`
  const certificate_info& peer() const noexcept { return peer_; }

  /// INTERNAL of OpenSSL's callbacks: the reason why a certificate, or a handshake, is refused.
  void note_refusal(std::string why) { refusal_ = std::move(why); }

  /// INTERNAL of OpenSSL's callbacks, which may ask again within one handshake.
  bool admits() { return std::exchange(admitted_, true) || !admit_ || admit_(); }

private:
  result<void> shake_hands();
  result<void> check_name();
  failure reason(const char* otherwise);

  std::shared_ptr<const tls_context> context_;
  void* native_ = nullptr; // SSL
  void* input_ = nullptr;  // BIO, owned by `native_`
  void* output_ = nullptr; // the same
  std::string expected_;
  std::string refusal_;
  std::function<bool()> admit_;
  bool admitted_ = false;
  certificate_info peer_;
  bool established_ = false;
};

} // namespace cafbus
