// In place of tls.cpp, for programs that link buses without OpenSSL: there is no context, so there is no channel.

#include "io/links/tls.hpp"

namespace cafbus {

namespace {

failure none() {
  return {failure_kind::unavailable, "this program has no TLS: it is linked with cafbus::links, not cafbus::links_tls"};
}

} // namespace

result<std::shared_ptr<const tls_context>> tls_context::load(const tls_files&) {
  return none();
}

tls_context::~tls_context() = default;

tls_channel::tls_channel(std::shared_ptr<const tls_context> context, link_side, std::string expected)
  : context_{std::move(context)}, expected_{std::move(expected)} {}

tls_channel::~tls_channel() = default;

void tls_channel::start() {}

result<void> tls_channel::receive(std::string_view, std::string&) {
  return none();
}

result<void> tls_channel::send(std::string_view) {
  return none();
}

std::string tls_channel::output() {
  return {};
}

} // namespace cafbus
