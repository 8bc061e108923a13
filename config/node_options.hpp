#pragma once
#include <string>
#include <vector>

namespace cafbus {

/// How a bus is linked with others over the network.
struct node_options {
  std::string listen = {};      ///< HOST:PORT or unix:PATH where other buses may connect; empty: nowhere.
  std::string certificate = {}; ///< PEM files. All three, or none: then there is no TLS.
  std::string key = {};
  std::string ca = {};                 ///< Of those whose certificates are accepted.
  std::vector<std::string> allow = {}; ///< Peers that may link, and their rights; empty: every peer with such a
                                       ///< certificate.
  bool insecure = false;               ///< Without TLS, links go over TCP nevertheless.
};

} // namespace cafbus
