/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The HomeWise authors */
#ifndef CGUARD_H
#define CGUARD_H

/*
 * Runs argv[0] with its arguments in a process group of its own and does not outlive its purpose: when standard input
 * ends (whoever started us is gone, however it went) or we are told to stop, the whole group is asked to end and, a
 * second later, killed.
 *
 * Standard input   the lifeline; nothing is read from it but its end
 * Standard output  one line each: "pid N" when the program runs, "failed ERRNO" when it cannot be started, at the end
 *                  "exited STATUS" or "signaled NUMBER"
 * Standard error   handed to the program for both its outputs
 *
 * It is C, single-threaded and small, because it must hold whatever happens to the rest: the kernel's parent-death
 * signal follows the thread that forked, and here there is only one.
 *
 * Returns the status to exit with.
 */
int homewise_guard(int argc, char *const argv[]);

#endif
