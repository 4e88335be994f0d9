/* What may stand around any block: a residual connection and a norm, before it or behind (Vaswani et al. 2017,
 * "Attention is all you need", 5.4; Xiong et al. 2020 on the first two places).
 *
 *     after    y = norm(x + f(x))        post-norm
 *     before   y = x + f(norm(x))        pre-norm
 *     inside   y = x + norm(f(x))        of what is added
 *     around   y = x + norm'(f(norm(x)))
 *
 * parallel: f takes the rows that the block before it took, and is added to the rows which that one left:
 *
 *     y = x + f1(norm1(x)) + f2(norm2(x))
 *
 * Options of every block: residual (0), norm none, layer, rms (none), norm_place (after), parallel (0), epsilon (1e-5).
 * The norm's weights are PREFIX.norm.weight and, of a layer norm, PREFIX.norm.bias; norm' has PREFIX.norm_after. */
#ifndef FS_NN_SUBLAYER_H
#define FS_NN_SUBLAYER_H

#include "block.h"

/* Reads b->around once the block itself is made; `before` is the block whose rows come in, or NULL. */
fs_status fs_sublayer_init(fs_block *b, fs_block *before, const fs_options *o, const fs_build *build, fs_error *err);
void fs_sublayer_free(fs_block *b);

/* The block with what stands around it. */
void fs_sublayer_forward(const fs_block *b, fs_flow *f);
void fs_sublayer_step(const fs_block *b, fs_step *s);

#endif
