/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The HomeWise authors */
#ifndef HOMEWISE_SANDBOX_H
#define HOMEWISE_SANDBOX_H

#include <stddef.h>

/* What a program may reach, as the arguments before its name said it. */
struct sandbox {
    int is_wanted;
    /* No network, and no socket of another program. */
    int is_offline;
    /* “read=PATH”, “run=PATH”, “write=PATH”, “device=PATH”. */
    char *const *rules;
    int count;
};

/* Takes the leading arguments that begin with '+'. Returns how many, or -1 for one that it does not know. */
int sandbox_parse(int argc, char *const argv[], struct sandbox *sandbox);

/*
 * A network of our own with nothing in it. To be called first: a new user namespace may cost the parent-death signal.
 * Returns whether it is there.
 */
int sandbox_leave_network(void);

/* Gives up all that is not in the rules. Writes “full”, “partial REASON” or “none REASON” into the report. */
void sandbox_enter(const struct sandbox *sandbox, int has_left_network, char *report, size_t length);

#endif
