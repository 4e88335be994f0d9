/* Declarations of the portable kernels, one a slot of kernels.def: fs_<slot>__portable. */
#ifndef FS_SLOTS_PORTABLE_H
#define FS_SLOTS_PORTABLE_H

#include "../kernels.h"

#define FS_SLOT(ret, name, args) ret fs_##name##__portable args;
#include "../kernels.def"
#undef FS_SLOT

#endif
