/* A norm by itself, as before a head: rows pass as they are, and what stands around every block norms them. */
#include "block.h"

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    (void)build;
    FS_TRY(fs_option_width(o, "width", &b->out_width, err));
    b->in_width = b->out_width;
    return fs_block_check_input(before, b->in_width, o, err);
}

static void forward(const fs_block *b, fs_flow *f) { (void)b, (void)f; }

static void step(const fs_block *b, fs_step *s) { (void)b, (void)s; }

const fs_block_ops fs_block_norm = {.kind = "norm",
                                    .size = sizeof(fs_block),
                                    .init = init,
                                    .leaves_rows_only = 1,
                                    .takes_runs = 1,
                                    .forward = forward,
                                    .step = step};
