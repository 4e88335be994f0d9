#include "../gemm_slots.h"
#include "slots_portable.h"

void fs_kernels_fill_portable(fs_kernels *k) {
    fs_gemm_fill_portable(k);
    k->exp_f32 = fs_exp_f32__portable;
    k->sigmoid_f32 = fs_sigmoid_f32__portable;
    k->tanh_f32 = fs_tanh_f32__portable;
    k->relu_f32 = fs_relu_f32__portable;
    k->silu_f32 = fs_silu_f32__portable;
    k->gelu_f32 = fs_gelu_f32__portable;
    k->gelu_tanh_f32 = fs_gelu_tanh_f32__portable;
    k->mul_f32 = fs_mul_f32__portable;
    k->layer_norm_f32 = fs_layer_norm_f32__portable;
    k->rms_norm_f32 = fs_rms_norm_f32__portable;
    k->softmax_f32 = fs_softmax_f32__portable;
    k->log_softmax_f32 = fs_log_softmax_f32__portable;
    k->log_sum_exp_f32 = fs_log_sum_exp_f32__portable;
    k->argmax_f32 = fs_argmax_f32__portable;
    k->top_k_f32 = fs_top_k_f32__portable;
    k->dot_f32 = fs_dot_f32__portable;
    k->axpy_f32 = fs_axpy_f32__portable;
    k->additive_score_f32 = fs_additive_score_f32__portable;
    k->rnn_tanh_f32 = fs_rnn_tanh_f32__portable;
    k->rnn_relu_f32 = fs_rnn_relu_f32__portable;
    k->lstm_f32 = fs_lstm_f32__portable;
    k->ssru_f32 = fs_ssru_f32__portable;
    k->gru_f32 = fs_gru_f32__portable;
    k->f32_to_bf16 = fs_f32_to_bf16__portable;
    k->bf16_to_f32 = fs_bf16_to_f32__portable;
    k->quantize_u8 = fs_quantize_u8__portable;
    k->quantize_by_u8 = fs_quantize_by_u8__portable;
    k->quantize_groups_s8 = fs_quantize_groups_s8__portable;
    k->gemm_grouped_excess = fs_gemm_grouped_excess__portable;
    k->gemm_grouped = fs_gemm_grouped__portable;
    k->attend_f32 = fs_attend_f32__portable;
    k->dots_s8 = fs_dots_s8__portable;
}
