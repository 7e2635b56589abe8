/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The HomeWise authors */
#define _GNU_SOURCE
#include "cguard.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

/* Returns 0 where it cannot be read. */
static unsigned long long start_of(int pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t got = read(file, text, sizeof text - 1);
    close(file);
    if (got <= 0) return 0;
    text[got] = 0;
    /* The name may hold blanks and brackets; nothing behind its last bracket does. */
    const char *rest = strrchr(text, ')');
    unsigned long long started = 0;
    if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &started) != 1) return 0;
    return started;
}

int homewise_end_exactly(int pid, unsigned long long started) {
    /* A handle on the process first: whatever its number is given to afterwards, the signal goes to the one we looked at. */
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    if (handle < 0) return errno == ESRCH ? 1 : -1;
    int result = 1;
    if (started != 0 && start_of(pid) == started) {
        result = syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0) == 0 ? 0 : errno == ESRCH ? 1 : -1;
    }
    close(handle);
    return result;
}
#else
int homewise_end_exactly(int pid, unsigned long long started) {
    (void)pid;
    (void)started;
    return -1;
}
#endif
