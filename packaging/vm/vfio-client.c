// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A small VFIO user, independent of Switchback, that makes the first steps of a virtual machine monitor with a device.
 *
 *   vfio-client [--hold SECONDS | --hold-until-stdin | --time] ADDRESS...
 *
 * Opens a container and the group of each address, checks that the group is viable, sets the type 1 IOMMU, gets the
 * device, and maps and reads every BAR (first, middle and last word; pread where a BAR cannot be mapped). The kernel
 * refuses a BAR only here, not when vfio-pci binds, so only this proves that a virtual machine can use the device.
 *
 * Prints one line for each BAR: "BAR 0 0x1000000 mmap ok", "BAR 4 0x40 pread ok", "BAR 0 refused EBUSY (Device or
 * resource busy)". With --hold and --hold-until-stdin the devices stay open after the line "holding". With --time the
 * last line is the time from opening the first file to closing the last one: "took 33.91 ms".
 *
 * Exit codes: 0 every BAR could be read, 1 a BAR was refused, 2 usage, 3 the group cannot be used (not viable, not
 * vfio, busy).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_GROUP = 3, MAX_GROUPS = 16, MAX_DEVICES = 64 };

struct group {
	char number[32];
	int fd;
};

static struct group groups[MAX_GROUPS];
static int group_count;
static int devices[MAX_DEVICES];
static int device_count;
static int container = -1;
static volatile uint32_t sink;

static const char *describe(int error)
{
	static char text[128];

	snprintf(text, sizeof text, "%s (%s)", strerrorname_np(error), strerror(error));
	return text;
}

static int fail(const char *what, const char *subject)
{
	printf("%s %s: %s\n", what, subject, describe(errno));
	return -1;
}

/* The open file of the device's group. All functions of a group share it, because the kernel allows only one. */
static int group_of(const char *address)
{
	char path[PATH_MAX], target[PATH_MAX];
	struct vfio_group_status status = { .argsz = sizeof status };
	struct group *group;
	ssize_t length;

	snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/iommu_group", address);
	length = readlink(path, target, sizeof target - 1);
	if (length < 0)
		return fail("no IOMMU group", address);
	target[length] = 0;

	const char *number = basename(target);
	for (int i = 0; i < group_count; i++)
		if (!strcmp(groups[i].number, number))
			return groups[i].fd;
	if (group_count == MAX_GROUPS) {
		errno = E2BIG;
		return fail("too many groups", address);
	}
	group = &groups[group_count];
	snprintf(group->number, sizeof group->number, "%s", number);

	snprintf(path, sizeof path, "/dev/vfio/%s", group->number);
	group->fd = open(path, O_RDWR | O_CLOEXEC);
	if (group->fd < 0)
		return fail("cannot open", path);
	if (ioctl(group->fd, VFIO_GROUP_GET_STATUS, &status))
		return fail("no status of", path);
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
		printf("group %s is not viable\n", group->number);
		return -1;
	}
	if (ioctl(group->fd, VFIO_GROUP_SET_CONTAINER, &container))
		return fail("no container for", path);
	if (group_count == 0 && ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU))
		return fail("no type 1 IOMMU for", path);
	group_count++;
	return group->fd;
}

static void read_mapping(const char *base, uint64_t size)
{
	const uint64_t last = (size - 4) & ~3ULL;

	sink = *(const volatile uint32_t *)base;
	sink = *(const volatile uint32_t *)(base + (last / 2 & ~3ULL));
	sink = *(const volatile uint32_t *)(base + last);
}

static int read_file(int device, uint64_t offset, uint64_t size)
{
	const uint64_t last = (size - 4) & ~3ULL;
	const uint64_t places[] = { 0, last / 2 & ~3ULL, last };

	for (int i = 0; i < 3; i++) {
		uint32_t word;
		ssize_t got = pread(device, &word, sizeof word, (off_t)(offset + places[i]));

		if (got < 0)
			return -1;
		if (got == 0) {
			errno = EIO;
			return -1;
		}
		sink = word;
	}
	return 0;
}

/* Returns 0 if the BAR could be read or has no size, 1 if it was refused. */
static int try_bar(int device, unsigned int bar)
{
	struct vfio_region_info info = { .argsz = sizeof info, .index = VFIO_PCI_BAR0_REGION_INDEX + bar };
	const char *how = "pread";
	int error = 0;

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info)) {
		printf("BAR %u refused %s\n", bar, describe(errno));
		return 1;
	}
	if (!info.size)
		return 0;
	if (info.flags & VFIO_REGION_INFO_FLAG_MMAP) {
		/* Not unmapped: the mapping must exist as long as the device is held, and ends with the process. */
		void *base = mmap(NULL, info.size, PROT_READ, MAP_SHARED, device, (off_t)info.offset);

		how = "mmap";
		if (base == MAP_FAILED)
			error = errno;
		else
			read_mapping(base, info.size);
	} else if (read_file(device, info.offset, info.size)) {
		error = errno;
	}
	if (error)
		printf("BAR %u refused %s\n", bar, describe(error));
	else
		printf("BAR %u 0x%llx %s ok\n", bar, (unsigned long long)info.size, how);
	return error != 0;
}

static double now_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

/* Returns 0, 1 if a BAR was refused, or -1 if the device cannot be opened. */
static int try_device(const char *address)
{
	int group = group_of(address), device, refused = 0;
	struct vfio_device_info info = { .argsz = sizeof info };

	if (group < 0)
		return -1;
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (device < 0)
		return fail("no device", address);
	if (device_count < MAX_DEVICES)
		devices[device_count++] = device;
	if (ioctl(device, VFIO_DEVICE_GET_INFO, &info))
		return fail("no device info for", address);
	for (unsigned int bar = 0; bar < PCI_STD_NUM_BARS && bar < info.num_regions; bar++)
		refused |= try_bar(device, bar);
	return refused;
}

static int usage(void)
{
	fprintf(stderr, "usage: vfio-client [--hold SECONDS | --hold-until-stdin | --time] ADDRESS...\n");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	long hold = 0;
	int until_stdin = 0, timed = 0, next = 1, result = 0;
	double start;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (; next < argc && !strncmp(argv[next], "--", 2); next++) {
		if (!strcmp(argv[next], "--hold-until-stdin")) {
			until_stdin = 1;
		} else if (!strcmp(argv[next], "--time")) {
			timed = 1;
		} else if (!strcmp(argv[next], "--hold") && next + 1 < argc) {
			char *end;

			hold = strtol(argv[++next], &end, 10);
			if (*end || hold < 0)
				return usage();
		} else {
			return usage();
		}
	}
	if (next == argc)
		return usage();

	start = now_ms();
	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (container < 0) {
		fail("cannot open", "/dev/vfio/vfio");
		return EXIT_GROUP;
	}
	const int several = argc - next > 1;
	for (; next < argc; next++) {
		if (several)
			printf("device %s\n", argv[next]);
		int outcome = try_device(argv[next]);
		if (outcome < 0)
			return EXIT_GROUP;
		result |= outcome;
	}
	if (until_stdin || hold) {
		char rest[64];

		printf("holding\n");
		if (until_stdin)
			while (read(STDIN_FILENO, rest, sizeof rest) > 0)
				;
		else
			while (hold > 0)
				hold = sleep((unsigned int)hold);
	}
	if (timed) {
		/* Closing is included: the kernel resets a device when it is closed, which takes longer than everything else. */
		for (int i = 0; i < device_count; i++)
			close(devices[i]);
		for (int i = 0; i < group_count; i++)
			close(groups[i].fd);
		close(container);
		printf("took %.2f ms\n", now_ms() - start);
	}
	return result ? EXIT_REFUSED : 0;
}
