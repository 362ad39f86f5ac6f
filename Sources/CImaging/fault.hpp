#pragma once

#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "imaging.h"

/// Keeps C++ exceptions inside this target: code throws `Failure`, and `guarded` turns it into a
/// fault.
namespace imaging {

struct Failure {
  int32_t kind;
  std::string message;
};

inline void report(ImagingFault *fault, int32_t kind, const char *message) {
  if (fault == nullptr) return;
  fault->kind = kind;
  std::strncpy(fault->message, message, sizeof fault->message - 1);
  fault->message[sizeof fault->message - 1] = '\0';
}

/// Throws if the call's control is stopped.
inline void check(const ImagingControl *control) {
  if (control != nullptr && control->is_stopped(control->context) != 0)
    throw Failure{IMAGING_STOPPED, "stopped"};
}

/// Runs `body` and turns anything it throws into a fault.
template <typename Body>
int guarded(ImagingFault *fault, Body body) {
  try {
    body();
    return 1;
  } catch (const Failure &failure) {
    report(fault, failure.kind, failure.message.c_str());
  } catch (const std::bad_alloc &) {
    report(fault, IMAGING_FAILED, "out of memory");
  } catch (const std::exception &error) {
    report(fault, IMAGING_FAILED, error.what());
  } catch (...) {
    report(fault, IMAGING_FAILED, "unknown failure");
  }
  return 0;
}

}  // namespace imaging
