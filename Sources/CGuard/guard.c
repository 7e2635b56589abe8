/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The HomeWise authors */
#define _GNU_SOURCE
#include "cguard.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { GRACE_MILLISECONDS = 1000 };

static volatile sig_atomic_t asked_to_stop;

static void on_child(int signal) { (void)signal; }
static void on_stop(int signal) { (void)signal; asked_to_stop = 1; }

static void say(const char *what, long number) {
    char line[64];
    int length = snprintf(line, sizeof line, "%s %ld\n", what, number);
    /* Nobody may be left to read it. */
    if (length > 0 && write(STDOUT_FILENO, line, (size_t)length) < 0) return;
}

/* What the child tells before it becomes the program: its sandbox, or why it could not become it. */
struct news {
    int error;
    char sandbox[240];
};

static void say_sandbox(const char *words) {
    char line[300];
    int length = snprintf(line, sizeof line, "sandbox %s\n", words);
    if (length > 0 && write(STDOUT_FILENO, line, (size_t)length) < 0) return;
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static void handle(int signal, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

/* In the child: become the program, or tell the guard why not. */
static void become(char *const argv[], const struct sandbox *sandbox, pid_t guard, int report) {
    setpgid(0, 0);
    int has_left = sandbox->is_wanted && sandbox->is_offline && sandbox_leave_network();
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != guard) _exit(127);
    /* When memory runs out the engine goes first, not the manager or the person's other programs. */
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) {
        if (write(score, "500", 3) < 0) errno = 0;
        close(score);
    }
#else
    (void)guard;
#endif
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0) dup2(null, STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    handle(SIGPIPE, SIG_DFL);
    handle(SIGCHLD, SIG_DFL);
    handle(SIGTERM, SIG_DFL);
    handle(SIGINT, SIG_DFL);
    handle(SIGHUP, SIG_DFL);
    /* Let in last: one that came meanwhile is the child's, and the guard's handlers would swallow it. */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    struct news news;
    memset(&news, 0, sizeof news);
    if (sandbox->is_wanted) {
        sandbox_enter(sandbox, has_left, news.sandbox, sizeof news.sandbox);
        if (write(report, &news, sizeof news) < 0) _exit(126);
        news.sandbox[0] = 0;
    }
    execvp(argv[0], argv);
    news.error = errno;
    if (write(report, &news, sizeof news) < 0) _exit(126);
    _exit(127);
}

/* A child that is not the program yet, or has just become it. */
struct birth {
    /* Where it tells of itself; -1 once it has become the program, or cannot. */
    int report;
    /* Why it cannot. */
    int error;
};

/* Hears what there is to hear, without waiting: what the child opens may lie on a disk that does not answer, and whoever waited for
   the child would be deaf to all else. Says “pid” when it has become the program. */
static void hear(struct birth *birth, pid_t child) {
    struct news news;
    while (birth->report >= 0) {
        ssize_t got = read(birth->report, &news, sizeof news);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        /* Shorter than PIPE_BUF: it comes as a whole or not at all. */
        if (got == (ssize_t)sizeof news && !news.error) {
            news.sandbox[sizeof news.sandbox - 1] = 0;
            say_sandbox(news.sandbox);
            continue;
        }
        if (got == (ssize_t)sizeof news) birth->error = news.error;
        else say("pid", child);
        close(birth->report);
        birth->report = -1;
    }
}

/* Returns the child, or -1 after having said why there is none. */
static pid_t start(char *const argv[], const struct sandbox *sandbox, struct birth *birth) {
    int report[2];
    birth->error = 0;
    if (pipe(report) != 0) { say("failed", errno); return -1; }
    fcntl(report[0], F_SETFD, FD_CLOEXEC);
    fcntl(report[1], F_SETFD, FD_CLOEXEC);
    fcntl(report[0], F_SETFL, O_NONBLOCK);
    pid_t guard = getpid();
    pid_t child = report[0] < FD_SETSIZE ? fork() : -1;
    if (child == 0) become(argv, sandbox, guard, report[1]);
    int reason = report[0] < FD_SETSIZE ? errno : EMFILE;
    close(report[1]);
    birth->report = report[0];
    if (child > 0) {
        setpgid(child, child);
        return child;
    }
    close(report[0]);
    say("failed", reason);
    return -1;
}

/* Descendants that left the group fall to us, for we are their subreaper: end them too. */
static void end_strays(void) {
#ifdef __linux__
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    for (int round = 0; round < 50; round++) {
        FILE *list = fopen(path, "re");
        int pid, count = 0;
        if (!list) return;
        while (fscanf(list, "%d", &pid) == 1) { kill(pid, SIGKILL); count++; }
        fclose(list);
        if (count == 0) return;
        while (waitpid(-1, NULL, WNOHANG) > 0) {}
        usleep(10000);
    }
#endif
}

static void finish(pid_t child, int status, struct birth *birth) {
    kill(-child, SIGKILL);
    end_strays();
    /* Its end closed its side: what is left to hear is here. */
    hear(birth, child);
    if (birth->error) say("failed", birth->error);
    else if (WIFSIGNALED(status)) say("signaled", WTERMSIG(status));
    else say("exited", WEXITSTATUS(status));
}

/* Until the next look: for ever, or to the deadline. Says whether the lifeline has something to read. */
static int rest(int has_lifeline, const struct birth *birth, long long deadline, const sigset_t *open_mask) {
    fd_set readable;
    FD_ZERO(&readable);
    if (has_lifeline) FD_SET(STDIN_FILENO, &readable);
    if (birth->report >= 0) FD_SET(birth->report, &readable);
    long long wait = deadline < 0 ? 3600000 : deadline - now();
    if (wait < 0) wait = 0;
    struct timespec limit = {.tv_sec = wait / 1000, .tv_nsec = (wait % 1000) * 1000000};
    int ready = pselect((birth->report > 0 ? birth->report : 0) + 1, &readable, NULL, NULL, &limit, open_mask);
    return ready > 0 && has_lifeline && FD_ISSET(STDIN_FILENO, &readable);
}

/* Its last words are in the pipes, and whoever watches may stop reading once we are gone: our ends are closed so that he sees that no
   more comes, and he has until he lets go of the lifeline, but a second at most. */
static void linger(const sigset_t *open_mask) {
    long long deadline = now() + GRACE_MILLISECONDS;
    struct birth none = {.report = -1, .error = 0};
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    while (!asked_to_stop && now() < deadline) {
        char buffer[256];
        if (!rest(1, &none, deadline, open_mask)) continue;
        ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) return;
    }
}

static void watch(pid_t child, struct birth *birth, const sigset_t *open_mask) {
    long long deadline = -1;
    int has_lifeline = 1;
    for (;;) {
        int status;
        pid_t ended;
        hear(birth, child);
        while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
            if (ended != child) continue;
            finish(child, status, birth);
            if (has_lifeline) linger(open_mask);
            return;
        }
        if (asked_to_stop && deadline < 0) {
            /* One that is not the program yet has nothing to put in order, and may be waiting for a disk: that wait ends by this alone. */
            kill(-child, birth->report >= 0 ? SIGKILL : SIGTERM);
            /* It never becomes the program, and is not said to have. */
            if (birth->report >= 0) close(birth->report);
            birth->report = -1;
            deadline = now() + GRACE_MILLISECONDS;
        }
        if (deadline >= 0 && now() >= deadline) {
            kill(-child, SIGKILL);
            deadline = now() + GRACE_MILLISECONDS;
        }
        if (rest(has_lifeline, birth, deadline, open_mask)) {
            char buffer[256];
            ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
            if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
                has_lifeline = 0;
                asked_to_stop = 1;
            }
        }
    }
}

int homewise_guard(int argc, char *const argv[]) {
    struct sandbox sandbox;
    int words = sandbox_parse(argc, argv, &sandbox);
    /* What is not understood is not run: it might have been a lock. */
    if (words < 0 || argc - words < 1) return 64;
    setsid();
    handle(SIGPIPE, SIG_IGN);
    handle(SIGCHLD, on_child);
    handle(SIGTERM, on_stop);
    handle(SIGINT, on_stop);
    handle(SIGHUP, on_stop);
#ifdef __linux__
    prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
    /* Signals arrive only inside pselect, so none is missed between a look and the wait. */
    sigset_t blocked, open_mask;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    sigprocmask(SIG_BLOCK, &blocked, &open_mask);
    sigdelset(&open_mask, SIGCHLD);
    sigdelset(&open_mask, SIGTERM);
    sigdelset(&open_mask, SIGINT);
    sigdelset(&open_mask, SIGHUP);
    struct birth birth;
    pid_t child = start(argv + words, &sandbox, &birth);
    if (child < 0) return 127;
    watch(child, &birth, &open_mask);
    return birth.error ? 127 : 0;
}
