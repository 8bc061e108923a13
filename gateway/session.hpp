#pragma once
#include "gateway/gateway.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace cafbus::http {

/// Serves one connection until it ends; it keeps itself alive.
void start_session(boost::asio::ip::tcp::socket socket, gateway& shared);

} // namespace cafbus::http
