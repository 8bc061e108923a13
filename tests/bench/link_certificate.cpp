#include "bench/link_certificate.hpp"

#include "bench/clock.hpp"
#include "bench/peer.hpp"

namespace cafbus::bench {

link_certificate make_link_certificate(const std::string& dir) {
  auto program = find_program("openssl");
  if (program.empty())
    throw bench_error{"openssl is not installed; the package is openssl"};
  link_certificate result{dir + "/link.pem", dir + "/link.key"};
  const auto log = dir + "/openssl.log";
  child openssl{{program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                 "2", "-subj", "/CN=bench", "-addext", "subjectAltName=DNS:bench,IP:127.0.0.1", "-keyout", result.key,
                 "-out", result.certificate},
                log};
  while (openssl.alive())
    sleep_until(now_ns() + 1'000'000);
  if (read_file(result.certificate).empty())
    throw bench_error{"openssl has made no certificate: " + read_file(log)};
  return result;
}

} // namespace cafbus::bench
