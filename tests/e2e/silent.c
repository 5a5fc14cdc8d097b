// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file system whose server does not answer: mounted by the kernel's FUSE, and nobody reads what
 * is asked. It ends, and answers "not connected" from then on, when it is killed.
 *
 *   silent DIRECTORY        prints its process id
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char options[100];
	int fd = open("/dev/fuse", O_RDWR);
	pid_t pid;

	snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=0,group_id=0", fd, (unsigned int)S_IFDIR);
	if (argc != 2 || fd < 0 || mount("silent", argv[1], "fuse.silent", 0, options) < 0) {
		perror("silent");
		return 1;
	}
	pid = fork();
	if (pid < 0)
		return 1;
	if (pid > 0) {
		printf("%d\n", (int)pid);
		return 0;
	}
	setsid();
	for (int i = 0; i < 3; i++)
		close(i);
	for (;;)
		pause();
}
