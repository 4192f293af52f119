/* A file system that drops what was not synced: at each sync the file is copied, and only the copies survive. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void keep(int fd) {
    const char *folder = getenv("SYNCED_COPIES");
    char link[64], path[4096], copy[8192], next[8300], bytes[65536];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!folder || length <= 0) return;
    path[length] = 0;
    if (!strstr(path, "lares.db")) return;
    snprintf(copy, sizeof copy, "%s/%s", folder, strrchr(path, '/') + 1);
    snprintf(next, sizeof next, "%s.next", copy);
    int from = open(path, O_RDONLY), to = open(next, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    while (from >= 0 && to >= 0 && (length = read(from, bytes, sizeof bytes)) > 0)
        if (write(to, bytes, length) != length) abort();
    close(from);
    close(to);
    rename(next, copy);
}

int fsync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    int done = real(fd);
    if (!done) keep(fd);
    return done;
}

int fdatasync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    int done = real(fd);
    if (!done) keep(fd);
    return done;
}

/* SQLite syncs the folder when it deletes a journal, so that a deletion is kept too. */
int unlink(const char *path) {
    int (*real)(const char *) = dlsym(RTLD_NEXT, "unlink");
    const char *folder = getenv("SYNCED_COPIES"), *name = strrchr(path, '/');
    int done = real(path);
    if (!done && folder && name && strstr(name, "lares.db")) {
        char copy[8192];
        snprintf(copy, sizeof copy, "%s/%s", folder, name + 1);
        real(copy);
    }
    return done;
}
