/* Preloaded into a process: counts the system calls that touch a folder, and at one of them kills
   the process or lets the call fail. Python arms it around the code under test. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { OFF, COUNT, KILL_BEFORE, KILL_AFTER, FAIL, SHORT_WRITE, FAIL_FROM };
enum { OPEN = 1, WRITE = 2, SYNC = 4, RENAME = 8, LINK = 16, UNLINK = 32, CUT = 64, MODE = 128,
       READ = 256, MKDIR = 512 };

static char folder[PATH_MAX];
static volatile int mode = OFF, target = 0, error_number = 0, kinds = 0, fired = 0;
static volatile int count = 0;
static char last[64];
static __thread int inside = 0;

void faults_arm(const char *path, int how, int when, int error, int which) {
    strncpy(folder, path, sizeof folder - 1);
    count = 0;
    fired = 0;
    target = when;
    error_number = error;
    kinds = which;
    last[0] = 0;
    __sync_synchronize();
    mode = how;
}

int faults_disarm(void) {
    mode = OFF;
    return count;
}

int faults_fired(void) { return fired; }

const char *faults_last(void) { return last; }

static int under(const char *path) {
    char full[PATH_MAX + 2];
    if (!path || !folder[0]) return 0;
    if (path[0] != '/') {
        if (!getcwd(full, PATH_MAX)) return 0;
        strncat(full, "/", sizeof full - strlen(full) - 1);
        strncat(full, path, sizeof full - strlen(full) - 1);
        path = full;
    }
    return strncmp(path, folder, strlen(folder)) == 0;
}

static int under_fd(int fd) {
    char link[64], path[PATH_MAX];
    ssize_t n;
    if (fd < 3) return 0;
    inside = 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    inside = 0;
    if (n <= 0) return 0;
    path[n] = 0;
    return under(path);
}

/* A name that belongs to a folder which is held open. */
static int under_at(int dir, const char *path) {
    return path && path[0] != '/' && dir != AT_FDCWD ? under_fd(dir) : under(path);
}

/* What is to happen to this call: 0 nothing, 1 failure, 2 half a write, 3 death afterwards. */
static int fate(int kind, const char *name) {
    int n;
    if (mode == OFF || !(kinds & kind)) return 0;
    n = __sync_add_and_fetch(&count, 1);
    if (mode == FAIL_FROM && n >= target) {
        fired = 1;
        return 1;
    }
    if (n != target) return 0;
    fired = 1;
    strncpy(last, name, sizeof last - 1);
    if (mode == KILL_BEFORE) kill(getpid(), SIGKILL);
    if (mode == KILL_AFTER) return 3;
    if (mode == FAIL) return 1;
    if (mode == SHORT_WRITE) return kind == WRITE ? 2 : 0;
    return 0;
}

#define REAL(type, name, ...)                          \
    static type (*real)(__VA_ARGS__) = NULL;           \
    if (!real) real = dlsym(RTLD_NEXT, name);

#define DO(kind, name, touches, call)                  \
    do {                                               \
        int what = (mode != OFF && !inside && (touches)) ? fate(kind, name) : 0; \
        if (what == 1) { errno = error_number; return -1; } \
        if (what == 3) { (void)!(call); kill(getpid(), SIGKILL); } \
        return call;                                   \
    } while (0)

#define DO_WRITE(name, touches, call, half)            \
    do {                                               \
        int what = (mode != OFF && !inside && (touches)) ? fate(WRITE, name) : 0; \
        if (what == 1) { errno = error_number; return -1; } \
        if (what == 2 && n > 1) {                      \
            /* Half is written, and then the disk is full. */ \
            mode = FAIL_FROM; kinds = WRITE;           \
            return half;                               \
        }                                              \
        if (what == 3) { (void)!(half); kill(getpid(), SIGKILL); } \
        return call;                                   \
    } while (0)

#define OPENER(symbol)                                 \
    int symbol(const char *path, int flags, ...) {     \
        REAL(int, #symbol, const char *, int, ...)     \
        mode_t m = 0;                                  \
        if (flags & (O_CREAT | __O_TMPFILE)) {         \
            va_list a; va_start(a, flags); m = va_arg(a, mode_t); va_end(a); \
        }                                              \
        DO((flags & (O_CREAT | O_WRONLY | O_RDWR)) ? OPEN : READ, #symbol, under(path), \
           real(path, flags, m));                      \
    }
OPENER(open)
OPENER(open64)

#define OPENER_AT(symbol)                              \
    int symbol(int dir, const char *path, int flags, ...) { \
        REAL(int, #symbol, int, const char *, int, ...) \
        mode_t m = 0;                                  \
        if (flags & (O_CREAT | __O_TMPFILE)) {         \
            va_list a; va_start(a, flags); m = va_arg(a, mode_t); va_end(a); \
        }                                              \
        DO((flags & (O_CREAT | O_WRONLY | O_RDWR)) ? OPEN : READ, #symbol, under_at(dir, path), \
           real(dir, path, flags, m));                 \
    }
OPENER_AT(openat)
OPENER_AT(openat64)

ssize_t write(int fd, const void *data, size_t n) {
    REAL(ssize_t, "write", int, const void *, size_t)
    DO_WRITE("write", under_fd(fd), real(fd, data, n), real(fd, data, n / 2));
}
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t)
    DO_WRITE("pwrite", under_fd(fd), real(fd, data, n, at), real(fd, data, n / 2, at));
}
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t)
    DO_WRITE("pwrite64", under_fd(fd), real(fd, data, n, at), real(fd, data, n / 2, at));
}
ssize_t sendfile(int out, int in, off_t *at, size_t n) {
    REAL(ssize_t, "sendfile", int, int, off_t *, size_t)
    DO_WRITE("sendfile", under_fd(out), real(out, in, at, n), real(out, in, at, n / 2));
}
ssize_t sendfile64(int out, int in, off64_t *at, size_t n) {
    REAL(ssize_t, "sendfile64", int, int, off64_t *, size_t)
    DO_WRITE("sendfile64", under_fd(out), real(out, in, at, n), real(out, in, at, n / 2));
}
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t n, unsigned flags) {
    REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned)
    DO_WRITE("copy_file_range", under_fd(out), real(in, from, out, to, n, flags),
             real(in, from, out, to, n / 2, flags));
}
ssize_t read(int fd, void *data, size_t n) {
    REAL(ssize_t, "read", int, void *, size_t)
    DO(READ, "read", under_fd(fd), real(fd, data, n));
}
ssize_t pread(int fd, void *data, size_t n, off_t at) {
    REAL(ssize_t, "pread", int, void *, size_t, off_t)
    DO(READ, "pread", under_fd(fd), real(fd, data, n, at));
}
ssize_t pread64(int fd, void *data, size_t n, off64_t at) {
    REAL(ssize_t, "pread64", int, void *, size_t, off64_t)
    DO(READ, "pread64", under_fd(fd), real(fd, data, n, at));
}
int fsync(int fd) { REAL(int, "fsync", int) DO(SYNC, "fsync", under_fd(fd), real(fd)); }
int fdatasync(int fd) { REAL(int, "fdatasync", int) DO(SYNC, "fdatasync", under_fd(fd), real(fd)); }
int ftruncate(int fd, off_t n) {
    REAL(int, "ftruncate", int, off_t)
    DO(CUT, "ftruncate", under_fd(fd), real(fd, n));
}
int ftruncate64(int fd, off64_t n) {
    REAL(int, "ftruncate64", int, off64_t)
    DO(CUT, "ftruncate64", under_fd(fd), real(fd, n));
}
int rename(const char *a, const char *b) {
    REAL(int, "rename", const char *, const char *)
    DO(RENAME, "rename", under(b), real(a, b));
}
int renameat(int d, const char *a, int e, const char *b) {
    REAL(int, "renameat", int, const char *, int, const char *)
    DO(RENAME, "renameat", under_at(e, b), real(d, a, e, b));
}
int link(const char *a, const char *b) {
    REAL(int, "link", const char *, const char *)
    DO(LINK, "link", under(b), real(a, b));
}
int linkat(int d, const char *a, int e, const char *b, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int)
    DO(LINK, "linkat", under_at(e, b), real(d, a, e, b, flags));
}
int unlink(const char *a) {
    REAL(int, "unlink", const char *)
    DO(UNLINK, "unlink", under(a), real(a));
}
int unlinkat(int d, const char *a, int flags) {
    REAL(int, "unlinkat", int, const char *, int)
    DO(UNLINK, "unlinkat", under_at(d, a), real(d, a, flags));
}
int mkdir(const char *a, mode_t m) {
    REAL(int, "mkdir", const char *, mode_t)
    DO(MKDIR, "mkdir", under(a), real(a, m));
}
int chmod(const char *a, mode_t m) {
    REAL(int, "chmod", const char *, mode_t)
    DO(MODE, "chmod", under(a), real(a, m));
}
int fchmodat(int d, const char *a, mode_t m, int flags) {
    REAL(int, "fchmodat", int, const char *, mode_t, int)
    DO(MODE, "fchmodat", under_at(d, a), real(d, a, m, flags));
}
