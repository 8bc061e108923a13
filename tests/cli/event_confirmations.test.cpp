#include "cli/event_confirmations.hpp"

#include <caf/test/dsl.hpp>

using namespace cafbus;

CAF_TEST(an event is confirmed once it is written) {
  event_confirmations x;
  x.took(1, 0);
  x.progress(1, 0, true);
  CAF_CHECK_EQUAL(x.take_frames(), "");
  x.took(2, 1);
  x.progress(2, 1, true);
  CAF_CHECK_EQUAL(x.take_frames(), "{\"type\":\"ack\",\"seq\":1}\n");
  x.progress(2, 2, true);
  CAF_CHECK_EQUAL(x.take_frames(), "{\"type\":\"ack\",\"seq\":2}\n");
}

CAF_TEST(an event that is worked on is confirmed when that has ended) {
  event_confirmations x;
  x.took(1, 0);
  x.progress(1, 1, false);
  CAF_CHECK_EQUAL(x.take_frames(), "");
  x.progress(1, 1, true);
  CAF_CHECK_EQUAL(x.take_frames(), "{\"type\":\"ack\",\"seq\":1}\n");
  x.progress(1, 1, true);
  CAF_CHECK_EQUAL(x.take_frames(), "");
}

CAF_TEST(an event that has failed is given back) {
  event_confirmations x;
  x.took(1, 0);
  x.fail();
  x.took(2, 1);
  x.progress(2, 2, true);
  CAF_CHECK_EQUAL(x.take_frames(), "{\"type\":\"nack\",\"seq\":1}\n{\"type\":\"ack\",\"seq\":2}\n");
}
