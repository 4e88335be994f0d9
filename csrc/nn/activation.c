#include "activation.h"

static const char *const names[] = {"none", "relu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid", NULL};

fs_status fs_activation_option(const fs_options *o, fs_activation *out, fs_error *err) {
    int found = 0;
    if (!fs_option_word(o, "activation", NULL)) return FS_OK;
    FS_TRY(fs_option_choice(o, "activation", names, &found, err));
    *out = (fs_activation)found;
    return FS_OK;
}

void fs_activate(const fs_kernels *k, fs_activation a, int n, float *x) {
    switch (a) {
    case FS_ACTIVATION_NONE: break;
    case FS_ACTIVATION_RELU: k->relu_f32(n, x, x); break;
    case FS_ACTIVATION_GELU: k->gelu_f32(n, x, x); break;
    case FS_ACTIVATION_GELU_TANH: k->gelu_tanh_f32(n, x, x); break;
    case FS_ACTIVATION_SILU: k->silu_f32(n, x, x); break;
    case FS_ACTIVATION_TANH: k->tanh_f32(n, x, x); break;
    case FS_ACTIVATION_SIGMOID: k->sigmoid_f32(n, x, x); break;
    }
}
