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

static int read_line(const char *path, char *line, int size) {
    FILE *f = fopen(path, "r");
    int ok;
    if (!f) return 0;
    ok = fgets(line, size, f) != NULL;
    fclose(f);
    return ok;
}

/* This process's group of version 2, such as "/system.slice/x.service"; "" when it has none. */
static void group_of_process(char *group, size_t size) {
    char line[512];
    FILE *f = fopen("/proc/self/cgroup", "r");
    group[0] = 0;
    if (!f) return;
    while (fgets(line, sizeof line, f)) {
        if (strncmp(line, "0::", 3) != 0) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(group, size, "%s", line + 3);
    }
    fclose(f);
}

/* Version 2: the tightest cpu.max from the process's group up to the root. */
static int version2_cpus(void) {
    char group[512], path[600], line[64];
    int tightest = 0;
    group_of_process(group, sizeof group);
    for (;;) {
        double quota, period;
        char *slash;
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
        if (read_line(path, line, sizeof line) && sscanf(line, "%lf %lf", &quota, &period) == 2) {
            int cpus = quota_cpus(quota, period);
            if (cpus && (!tightest || cpus < tightest)) tightest = cpus;
        }
        slash = strrchr(group, '/');
        if (!slash) return tightest;
        *slash = 0;
    }
}

/* Version 1, as a container sees it: its own group is mounted as the root. */
static int version1_cpus(void) {
    char quota[64], period[64];
    if (!read_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota, sizeof quota)) return 0;
    if (!read_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period, sizeof period)) return 0;
    return quota_cpus(atof(quota), atof(period));
}

int fs_cgroup_cpus(void) {
    int cpus = version2_cpus();
    return cpus ? cpus : version1_cpus();
}

#else

int fs_cgroup_cpus(void) { return 0; }

#endif
