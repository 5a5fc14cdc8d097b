// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guard's files in securityfs: policy, mode, loads, violations.
 *
 * Knows who may read and write them and how bytes become calls; the guard's
 * rules are in guard.c. An open file keeps the module from being unloaded.
 *
 * Locking: none of its own. Context: process.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/security.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>

#include "controls.h"
#include "guard.h"
#include "inject.h"
#include "ledger.h"
#include "uapi/drvguard.h"

/*
 * Set when all files are made. Until then the module's init may fail, and whoever
 * has one open would not keep it from going.
 */
static bool dg_controls_up;

/* Who may load modules may say which; in a container that is nobody. */
static bool dg_may_control(const struct file *file)
{
	return capable(CAP_SYS_MODULE) &&
	       file_ns_capable(file, &init_user_ns, CAP_SYS_MODULE);
}

static int dg_control_open(struct inode *inode, struct file *file)
{
	return READ_ONCE(dg_controls_up) ? 0 : -ENODEV;
}

/* --- policy --------------------------------------------------------------- */

/* A reader gets one policy whole, whatever is written meanwhile. */
struct dg_policy_copy {
	char *text;
	size_t len;
};

static int dg_policy_open(struct inode *inode, struct file *file)
{
	struct dg_policy_copy *copy;
	int ret = dg_control_open(inode, file);

	if (ret)
		return ret;
	if (!dg_may_control(file))
		return -EPERM;
	if (!(file->f_mode & FMODE_READ))
		return 0;
	copy = dg_inject() ? NULL : kmalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	ret = dg_guard_copy_policy(&copy->text, &copy->len);
	if (ret) {
		kfree(copy);
		return ret;
	}
	file->private_data = copy;
	return 0;
}

static int dg_policy_release(struct inode *inode, struct file *file)
{
	struct dg_policy_copy *copy = file->private_data;

	if (copy) {
		kvfree(copy->text);
		kfree(copy);
	}
	return 0;
}

static ssize_t dg_policy_read(struct file *file, char __user *to, size_t count,
			      loff_t *pos)
{
	struct dg_policy_copy *copy = file->private_data;

	return simple_read_from_buffer(to, count, pos, copy->text, copy->len);
}

/* One write(2), or writev(2), is one policy: there is no end of file to wait for. */
static ssize_t dg_policy_write(struct kiocb *iocb, struct iov_iter *from)
{
	size_t count = iov_iter_count(from);
	char *text;
	int ret;

	if (!dg_may_control(iocb->ki_filp))
		return -EPERM;
	if (iocb->ki_pos)
		return -EINVAL;
	if (count > DRVGUARD_POLICY_MAX)
		return -EFBIG;
	text = dg_inject() ? NULL : kvmalloc(count + 1, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (!copy_from_iter_full(text, count, from))
		ret = -EFAULT;
	else
		ret = dg_guard_set_policy(text, count);
	kvfree(text);
	if (ret)
		return ret;
	iocb->ki_pos += count;
	return count;
}

static const struct file_operations dg_policy_fops = {
	.owner = THIS_MODULE,
	.open = dg_policy_open,
	.release = dg_policy_release,
	.read = dg_policy_read,
	.write_iter = dg_policy_write,
	.llseek = default_llseek,
};

/* --- mode ----------------------------------------------------------------- */

static ssize_t dg_mode_read(struct file *file, char __user *to, size_t count,
			    loff_t *pos)
{
	const char *mode = dg_guard_mode();

	return simple_read_from_buffer(to, count, pos, mode, strlen(mode));
}

static ssize_t dg_mode_write(struct file *file, const char __user *from,
			     size_t count, loff_t *pos)
{
	char word[16];
	int ret;

	if (!dg_may_control(file))
		return -EPERM;
	if (*pos || count >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, from, count))
		return -EFAULT;
	word[count] = '\0';
	if (strlen(word) != count)
		return -EINVAL;
	ret = dg_guard_set_mode(strim(word));
	if (ret)
		return ret;
	*pos += count;
	return count;
}

static const struct file_operations dg_mode_fops = {
	.owner = THIS_MODULE,
	.open = dg_control_open,
	.read = dg_mode_read,
	.write = dg_mode_write,
	.llseek = default_llseek,
};

/* --- loads ---------------------------------------------------------------- */

/* It names other namespaces' programs and users. */
static int dg_loads_open(struct inode *inode, struct file *file)
{
	int ret = dg_control_open(inode, file);

	if (ret)
		return ret;
	if (!dg_may_control(file))
		return -EPERM;
	if (dg_inject())
		return -ENOMEM;
	return seq_open_private(file, &dg_ledger_seq_ops, sizeof(struct dg_load));
}

static const struct file_operations dg_loads_fops = {
	.owner = THIS_MODULE,
	.open = dg_loads_open,
	.release = seq_release_private,
	.read = seq_read,
	.llseek = seq_lseek,
};

/* --- violations ----------------------------------------------------------- */

/* file->private_data is the count last read: poll tells of another. */
static ssize_t dg_violations_read(struct file *file, char __user *to,
				  size_t count, loff_t *pos)
{
	unsigned int n = dg_guard_violations();
	char text[16];

	if (*pos == 0)
		file->private_data = (void *)(unsigned long)n;
	snprintf(text, sizeof(text), "%lu\n", (unsigned long)file->private_data);
	return simple_read_from_buffer(to, count, pos, text, strlen(text));
}

static __poll_t dg_violations_poll(struct file *file, poll_table *wait)
{
	unsigned long n = dg_guard_await_violation(file, wait);

	return n == (unsigned long)file->private_data ? 0 : EPOLLIN | EPOLLPRI;
}

static const struct file_operations dg_violations_fops = {
	.owner = THIS_MODULE,
	.open = dg_control_open,
	.read = dg_violations_read,
	.poll = dg_violations_poll,
	.llseek = default_llseek,
};

/* --- all of them ---------------------------------------------------------- */

static const struct dg_control {
	const char *name;
	umode_t mode;
	const struct file_operations *fops;
} dg_control_files[] = {
	{ DRVGUARD_CONTROL_POLICY, 0600, &dg_policy_fops },
	{ DRVGUARD_CONTROL_MODE, 0644, &dg_mode_fops },
	{ DRVGUARD_CONTROL_LOADS, 0400, &dg_loads_fops },
	{ DRVGUARD_CONTROL_VIOLATIONS, 0444, &dg_violations_fops },
};

static struct dentry *dg_control_dir;
static struct dentry *dg_control_dentries[ARRAY_SIZE(dg_control_files)];

/*
 * securityfs leaves a name in its directory that somebody holds, and with it the
 * directory: not ours.
 */
static void dg_control_remove(struct dentry *dentry)
{
	dget(dentry);
	securityfs_remove(dentry);
	d_invalidate(dentry);
	dput(dentry);
}

/*
 * Whoever holds a file's name still (O_PATH) could open it by that when we are
 * unloaded, and the inode would lead there into our memory: it leads nowhere now.
 */
static void dg_controls_remove(size_t n)
{
	size_t i;

	/* All before any is removed, which takes time. */
	for (i = 0; i < n; i++)
		make_bad_inode(d_inode(dg_control_dentries[i]));
	while (n--)
		dg_control_remove(dg_control_dentries[n]);
	dg_control_remove(dg_control_dir);
}

/**
 * dg_controls_init() - make the files
 *
 * Return: 0, or an error of securityfs, and then nothing is left.
 */
int dg_controls_init(void)
{
	size_t i;

	dg_control_dir = dg_inject() ? ERR_PTR(-ENOMEM) :
			 securityfs_create_dir(DRVGUARD_SECURITYFS_NAME, NULL);
	if (IS_ERR(dg_control_dir))
		return PTR_ERR(dg_control_dir);

	for (i = 0; i < ARRAY_SIZE(dg_control_files); i++) {
		const struct dg_control *c = &dg_control_files[i];
		struct dentry *made;

		made = dg_inject() ? ERR_PTR(-ENOMEM) :
		       securityfs_create_file(c->name, c->mode, dg_control_dir,
					      NULL, c->fops);
		if (IS_ERR(made)) {
			dg_controls_remove(i);
			return PTR_ERR(made);
		}
		dg_control_dentries[i] = made;
	}
	WRITE_ONCE(dg_controls_up, true);
	return 0;
}

/** dg_controls_exit() - take the files away */
void dg_controls_exit(void)
{
	dg_controls_remove(ARRAY_SIZE(dg_control_files));
}
