// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

// A disk that fails as a test tells it to: loaded before libc (LD_PRELOAD), it counts calls of some kinds on paths below a
// folder, and from the FIRST to the LAST of them does something else than was asked.
//
//   FAULT_BELOW  paths that begin so count, all others pass
//   FAULT_INODE  of these only this file, by its number
//   FAULT_CALLS  kinds, each between commas: ,open,create,write,read,fsync,fallocate,truncate,rename,unlink,mkdir,link,chmod,flock,
//   FAULT_FIRST, FAULT_LAST  1 is the first call
//   FAULT_DO     errno=N (fails), kill (SIGKILL before the call), lie (says it is done), short (half of the bytes),
//                falter (by turns EINTR and half of the bytes), flip (one bit of what was read)
//   FAULT_TALLY  a file of three 64-bit numbers: calls, bytes written below partial/, faults
//   FAULT_LOG    a file that gets a line for each call
//   FAULT_RECORD a file that gets what was done to the disk, in order, with all bytes (PowerLoss.swift reads it)
//   FAULT_CLOCK  seconds that the wall clock jumps, FAULT_CLOCK_AFTER milliseconds after the start

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum deed { PASS, FAIL, KILL, LIE, SHORT, FALTER, FLIP };
struct tally { _Atomic uint64_t calls, bytes, faults; };

static struct tally own, *tally = &own;
static const char *below, *kinds;
static uint64_t first, last;
static enum deed deed;
static int number, log_file = -1, record_file = -1;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static ino_t only;
static time_t jump;
static int64_t jump_at;

static int64_t monotonic(void) {
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t figure(const char *name, uint64_t fallback) {
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : fallback;
}

__attribute__((constructor)) static void begin(void) {
    const char *what = getenv("FAULT_DO"), *path = getenv("FAULT_TALLY");
    below = getenv("FAULT_BELOW");
    kinds = getenv("FAULT_CALLS");
    first = figure("FAULT_FIRST", 1);
    last = figure("FAULT_LAST", UINT64_MAX);
    only = figure("FAULT_INODE", 0);
    if (getenv("FAULT_CLOCK")) jump = strtoll(getenv("FAULT_CLOCK"), NULL, 10);
    jump_at = monotonic() + (int64_t)figure("FAULT_CLOCK_AFTER", 0);
    if (what && sscanf(what, "errno=%d", &number) == 1) deed = FAIL;
    const char *names[] = {"", "", "kill", "lie", "short", "falter", "flip"};
    for (int each = KILL; what && each <= FLIP; each++)
        if (!strcmp(what, names[each])) deed = each;
    if (path) {
        int file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0 && syscall(SYS_ftruncate, file, sizeof own) == 0) {
            void *shared = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            if (shared != MAP_FAILED) tally = shared;
        }
        if (file >= 0) syscall(SYS_close, file);
    }
    if (getenv("FAULT_RECORD"))
        record_file = syscall(SYS_openat, AT_FDCWD, getenv("FAULT_RECORD"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (getenv("FAULT_LOG")) log_file = syscall(SYS_openat, AT_FDCWD, getenv("FAULT_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_named(const char *kind) {
    char between[32];
    snprintf(between, sizeof between, ",%s,", kind);
    return kinds && strstr(kinds, between);
}

static enum deed judge(const char *kind, const char *path, ino_t node, uint64_t *turn) {
    if (!below || strncmp(path, below, strlen(below)) || !is_named(kind) || (only && node != only)) return PASS;
    *turn = atomic_fetch_add(&tally->calls, 1) + 1;
    if (log_file >= 0) {
        char line[PATH_MAX + 32];
        int length = snprintf(line, sizeof line, "%s %s\n", kind, path);
        syscall(SYS_write, log_file, line, (size_t)length);
    }
    if (*turn < first || *turn > last || deed == PASS) return PASS;
    atomic_fetch_add(&tally->faults, 1);
    if (deed == KILL) {
        syscall(SYS_kill, getpid(), SIGKILL);
        for (;;) pause();
    }
    return deed;
}

static void path_of(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

static enum deed judge_file(const char *kind, int file, char *path, uint64_t *turn) {
    int saved = errno;
    struct stat status = {0};
    path_of(file, path);
    if (only) fstat(file, &status);
    errno = saved;
    return judge(kind, path, status.st_ino, turn);
}

static void absolute(int folder, const char *name, char *path) {
    path[0] = 0;
    if (name[0] != '/') {
        if (folder == AT_FDCWD) { if (!getcwd(path, PATH_MAX)) path[0] = 0; } else path_of(folder, path);
        strcat(path, "/");
    }
    strncat(path, name, PATH_MAX - 1);
}

// What was done. Calls of several threads are recorded in the order in which they were made: each holds `order` meanwhile.
enum done { CREATED = 1, WRITTEN, SIZED, RESERVED, FLUSHED, RENAMED, EXCHANGED, UNLINKED, MADE, LINKED };
struct entry { uint32_t what, path, other, bytes; uint64_t file, at; };

static void put(enum done what, const char *path, const char *other, ino_t node, uint64_t at, const void *bytes, size_t count) {
    struct entry entry = {what, strlen(path), strlen(other), count, node, at};
    if (!below || strncmp(path, below, strlen(below))) return;
    syscall(SYS_write, record_file, &entry, sizeof entry);
    syscall(SYS_write, record_file, path, entry.path);
    syscall(SYS_write, record_file, other, entry.other);
    if (count) syscall(SYS_write, record_file, bytes, count);
}

static void put_file(enum done what, int file, uint64_t at, const void *bytes, size_t count) {
    int saved = errno;
    char path[PATH_MAX];
    struct stat status = {0};
    path_of(file, path);
    fstat(file, &status);
    // What was flushed has a time from then on by which it is known.
    if (what == FLUSHED) at = (uint64_t)status.st_mtim.tv_sec * 1000000000 + (uint64_t)status.st_mtim.tv_nsec;
    put(what, path, "", status.st_ino, at, bytes, count);
    errno = saved;
}

static void put_name(enum done what, int folder, const char *name, int other_folder, const char *other) {
    int saved = errno;
    char path[PATH_MAX * 2], second[PATH_MAX * 2] = "";
    struct stat status = {0};
    absolute(folder, name, path);
    if (other) absolute(other_folder, other, second);
    lstat(other ? second : path, &status);
    put(what, path, second, status.st_ino, 0, NULL, 0);
    errno = saved;
}

#define IN_ORDER(type, call, recording) ({ \
        if (record_file >= 0) pthread_mutex_lock(&order); \
        type outcome = call; \
        if (record_file >= 0) { if (outcome >= 0) { recording; } pthread_mutex_unlock(&order); } \
        outcome; })

static enum deed judge_name(const char *kind, int folder, const char *name, uint64_t *turn) {
    int saved = errno;
    char path[PATH_MAX * 2] = "";
    absolute(folder, name, path);
    errno = saved;
    return judge(kind, path, 0, turn);
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
// What is not about bytes: fails, or only says that it was done.
#define SIMPLY(verdict) switch (verdict) { case FAIL: errno = number; return -1; case LIE: return 0; default: break; }

static void note(const char *path, ssize_t count) {
    if (count > 0 && strstr(path, "/partial/")) atomic_fetch_add(&tally->bytes, (uint64_t)count);
}

// How many bytes to ask for; -1 with errno where the call fails.
static ssize_t portion(enum deed verdict, uint64_t turn, size_t count) {
    if (verdict == FAIL) { errno = number; return -1; }
    if (verdict == FALTER && turn % 2) { errno = EINTR; return -1; }
    return (verdict == SHORT || verdict == FALTER) && count > 1 ? (ssize_t)(count + 1) / 2 : (ssize_t)count;
}

#define WRITES(name, parameters, place, ...) \
    ssize_t name parameters { \
        REAL(name); char path[PATH_MAX]; uint64_t turn = 0; \
        enum deed verdict = judge_file("write", file, path, &turn); \
        if (verdict == LIE) return (ssize_t)count; \
        ssize_t allowed = portion(verdict, turn, count); \
        if (allowed < 0) return -1; \
        count = (size_t)allowed; \
        ssize_t done = IN_ORDER(ssize_t, real(__VA_ARGS__), if (outcome > 0) put_file(WRITTEN, file, place, bytes, outcome)); \
        note(path, done); \
        return done; \
    }
WRITES(write, (int file, const void *bytes, size_t count), (uint64_t)(lseek(file, 0, SEEK_CUR) - outcome), file, bytes, count)
WRITES(pwrite, (int file, const void *bytes, size_t count, off_t at), (uint64_t)at, file, bytes, count, at)
WRITES(pwrite64, (int file, const void *bytes, size_t count, off64_t at), (uint64_t)at, file, bytes, count, at)

#define READS(name, parameters, ...) \
    ssize_t name parameters { \
        REAL(name); char path[PATH_MAX]; uint64_t turn = 0; \
        enum deed verdict = judge_file("read", file, path, &turn); \
        ssize_t allowed = portion(verdict, turn, count); \
        if (allowed < 0) return -1; \
        count = (size_t)allowed; \
        ssize_t done = real(__VA_ARGS__); \
        if (verdict == FLIP && done > 0) ((char *)bytes)[done / 2] ^= 4; \
        return done; \
    }
READS(read, (int file, void *bytes, size_t count), file, bytes, count)
READS(pread, (int file, void *bytes, size_t count, off_t at), file, bytes, count, at)
READS(pread64, (int file, void *bytes, size_t count, off64_t at), file, bytes, count, at)

#define ON_FILE(kind, name, parameters, recording, ...) \
    int name parameters { \
        REAL(name); char path[PATH_MAX]; uint64_t turn = 0; \
        enum deed verdict = judge_file(kind, file, path, &turn); \
        if (verdict == FALTER && turn % 2) { errno = EINTR; return -1; } \
        SIMPLY(verdict) \
        return IN_ORDER(int, real(__VA_ARGS__), recording); \
    }
ON_FILE("fsync", fsync, (int file), put_file(FLUSHED, file, 0, NULL, 0), file)
ON_FILE("fsync", fdatasync, (int file), put_file(FLUSHED, file, 0, NULL, 0), file)
ON_FILE("truncate", ftruncate, (int file, off_t size), put_file(SIZED, file, (uint64_t)size, NULL, 0), file, size)
ON_FILE("truncate", ftruncate64, (int file, off64_t size), put_file(SIZED, file, (uint64_t)size, NULL, 0), file, size)
ON_FILE("chmod", fchmod, (int file, mode_t mode), (void)0, file, mode)

int flock(int file, int operation) {
    REAL(flock); char path[PATH_MAX]; uint64_t turn = 0;
    enum deed verdict = judge_file("flock", file, path, &turn);
    if (verdict == FALTER && turn % 2) { errno = EINTR; return -1; }
    SIMPLY(verdict)
    return real(file, operation);
}

// These return the number of the error itself.
#define RESERVES(name, type) \
    int name(int file, type from, type count) { \
        REAL(name); char path[PATH_MAX]; uint64_t turn = 0; \
        enum deed verdict = judge_file("fallocate", file, path, &turn); \
        if (verdict == FAIL) return number; \
        if (verdict == LIE) return 0; \
        if (verdict == FALTER && turn % 2) return EINTR; \
        return IN_ORDER(int, real(file, from, count), if (!outcome) put_file(RESERVED, file, (uint64_t)(from + count), NULL, 0)); \
    }
RESERVES(posix_fallocate, off_t)
RESERVES(posix_fallocate64, off64_t)

#define ON_NAME(kind, name, parameters, folder, path, recording, ...) \
    int name parameters { \
        REAL(name); uint64_t turn = 0; \
        SIMPLY(judge_name(kind, folder, path, &turn)) \
        return IN_ORDER(int, real(__VA_ARGS__), recording); \
    }
ON_NAME("rename", rename, (const char *from, const char *to), AT_FDCWD, to, put_name(RENAMED, AT_FDCWD, from, AT_FDCWD, to), from, to)
ON_NAME("rename", renameat, (int old, const char *from, int folder, const char *to), folder, to, put_name(RENAMED, old, from, folder, to),
    old, from, folder, to)
ON_NAME("rename", renameat2, (int old, const char *from, int folder, const char *to, unsigned flags), folder, to,
    put_name(flags & RENAME_EXCHANGE ? EXCHANGED : RENAMED, old, from, folder, to), old, from, folder, to, flags)
ON_NAME("unlink", unlink, (const char *path), AT_FDCWD, path, put_name(UNLINKED, AT_FDCWD, path, 0, NULL), path)
ON_NAME("unlink", rmdir, (const char *path), AT_FDCWD, path, put_name(UNLINKED, AT_FDCWD, path, 0, NULL), path)
ON_NAME("unlink", unlinkat, (int folder, const char *path, int flags), folder, path, put_name(UNLINKED, folder, path, 0, NULL),
    folder, path, flags)
ON_NAME("mkdir", mkdir, (const char *path, mode_t mode), AT_FDCWD, path, put_name(MADE, AT_FDCWD, path, 0, NULL), path, mode)
ON_NAME("mkdir", mkdirat, (int folder, const char *path, mode_t mode), folder, path, put_name(MADE, folder, path, 0, NULL),
    folder, path, mode)
ON_NAME("link", symlinkat, (const char *to, int folder, const char *path), folder, path, (void)0, to, folder, path)
ON_NAME("link", link, (const char *from, const char *to), AT_FDCWD, to, put_name(LINKED, AT_FDCWD, from, AT_FDCWD, to), from, to)
ON_NAME("link", linkat, (int old, const char *from, int folder, const char *to, int flags), folder, to,
    put_name(LINKED, old, from, folder, to), old, from, folder, to, flags)
ON_NAME("chmod", chmod, (const char *path, mode_t mode), AT_FDCWD, path, (void)0, path, mode)

static void put_opened(int file, int flags) {
    put_file(CREATED, file, 0, NULL, 0);
    if (flags & O_TRUNC) put_file(SIZED, file, 0, NULL, 0);
}

#define OPENS(name, parameters, folder, ...) \
    int name parameters { \
        REAL(name); uint64_t turn = 0; mode_t mode = 0; \
        if (flags & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); } \
        enum deed verdict = judge_name(flags & O_CREAT && is_named("create") ? "create" : "open", folder, path, &turn); \
        if (verdict == FAIL) { errno = number; return -1; } \
        if (!(flags & O_CREAT)) return real(__VA_ARGS__); \
        return IN_ORDER(int, real(__VA_ARGS__), put_opened(outcome, flags)); \
    }
OPENS(open, (const char *path, int flags, ...), AT_FDCWD, path, flags, mode)
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD, path, flags, mode)
OPENS(openat, (int folder, const char *path, int flags, ...), folder, folder, path, flags, mode)
OPENS(openat64, (int folder, const char *path, int flags, ...), folder, folder, path, flags, mode)

static time_t leap(void) { return jump && monotonic() >= jump_at ? jump : 0; }

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (!result && clock == CLOCK_REALTIME) now->tv_sec += leap();
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    (void)zone;
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into) *into = now.tv_sec;
    return now.tv_sec;
}
