/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The HomeWise authors */
#ifndef CGUARD_H
#define CGUARD_H

/*
 * Runs argv[0] with its arguments in a process group of its own and does not outlive its purpose: when standard input
 * ends (whoever started us is gone, however it went) or we are told to stop, the whole group is asked to end and, a
 * second later, killed.
 *
 * Before the program's name there may be words that begin with '+', which keep the program, and not the guard, to what they
 * name, as far as the system can (Landlock, a network namespace, a filter of system calls on Linux): “+sandbox”, “+offline”,
 * “+read=PATH”, “+run=PATH” (read and execute), “+write=PATH”, “+device=PATH”.
 *
 * Standard input   the lifeline; nothing is read from it but its end
 * Standard output  one line each: "sandbox full", "sandbox partial REASON" or "sandbox none REASON" where words
 *                  were given, "pid N" when the program runs, "failed ERRNO" when it cannot be started, at the end
 *                  "exited STATUS" or "signaled NUMBER"
 * Standard error   handed to the program for both its outputs
 *
 * It is C, single-threaded and small, because it must hold whatever happens to the rest: the kernel's parent-death
 * signal follows the thread that forked, and here there is only one.
 *
 * Returns the status to exit with.
 */
int homewise_guard(int argc, char *const argv[]);

/*
 * Kills a process only if it is the one that was started at that tick since the system started (field 22 of /proc/PID/stat).
 *
 * Returns 0 when it was told to end, 1 when it is not there or another one, -1 where the system cannot tell.
 */
int homewise_end_exactly(int pid, unsigned long long started);

#endif
