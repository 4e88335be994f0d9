/* The CPU time that Linux control groups leave this process. */
#ifndef FS_BASE_CGROUP_H
#define FS_BASE_CGROUP_H

/* Whole CPUs (rounded to the nearest, at least 1) of the tightest quota; 0 when there is none, and on systems
 * without control groups. Reads a few small files under `root`: "" for the system's own. */
int fs_cgroup_cpus(const char *root);

#endif
