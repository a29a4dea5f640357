/* Plain C, no unrolling: what float code costs on a core. */
__attribute__((noinline)) static void dot_f32(int units, int depth, const float *x, const float *w, float *y)
{
    for (int u = 0; u < units; u++, w += depth) {
        float sum = y[u];
        for (int d = 0; d < depth; d++) sum += x[d] * w[d];
        y[u] = sum < 0.0f ? 0.0f : sum;
    }
}

/* One call of the kernel that a case names. Set-up stands before the first marker. */
static int call(const geometry *g)
{
    const cmsis_nn_context ctx = { scratch, SCRATCH };
    const cmsis_nn_dims in = { g->n, g->h, g->w, g->c }, out = { g->n, g->oh, g->ow, g->oc };
    const cmsis_nn_dims filter = { g->oc, g->fh, g->fw, g->c / g->groups }, depthwise = { 1, g->fh, g->fw, g->oc }, one = { 1, 1, 1, g->oc };
    const cmsis_nn_dims dense = { g->h * g->w * g->c, 1, 1, g->oc }, flat = { g->n, g->h, g->w, g->c };
    const cmsis_nn_conv_params conv = { 5, -3, { g->sw, g->sh }, { g->pw, g->ph }, { g->dw, g->dh }, { -128, 127 } };
    const cmsis_nn_conv_params conv16 = { 0, 0, { g->sw, g->sh }, { g->pw, g->ph }, { g->dw, g->dh }, { -32768, 32767 } };
    const int mult = g->c ? g->oc / g->c : 1;
    const cmsis_nn_dw_conv_params dw = { 5, -3, mult, { g->sw, g->sh }, { g->pw, g->ph }, { g->dw, g->dh }, { -128, 127 } };
    const cmsis_nn_dw_conv_params dw16 = { 0, 0, mult, { g->sw, g->sh }, { g->pw, g->ph }, { g->dw, g->dh }, { -32768, 32767 } };
    const cmsis_nn_per_channel_quant_params channel = { multiplier, shift };
    const cmsis_nn_per_tensor_quant_params tensor = { multiplier[0], shift[0] };
    const cmsis_nn_quant_params either = { multiplier, shift, g->kernel == FULLY_CONNECTED_PER_CHANNEL_S8 };
    const cmsis_nn_fc_params fc = { 5, 0, -3, { -128, 127 } }, fc16 = { 0, 0, 0, { -32768, 32767 } };
    const cmsis_nn_pool_params pool = { { g->sw, g->sh }, { g->pw, g->ph }, { -128, 127 } };
    const cmsis_nn_pool_params pool16 = { { g->sw, g->sh }, { g->pw, g->ph }, { -32768, 32767 } };
    const cmsis_nn_bias_data bias64 = { bias, false };
    const int32_t *bias32 = (const int32_t *)bias;
    const int16_t *in16 = (const int16_t *)input;
    int16_t *out16 = (int16_t *)output;
    const int size = g->n * g->h * g->w * g->c;
    int r = 0;
    switch (g->kernel) {
#define COUNT(...) mark_begin(0); __VA_ARGS__; mark_end(0); break
    case CONVOLVE_S8: COUNT(r = arm_convolve_wrapper_s8(&ctx, &conv, &channel, &in, input, &filter, weights, &one, bias32, &out, output));
    case CONVOLVE_S4: COUNT(r = arm_convolve_wrapper_s4(&ctx, &conv, &channel, &in, input, &filter, weights, &one, bias32, &out, output));
    case CONVOLVE_S16: COUNT(r = arm_convolve_wrapper_s16(&ctx, &conv16, &channel, &in, in16, &filter, weights, &one, &bias64, &out, out16));
    case DEPTHWISE_CONV_S8: COUNT(r = arm_depthwise_conv_wrapper_s8(&ctx, &dw, &channel, &in, input, &depthwise, weights, &one, bias32, &out, output));
    case DEPTHWISE_CONV_S4: COUNT(r = arm_depthwise_conv_wrapper_s4(&ctx, &dw, &channel, &in, input, &depthwise, weights, &one, bias32, &out, output));
    case DEPTHWISE_CONV_S16: COUNT(r = arm_depthwise_conv_wrapper_s16(&ctx, &dw16, &channel, &in, in16, &depthwise, weights, &one, bias, &out, out16));
    case FULLY_CONNECTED_S8:
    case FULLY_CONNECTED_PER_CHANNEL_S8: COUNT(r = arm_fully_connected_wrapper_s8(&ctx, &fc, &either, &flat, input, &dense, weights, &one, bias32, &out, output));
    case FULLY_CONNECTED_S4: COUNT(r = arm_fully_connected_s4(&ctx, &fc, &tensor, &flat, input, &dense, weights, &one, bias32, &out, output));
    case FULLY_CONNECTED_S16: COUNT(r = arm_fully_connected_s16(&ctx, &fc16, &tensor, &flat, in16, &dense, weights, &one, bias, &out, out16));
    case ELEMENTWISE_ADD_S8: COUNT(r = arm_elementwise_add_s8(input, weights, 5, 1623821475, -2, -4, 1073741824, 0, 20, output, -3, 1098017566, -19, -128, 127, size));
    case ELEMENTWISE_ADD_S16: COUNT(r = arm_elementwise_add_s16(in16, (int16_t *)weights, 0, 1623821475, -2, 0, 1073741824, 0, 15, out16, 0, 1098017566, -14, -32768, 32767, size));
    case ELEMENTWISE_MUL_S8: COUNT(r = arm_elementwise_mul_s8(input, weights, 5, -4, output, -3, 1098017566, -6, -128, 127, size));
    case ELEMENTWISE_MUL_S16: COUNT(r = arm_elementwise_mul_s16(in16, (int16_t *)weights, 0, 0, out16, 0, 1098017566, -14, -32768, 32767, size));
    case AVG_POOL_S8: COUNT(r = arm_avgpool_s8(&ctx, &pool, &in, input, &filter, &out, output));
    case AVG_POOL_S16: COUNT(r = arm_avgpool_s16(&ctx, &pool16, &in, in16, &filter, &out, out16));
    case MAX_POOL_S8: COUNT(r = arm_max_pool_s8(&ctx, &pool, &in, input, &filter, &out, output));
    case MAX_POOL_S16: COUNT(r = arm_max_pool_s16(&ctx, &pool16, &in, in16, &filter, &out, out16));
#if !defined(__ARM_FEATURE_MVE)
    case SOFTMAX_S8: COUNT(arm_softmax_s8(input, g->h, g->c, 1077952576, 23, -248, output));
#endif
    case RELU_Q7: COUNT(arm_relu_q7(input, (uint16_t)size));
    case RELU6_S8: COUNT(arm_relu6_s8(input, (uint16_t)size));
    case ACTIVATION_S16: COUNT(r = arm_nn_activation_s16(in16, out16, size, 2, g->fh ? ARM_TANH : ARM_SIGMOID));
    case CONCATENATION_S8_X: COUNT(arm_concatenation_s8_x(input, (uint16_t)g->c, (uint16_t)g->w, (uint16_t)g->h, 1, output, (uint16_t)g->oc, 0));
    case PAD_S8: {
        const cmsis_nn_dims before = { 0, g->ph, g->pw, 0 }, after = { 0, g->oh - g->h - g->ph, g->ow - g->w - g->pw, 0 };
        COUNT(r = arm_pad_s8(input, output, -3, &in, &before, &after));
    }
    case TRANSPOSE_S8: {
        static const uint32_t swap[4] = { 0, 2, 1, 3 };
        const cmsis_nn_transpose_params t = { 4, swap };
        COUNT(r = arm_transpose_s8(input, output, &in, &out, &t));
    }
    case MAXIMUM_S8: COUNT(r = arm_maximum_s8(&ctx, input, &in, weights, &in, output, &out));
    case BATCH_MATMUL_S8: {
        const cmsis_nn_bmm_params p = { false, false, { 5, 2, -3, { -128, 127 } } };
        const cmsis_nn_dims l = { 1, g->h, g->w, g->c }, rhs = { 1, g->h, g->oc, g->c }, o = { 1, g->h, g->w, g->oc };
        COUNT(r = arm_batch_matmul_s8(&ctx, &p, &tensor, &l, input, &rhs, weights, &o, output));
    }
    case TRANSPOSE_CONV_S8: {
        const cmsis_nn_context reversed = { output + OUTPUT / 2, OUTPUT / 2 };
        const cmsis_nn_transpose_conv_params p = { 5, -3, { g->sw, g->sh }, { g->pw, g->ph }, { 0, 0 }, { 1, 1 }, { -128, 127 } };
        COUNT(r = arm_transpose_conv_wrapper_s8(&ctx, &reversed, &p, &channel, &in, input, &filter, weights, &one, bias32, &out, output));
    }
    case SVDF_S8: { /* h = memory, c = input size, oc = feature filters (rank 1) */
        const cmsis_nn_svdf_params p = { 1, 5, -3, { -128, 127 }, { -128, 127 } };
        const cmsis_nn_dims x = { 1, g->c, 1, 1 }, st = { 1, g->oc * g->h, 1, 1 }, wf = { g->oc, g->c, 1, 1 }, wt = { g->oc, g->h, 1, 1 }, o = { 1, g->oc, 1, 1 };
        const cmsis_nn_context a = { scratch, 16384 }, b = { scratch + 16384, 16384 }, c = { scratch + 32768, 16384 };
        COUNT(r = arm_svdf_s8(&c, &a, &b, &p, &tensor, &tensor, &x, input, &st, input + 50000, &wf, weights, &wt, weights + 50000, &one, bias32, &o, output));
    }
    case DOT_F32: COUNT(dot_f32(g->oc, g->c, (const float *)input, (const float *)weights, (float *)output));
    default: return 1;
    }
    return r;
}
