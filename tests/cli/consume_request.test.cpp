#include "cli/consume_request.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

consume_totals confirmed(uint64_t dropped, uint64_t left) {
  consume_totals x;
  x.dropped = dropped;
  x.left = left;
  x.confirmed = true;
  return x;
}

} // namespace

CAF_TEST(a run that handled everything has lost nothing) {
  CAF_CHECK(!lost_events(confirmed(0, 0), consume_end::timeout));
}

CAF_TEST(what the bus dropped is lost whatever ended the run) {
  CAF_CHECK(lost_events(confirmed(1, 0), consume_end::limit));
  CAF_CHECK(lost_events(confirmed(1, 0), consume_end::signal));
}

CAF_TEST(what is left is lost unless the run was told to leave it) {
  CAF_CHECK(!lost_events(confirmed(0, 1), consume_end::limit));
  CAF_CHECK(lost_events(confirmed(0, 1), consume_end::timeout));
  CAF_CHECK(lost_events(confirmed(0, 1), consume_end::stdin_eof));
}

CAF_TEST(totals that the bus has not confirmed prove nothing) {
  CAF_CHECK(lost_events(consume_totals{}, consume_end::limit));
}
