#include "cgroup.h"

#if defined(__linux__)

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CPUs of a quota of `quota` microseconds in every `period`; 0: no limit. */
static int quota_cpus(double quota, double period) {
    if (quota <= 0 || period <= 0) return 0;
    return quota < period ? 1 : (int)(quota / period + 0.5);
}

/* The first line of a file whose path is in three parts. */
static int read_line(const char *root, const char *group, const char *name, char *line, int size) {
    char path[1024];
    FILE *f;
    int ok;
    if (snprintf(path, sizeof path, "%s/sys/fs/cgroup%s/%s", root, group, name) >= (int)sizeof path) return 0;
    f = fopen(path, "r");
    if (!f) return 0;
    ok = fgets(line, size, f) != NULL;
    fclose(f);
    return ok;
}

/* This process's group of version 2, such as "/system.slice/x.service"; "" when it has none. */
static void group_of_process(const char *root, char *group, size_t size) {
    char path[1024], line[512];
    FILE *f;
    group[0] = 0;
    if (snprintf(path, sizeof path, "%s/proc/self/cgroup", root) >= (int)sizeof path) return;
    f = fopen(path, "r");
    if (!f) return;
    while (fgets(line, sizeof line, f)) {
        if (strncmp(line, "0::", 3) != 0) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(group, size, "%s", line + 3);
    }
    fclose(f);
}

/* Version 2: the tightest cpu.max from the process's group up to the root. */
static int version2_cpus(const char *root) {
    char group[512], line[64];
    int tightest = 0;
    group_of_process(root, group, sizeof group);
    for (;;) {
        double quota, period;
        char *slash;
        if (read_line(root, group, "cpu.max", line, sizeof line) && sscanf(line, "%lf %lf", &quota, &period) == 2) {
            int cpus = quota_cpus(quota, period);
            if (cpus && (!tightest || cpus < tightest)) tightest = cpus;
        }
        slash = strrchr(group, '/');
        if (!slash) return tightest;
        *slash = 0;
    }
}

/* Version 1, as a container sees it: its own group is mounted as the root. */
static int version1_cpus(const char *root) {
    char quota[64], period[64];
    if (!read_line(root, "/cpu", "cpu.cfs_quota_us", quota, sizeof quota)) return 0;
    if (!read_line(root, "/cpu", "cpu.cfs_period_us", period, sizeof period)) return 0;
    return quota_cpus(atof(quota), atof(period));
}

int fs_cgroup_cpus(const char *root) {
    int cpus = version2_cpus(root);
    return cpus ? cpus : version1_cpus(root);
}

#else

int fs_cgroup_cpus(const char *root) {
    (void)root;
    return 0;
}

#endif
