/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The HomeWise authors */
#define _GNU_SOURCE
#include "sandbox.h"

#include <stdio.h>
#include <string.h>

int sandbox_parse(int argc, char *const argv[], struct sandbox *sandbox) {
    int count = 0;
    memset(sandbox, 0, sizeof *sandbox);
    sandbox->rules = argv;
    for (; count < argc && argv[count][0] == '+'; count++) {
        const char *word = argv[count] + 1;
        if (!strcmp(word, "offline")) sandbox->is_offline = 1;
        else if (strcmp(word, "sandbox") && strncmp(word, "read=/", 6) && strncmp(word, "run=/", 5) && strncmp(word, "write=/", 7)
                 && strncmp(word, "device=/", 8)) return -1;
        sandbox->is_wanted = 1;
    }
    sandbox->count = count;
    return count;
}

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock (landlock(7)), spelled out here: headers are often older than kernels. */
enum {
    FS_EXECUTE = 1 << 0, FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2, FS_READ_DIR = 1 << 3, FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5, FS_MAKE_DIR = 1 << 7, FS_MAKE_REG = 1 << 8, FS_MAKE_SOCK = 1 << 9, FS_MAKE_FIFO = 1 << 10,
    FS_MAKE_SYM = 1 << 12, FS_FIRST = (1 << 13) - 1, FS_REFER = 1 << 13, FS_TRUNCATE = 1 << 14, FS_IOCTL_DEV = 1 << 15,
    NET_ALL_TCP = 3, SCOPE_SOCKETS_AND_SIGNALS = 3, RULE_PATH = 1, ASK_VERSION = 1
};
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
struct ruleset { uint64_t fs, net, scoped; };
struct path_rule { uint64_t allowed; int32_t parent; } __attribute__((packed));

static int put(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t written = write(file, text, strlen(text));
    close(file);
    return written < 0 ? -1 : 0;
}

int sandbox_leave_network(void) {
    if (unshare(CLONE_NEWNET) == 0) return 1;
    char user[64], group[64];
    snprintf(user, sizeof user, "%u %u 1", (unsigned)geteuid(), (unsigned)geteuid());
    snprintf(group, sizeof group, "%u %u 1", (unsigned)getegid(), (unsigned)getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return 0;
    /* Without these we are “nobody” in our own eyes, which costs nothing else. */
    if (put("/proc/self/setgroups", "deny") || put("/proc/self/uid_map", user) || put("/proc/self/gid_map", group)) errno = 0;
    return 1;
}

static uint64_t allowed(const char *rule, const char **path) {
    const uint64_t read = FS_READ_FILE | FS_READ_DIR;
    *path = strchr(rule, '=');
    if (!*path) return 0;
    (*path)++;
    if (!strncmp(rule, "+read=", 6)) return read;
    if (!strncmp(rule, "+run=", 5)) return read | FS_EXECUTE;
    if (!strncmp(rule, "+device=", 8)) return read | FS_WRITE_FILE | FS_IOCTL_DEV;
    return read | FS_WRITE_FILE | FS_TRUNCATE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG | FS_MAKE_SOCK
        | FS_MAKE_FIFO | FS_MAKE_SYM | FS_REFER;
}

static int add(int ruleset, uint64_t handled, const char *text) {
    const uint64_t of_files = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV;
    const char *path;
    struct path_rule rule = {.allowed = allowed(text, &path) & handled};
    struct stat status;
    if (!rule.allowed) return 0;
    rule.parent = open(path, O_PATH | O_CLOEXEC);
    /* What is not here needs no rule. */
    if (rule.parent < 0) return 0;
    if (fstat(rule.parent, &status) == 0 && !S_ISDIR(status.st_mode)) rule.allowed &= of_files;
    long failed = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0);
    close(rule.parent);
    return failed ? -1 : 0;
}

/* Returns the version that is in force, 0 for none. */
static int enter_landlock(const struct sandbox *sandbox) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
    if (version < 1) return 0;
    struct ruleset attributes = {.fs = FS_FIRST};
    if (version >= 2) attributes.fs |= FS_REFER;
    if (version >= 3) attributes.fs |= FS_TRUNCATE;
    if (version >= 5) attributes.fs |= FS_IOCTL_DEV;
    if (version >= 4 && sandbox->is_offline) attributes.net = NET_ALL_TCP;
    if (version >= 6) attributes.scoped = SCOPE_SOCKETS_AND_SIGNALS;
    size_t length = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, length, 0);
    if (ruleset < 0) return 0;
    int failed = 0;
    for (int rule = 0; rule < sandbox->count; rule++) failed |= add(ruleset, attributes.fs, sandbox->rules[rule]);
    if (!failed) failed = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(ruleset);
    return failed ? 0 : (int)version;
}

#if defined(__x86_64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef OUR_ARCHITECTURE
/* Doors to other processes, to the kernel's own machinery, and around the other locks. An engine needs none of them. */
static const int forbidden[] = {
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root,
    SYS_bpf, SYS_perf_event_open, SYS_add_key, SYS_request_key, SYS_keyctl, SYS_kexec_load, SYS_init_module, SYS_finit_module,
    SYS_delete_module, SYS_open_by_handle_at,
    /* By number, the same on both processors: io_uring_setup (its work passes by this filter), pidfd_getfd, process_madvise. */
    425, 438, 440,
};
enum { CLONE3 = 435, MOST_STEPS = 96 };
#define LOAD(field) ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field)))
#define LOAD_ARGUMENT(n) ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * (n)))
#define IS(value, yes, no) ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no))
#define RETURN(value) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value))
#define REFUSE(reason) RETURN(SECCOMP_RET_ERRNO | (reason))

/* Streams between this program and those that come to it; netlink tells of devices. */
static int filter_sockets(struct sock_filter *steps, int at) {
    const int calls[] = {SYS_socket, SYS_socketpair};
    for (int call = 0; call < 2; call++) {
        steps[at++] = LOAD(nr);
        steps[at++] = IS((uint32_t)calls[call], 0, 8);
        steps[at++] = LOAD_ARGUMENT(0);
        steps[at++] = IS(AF_NETLINK, 5, 0);
        steps[at++] = IS(AF_UNIX, 0, 3);
        steps[at++] = LOAD_ARGUMENT(1);
        steps[at++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf);
        steps[at++] = IS(SOCK_STREAM, 1, 0);
        steps[at++] = REFUSE(EAFNOSUPPORT);
        steps[at++] = RETURN(SECCOMP_RET_ALLOW);
    }
    steps[at++] = LOAD(nr);
    steps[at++] = IS(SYS_connect, 0, 1);
    steps[at++] = REFUSE(EACCES);
    return at;
}

static int enter_filter(const struct sandbox *sandbox) {
    struct sock_filter steps[MOST_STEPS];
    int at = 0;
    steps[at++] = LOAD(arch);
    steps[at++] = IS(OUR_ARCHITECTURE, 1, 0);
    steps[at++] = REFUSE(ENOSYS);
    steps[at++] = LOAD(nr);
#ifdef __x86_64__
    steps[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    steps[at++] = REFUSE(ENOSYS);
#endif
    for (size_t call = 0; call < sizeof forbidden / sizeof *forbidden; call++) {
        steps[at++] = IS((uint32_t)forbidden[call], 0, 1);
        steps[at++] = REFUSE(EPERM);
    }
    /* Its flags are in memory, where they cannot be looked at: who is told that it is not there takes the older one. */
    steps[at++] = IS(CLONE3, 0, 1);
    steps[at++] = REFUSE(ENOSYS);
    steps[at++] = IS(SYS_clone, 0, 4);
    steps[at++] = LOAD_ARGUMENT(0);
    steps[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1);
    steps[at++] = REFUSE(EPERM);
    steps[at++] = RETURN(SECCOMP_RET_ALLOW);
    if (sandbox->is_offline) at = filter_sockets(steps, at);
    steps[at++] = RETURN(SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = (unsigned short)at, .filter = steps};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}
#else
static int enter_filter(const struct sandbox *sandbox) { (void)sandbox; return 0; }
#endif

/* What is missing, clause by clause. */
static void tell(const struct sandbox *sandbox, int has_left, int landlock, int has_filter, char *report, size_t length) {
    int is_any = landlock || has_filter || has_left;
    char missing[600] = "";
    struct { int is_so; const char *words; } gaps[] = {
        {!landlock, "this kernel has no Landlock, so it can read and write your files"},
        {landlock && landlock < 3, "this kernel does not keep it from cutting files short"},
        {landlock < 6, "this kernel does not keep it from sending signals to your programs"},
        {!has_filter, "its system calls are not filtered"},
        {!sandbox->is_offline, "it needs the network, and may use the sockets of your programs"},
        {sandbox->is_offline && !has_left && !has_filter && landlock >= 4, "the network is shut for TCP alone"},
        {sandbox->is_offline && !has_left && !has_filter && landlock < 4, "the network is open to it"},
    };
    for (size_t gap = 0; gap < sizeof gaps / sizeof *gaps; gap++) {
        if (!gaps[gap].is_so) continue;
        size_t used = strlen(missing);
        snprintf(missing + used, sizeof missing - used, "%s%s", used ? "; " : "", gaps[gap].words);
    }
    if (!*missing) snprintf(report, length, "full");
    else snprintf(report, length, "%s %s", is_any ? "partial" : "none", missing);
}

/* For who is root, or became so in a namespace of its own: what is left is to read files whoever owns them, to hold memory and to
   share the processor. The others open doors that no rule of a file closes, such as looking into the manager. */
static void give_up_powers(void) {
    enum { DAC_OVERRIDE = 1, IPC_LOCK = 14, SYS_NICE = 23, LAST = 63 };
    for (int power = 0; power <= LAST; power++) {
        if (power != DAC_OVERRIDE && power != IPC_LOCK && power != SYS_NICE) prctl(PR_CAPBSET_DROP, power, 0, 0, 0);
    }
}

void sandbox_enter(const struct sandbox *sandbox, int has_left_network, char *report, size_t length) {
    int landlock = 0, has_filter = 0;
    give_up_powers();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
        landlock = enter_landlock(sandbox);
        has_filter = enter_filter(sandbox);
    }
    tell(sandbox, has_left_network, landlock, has_filter, report, length);
}
#else
int sandbox_leave_network(void) { return 0; }

void sandbox_enter(const struct sandbox *sandbox, int has_left_network, char *report, size_t length) {
    (void)sandbox;
    (void)has_left_network;
    snprintf(report, length, "none there is no sandbox for this system yet");
}
#endif
