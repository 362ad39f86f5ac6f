#ifndef IMAGINE_RESOURCES_H
#define IMAGINE_RESOURCES_H

/// Tests whether `count` descriptors can be opened now. Returns 0, or the `errno` value of the
/// first failure.
int imagine_try_descriptors(int count);

/// Tests whether `count` threads can run at the same time now. Returns 0, or the error of the first
/// failure.
int imagine_try_threads(int count);

#endif
