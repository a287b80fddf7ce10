// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes a text to a file with one write(2) and prints the name of the errno, or 0. A shell's echo does not report it.
 *
 *   write-errno [--times N] FILE TEXT
 *
 * With --times, N processes open the file and then write at the same time; one line is printed for each.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Never returns. The exit code is the errno, which is always below 256. */
static void write_and_exit(const char *path, const char *text, int start)
{
	const ssize_t length = (ssize_t)strlen(text);
	const int file = open(path, O_WRONLY | O_CLOEXEC);
	char unused;

	if (file < 0)
		_exit(errno);
	while (read(start, &unused, 1) > 0)
		;
	const ssize_t written = write(file, text, (size_t)length);
	if (written < 0)
		_exit(errno);
	_exit(written == length ? 0 : EIO);
}

int main(int argc, char **argv)
{
	int times = 1, start[2], status;

	if (argc > 2 && !strcmp(argv[1], "--times")) {
		times = atoi(argv[2]);
		argc -= 2;
		argv += 2;
	}
	if (argc != 3 || times < 1 || pipe(start)) {
		fprintf(stderr, "usage: write-errno [--times N] FILE TEXT\n");
		return 2;
	}
	for (int i = 0; i < times; i++) {
		const pid_t child = fork();

		if (child < 0) {
			perror("fork");
			return 2;
		}
		if (child == 0) {
			close(start[1]);
			write_and_exit(argv[1], argv[2], start[0]);
		}
	}
	if (times > 1)
		sleep(1); /* time for all of them to open the file */
	close(start[1]);
	while (wait(&status) > 0)
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			puts("0");
		else
			puts(WIFEXITED(status) ? strerrorname_np(WEXITSTATUS(status)) : "killed");
	return 0;
}
