/* Shifts the wall clock of one process by the seconds in the file $CLOCK_SHIFT: time namespaces do not have it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static time_t shift(void) {
  long long seconds = 0;
  FILE *f = fopen(getenv("CLOCK_SHIFT"), "re");
  if (f != NULL) {
    if (fscanf(f, "%lld", &seconds) != 1)
      seconds = 0;
    fclose(f);
  }
  return (time_t)seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL)
    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (result == 0 && clock == CLOCK_REALTIME)
    now->tv_sec += shift();
  return result;
}
