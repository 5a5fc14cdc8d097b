// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line and the table of commands, nothing else. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>

#include "../kmod/uapi/drvguard.h"
#include "cmd.h"
#include "lib/fs.h"
#include "lib/manifest.h"
#include "lib/record.h"
#include "lib/who.h"

static const struct command {
	const char *name;
	enum dg_exit (*run)(const struct dg_context *c);
	unsigned int options; /* of enum dg_option */
	bool args;
	const char *usage, *summary;
} commands[] = {
	{ "identity", cmd_identity, 0, false, "", "the running kernel: its level, and where each fact is from" },
	{ "kernels", cmd_kernels, 0, false, "", "the installed kernels" },
	{ "check", cmd_check, DG_OPTION_KERNEL, true, "[--kernel REL|next|all] [DRIVER|FILE.ko ...]",
	  "would it load there?" },
	{ "explain", cmd_explain, DG_OPTION_KERNEL, true, "[--kernel REL|next|all] DRIVER|FILE.ko ...",
	  "why not: every failing symbol and both CRCs" },
	{ "preflight", cmd_preflight, DG_OPTION_KERNEL, true, "[REL|next|all]", "safe to reboot into it?" },
	{ "status", cmd_status, DG_OPTION_KERNEL, true, "[--kernel REL|next|all] [DRIVER ...]",
	  "how every driver stands" },
	{ "stage", cmd_stage,
	  DG_OPTION_KERNEL | DG_OPTION_DRY_RUN | DG_OPTION_FORCE | DG_OPTION_TRIAL | DG_OPTION_MOUNT, true,
	  "[--kernel REL|next|all] [--dry-run] [--force] [--trial] [--mount] [DRIVER ...]",
	  "put the matching drivers in place" },
	{ "verify", cmd_verify, DG_OPTION_KERNEL | DG_OPTION_SUM, true, "[--kernel REL|next|all] [--sum] [DRIVER ...]",
	  "what is staged, against its manifest" },
	{ "rollback", cmd_rollback, DG_OPTION_KERNEL | DG_OPTION_DRY_RUN | DG_OPTION_FORCE | DG_OPTION_TO, false,
	  "[--kernel REL|next|all] [--to GENERATION] [--dry-run] [--force]", "back to what was staged before" },
	{ "commit", cmd_commit, DG_OPTION_KERNEL | DG_OPTION_BOOT | DG_OPTION_STOP, false,
	  "[--kernel REL|next|all] [--boot|--stop]", "confirm a trial, and what was loaded" },
	{ "remove", cmd_remove, DG_OPTION_KERNEL | DG_OPTION_DRY_RUN, true,
	  "[--kernel REL|next|all] [--dry-run] DRIVER ...", "take drivers out; what they superseded comes back" },
	{ "cleanup", cmd_cleanup, DG_OPTION_DRY_RUN | DG_OPTION_KEEP, false, "[--preview] [--keep N]",
	  "remove what nothing needs any more" },
	{ "repair", cmd_repair, 0, false, "", "find out, stage, verify, load: all for the running kernel (also: -dm)" },
	{ "boot", cmd_boot, 0, false, "",
	  "early boot: hold back what does not match, with the root file system alone" },
	{ "watch", cmd_watch, DG_OPTION_STAY, false, "[--stay]",
	  "wait for the depots, repair, end when nothing waits" },
	{ "hook", cmd_hook, DG_OPTION_NO_INITRAMFS, true, "add|remove [--no-initramfs] REL|all|-",
	  "for package managers: a kernel has come, or gone" },
	{ "initramfs", cmd_initramfs, DG_OPTION_KERNEL, true, "[list] [--kernel REL|next|all]",
	  "what the initramfs holds of the drivers; list: what belongs into it" },
	{ "guard", cmd_guard, 0, true, "[status|load|permissive|enforce|seal|log]",
	  "the guard in the kernel: refuses a driver that is not the proven one" },
	{ "history", cmd_history, DG_OPTION_KERNEL | DG_OPTION_DATES, true,
	  "[--kernel REL] [--since DATE] [--until DATE] [DRIVER ...]", "what was done, when and by whom" },
};

static void print_help(void)
{
	puts("drvguard: keeps out-of-tree kernel drivers matched to the kernel they run in\n\n"
	     "usage: drvguard [--root DIR] [--config FILE] [--json] [-q|-v] COMMAND [...]\n"
	     "       drvguard -dm\n");
	for (size_t i = 0; i < DG_ARRAY_SIZE(commands); i++)
		printf("  %-9s %s\n", commands[i].name, commands[i].summary);
	puts("\nDetails, exit codes and the state letters: drvguard(8). Configuration: drvguard.conf(5).");
}

static enum dg_exit usage_error(const char *what, const char *about)
{
	fprintf(stderr, "drvguard: %s%s%s; see drvguard --help\n", what, about ? " " : "", about ? about : "");
	return DG_EXIT_USAGE;
}

enum {
	OPT_ROOT = 256,
	OPT_CONFIG,
	OPT_JSON,
	OPT_KERNEL,
	OPT_DRY_RUN,
	OPT_FORCE,
	OPT_SUM,
	OPT_TRIAL,
	OPT_MOUNT,
	OPT_TO,
	OPT_BOOT,
	OPT_STOP,
	OPT_KEEP,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_NO_INITRAMFS,
	OPT_STAY,
	OPT_VERSION
};

static const struct option long_options[] = {
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "sum", no_argument, NULL, OPT_SUM },
	{ "help", no_argument, NULL, 'h' },
	{ "trial", no_argument, NULL, OPT_TRIAL },
	{ "mount", no_argument, NULL, OPT_MOUNT },
	{ "to", required_argument, NULL, OPT_TO },
	{ "boot", no_argument, NULL, OPT_BOOT },
	{ "stop", no_argument, NULL, OPT_STOP },
	{ "keep", required_argument, NULL, OPT_KEEP },
	{ "preview", no_argument, NULL, OPT_DRY_RUN },
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "until", required_argument, NULL, OPT_UNTIL },
	{ "no-initramfs", no_argument, NULL, OPT_NO_INITRAMFS },
	{ "stay", no_argument, NULL, OPT_STAY },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ 0 },
};

static bool take_number(const char *s, unsigned int least, unsigned int *ret)
{
	unsigned long long n;

	if (!dg_record_number(s, DG_GENERATION_MAX, &n) || n < least)
		return false;
	*ret = (unsigned int)n;
	return true;
}

/* One option into @c; *used collects those not every command takes. False: a bad value. */
static bool take_option(int option, struct dg_context *c, unsigned int *used)
{
	unsigned int number;

	switch (option) {
	case OPT_ROOT:
		c->root = optarg;
		break;
	case OPT_CONFIG:
		c->config = optarg;
		break;
	case OPT_JSON:
		c->json = true;
		break;
	case 'q':
		c->quiet = true;
		break;
	case 'v':
		c->verbose = true;
		break;
	case OPT_KERNEL:
		c->kernel = optarg;
		*used |= DG_OPTION_KERNEL;
		break;
	case OPT_DRY_RUN:
		c->dry_run = true;
		*used |= DG_OPTION_DRY_RUN;
		break;
	case OPT_FORCE:
		c->force = true;
		*used |= DG_OPTION_FORCE;
		break;
	case OPT_SUM:
		c->sum = true;
		*used |= DG_OPTION_SUM;
		break;
	case OPT_TRIAL:
		c->trial = true;
		*used |= DG_OPTION_TRIAL;
		break;
	case OPT_MOUNT:
		c->mount = true;
		*used |= DG_OPTION_MOUNT;
		break;
	case OPT_BOOT:
		c->boot = true;
		*used |= DG_OPTION_BOOT;
		break;
	case OPT_STOP:
		c->stop = true;
		*used |= DG_OPTION_STOP;
		break;
	case OPT_NO_INITRAMFS:
		c->no_initramfs = true;
		*used |= DG_OPTION_NO_INITRAMFS;
		break;
	case OPT_STAY:
		c->stay = true;
		*used |= DG_OPTION_STAY;
		break;
	case OPT_TO:
		*used |= DG_OPTION_TO;
		return take_number(optarg, 1, &c->to);
	case OPT_KEEP:
		*used |= DG_OPTION_KEEP;
		c->keep = -1;
		if (!take_number(optarg, 0, &number))
			return false;
		c->keep = (int)number;
		break;
	case OPT_SINCE:
		c->since = optarg;
		*used |= DG_OPTION_DATES;
		break;
	case OPT_UNTIL:
		c->until = optarg;
		*used |= DG_OPTION_DATES;
		break;
	}
	return true;
}

static enum dg_exit dispatch(struct dg_context *c, char **args, unsigned int used)
{
	static char *const none[] = { NULL };
	dg_auto_free char *root = NULL;

	for (size_t i = 0; i < DG_ARRAY_SIZE(commands); i++) {
		const struct command *cmd = &commands[i];

		if (!dg_streq(cmd->name, args[0]))
			continue;
		if (used & ~cmd->options)
			return usage_error("an option that does not go with", cmd->name);
		if (args[1] && !cmd->args)
			return usage_error("too many arguments for", cmd->name);
		if (dg_path_resolve("/", c->root, &root) < 0 || !dg_path_is_dir(root))
			return usage_error("--root: no such directory:", c->root);
		c->root = root;
		if (dg_who_is_switched_off(root)) {
			puts("switched off: drvguard=off is on the kernel's command line");
			return DG_EXIT_OK;
		}
		c->args = args[1] ? args + 1 : (char **)(uintptr_t)none;
		return cmd->run(c);
	}
	return usage_error("no such command:", args[0]);
}

int main(int argc, char **argv)
{
	static char repair[] = "repair";
	struct dg_context c = { .root = "/", .keep = -1 };
	unsigned int used = 0;
	enum dg_exit code;
	int option;

	/* The vendors' old spelling of the manual cure. */
	for (int i = 1; i < argc; i++)
		if (dg_streq(argv[i], "-dm"))
			argv[i] = repair;
	/* Whole files are read and dropped by the thousand: keep the pages. */
	mallopt(M_MMAP_THRESHOLD, 256 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	while ((option = getopt_long(argc, argv, ":hqv", long_options, NULL)) != -1) {
		if (option == 'h') {
			print_help();
			return DG_EXIT_OK;
		}
		if (option == OPT_VERSION) {
			puts("drvguard " DRVGUARD_VERSION);
			return DG_EXIT_OK;
		}
		if (option == '?' && optopt > 0 && optopt < OPT_ROOT && !dg_startswith(argv[optind - 1], "--")) {
			char letter[] = { '-', (char)optopt, '\0' };

			return usage_error("no such option:", letter);
		}
		if (option == '?' || option == ':')
			return usage_error(option == ':' ? "a value is missing behind" : "no such option:",
					   argv[optind - 1]);
		if (!take_option(option, &c, &used))
			return usage_error("no number that can be meant:", optarg);
	}
	if (optind == argc)
		return usage_error("no command", NULL);
	code = dispatch(&c, argv + optind, used);
	/* An answer that did not get out is none. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "drvguard: standard output: cannot be written: %s; free some space there\n",
			strerror(errno));
		code = dg_exit_worse(code, DG_EXIT_UNKNOWN);
	}
	return (int)code;
}
