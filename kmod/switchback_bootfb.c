// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes the owner of a boot framebuffer release it, so that VFIO can
 * reserve the BAR that contains the framebuffer.
 *
 * sysfb registers the framebuffer as the platform device simple-framebuffer.0,
 * whose memory resource is BOOTFB. The device may have no driver, and unbinding
 * a driver does not free the resource; only unregistering the device does.
 * This module has the device unregistered and does nothing else. Loading it
 * changes nothing. A request is written to the parameter "release", and the
 * errno of the write is the result; README.md lists them.
 */

#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/string.h>
#if defined(SYSFB_DISABLES_ANY) || defined(SYSFB_DISABLES_DEVICE)
#include <linux/sysfb.h>
#endif

#define FRAMEBUFFER "simple-framebuffer.0"

static bool has_other_driver_than(struct device *dev, const char *driver)
{
	device_lock_assert(dev);
	return dev->driver && strcmp(dev->driver->name, driver);
}

static bool is_inside_memory_bar(struct pci_dev *gpu, struct resource *range)
{
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		if (resource_contains(&gpu->resource[bar], range))
			return true;
	return false;
}

#if defined(SYSFB_DISABLES_ANY)

static int unregister(struct platform_device *fb, struct pci_dev *gpu)
{
	sysfb_disable();
	return 0;
}

#elif defined(SYSFB_DISABLES_DEVICE)

static int unregister(struct platform_device *fb, struct pci_dev *gpu)
{
	sysfb_disable(&gpu->dev);
	return 0;
}

#else

static int has_child(struct device *dev, void *data)
{
	return 1;
}

/*
 * These kernels keep no pointer to the device after registering it, so no
 * pointer can dangle.
 *
 * On these kernels a native driver that takes over unregisters the framebuffer
 * but leaves simplefb bound, and simplefb's remove function would unregister
 * it again. A framebuffer that is still registered is a child of its device.
 */
static int unregister(struct platform_device *fb, struct pci_dev *gpu)
{
	if (fb->dev.driver && !device_for_each_child(&fb->dev, NULL, has_child))
		return -EBUSY;
	platform_device_unregister(fb);
	return 0;
}

#endif

/* fb may be NULL; otherwise the caller holds a reference. */
static int release(struct platform_device *fb, struct pci_dev *gpu,
		   struct resource *range)
{
	struct resource *bootfb;
	bool other_driver;
	int ret;

	if (!is_inside_memory_bar(gpu, range))
		return -ERANGE;
	if (has_other_driver_than(&gpu->dev, "vfio-pci"))
		return -EBUSY;

	if (!fb)
		return -ENOENT;
	if (fb->num_resources != 1)
		return -ENXIO;
	bootfb = &fb->resource[0];
	if (resource_type(bootfb) != IORESOURCE_MEM || !bootfb->parent ||
	    !bootfb->name || strcmp(bootfb->name, "BOOTFB"))
		return -ENXIO;
	if (!is_inside_memory_bar(gpu, bootfb))
		return -EXDEV;
	if (bootfb->start != range->start || bootfb->end != range->end)
		return -ESTALE;

	/* The drivers simplefb and simpledrm both have this name. */
	if (!device_trylock(&fb->dev))
		return -EBUSY;
	other_driver = has_other_driver_than(&fb->dev, "simple-framebuffer");
	device_unlock(&fb->dev);
	if (other_driver)
		return -EBUSY;

	ret = unregister(fb, gpu);
	if (ret)
		return ret;

	/* sysfb_disable() does not report whether it did anything. */
	if (bootfb->parent || device_is_registered(&fb->dev))
		return -EEXIST;

	pci_info(gpu, "released the boot framebuffer %pR\n", range);
	return 0;
}

/*
 * The kernel holds the module's parameter lock during every call, so calls are
 * serialized.
 */
static int release_set(const char *text, const struct kernel_param *kp)
{
	struct resource range = { .flags = IORESOURCE_MEM };
	unsigned int domain, bus, slot, function;
	unsigned long long start, end;
	struct pci_dev *gpu;
	struct device *fb;
	char canonical[64];
	int ret;

	/* As an argument of insmod the request would be executed at load. */
	if (THIS_MODULE->state != MODULE_STATE_LIVE)
		return -EPERM;

	if (sscanf(text, "%x:%x:%x.%x %llx-%llx", &domain, &bus, &slot,
		   &function, &start, &end) != 6)
		return -EINVAL;
	range.start = start;
	range.end = end;
	/* Accepts only the exact form of sysfs and /proc/iomem, untruncated. */
	snprintf(canonical, sizeof(canonical),
		 "%04x:%02x:%02x.%u %08llx-%08llx", domain, bus, slot, function,
		 (unsigned long long)range.start,
		 (unsigned long long)range.end);
	if (!sysfs_streq(text, canonical) || bus > 0xff || slot > 0x1f ||
	    function > 7 || start > end)
		return -EINVAL;

	gpu = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, function));
	if (!gpu)
		return -ENODEV;
	ret = -EOPNOTSUPP;
	if (gpu->class >> 16 != PCI_BASE_CLASS_DISPLAY)
		goto put_gpu;

	/*
	 * A native driver releases the framebuffer in its probe function. The
	 * same is done here, under the same lock, so no driver can bind or
	 * unbind meanwhile. The lock may be held for long, for instance while
	 * vfio-pci waits for its user, so this does not wait for it.
	 */
	ret = -EBUSY;
	if (!device_trylock(&gpu->dev))
		goto put_gpu;
	fb = bus_find_device_by_name(&platform_bus_type, NULL, FRAMEBUFFER);
	ret = release(fb ? to_platform_device(fb) : NULL, gpu, &range);
	put_device(fb);
	device_unlock(&gpu->dev);
put_gpu:
	pci_dev_put(gpu);
	return ret;
}

static const struct kernel_param_ops release_ops = { .set = release_set };
module_param_cb(release, &release_ops, NULL, 0200);
MODULE_PARM_DESC(release,
		 "write \"PCI-ADDRESS START-END\" to release that boot framebuffer");

MODULE_AUTHOR("The Switchback developers");
MODULE_DESCRIPTION("Releases a boot framebuffer (BOOTFB) through its owner");
MODULE_LICENSE("GPL");
