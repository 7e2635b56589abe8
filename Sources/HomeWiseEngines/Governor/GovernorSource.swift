// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The library that is preloaded into llama.cpp: it sets the number of threads between two tokens.
enum GovernorSource {
    /// All steps of llama-server go through the exported `llama_process`, and threads are set by the exported `llama_set_n_threads`
    /// (include/llama.h of the pinned source). It is C because it lives in a C program; it is compiled where the engine is built.
    /// The board is a file that the manager maps too: the wanted number of threads, the number in force, and the steps so far.
    static let code = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdatomic.h>
        #include <stdint.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <unistd.h>

        struct llama_context;
        struct llama_batch_ext;
        struct board { _Atomic uint32_t wanted, in_force, steps; };

        static struct board *board;
        static int32_t (*process)(struct llama_context *, int, struct llama_batch_ext *);
        static void (*set_threads)(struct llama_context *, int32_t, int32_t);

        __attribute__((constructor)) static void begin(void) {
            const char *path = getenv("\(GovernorBoard.variable)");
            process = (int32_t (*)(struct llama_context *, int, struct llama_batch_ext *))dlsym(RTLD_NEXT, "llama_process");
            set_threads = (void (*)(struct llama_context *, int32_t, int32_t))dlsym(RTLD_NEXT, "llama_set_n_threads");
            if (!path || !process || !set_threads) return;
            int file = open(path, O_RDWR | O_CLOEXEC);
            if (file < 0) return;
            void *place = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            close(file);
            if (place != MAP_FAILED) board = place;
        }

        int32_t llama_process(struct llama_context *context, int type, struct llama_batch_ext *batch) {
            if (board) {
                uint32_t wanted = atomic_load(&board->wanted);
                if (wanted) {
                    /* It costs two stores: no need to know whether it changed, and each context has its own. */
                    set_threads(context, (int32_t)wanted, (int32_t)wanted);
                    atomic_store(&board->in_force, wanted);
                }
                atomic_fetch_add(&board->steps, 1);
            }
            return process(context, type, batch);
        }

        """
}
