// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Measures the time that the kernel takes for the writes of a switch: the lower limit of a switch's duration.
 *
 *   time-writes FILE
 *
 * Each line of FILE is a write, "vm PATH TEXT" or "host PATH TEXT" (TEXT may be empty). Pauses, makes all vm writes in
 * order, pauses, and makes all host writes. Prints a line for each write and one for each direction's sum, beginning
 * with the milliseconds: "0.47 vm PATH TEXT", "17.43 sum vm". If a write fails, the program ends with exit code 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WRITES = 64, PAUSE_MS = 500 };

struct step {
	char direction[8];
	char path[512];
	char text[256];
};

static struct step steps[MAX_WRITES];

static double now_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static int read_steps(const char *name)
{
	char line[1024];
	int count = 0;
	FILE *file = fopen(name, "r");

	if (!file)
		return -1;
	while (count < MAX_WRITES && fgets(line, sizeof line, file)) {
		struct step *step = &steps[count];

		if (sscanf(line, "%7s %511s %255[^\n]", step->direction, step->path, step->text) >= 2)
			count++;
	}
	fclose(file);
	return count;
}

/* Returns milliseconds, or -1 if the kernel refused the write. */
static double timed_write(const struct step *step)
{
	char text[sizeof step->text + 1];
	/* An empty text becomes a newline, as with echo: sysfs ignores a write of zero bytes. */
	const int length = snprintf(text, sizeof text, "%s\n", step->text);
	const double start = now_ms();
	int error = 0;
	int fd = open(step->path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, (size_t)length) != length)
		error = errno;
	if (fd >= 0)
		close(fd);
	if (!error)
		return now_ms() - start;
	fprintf(stderr, "%s: %s\n", step->path, strerror(error));
	return -1;
}

int main(int argc, char **argv)
{
	static const char *const directions[] = { "vm", "host" };
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	int count = argc == 2 ? read_steps(argv[1]) : -1;

	if (count < 1) {
		fprintf(stderr, "usage: time-writes FILE\n");
		return 2;
	}
	for (int d = 0; d < 2; d++) {
		double sum = 0;

		/* A sound card is created in the background; the unbind must not wait for that. */
		nanosleep(&pause, NULL);
		for (int i = 0; i < count; i++) {
			if (strcmp(steps[i].direction, directions[d]))
				continue;
			const double ms = timed_write(&steps[i]);

			if (ms < 0)
				return 1;
			sum += ms;
			printf("%.2f %s %s %s\n", ms, directions[d], steps[i].path, steps[i].text);
		}
		printf("%.2f sum %s\n", sum, directions[d]);
	}
	return 0;
}
