// What ThreadSanitizer does not report, in each program itself: a confined one can read no file of
// them.

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

const char *__tsan_default_suppressions(void) {
  // Libraries of the system that were built without the sanitizer.
  return "called_from_lib:libvips.so\n"
         "called_from_lib:libglib-2.0.so\n"
         "called_from_lib:libopencv_core.so\n"
         "called_from_lib:libtbb.so\n"
         // Called by libvips on its own threads; how they and the caller wait for each other cannot
         // be seen.
         "race:on_progress\n";
}

#endif
#endif
