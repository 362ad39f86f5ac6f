#define _GNU_SOURCE
#include "resources.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

enum { max_count = 256 };

int imagine_try_descriptors(int count) {
  int opened[max_count], done = 0, failure = 0;
  if (count > max_count) count = max_count;
  while (done < count) {
    int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
      failure = errno;
      break;
    }
    opened[done++] = descriptor;
  }
  while (done > 0) close(opened[--done]);
  return failure;
}

static void *wait_for_all(void *barrier) {
  pthread_mutex_lock(barrier);
  pthread_mutex_unlock(barrier);
  return 0;
}

int imagine_try_threads(int count) {
  pthread_t threads[max_count];
  pthread_mutex_t barrier = PTHREAD_MUTEX_INITIALIZER;
  int done = 0, failure = 0;
  if (count > max_count) count = max_count;
  pthread_mutex_lock(&barrier);
  while (done < count && failure == 0) {
    failure = pthread_create(&threads[done], 0, wait_for_all, &barrier);
    if (failure == 0) done++;
  }
  pthread_mutex_unlock(&barrier);
  while (done > 0) pthread_join(threads[--done], 0);
  return failure;
}
