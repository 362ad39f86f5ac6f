// Loaded before a program's libraries, keeps a copy of the journal as it was when it was last
// synced: what a power cut would leave of it. The folder for the copies is SYNCED_COPIES.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void copy(const char *from, const char *to) {
    int input = open(from, O_RDONLY | O_CLOEXEC);
    if (input < 0) {
        unlink(to);
        return;
    }
    char new_name[4096];
    snprintf(new_name, sizeof new_name, "%s.new", to);
    int output = open(new_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    char buffer[65536];
    ssize_t count;
    while ((count = read(input, buffer, sizeof buffer)) > 0) {
        if (write(output, buffer, (size_t)count) != count) abort();
    }
    close(input);
    close(output);
    rename(new_name, to);
}

// The journal's database, where a descriptor is of it or of its log.
static int journal_of(int descriptor, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0) return 0;
    path[length] = 0;
    char *end = strstr(path, "/journal.sqlite");
    if (end == NULL) return 0;
    end[strlen("/journal.sqlite")] = 0;
    return 1;
}

static void synced(int descriptor) {
    char path[4096], log[4096], copy_path[4096], copy_log[4096];
    const char *folder = getenv("SYNCED_COPIES");
    if (folder == NULL || !journal_of(descriptor, path, sizeof path)) return;
    snprintf(log, sizeof log, "%s-wal", path);
    snprintf(copy_path, sizeof copy_path, "%s/journal.sqlite", folder);
    snprintf(copy_log, sizeof copy_log, "%s/journal.sqlite-wal", folder);
    copy(path, copy_path);
    copy(log, copy_log);
}

int fsync(int descriptor) {
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = next(descriptor);
    if (result == 0) synced(descriptor);
    return result;
}

int fdatasync(int descriptor) {
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = next(descriptor);
    if (result == 0) synced(descriptor);
    return result;
}
