/* Sines and cosines of places: what sinusoidal positions add and rotary ones turn by. */
#ifndef FS_NN_WAVES_H
#define FS_NN_WAVES_H

#include "../base/status.h"

typedef struct fs_waves {
    int count;     /* W */
    double *rates; /* (W) */
    double gain;   /* what all are multiplied with; 1 */
    float *kept;   /* (FS_WAVES_KEPT, 2 W): the first places' */
} fs_waves;

enum { FS_WAVES_KEPT = 256 };

/* Room for the rates, which, with the gain, the caller then sets before it calls fs_waves_keep. */
fs_status fs_waves_init(fs_waves *w, int count, const char *where, fs_error *err);
void fs_waves_keep(fs_waves *w);
void fs_waves_free(fs_waves *w);

/* (2 W): sin(place rate), then cos(place rate); `spare` (2 W) may hold them */
const float *fs_waves_at(const fs_waves *w, int place, float *spare);

#endif
