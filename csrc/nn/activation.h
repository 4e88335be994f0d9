/* The function that may follow a product. */
#ifndef FS_NN_ACTIVATION_H
#define FS_NN_ACTIVATION_H

#include "../kernels/kernels.h"
#include "options.h"

typedef enum fs_activation {
    FS_ACTIVATION_NONE,
    FS_ACTIVATION_RELU,
    FS_ACTIVATION_GELU,
    FS_ACTIVATION_GELU_TANH,
    FS_ACTIVATION_SILU,
    FS_ACTIVATION_TANH,
    FS_ACTIVATION_SIGMOID
} fs_activation;

/* The option "activation"; *out is as it was without one. */
fs_status fs_activation_option(const fs_options *o, fs_activation *out, fs_error *err);

/* x (n) in place */
void fs_activate(const fs_kernels *k, fs_activation a, int n, float *x);

#endif
