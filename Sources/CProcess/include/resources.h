#ifndef IMAGINE_RESOURCES_H
#define IMAGINE_RESOURCES_H

/// Whether as many descriptors can be opened now. Returns 0, or the `errno` value of the one that
/// could not.
int imagine_try_descriptors(int count);

/// Whether as many threads can be started now, to run at the same time. Returns 0, or the error of
/// the one that could not.
int imagine_try_threads(int count);

#endif
