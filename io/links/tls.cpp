#include "io/links/tls.hpp"

#include "config/log.hpp"

#include <algorithm>
#include <array>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace cafbus {

namespace {

using certificate_ptr = std::unique_ptr<X509, decltype([](X509* x) { ::X509_free(x); })>;
using names_ptr = std::unique_ptr<GENERAL_NAMES, decltype([](GENERAL_NAMES* x) { ::GENERAL_NAMES_free(x); })>;

/// The reason that OpenSSL noted last on this thread; what it noted is forgotten then.
std::string openssl_reason(const std::string& otherwise) {
  const auto code = ::ERR_peek_last_error();
  ::ERR_clear_error();
  const auto* text = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return text ? text : otherwise;
}

std::string text_of(const ASN1_STRING* x) {
  return {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(x)), static_cast<size_t>(::ASN1_STRING_length(x))};
}

std::string common_name(const X509* certificate) {
  const auto* subject = ::X509_get_subject_name(certificate);
  const auto at = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  return at < 0 ? std::string{} : text_of(::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, at)));
}

std::string address_text(const ASN1_OCTET_STRING* x) {
  const auto bytes = text_of(x);
  std::string result;
  if (bytes.size() == 4) {
    for (auto byte : bytes)
      result += (result.empty() ? "" : ".") + std::to_string(static_cast<uint8_t>(byte));
    return result;
  }
  std::array<char, 8> group;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    std::snprintf(group.data(), group.size(), "%x",
                  static_cast<uint8_t>(bytes[i]) << 8 | static_cast<uint8_t>(bytes[i + 1]));
    result += (result.empty() ? "" : ":") + std::string{group.data()};
  }
  return result;
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* x) {
  tm parts{};
  if (::ASN1_TIME_to_tm(x, &parts) != 1)
    return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

certificate_info describe(X509* certificate) {
  certificate_info result;
  if (auto name = common_name(certificate); !name.empty())
    result.names.push_back(std::move(name));
  const names_ptr others{
      static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; others && i < sk_GENERAL_NAME_num(others.get()); ++i) {
    const auto* name = sk_GENERAL_NAME_value(others.get(), i);
    if (name->type == GEN_DNS)
      result.names.push_back(text_of(name->d.dNSName));
    else if (name->type == GEN_IPADD)
      result.names.push_back(address_text(name->d.iPAddress));
  }
  std::erase_if(result.names, [](const auto& x) { return x.empty() || x.find('\0') != x.npos; });
  result.name = result.names.empty() ? "" : result.names.front();
  result.expires = time_of(::X509_get0_notAfter(certificate));
  return result;
}

/// Where OpenSSL keeps our channel beside its own connection.
int channel_index() {
  static const int result = ::SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return result;
}

/// Notes whose certificate is refused, and why.
int on_verified(int good, X509_STORE_CTX* store) {
  if (good == 1)
    return good;
  auto* connection = static_cast<SSL*>(::X509_STORE_CTX_get_ex_data(store, ::SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* channel = static_cast<tls_channel*>(::SSL_get_ex_data(connection, channel_index()));
  auto* certificate = ::X509_STORE_CTX_get_current_cert(store);
  if (channel)
    channel->note_refusal("certificate verify failed: " +
                          std::string{::X509_verify_cert_error_string(::X509_STORE_CTX_get_error(store))} +
                          (certificate ? ", of " + log::quoted(common_name(certificate)) : ""));
  return good;
}

/// The other side's first words are complete, and nothing has been computed for them.
int on_first_words(SSL* connection, int* alert, void*) {
  auto* channel = static_cast<tls_channel*>(::SSL_get_ex_data(connection, channel_index()));
  if (!channel || channel->admits())
    return SSL_CLIENT_HELLO_SUCCESS;
  channel->note_refusal("too many handshakes at once; it may come again in a moment");
  *alert = SSL_AD_INTERNAL_ERROR;
  return SSL_CLIENT_HELLO_ERROR;
}

SSL* ssl(void* x) {
  return static_cast<SSL*>(x);
}

BIO* bio(void* x) {
  return static_cast<BIO*>(x);
}

void restrict_to_what_links_need(SSL_CTX* context) {
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); // a session taken up again would skip the certificates
  ::SSL_CTX_set_num_tickets(context, 0);
  ::SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  ::SSL_CTX_set_client_hello_cb(context, on_first_words, nullptr);
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verified);
}

} // namespace

// -- context ---------------------------------------------------------------------------------------------------------

result<std::shared_ptr<const tls_context>> tls_context::load(const tls_files& files) {
  auto wrong = [](const char* option, const std::string& file) {
    return failure{failure_kind::invalid, std::string{option} + ": cannot use " + file + ": " +
                                              openssl_reason("it is no PEM file of that kind")};
  };
  ::ERR_clear_error();
  std::shared_ptr<tls_context> result{new tls_context};
  auto* context = ::SSL_CTX_new(::TLS_method());
  if (!context)
    return failure{failure_kind::unavailable, "cannot use OpenSSL: " + openssl_reason("out of memory")};
  result->native_ = context;
  restrict_to_what_links_need(context);
  if (::SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
    return wrong("node-certificate", files.certificate);
  if (::SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return wrong("node-key", files.key);
  if (::SSL_CTX_load_verify_locations(context, files.ca.c_str(), nullptr) != 1)
    return wrong("node-ca", files.ca);
  auto* certificate = ::SSL_CTX_get0_certificate(context);
  result->own_ = describe(certificate);
  if (::X509_cmp_current_time(::X509_get0_notAfter(certificate)) < 0)
    return failure{failure_kind::invalid,
                   "node-certificate: " + files.certificate + " has expired; get a new one signed"};
  if (::X509_cmp_current_time(::X509_get0_notBefore(certificate)) > 0)
    return failure{failure_kind::invalid,
                   "node-certificate: " + files.certificate + " is not valid yet; is the clock right?"};
  return std::shared_ptr<const tls_context>{std::move(result)};
}

tls_context::~tls_context() {
  ::SSL_CTX_free(static_cast<SSL_CTX*>(native_));
}

// -- channel ---------------------------------------------------------------------------------------------------------

tls_channel::tls_channel(std::shared_ptr<const tls_context> context, link_side side, std::string expected)
  : context_{std::move(context)}, expected_{std::move(expected)} {
  ::ERR_clear_error();
  auto* connection = ::SSL_new(static_cast<SSL_CTX*>(context_->native_));
  auto* input = ::BIO_new(::BIO_s_mem());
  auto* output = ::BIO_new(::BIO_s_mem());
  if (!connection || !input || !output) {
    ::SSL_free(connection);
    ::BIO_free(input);
    ::BIO_free(output);
    throw std::bad_alloc{};
  }
  ::BIO_set_mem_eof_return(input, -1); // no more bytes yet, not the end
  ::BIO_set_mem_eof_return(output, -1);
  ::SSL_set_bio(connection, input, output);
  ::SSL_set_ex_data(connection, channel_index(), this);
  if (side == link_side::caller)
    ::SSL_set_connect_state(connection);
  else
    ::SSL_set_accept_state(connection);
  native_ = connection;
  input_ = input;
  output_ = output;
}

tls_channel::~tls_channel() {
  ::SSL_free(ssl(native_));
  ::ERR_clear_error();
}

void tls_channel::start() {
  ::ERR_clear_error();
  ::SSL_do_handshake(ssl(native_)); // there is nothing yet that could go wrong but memory, and that comes out later
}

result<void> tls_channel::receive(std::string_view bytes, std::string& plain) {
  ::ERR_clear_error();
  if (::BIO_write(bio(input_), bytes.data(), static_cast<int>(bytes.size())) != static_cast<int>(bytes.size()))
    return failure{failure_kind::unavailable, "out of memory"};
  if (!established_)
    if (auto done = shake_hands(); !done || !established_)
      return done;
  std::array<char, 16'384> buffer; // a record
  for (;;) {
    const auto n = ::SSL_read(ssl(native_), buffer.data(), static_cast<int>(buffer.size()));
    if (n > 0) {
      plain.append(buffer.data(), static_cast<size_t>(n));
      continue;
    }
    const auto error = ::SSL_get_error(ssl(native_), n);
    if (error == SSL_ERROR_WANT_READ)
      return {};
    if (error == SSL_ERROR_ZERO_RETURN)
      return failure{failure_kind::closed, "the other side has ended the connection"};
    return reason("the other side broke the rules of TLS");
  }
}

result<void> tls_channel::shake_hands() {
  const auto done = ::SSL_do_handshake(ssl(native_));
  if (done != 1) {
    if (::SSL_get_error(ssl(native_), done) == SSL_ERROR_WANT_READ)
      return {};
    return reason("the handshake failed");
  }
  const certificate_ptr certificate{::SSL_get1_peer_certificate(ssl(native_))};
  if (!certificate)
    return failure{failure_kind::refused, "the other side shows no certificate"};
  peer_ = describe(certificate.get());
  if (auto named = check_name(); !named)
    return named;
  established_ = true;
  return {};
}

result<void> tls_channel::check_name() {
  if (expected_.empty() || std::ranges::find(peer_.names, expected_) != peer_.names.end())
    return {};
  const certificate_ptr certificate{::SSL_get1_peer_certificate(ssl(native_))};
  if (::X509_check_host(certificate.get(), expected_.data(), expected_.size(), 0, nullptr) == 1 ||
      ::X509_check_ip_asc(certificate.get(), expected_.c_str(), 0) == 1)
    return {};
  return failure{failure_kind::refused, "the certificate is that of " + log::quoted(peer_.name) + " and not of " +
                                            log::quoted(expected_) +
                                            "; if that is the right bus, write node:NAME@HOST:PORT"};
}

result<void> tls_channel::send(std::string_view plain) {
  ::ERR_clear_error();
  if (plain.empty() || ::SSL_write(ssl(native_), plain.data(), static_cast<int>(plain.size())) > 0)
    return {};
  return reason("cannot encrypt");
}

std::string tls_channel::output() {
  std::string result(::BIO_ctrl_pending(bio(output_)), '\0');
  if (!result.empty())
    ::BIO_read(bio(output_), result.data(), static_cast<int>(result.size()));
  return result;
}

failure tls_channel::reason(const char* otherwise) {
  auto text = openssl_reason(otherwise);
  return {failure_kind::refused, refusal_.empty() ? text : refusal_};
}

} // namespace cafbus
